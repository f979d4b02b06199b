import t from 'tap'
import { timeOf, WEEKDAYS, WEEKS } from './calendar.js'
import { COMPLETE, Ensemble, type Variant } from './ensemble.js'
import { smallTrace } from './hand-made.js'
import { Random } from './random.js'
import { replay } from './replay.js'
import { PROMETHEUS, type Strategy } from './strategy.js'
import type { Trace } from './trace.js'

/** Every Monday at ten: three small classes, and two minutes later a large one. */
const CLASSES = [{ afterS: 0, people: 25 }, { afterS: 20, people: 25 }, { afterS: 40, people: 25 }, { afterS: 120, people: 110 }]
const LESSONS = Array.from({ length: WEEKS }, (_, week) => CLASSES.map(({ afterS, people }) => (
  { createdAtS: timeOf(week * WEEKDAYS, 10 * 3_600) + afterS, minutes: 45, people }
))).flat()

function weeklyTrace (): Trace {
  const trace = smallTrace([{ cores: 8 }, { cores: 8 }], LESSONS)
  return { ...trace, meetings: trace.meetings.map((meeting, index) => ({ ...meeting, room: index % CLASSES.length })) }
}

/** Where a variant puts the lessons of each week. */
function weeks (variant: Variant): number[][] {
  const trace = weeklyTrace()
  const nodeOf = [...replay(trace, new Ensemble(trace.nodes, variant, new Random('weeks'))).nodeOf]
  return Array.from({ length: WEEKS }, (_, week) => nodeOf.slice(week * CLASSES.length, (week + 1) * CLASSES.length))
}

t.test('a node is kept for the large class that comes every week after the small ones', async (t) => {
  const placed = weeks(COMPLETE)
  const [first = [], last = []] = [placed[0], placed.at(-1)]
  t.equal(new Set(first.slice(0, 3)).size, 2, 'in the first week nobody knows of it')
  t.equal(new Set(last.slice(0, 3)).size, 1, 'in the last week the small ones are together')
  t.not(last[3], last[0], 'and the large one is alone')
})

t.test('without bookings or without history the small classes are spread', async (t) => {
  for (const variant of [{ ...COMPLETE, bookings: false }, { prometheus: false, rooms: false, bookings: false }]) {
    t.equal(new Set(weeks(variant).at(-1)?.slice(0, 3)).size, 2, JSON.stringify(variant))
  }
})

t.test('the gateway is run as it is by default', async (t) => {
  const nodes = [{ weight: 1 }]
  const complete: Strategy = new Ensemble(nodes, COMPLETE, new Random(1))
  t.strictSame([complete.pollEveryS, complete.sampling, complete.learns], [5, PROMETHEUS, true])
  const counts: Strategy = new Ensemble(nodes, { prometheus: false, rooms: false, bookings: false }, new Random(1))
  t.strictSame([counts.sampling, counts.learns], [undefined, false])
})

t.test('a lost node gets no meeting until it is back', async (t) => {
  const trace = weeklyTrace()
  const [monday = 0] = LESSONS.map(({ createdAtS }) => createdAtS)
  const outcome = replay({ ...trace, losses: [{ node: 1, atS: monday - 60, backAtS: monday + 9 * 3_600 }] }, new Ensemble(trace.nodes, COMPLETE, new Random('weeks')))
  t.strictSame([...outcome.nodeOf.subarray(0, 4)], [0, 0, 0, 0])
  t.equal(new Set(outcome.nodeOf.subarray(4, 8)).size, 2, 'a week later both are used')
})
