import type { Test } from 'tap'
import { Forecast, type ForecastParts } from '../../src/placement/forecast.js'
import { flat, type Curve } from '../../src/placement/horizon.js'
import type { Booking } from '../../src/placement/node-outlook.js'
import type { PlaceableNode } from '../../src/placement/placement.js'
import type { Expectation, Opening, Outcome, Rooms } from '../../src/placement/rooms.js'
import type { Costs } from '../../src/placement/costs.js'

export const SECOND_MS = 1_000
export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000
export const WEEK_MS = 7 * DAY_MS

/** Compares to nine decimals: beyond them it is rounding. */
export function about (t: Test, found: number, wanted: number, what: string): void {
  t.equal(found.toFixed(9), wanted.toFixed(9), what)
}

/** Numbers that look random and are the same in every run. */
export function draws (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What a plain create says. */
export function opening (meetingID: string, settings: Partial<Opening> = {}): Opening {
  return { tenantId: 'default', meetingID, maxParticipants: 0, announced: 0, isBreakout: false, ...settings }
}

/** What a meeting of fifty minutes with that many people turned out to be. */
export function outcome (startedAtMs: number, people: number, settings: Partial<Outcome['typical']> & { readonly surcharge?: number } = {}): Outcome {
  const { surcharge = 0, ...typical } = settings
  return { typical: { people, microphones: 0, cameras: 0, durationMs: 50 * MINUTE_MS, ...typical }, startedAtMs, surcharge }
}

/** What is expected of a meeting in a room of no other meaning. */
export function expectation (settings: Partial<Expectation> = {}): Expectation {
  return {
    people: 15,
    microphones: 6,
    cameras: 2,
    durationMs: 50 * MINUTE_MS,
    durationSdMs: 20 * MINUTE_MS,
    room: 'room',
    tenantId: 'default',
    factor: 1,
    share: 0.0844,
    surprise: 0,
    isNew: false,
    tags: undefined,
    ...settings,
  }
}

/** Has a room used at such times. */
export function use (rooms: Rooms, meetingID: string, times: readonly number[], people: number, costs: Costs, settings: Partial<Opening> = {}): void {
  for (const atMs of times) rooms.learn(rooms.expect(opening(meetingID, settings), costs), outcome(atMs, people), costs)
}

/** A forecast with everything, as the gateway has with Prometheus. */
export function forecast (parts: Partial<ForecastParts> = {}): Forecast {
  return new Forecast({ rooms: true, bookings: true, maxSampleAgeMs: 90_000, sampleWindowMs: 120_000, ...parts })
}

/** A node for placement. `load` is what it carries at every time of the horizon, `curve` what it carries when. */
export function placeable (id: string, settings: Partial<Omit<PlaceableNode, 'id' | 'profile'>> & { readonly load?: number, readonly curve?: Curve } = {}): PlaceableNode {
  const { load = 0, curve = flat(load), ...rest } = settings
  return {
    id,
    state: 'enabled',
    health: 'up',
    weight: 1,
    tags: [],
    limits: { meetings: 0, participants: 0 },
    meetings: 0,
    participants: 0,
    bookings: [],
    ...rest,
    profile: { background: 0, live: curve[0] ?? 0, reserved: 0, curve },
  }
}

/** What the nodes of a forecast look like to placement. */
export function seen (forecast: Forecast, nodes: ReadonlyMap<string, number>, nowMs: number, settings: Partial<Omit<PlaceableNode, 'id'>> = {}): PlaceableNode[] {
  return Array.from(nodes, ([id, weight]) => ({ ...placeable(id, { weight }), ...forecast.look(id, nowMs), ...settings }))
}

/** Runs what yields to its end; gives what it found and how often it let others run. */
export function finish<T> (work: Generator<undefined, T>): { readonly found: T, readonly pauses: number } {
  for (let pauses = 0; ; pauses++) {
    const step = work.next()
    if (step.done === true) return { found: step.value, pauses }
  }
}

/** A curve that is `before` for some points and `after` for the rest. */
export function steps (points: number, before: number, after = 0): Curve {
  return flat(after).fill(before, 0, points)
}

export function booking (room: string, share: number, curve: Curve = flat(share)): Booking {
  return { room, share, curve }
}
