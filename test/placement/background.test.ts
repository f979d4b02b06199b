import t from 'tap'
import { shareOf, START_COSTS as COSTS } from '../../src/placement/costs.js'
import type { Course } from '../../src/placement/course.js'
import type { Forecast } from '../../src/placement/forecast.js'
import { about, finish, forecast, HOUR_MS, MINUTE_MS, opening, SECOND_MS } from './parts.js'

const START_MS = 1_767_225_600_000
const WINDOW_MS = 120_000
const POLL_MS = 5_000
const SAMPLE_MS = 30_000

function shareOfListeners (people: number): number {
  return shareOf({ people, microphones: 0, cameras: 0 }, COSTS)
}

/** A node on a forecast, with the means to let time go by there. */
class Watched {
  nowMs = START_MS
  readonly courses = new Map<string, { readonly course: Course, people: number }>()

  constructor (readonly forecast: Forecast, readonly id: string, weight = 1) {
    forecast.addNode(id, weight)
  }

  /** A meeting is there with so many listeners, as from the next poll. */
  meets (meetingID: string, people: number): void {
    const known = this.courses.get(meetingID)
    if (known !== undefined) known.people = people
    else this.courses.set(meetingID, { people, course: this.forecast.begin(this.id, this.forecast.expect(opening(meetingID)), this.nowMs) })
  }

  ends (meetingID: string): void {
    const known = this.courses.get(meetingID)
    if (known !== undefined) this.forecast.end(this.id, known.course)
    this.courses.delete(meetingID)
  }

  /** Polls it now. */
  poll (atMs = this.nowMs): void {
    for (const { course, people } of this.courses.values()) this.forecast.see(this.id, course, { people, microphones: 0, cameras: 0 }, 0, atMs)
    this.forecast.polled(this.id, atMs)
  }

  /** Lets time go by, with a poll every five seconds, the first one now and the last one at the end. */
  pass (ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += POLL_MS) this.poll()
    this.poll()
  }

  /** Takes in what the CPU was until now, or until `atMs`. */
  sample (cpuRatio: number, atMs = this.nowMs): void {
    this.forecast.cpuSampled(this.id, cpuRatio, atMs)
  }

  /** Lets time go by with a sample every thirty seconds of what `cpuRatio` says then. */
  busy (samples: number, cpuRatio: () => number): void {
    for (let i = 0; i < samples; i++) {
      this.pass(SAMPLE_MS)
      this.sample(cpuRatio())
    }
  }

  background (atMs = this.nowMs): number {
    return this.forecast.look(this.id, atMs).profile.background
  }
}

function watched (weight?: number): Watched {
  return new Watched(forecast(), 'n1', weight)
}

t.test('what stays unexplained is background, half of it believed with every sample', async (t) => {
  const node = watched()
  node.pass(WINDOW_MS)
  for (const wanted of [0.15, 0.225, 0.2625, 0.28125]) {
    node.sample(0.3)
    about(t, node.background(), wanted, 'recordings are processed')
  }
  const { profile } = node.forecast.look('n1', node.nowMs)
  t.ok(profile.curve.every((share) => share === profile.background), 'all through the horizon')
  t.match(profile, { live: 0, reserved: 0 })
  node.sample(0)
  about(t, node.background(), 0.28125 / 2, 'and no more when that is over')
})

t.test('meetings explain what they cost, on a stronger node in parts of it', async (t) => {
  for (const weight of [0.5, 1, 2]) {
    const node = watched(weight)
    node.meets('one', 60)
    node.meets('two', 40)
    node.pass(WINDOW_MS)
    const explained = (shareOfListeners(60) + shareOfListeners(40)) / weight
    node.sample(explained + 0.04)
    about(t, node.background(), 0.02, `weight ${weight}`)
  }
})

t.test('a CPU below what meetings are thought to cost is told as well', async (t) => {
  const node = watched()
  node.meets('room', 100)
  node.pass(WINDOW_MS)
  node.sample(shareOfListeners(100) - 0.2)
  about(t, node.background(), -0.1, 'costs are thought to be too high')
})

t.test('a sample is compared with the counts of its window', async (t) => {
  const node = watched()
  node.meets('room', 100)
  node.pass(5 * MINUTE_MS)
  node.meets('room', 200)
  node.pass(WINDOW_MS * 0.75)
  node.meets('room', 300)
  node.pass(MINUTE_MS)
  const sampledAtMs = node.nowMs - MINUTE_MS
  // Half a minute with a hundred, one and a half with two hundred.
  const explained = 0.25 * shareOfListeners(100) + 0.75 * shareOfListeners(200)
  node.sample(explained + 0.04, sampledAtMs)
  about(t, node.background(), 0.02, 'not with what is there when the sample arrives')
})

t.test('a meeting that was created after the window changes nothing', async (t) => {
  const node = watched()
  node.meets('room', 100)
  node.pass(WINDOW_MS)
  const sampledAtMs = node.nowMs
  node.nowMs += 1
  node.meets('new', 500)
  node.pass(10 * SECOND_MS)
  node.sample(shareOfListeners(100) + 0.04, sampledAtMs)
  about(t, node.background(), 0.02, 'background')
})

t.test('what no poll has shown explains nothing', async (t) => {
  const node = watched()
  node.meets('created', 0)
  for (const second of [0, 60, 120]) node.forecast.polled('n1', START_MS + second * SECOND_MS)
  node.sample(0.04, START_MS + WINDOW_MS)
  about(t, node.background(START_MS + WINDOW_MS), 0.02, 'a reservation takes no CPU')
})

t.test('a sample of a time before the node was watched says nothing', async (t) => {
  const node = watched()
  node.pass(WINDOW_MS + 10 * SECOND_MS)
  node.sample(0.5, START_MS + WINDOW_MS - 1)
  about(t, node.background(), 0, 'a millisecond of its window was not seen')
  node.sample(0.5, START_MS + WINDOW_MS)
  about(t, node.background(), 0.25, 'all of it was')
  const late = watched()
  late.pass(HOUR_MS)
  late.sample(0.5, late.nowMs - 90_000)
  about(t, late.background(), 0.25, 'one as old as may be is still compared with its window')
  const never = watched()
  never.sample(0.5)
  about(t, never.background(), 0, 'never polled')
})

t.test('polls that end in another order count once', async (t) => {
  const node = watched()
  node.meets('room', 100)
  for (const second of [0, 60, 120]) node.poll(START_MS + second * SECOND_MS)
  node.forecast.polled('n1', START_MS + 61 * SECOND_MS)
  node.forecast.polled('n1', START_MS + 30 * SECOND_MS)
  node.nowMs = START_MS + WINDOW_MS
  node.sample(shareOfListeners(100) + 0.04)
  about(t, node.background(), 0.02, 'background')
})

t.test('a full node hides how much is asked of it', async (t) => {
  const node = watched()
  node.meets('room', 200)
  node.pass(WINDOW_MS)
  for (let i = 0; i < 20; i++) node.sample(shareOfListeners(200) + 0.3)
  const background = node.background()
  t.equal(background.toFixed(6), '0.300000')
  node.meets('room', 300)
  node.pass(WINDOW_MS)
  node.sample(1)
  about(t, node.background(), background, 'full: there is no less background than before')
  node.meets('room', 100)
  node.pass(WINDOW_MS)
  node.sample(1)
  about(t, node.background(), background + 0.5 * (1 - shareOfListeners(100) - background), 'but there may be more')
  const more = node.background()
  node.sample(0.94)
  about(t, node.background(), more + 0.5 * (0.94 - shareOfListeners(100) - more), 'and once it is not full any more it is what it is')
})

t.test('without a fresh sample a node is taken to be as most others', async (t) => {
  const parts = forecast()
  const nodes = ['a', 'b', 'c', 'stale', 'never'].map((id) => new Watched(parts, id))
  for (const node of nodes) node.pass(WINDOW_MS)
  for (const [index, cpuRatio] of [0.1, 0.2, 0.9, 0.5].entries()) nodes[index]?.sample(cpuRatio)
  const nowMs = START_MS + WINDOW_MS
  const known = (atMs: number): string[] => nodes.map((node) => node.background(atMs).toFixed(3))
  t.strictSame(known(nowMs), ['0.050', '0.100', '0.450', '0.250', '0.000'], 'nothing was prepared yet')
  finish(parts.prepare([], nowMs, Math.random))
  t.strictSame(known(nowMs), ['0.050', '0.100', '0.450', '0.250', '0.250'], 'of an even number the upper one')
  for (const [index, cpuRatio] of [0.1, 0.2, 0.9].entries()) {
    nodes[index]?.pass(60_000)
    nodes[index]?.sample(cpuRatio)
  }
  t.equal(known(nowMs + 90_000)[3], '0.250', 'not yet too old')
  finish(parts.prepare([], nowMs + 90_001, Math.random))
  t.strictSame(known(nowMs + 90_001), ['0.075', '0.150', '0.675', '0.150', '0.150'], 'the median of the three that are known')
  finish(parts.prepare([], nowMs + HOUR_MS, Math.random))
  t.strictSame(known(nowMs + HOUR_MS), ['0.000', '0.000', '0.000', '0.000', '0.000'], 'Prometheus is silent')
  nodes[0]?.sample(0.2, nowMs + 60_000)
  t.equal(known(nowMs + 60_000)[0], '0.138', 'and goes on from what it was')
})

t.test('a room that costs more than others of its size is learned, alone on its node soonest', async (t) => {
  const factorAfter = (others: number, people: number): number => {
    const node = watched(others === 0 ? 1 : 8)
    for (let i = 0; i < others; i++) node.meets(`other-${i}`, people)
    node.meets('dear', people)
    node.pass(WINDOW_MS)
    const weight = others === 0 ? 1 : 8
    node.busy(60, () => (others + 1.3) * shareOfListeners(people) / weight)
    node.ends('dear')
    return node.forecast.expect(opening('dear')).factor
  }
  const alone = factorAfter(0, 100)
  t.ok(alone > 1.1 && alone < 1.2, `alone: ${alone}`)
  const one = factorAfter(19, 100)
  t.ok(one > 0.999 && one < 1.02, `one of twenty: ${one}`)
})

t.test('what stays unexplained for hours is no room\'s fault', async (t) => {
  const node = watched()
  node.pass(WINDOW_MS)
  node.busy(400, () => 0.3)
  node.meets('room', 100)
  node.pass(WINDOW_MS)
  node.busy(60, () => 0.3 + shareOfListeners(100))
  node.ends('room')
  const { factor } = node.forecast.expect(opening('room'))
  t.ok(factor > 0.97 && factor < 1.03, String(factor))
})

t.test('a room is not blamed for what was before it, nor on a full node', async (t) => {
  for (const [what, ratio, people] of [['full', 1, 150], ['hardly anything to explain', 0.5, 10]] as const) {
    const node = watched()
    node.meets('room', people)
    node.pass(WINDOW_MS)
    node.busy(60, () => ratio)
    node.ends('room')
    t.equal(node.forecast.expect(opening('room')).factor, 1, what)
  }
  const node = watched()
  node.meets('old', 100)
  node.pass(10 * MINUTE_MS)
  node.meets('new', 100)
  node.pass(60 * SECOND_MS)
  for (let i = 0; i < 20; i++) node.sample(0.9)
  node.ends('new')
  node.ends('old')
  t.equal(node.forecast.expect(opening('new')).factor, 1, 'it came in the middle of the window')
  t.not(node.forecast.expect(opening('old')).factor, 1)
})
