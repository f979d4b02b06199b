import t from 'tap'
import { START_COSTS as COSTS } from '../../src/placement/costs.js'
import type { Forecast } from '../../src/placement/forecast.js'
import { alive } from '../../src/placement/horizon.js'
import { chooseNode, type PlaceableNode } from '../../src/placement/placement.js'
import { Rooms, type Expectation, type Opening } from '../../src/placement/rooms.js'
import { NO_WISH } from '../../src/placement/tags.js'
import { about, draws, finish, forecast, MINUTE_MS, opening, SECOND_MS, seen, use, WEEK_MS } from './parts.js'

process.env['TZ'] = 'Europe/Berlin'

/** A Tuesday, ten o'clock. */
const TEN_MS = Date.parse('2026-01-13T10:00:00+01:00')
const NEXT_MS = TEN_MS + WEEK_MS

type NodeSettings = Partial<Omit<PlaceableNode, 'id' | 'profile' | 'bookings'>>

/** Some nodes, rooms that were used at ten a week ago, and what follows from that. */
class Week {
  readonly forecast: Forecast
  readonly nodes: Map<string, number>
  readonly random = draws(1)
  readonly settings = new Map<string, NodeSettings>()

  constructor (nodes = 2, parts: Parameters<typeof forecast>[0] = {}) {
    this.forecast = forecast(parts)
    this.nodes = new Map(Array.from({ length: nodes }, (_, i) => [`n${i + 1}`, 1]))
    for (const [id, weight] of this.nodes) this.forecast.addNode(id, weight)
  }

  room (meetingID: string, people: number, settings: Partial<Opening> & { readonly weeks?: readonly number[], readonly minutes?: number } = {}): void {
    const { weeks = [0], minutes = 0, ...rest } = settings
    use(this.forecast.rooms, meetingID, weeks.map((week) => TEN_MS + week * WEEK_MS + minutes * MINUTE_MS), people, COSTS, rest)
  }

  expect (meetingID: string): Expectation {
    return this.forecast.expect(opening(meetingID))
  }

  look (nowMs: number): PlaceableNode[] {
    return seen(this.forecast, this.nodes, nowMs).map((node) => ({ ...node, ...this.settings.get(node.id) }))
  }

  /** Plans ahead; gives how often others could run meanwhile. */
  plan (nowMs: number): number {
    return finish(this.forecast.prepare(this.look(nowMs), nowMs, this.random)).pauses
  }

  /** Plans ahead every minute from one time to another. */
  planAll (fromMs: number, untilMs: number): void {
    for (let nowMs = fromMs; nowMs <= untilMs; nowMs += MINUTE_MS) this.plan(nowMs)
  }

  /** Names of the rooms for which places are held, by node. */
  held (...names: string[]): Record<string, string[]> {
    const named = new Map(names.map((name) => [Rooms.key('default', name), name]))
    return Object.fromEntries(Array.from(this.nodes.keys(), (id) => [id, this.forecast.look(id, NEXT_MS).bookings.map(({ room }) => named.get(room) ?? '?')]))
  }

  count (): number {
    return Array.from(this.nodes.keys(), (id) => this.forecast.look(id, NEXT_MS).bookings.length).reduce((sum, count) => sum + count, 0)
  }

  /** The node that would be chosen for such a meeting. */
  choose (meetingID: string, nowMs: number): string | undefined {
    const expected = this.expect(meetingID)
    const placing = { curve: this.forecast.curveOf(expected), share: expected.share, room: expected.room, tags: NO_WISH, except: new Set<string>() }
    return chooseNode(this.look(nowMs), placing, this.random)?.node.id
  }
}

t.test('places are held for the rooms of the coming hour, the largest first', async (t) => {
  const week = new Week(3)
  for (const [name, people] of [['a', 30], ['b', 200], ['c', 60], ['d', 120], ['e', 20]] as const) week.room(name, people)
  week.plan(NEXT_MS - 30 * MINUTE_MS)
  const held = Object.values(week.held('a', 'b', 'c', 'd', 'e')).map((rooms) => rooms.join(' ')).sort()
  t.strictSame(held, ['b', 'c a e', 'd'], 'the large one alone, the small ones where they fit best')
})

t.test('a place is held from when a room is expected, as far as its coming can be trusted', async (t) => {
  for (const [weeks, trust] of [[[0], 0.5], [[-1, 0], 0.8]] as const) {
    const week = new Week(1)
    week.nodes.set('n1', 2)
    week.forecast.removeNode('n1')
    week.forecast.addNode('n1', 2)
    week.room('room', 100, { weeks })
    week.plan(NEXT_MS - 30 * MINUTE_MS)
    const expected = week.expect('room')
    const [booking] = week.forecast.look('n1', NEXT_MS).bookings
    t.equal(booking?.share, expected.share, 'its size by which others compare themselves is the whole one')
    const onNode = trust * expected.share / 2
    for (let point = 0; point < 20; point++) {
      const age = (point - 6) * 5 * MINUTE_MS
      about(t, booking?.curve[point] ?? -1, age < 0 ? 0 : onNode * alive(age, expected), `in ${point * 5} minutes`)
    }
  }
})

t.test('a place is held from an hour before to a quarter of an hour after the time', async (t) => {
  const week = new Week()
  week.room('room', 100)
  const table: Array<[minutes: number, count: number]> = [[-70, 0], [-61, 0], [-60, 1], [-30, 1], [0, 1], [15, 1], [15.1, 0], [30, 0]]
  for (const [minutes, count] of table) {
    week.plan(NEXT_MS + minutes * MINUTE_MS)
    t.equal(week.count(), count, `${minutes} minutes after ten`)
  }
})

t.test('a gateway that starts within the hour holds them as well', async (t) => {
  for (const minutes of [-59, 0, 14]) {
    const week = new Week()
    week.room('room', 100)
    week.plan(NEXT_MS + minutes * MINUTE_MS)
    t.equal(week.count(), 1, `${minutes} minutes after ten`)
  }
})

t.test('the own place is not in the way, and is given up when the create is under way', async (t) => {
  const week = new Week(2)
  week.room('lecture', 200)
  week.room('seminar', 150)
  week.room('small', 30)
  week.plan(NEXT_MS - MINUTE_MS)
  const held = week.held('lecture', 'seminar', 'small')
  const lectureOn = Object.entries(held).find(([, rooms]) => rooms.includes('lecture'))?.[0] ?? ''
  const seminarOn = Object.entries(held).find(([, rooms]) => rooms.includes('seminar'))?.[0] ?? ''
  t.not(lectureOn, seminarOn)
  t.equal(week.choose('small', NEXT_MS), seminarOn, 'a small one goes where the smaller place is held')
  t.equal(week.choose('seminar', NEXT_MS), seminarOn, 'the seminar does not go where the lecture is expected')
  t.equal(week.choose('unknown', NEXT_MS), seminarOn, 'nor does one nobody knows')

  const release = week.forecast.hold(lectureOn, week.expect('lecture'))
  t.notOk(Object.values(week.held('lecture')).flat().includes('lecture'), 'it is charged, its place is no longer held')
  week.plan(NEXT_MS)
  t.notOk(Object.values(week.held('lecture')).flat().includes('lecture'), 'nor when planning comes by meanwhile')
  const course = week.forecast.begin(lectureOn, week.expect('lecture'), NEXT_MS)
  release()
  release()
  week.plan(NEXT_MS + 10 * SECOND_MS)
  t.equal(week.count(), 2, 'the lecture is there')
  week.forecast.end(lectureOn, course)
  week.forecast.begin('n1', week.expect('seminar'), NEXT_MS)
  t.strictSame(Object.values(week.held('small')).flat(), ['small'], 'a meeting that others placed takes its place as well')
})

t.test('a create that failed lets its place be held again', async (t) => {
  const week = new Week(1)
  week.room('lecture', 200, { minutes: 60 })
  week.plan(NEXT_MS + 20 * MINUTE_MS)
  t.equal(week.count(), 1)
  const release = week.forecast.hold('n1', week.expect('lecture'))
  t.equal(week.count(), 0)
  release()
  week.plan(NEXT_MS + 21 * MINUTE_MS)
  t.equal(week.count(), 1)

  const releases = ['n1', 'n1'].map((id) => week.forecast.hold(id, week.expect('lecture')))
  releases[0]?.()
  releases[0]?.()
  week.plan(NEXT_MS + 22 * MINUTE_MS)
  t.equal(week.count(), 0, 'another create of it is still under way')
  releases[1]?.()
  week.plan(NEXT_MS + 23 * MINUTE_MS)
  t.equal(week.count(), 1)
})

t.test('a room that opens while planning is under way is held no place', async (t) => {
  const week = new Week(2)
  week.room('lecture', 200, { minutes: 60 })
  week.room('seminar', 100, { minutes: 60 })
  const nowMs = NEXT_MS + 20 * MINUTE_MS
  const planning = week.forecast.prepare(week.look(nowMs), nowMs, week.random)
  for (const step of ['n1', 'n2', 'the lecture']) t.equal(planning.next().done, false, step)
  week.forecast.begin('n1', week.expect('lecture'), nowMs)
  t.same(finish(planning).pauses, 1, 'both were planned for')
  t.strictSame(Object.values(week.held('lecture', 'seminar')).flat(), ['seminar'])
})

t.test('two lessons of a room one after the other are both held a place', async (t) => {
  const week = new Week(1)
  week.room('room', 100)
  week.room('room', 100, { minutes: 45 })
  week.planAll(NEXT_MS - 65 * MINUTE_MS, NEXT_MS - 5 * MINUTE_MS)
  t.equal(week.count(), 1, 'the next one')
  const [next] = week.forecast.look('n1', NEXT_MS).bookings
  t.strictSame([0, 1, 2].map((point) => (next?.curve[point] ?? 0) > 0), [false, true, true], 'in five minutes')
  const first = week.forecast.begin('n1', week.expect('room'), NEXT_MS - 5 * MINUTE_MS)
  week.planAll(NEXT_MS - 5 * MINUTE_MS, NEXT_MS + 40 * MINUTE_MS)
  t.equal(week.count(), 0, 'while the room is open, none')
  t.equal(week.forecast.bookings.trust.once, 0.5 + 0.02 * 0.5, 'one has come')
  week.forecast.end('n1', first)
  week.plan(NEXT_MS + 41 * MINUTE_MS)
  t.equal(week.count(), 1, 'the second one')
  week.forecast.begin('n1', week.expect('room'), NEXT_MS + 42 * MINUTE_MS)
  week.plan(NEXT_MS + 42 * MINUTE_MS)
  t.equal(week.forecast.bookings.trust.once, 0.51 + 0.02 * 0.49, 'has come as well')
  week.planAll(NEXT_MS + 43 * MINUTE_MS, NEXT_MS + 62 * MINUTE_MS)
  t.equal(week.forecast.bookings.trust.once, 0.51 + 0.02 * 0.49, 'once')
})

t.test('a room that stays open over two lessons came to both', async (t) => {
  const week = new Week(1)
  week.room('room', 100)
  week.room('room', 100, { minutes: 45 })
  week.plan(NEXT_MS - 65 * MINUTE_MS)
  week.forecast.begin('n1', week.expect('room'), NEXT_MS)
  week.planAll(NEXT_MS - 60 * MINUTE_MS, NEXT_MS + 61 * MINUTE_MS)
  about(t, week.forecast.bookings.trust.once, 0.5 + 0.02 * 0.5 + 0.02 * 0.49, 'trust')
})

t.test('trust falls when rooms do not come, and rises when they do', async (t) => {
  const names = Array.from({ length: 50 }, (_, i) => `room-${i}`)
  for (const [weeks, kind, start, other] of [[[0], 'once', 0.5, { regular: 0.8 }], [[-1, 0], 'regular', 0.8, { once: 0.5 }]] as const) {
    const absent = new Week()
    for (const name of names) absent.room(name, 30, { weeks })
    absent.planAll(NEXT_MS - 65 * MINUTE_MS, NEXT_MS + 15 * MINUTE_MS)
    t.equal(absent.forecast.bookings.trust[kind], start, 'nobody has come, but it is not too late yet')
    absent.planAll(NEXT_MS + 16 * MINUTE_MS, NEXT_MS + 30 * MINUTE_MS)
    about(t, absent.forecast.bookings.trust[kind], start * 0.98 ** 50, 'nobody has come')
    t.match(absent.forecast.bookings.trust, other, 'which says nothing of the other kind')

    const present = new Week()
    for (const name of names) present.room(name, 30, { weeks })
    present.plan(NEXT_MS - 65 * MINUTE_MS)
    for (const name of names) present.forecast.begin('n1', present.expect(name), NEXT_MS - 5 * MINUTE_MS)
    present.planAll(NEXT_MS - 5 * MINUTE_MS, NEXT_MS + 30 * MINUTE_MS)
    about(t, present.forecast.bookings.trust[kind], 1 - (1 - start) * 0.98 ** 50, 'all have come')
    t.match(present.forecast.bookings.trust, other)
  }
})

t.test('a room that is open long before its time has not come for it', async (t) => {
  const week = new Week(1)
  week.room('room', 100)
  week.plan(NEXT_MS - 65 * MINUTE_MS)
  const course = week.forecast.begin('n1', week.expect('room'), NEXT_MS - 60 * MINUTE_MS)
  week.planAll(NEXT_MS - 60 * MINUTE_MS, NEXT_MS - 26 * MINUTE_MS)
  week.forecast.end('n1', course)
  week.planAll(NEXT_MS - 26 * MINUTE_MS, NEXT_MS + 16 * MINUTE_MS)
  about(t, week.forecast.bookings.trust.once, 0.49, 'trust')
})

t.test('a place is held only on nodes that may take the room', async (t) => {
  const settings: Array<[what: string, NodeSettings]> = [
    ['draining', { state: 'draining' }], ['disabled', { state: 'disabled' }], ['down', { health: 'down' }],
    ['full', { limits: { meetings: 5, participants: 0 }, meetings: 5 }], ['reserved', { tags: ['gpu!'] }],
  ]
  for (const [what, forbidding] of settings) {
    const week = new Week(2)
    week.settings.set('n1', forbidding)
    for (let i = 0; i < 5; i++) week.room(`room-${i}`, 60)
    week.plan(NEXT_MS - 30 * MINUTE_MS)
    t.strictSame(Object.values(week.held()).map(({ length }) => length), [0, 5], what)
    week.settings.set('n2', forbidding)
    week.plan(NEXT_MS - 20 * MINUTE_MS)
    t.equal(week.count(), 0, `all ${what}`)
  }
  const tagged = new Week(3)
  tagged.settings.set('n2', { tags: ['gpu!'] })
  tagged.room('wish', 60, { tags: 'gpu' })
  tagged.room('must', 30, { tags: 'gpu!' })
  tagged.room('elsewhere', 30, { tags: 'eu!' })
  tagged.plan(NEXT_MS - 30 * MINUTE_MS)
  t.strictSame(tagged.held('wish', 'must', 'elsewhere'), { n1: [], n2: ['wish', 'must'], n3: [] }, 'rooms are booked where their tags will send them')
})

t.test('no place is held for the smallest rooms, nor for more than the two hundred largest', async (t) => {
  const week = new Week(10)
  for (let i = 0; i < 300; i++) week.room(`room-${i}`, 20 + i)
  week.plan(NEXT_MS - 30 * MINUTE_MS)
  t.equal(week.count(), 200)
  const smallest = Math.min(...Array.from(week.nodes.keys(), (id) => week.forecast.look(id, NEXT_MS).bookings).flat().map(({ share }) => share))
  t.equal(smallest, week.expect('room-100').share)

  const small = new Week()
  small.room('small', 1)
  small.room('large', 30)
  // A room that was used once is thought to be a little like any other.
  t.ok(small.expect('small').share > 0.02)
  small.room('smaller', 0, { weeks: [-3, -2, -1, 0] })
  small.forecast.costs = COSTS.map((cost) => cost / 2)
  t.ok(small.expect('smaller').share < 0.02 && small.expect('large').share > 0.02)
  small.plan(NEXT_MS - 30 * MINUTE_MS)
  t.notOk(Object.values(small.held('smaller')).flat().includes('smaller'))
  t.ok(Object.values(small.held('large')).flat().includes('large'))
})

t.test('planning lets others run often', async (t) => {
  const week = new Week(10)
  for (let i = 0; i < 3_000; i++) week.room(`room-${i}`, 60)
  t.ok(week.plan(NEXT_MS - 30 * MINUTE_MS) >= 3 + 200, 'after every place and every thousand rooms')
})

t.test('without bookings no place is held', async (t) => {
  const week = new Week(2, { bookings: false })
  week.room('room', 100)
  week.planAll(NEXT_MS - 65 * MINUTE_MS, NEXT_MS)
  t.equal(week.count(), 0)
})
