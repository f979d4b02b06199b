import t from 'tap'
import { shareOf, START_COSTS as COSTS, type Crowd } from '../../src/placement/costs.js'
import { Course } from '../../src/placement/course.js'
import { alive, flat } from '../../src/placement/horizon.js'
import type { Outcome } from '../../src/placement/rooms.js'
import { about, expectation, HOUR_MS, MINUTE_MS } from './parts.js'

const START_MS = 1_767_225_600_000
const NOBODY: Crowd = { people: 0, microphones: 0, cameras: 0 }
const EMPTY_SHARE = 0.010
const FIRST_SHARE = 0.0844

function listeners (people: number): Crowd {
  return { people, microphones: 0, cameras: 0 }
}

/** A course that polls showed with such numbers of listeners, each for so many minutes, until it was gone. */
function courseOf (phases: ReadonlyArray<readonly [people: number, minutes: number]>, pollMs = MINUTE_MS): Course {
  const course = new Course(expectation(), START_MS)
  let atMs = START_MS
  for (const [people, minutes] of phases) {
    for (const endMs = atMs + minutes * MINUTE_MS; atMs < endMs; atMs += pollMs) course.see(listeners(people), 0, atMs)
  }
  course.see(listeners(0), 0, atMs)
  return course
}

function outcomeOf (phases: ReadonlyArray<readonly [people: number, minutes: number]>, pollMs?: number): Outcome['typical'] | undefined {
  return courseOf(phases, pollMs).outcome()?.typical
}

t.test('a meeting no poll has shown counts for all that is expected, however old', async (t) => {
  for (const ageMs of [-HOUR_MS, 0, 10 * MINUTE_MS, 24 * HOUR_MS]) {
    const course = new Course(expectation(), START_MS)
    t.strictSame(course.shareNow(START_MS + ageMs, COSTS), { live: 0, reserved: FIRST_SHARE }, `${ageMs} ms old`)
    t.equal(course.isSeen, false)
  }
  const course = new Course(expectation(), START_MS)
  course.expectArrivals(3)
  t.strictSame(course.shareNow(START_MS, COSTS), { live: 0, reserved: FIRST_SHARE }, 'those on their way were expected')
  course.expectArrivals(40)
  t.strictSame(course.shareNow(START_MS, COSTS), { live: 0, reserved: shareOf(listeners(40), COSTS) }, 'unless they are more')
})

t.test('a reservation fades in a straight line over ten minutes', async (t) => {
  const gap = FIRST_SHARE - EMPTY_SHARE
  const table: Array<[ageMs: number, reserved: number]> = [
    [-HOUR_MS, gap], [0, gap], [MINUTE_MS, gap * 0.9], [5 * MINUTE_MS, gap * 0.5], [10 * MINUTE_MS - 1, gap / 600_000], [10 * MINUTE_MS, 0], [24 * HOUR_MS, 0],
  ]
  for (const [ageMs, reserved] of table) {
    const course = new Course(expectation(), START_MS)
    course.see(NOBODY, 0, START_MS)
    const share = course.shareNow(START_MS + ageMs, COSTS)
    about(t, share.live, EMPTY_SHARE, `live at ${ageMs} ms`)
    about(t, share.reserved, reserved, `reserved at ${ageMs} ms`)
  }
})

t.test('what has come is not reserved again', async (t) => {
  const table: Array<[what: string, present: Crowd, full: number]> = [
    ['half of it', { people: 8, microphones: 3, cameras: 1 }, FIRST_SHARE],
    ['larger than expected', { people: 60, microphones: 10, cameras: 8 }, shareOf({ people: 60, microphones: 10, cameras: 8 }, COSTS)],
    ['larger in people only', listeners(40), shareOf({ people: 40, microphones: 6, cameras: 2 }, COSTS)],
  ]
  for (const [what, present, full] of table) {
    const course = new Course(expectation(), START_MS)
    course.see(present, 0, START_MS)
    const { live, reserved } = course.shareNow(START_MS, COSTS)
    about(t, live, shareOf(present, COSTS), what)
    about(t, live + reserved, full, what)
  }
})

t.test('people on their way are there already', async (t) => {
  const course = new Course(expectation(), START_MS)
  course.see(listeners(10), 4, START_MS)
  about(t, course.shareNow(START_MS + HOUR_MS, COSTS).live, shareOf(listeners(14), COSTS), 'live')
  about(t, course.shareNow(START_MS, COSTS).reserved, FIRST_SHARE - shareOf(listeners(14), COSTS), 'and not reserved as well')
  course.expectArrivals(30)
  t.equal(course.shareNow(START_MS, COSTS).live, shareOf(listeners(40), COSTS))
  course.see(listeners(10), 0, START_MS + MINUTE_MS)
  t.equal(course.shareNow(START_MS + HOUR_MS, COSTS).live, shareOf(listeners(10), COSTS), 'they did not come')
  t.equal(course.present.people, 10)
})

t.test('a room that is dearer than others counts for more', async (t) => {
  const course = new Course(expectation({ factor: 1.5, share: 1.5 * FIRST_SHARE }), START_MS)
  course.see(listeners(8), 0, START_MS)
  const { live, reserved } = course.shareNow(START_MS, COSTS)
  about(t, live, 1.5 * shareOf(listeners(8), COSTS), 'live')
  about(t, live + reserved, 1.5 * FIRST_SHARE, 'reserved')
})

t.test('only what a poll changes is told as a change', async (t) => {
  const course = new Course(expectation(), START_MS)
  t.equal(course.see(NOBODY, 0, START_MS), true, 'the first one shows that it is there')
  t.equal(course.see(NOBODY, 0, START_MS + 1), false)
  t.equal(course.see(listeners(1), 0, START_MS + 2), true)
  t.equal(course.see({ people: 1, microphones: 1, cameras: 0 }, 0, START_MS + 3), true)
  t.equal(course.see({ people: 1, microphones: 1, cameras: 1 }, 0, START_MS + 4), true)
  t.equal(course.see({ people: 1, microphones: 1, cameras: 1 }, 2, START_MS + 5), true)
  t.equal(course.see({ people: 1, microphones: 1, cameras: 1 }, 2, START_MS + 6), false)
})

t.test('it dies away by its age', async (t) => {
  const course = new Course(expectation(), START_MS)
  const curve = flat()
  course.addTo(curve, { live: 0.2, reserved: 0.1 }, START_MS + 30 * MINUTE_MS)
  about(t, curve[0] ?? 0, 0.3, 'now')
  about(t, curve[6] ?? 0, 0.3 * alive(HOUR_MS, expectation()) / alive(30 * MINUTE_MS, expectation()), 'in half an hour')
  const future = flat()
  course.addTo(future, { live: 0.2, reserved: 0.1 }, START_MS - HOUR_MS)
  about(t, future[0] ?? 0, 0.3, 'one that a clock lets begin in an hour is there already')
})

t.test('what a meeting was like is told by its full time, not by its coming and going', async (t) => {
  const table: Array<[what: string, phases: Array<[people: number, minutes: number]>, people: number]> = [
    ['always the same', [[20, 50]], 20],
    ['coming and going', [[0, 4], [5, 2], [12, 1], [30, 40], [28, 5], [20, 2], [8, 10], [1, 30]], (30 * 40 + 28 * 5) / 45],
    ['above seven tenths of the peak all counts', [[21, 10], [30, 10], [21, 10]], 24],
    ['a peak that comes late', [[10, 40], [30, 10]], 30],
    ['a long time with few, a short one with many', [[2, 60], [50, 5], [2, 60]], 50],
    ['one after the other', [[1, 1], [2, 1], [3, 1], [5, 1], [8, 1], [13, 1], [20, 60]], 20],
  ]
  for (const [what, phases, people] of table) {
    t.equal(outcomeOf(phases)?.people.toFixed(6), people.toFixed(6), what)
    t.equal(outcomeOf(phases, 5_000)?.people.toFixed(6), people.toFixed(6), `${what}: polled oftener`)
    const minutes = phases.reduce((sum, [, minutes]) => sum + minutes, 0)
    t.equal(outcomeOf(phases)?.durationMs, minutes * MINUTE_MS, `${what}: its duration`)
  }
})

t.test('microphones and cameras are those of the full time', async (t) => {
  const course = new Course(expectation(), START_MS)
  course.see({ people: 2, microphones: 2, cameras: 2 }, 0, START_MS)
  course.see({ people: 20, microphones: 4, cameras: 10 }, 0, START_MS + 10 * MINUTE_MS)
  course.see({ people: 20, microphones: 1, cameras: 0 }, 0, START_MS + 30 * MINUTE_MS)
  course.see({ people: 3, microphones: 3, cameras: 3 }, 0, START_MS + 40 * MINUTE_MS)
  course.see(NOBODY, 0, START_MS + 60 * MINUTE_MS)
  t.match(course.outcome()?.typical, { people: 20, microphones: 3, cameras: 20 / 3 })
})

t.test('a meeting that nobody saw anybody in tells nothing', async (t) => {
  t.equal(new Course(expectation(), START_MS).outcome(), undefined)
  t.equal(outcomeOf([[0, 60]]), undefined)
  const course = new Course(expectation(), START_MS)
  course.see(listeners(20), 0, START_MS)
  t.equal(course.outcome(), undefined, 'shown once: nobody knows for how long')
})

t.test('it ends when it was last seen, with what was seen last', async (t) => {
  const course = new Course(expectation(), START_MS)
  course.see(listeners(20), 0, START_MS)
  course.see(listeners(20), 0, START_MS + 45 * MINUTE_MS)
  t.strictSame(course.outcome(), { typical: { people: 20, microphones: 0, cameras: 0, durationMs: 45 * MINUTE_MS }, startedAtMs: START_MS, surcharge: 0 })
})

t.test('a meeting that goes on for days is not the measure of others', async (t) => {
  t.equal(outcomeOf([[20, 3 * 24 * 60]])?.durationMs, 12 * HOUR_MS)
})

t.test('how dear a room is follows from what its node was busy beyond what is explained', async (t) => {
  const surcharge = (samples: number, residual: number, part: number, squares: number): number => {
    const course = courseOf([[20, 50]])
    for (let i = 0; i < samples; i++) course.blame(residual, part, squares)
    return course.outcome()?.surcharge ?? NaN
  }
  t.equal(surcharge(9, 0.3, 1, 1), 0, 'too few samples say nothing')
  about(t, surcharge(10, 0.3, 1, 1), 0.7 * 0.3 / 1.05, 'alone on its node')
  about(t, surcharge(50, 0.3, 1, 1), 0.7 * 0.3 / 1.05, 'however often')
  about(t, surcharge(50, -0.3, 1, 1), -0.7 * 0.3 / 1.05, 'or cheaper')
  about(t, surcharge(50, 0.03, 1 / 30, 1 / 30), 0.7 * (0.03 / 30) / (1 / 30 + 0.05), 'one of thirty')
  about(t, surcharge(50, 0.2, 0.1, 0.81 + 0.01), 0.7 * 0.02 / (0.82 + 0.05), 'a small one beside a large one is hardly to blame')
  about(t, surcharge(50, 5, 1, 1), 0.7 * 0.6, 'no more than that at once')
  about(t, surcharge(50, -5, 1, 1), 0.7 * -0.4, 'no less than that at once')
})
