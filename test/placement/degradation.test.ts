import t from 'tap'
import { START_COSTS as COSTS } from '../../src/placement/costs.js'
import type { Forecast, ForecastParts } from '../../src/placement/forecast.js'
import { chooseNode } from '../../src/placement/placement.js'
import type { Opening } from '../../src/placement/rooms.js'
import { NO_WISH } from '../../src/placement/tags.js'
import { DAY_MS, draws, finish, forecast, MINUTE_MS, opening, seen, use } from './parts.js'

process.env['TZ'] = 'Europe/Berlin'

const NOW_MS = Date.parse('2026-01-15T10:00:00+01:00')

const NO_PROMETHEUS: Partial<ForecastParts> = { maxSampleAgeMs: 0, sampleWindowMs: 0 }

/** How a gateway may be off: what it does without, what happened before, what it is asked. */
const CASES: ReadonlyArray<{ readonly what: string, readonly parts: Partial<ForecastParts>, readonly before?: (forecast: Forecast, ids: readonly string[]) => void }> = [
  { what: 'with nothing learned yet', parts: {} },
  { what: 'without rooms and bookings', parts: { rooms: false, bookings: false } },
  { what: 'without bookings', parts: { bookings: false } },
  { what: 'without Prometheus', parts: NO_PROMETHEUS },
  { what: 'without anything', parts: { ...NO_PROMETHEUS, rooms: false, bookings: false } },
  { what: 'with a history of the rooms', parts: {}, before: history },
  { what: 'with a history, without Prometheus', parts: NO_PROMETHEUS, before: history },
  { what: 'with a CPU sample of every node', parts: {}, before: (forecast, ids) => sample(forecast, ids, NOW_MS - 30_000) },
  { what: 'with CPU samples too old to be used', parts: {}, before: (forecast, ids) => sample(forecast, firstHalf(ids), NOW_MS - 10 * MINUTE_MS) },
  { what: 'with CPU samples of half the nodes', parts: {}, before: (forecast, ids) => sample(forecast, firstHalf(ids), NOW_MS - 30_000) },
]

function firstHalf (ids: readonly string[]): readonly string[] {
  return ids.slice(0, Math.ceil(ids.length / 2))
}

function history (forecast: Forecast): void {
  for (let room = 0; room < 100; room++) use(forecast.rooms, `room-${room}`, [NOW_MS - 14 * DAY_MS, NOW_MS - 7 * DAY_MS], 15, COSTS)
}

function sample (forecast: Forecast, ids: readonly string[], atMs: number): void {
  for (const id of ids) {
    for (const polledAtMs of [atMs - 120_000, atMs - 60_000, atMs]) forecast.polled(id, polledAtMs)
    forecast.cpuSampled(id, 0.5, atMs)
  }
}

/** How many of a hundred creates at once each node gets. */
function burst (forecast: Forecast, nodes: ReadonlyMap<string, number>, settings: Partial<Opening>): number[] {
  const random = draws(42)
  finish(forecast.prepare(seen(forecast, nodes, NOW_MS), NOW_MS, random))
  const counts = new Map(Array.from(nodes.keys(), (id) => [id, 0]))
  for (let room = 0; room < 100; room++) {
    const expected = forecast.expect(opening(`room-${room}`, settings))
    const placing = { curve: forecast.curveOf(expected), share: expected.share, room: expected.room, tags: NO_WISH, except: new Set<string>() }
    const id = chooseNode(seen(forecast, nodes, NOW_MS), placing, random)?.node.id ?? ''
    forecast.hold(id, expected)
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return [...counts.values()]
}

function nodes (...weights: number[]): Map<string, number> {
  return new Map(weights.map((weight, index) => [`n${index + 1}`, weight]))
}

for (const { what, parts, before } of CASES) {
  t.test(`a burst of creates is spread ${what}`, async (t) => {
    const equal = nodes(1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
    const even = forecast(parts)
    for (const [id, weight] of equal) even.addNode(id, weight)
    before?.(even, [...equal.keys()])
    const counts = burst(even, equal, {})
    t.ok(counts.every((count) => Math.abs(count - 10) <= 1), `ten equal nodes: ${counts.join(' ')}`)

    const unequal = nodes(2, 1, 1, 1, 1)
    const weighted = forecast(parts)
    for (const [id, weight] of unequal) weighted.addNode(id, weight)
    before?.(weighted, [...unequal.keys()])
    // Where the size is announced, nothing speaks for a strong node but its strength.
    const [strong = 0, ...others] = burst(weighted, unequal, { announced: 15 })
    t.ok(Math.abs(strong - 33) <= 2, `a node of weight 2 beside four others: ${strong}`)
    t.ok(others.every((count) => Math.abs(count - 17) <= 2), `the others: ${others.join(' ')}`)
  })
}

t.test('without rooms nothing is remembered of them', async (t) => {
  for (const rooms of [true, false]) {
    const parts = forecast({ rooms })
    parts.addNode('n1', 1)
    const course = parts.begin('n1', parts.expect(opening('room')), NOW_MS)
    for (const minute of [0, 50]) parts.see('n1', course, { people: 30, microphones: 0, cameras: 0 }, 0, NOW_MS + minute * MINUTE_MS)
    parts.end('n1', course)
    t.equal(parts.rooms.size, rooms ? 1 : 0)
    t.equal(parts.expect(opening('room')).isNew, !rooms)
  }
})
