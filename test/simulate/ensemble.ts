import type { Course } from '../../src/placement/course.js'
import { Forecast, type ForecastParts } from '../../src/placement/forecast.js'
import { chooseNode, type PlaceableNode } from '../../src/placement/placement.js'
import { NO_WISH } from '../../src/placement/tags.js'
import type { Random } from './random.js'
import { PROMETHEUS, type NewMeeting, type NodeFacts, type Sampling, type SeenMeeting, type Strategy } from './strategy.js'

/** Which parts of the forecast a variant does without. */
export interface Variant {
  readonly prometheus: boolean
  readonly rooms: boolean
  readonly bookings: boolean
}

export const COMPLETE: Variant = { prometheus: true, rooms: true, bookings: true }

/** As the gateway is configured where nothing else is said. */
const POLL_S = 5
const MAX_SAMPLE_AGE_MS = 90_000

/** Second 0 of the simulation is a Monday midnight of the local clock, by which rooms are remembered. */
const MONDAY_MS = new Date(2024, 0, 1).getTime()
const TENANT = 'tenant'
const NOWHERE: ReadonlySet<string> = new Set()

/** A meeting as the gateway keeps it. */
interface Kept { readonly node: number, readonly room: number, readonly course: Course, joins: number }

/** The gateway's own placement, fed with what the simulation shows. */
export class Ensemble implements Strategy {
  readonly pollEveryS = POLL_S
  readonly learns: boolean
  readonly sampling?: Sampling
  readonly forecast: Forecast
  readonly #kept = new Map<number, Kept>()
  /** Meetings that somebody was sent to since the last poll of their node, by node. */
  readonly #joined: ReadonlyArray<Set<Kept>>
  readonly #polledAtS: number[]
  readonly #down = new Set<number>()
  /** Nodes of which nothing has been noted yet, or not since they were lost. */
  readonly #unwatched: Set<number>

  constructor (private readonly nodes: readonly NodeFacts[], { prometheus, rooms, bookings }: Variant, private readonly random: Random) {
    const parts: ForecastParts = {
      rooms, bookings, maxSampleAgeMs: prometheus ? MAX_SAMPLE_AGE_MS : 0, sampleWindowMs: prometheus ? PROMETHEUS.windowS * 1_000 : 0,
    }
    this.learns = rooms || prometheus
    if (prometheus) this.sampling = PROMETHEUS
    this.forecast = new Forecast(parts)
    this.#joined = nodes.map(() => new Set())
    this.#polledAtS = nodes.map(() => 0)
    this.#unwatched = new Set(nodes.keys())
    for (const [node, { weight }] of nodes.entries()) this.forecast.addNode(String(node), weight)
  }

  polled (node: number, atS: number, changed: readonly SeenMeeting[], ended: readonly number[]): void {
    const name = String(node)
    const joined = this.#joined[node] ?? new Set()
    // What a poll showed holds until the next: where nothing has changed, nothing need be noted.
    const isNews = changed.length > 0 || ended.length > 0 || joined.size > 0 || this.#unwatched.delete(node)
    for (const kept of joined) {
      kept.joins = 0
      this.forecast.expectArrivals(name, kept.course, 0)
    }
    joined.clear()
    for (const meeting of changed) {
      const kept = this.#kept.get(meeting.id)
      if (kept !== undefined) this.forecast.see(name, kept.course, meeting, 0, timeMs(atS))
    }
    for (const id of ended) this.#end(id)
    this.#polledAtS[node] = atS
    if (isNews) this.forecast.polled(name, timeMs(atS))
  }

  joined (id: number, node: number): void {
    const kept = this.#kept.get(id)
    if (kept === undefined) return
    kept.joins++
    this.#joined[node]?.add(kept)
    this.forecast.expectArrivals(String(node), kept.course, kept.joins)
  }

  sampled (node: number, cpu: number, _memory: number, sampledAtS: number): void {
    this.forecast.cpuSampled(String(node), cpu, timeMs(sampledAtS))
  }

  nodeDown (node: number): void {
    this.#down.add(node)
    this.#unwatched.add(node)
    this.forecast.unwatched(String(node))
  }

  nodeUp (node: number): void {
    this.#down.delete(node)
  }

  before (tickAtS: number): void {
    const planning = this.forecast.prepare(this.#placeable(tickAtS), timeMs(tickAtS), () => this.random.unit())
    while (planning.next().done !== true) continue
  }

  place (meeting: NewMeeting, atS: number): number {
    const { room, maxParticipants, announced } = meeting
    const expected = this.forecast.expect({ tenantId: TENANT, meetingID: `room-${room}`, maxParticipants, announced, isBreakout: false })
    const placing = { curve: this.forecast.curveOf(expected), share: expected.share, room: expected.room, tags: NO_WISH, except: NOWHERE }
    const chosen = chooseNode(this.#placeable(atS), placing, () => this.random.unit())
    if (chosen === undefined) throw new Error('no node may take the meeting')
    const node = Number(chosen.node.id)
    this.#kept.set(meeting.id, { node, room, course: this.forecast.begin(chosen.node.id, expected, timeMs(atS)), joins: 0 })
    return node
  }

  #placeable (atS: number): PlaceableNode[] {
    return this.nodes.map(({ weight }, node) => {
      const { meetings, profile, bookings } = this.forecast.look(String(node), timeMs(atS))
      return {
        id: String(node),
        state: 'enabled',
        health: this.#down.has(node) ? 'down' : 'up',
        weight,
        tags: [],
        limits: { meetings: 0, participants: 0 },
        meetings,
        participants: 0,
        profile,
        bookings,
      }
    })
  }

  #end (id: number): void {
    const kept = this.#kept.get(id)
    if (kept === undefined) return
    this.#kept.delete(id)
    const { node, course, room } = kept
    // Polls here tell changes only: up to the last one the meeting was there as it was.
    if (course.isSeen) this.forecast.see(String(node), course, course.present, 0, timeMs(this.#polledAtS[node] ?? 0))
    // Where its node was lost, the room has another meeting: the two are one lesson.
    const goesOnAs = [...this.#kept.values()].find((other) => other.room === room)
    this.forecast.end(String(node), course, goesOnAs?.course)
  }
}

function timeMs (atS: number): number {
  return MONDAY_MS + atS * 1_000
}
