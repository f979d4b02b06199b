import t from 'tap'
import { lowerBound } from './bounds.js'
import { MINUTES } from './calendar.js'
import { smallTrace, tenOnDay, type SmallMeeting } from './hand-made.js'
import { measure, worstPerMinute } from './measures.js'
import { RoundRobin } from './published.js'
import { Random } from './random.js'
import { Clairvoyant, offline } from './references.js'
import { outcomeOf, replay } from './replay.js'
import type { Trace } from './trace.js'

const TEN = tenOnDay(0)
const MINUTE = 60
/** Ten o'clock, in minutes since half past seven. */
const TEN_MINUTE = 150

function placedBy (trace: Trace): number[] {
  return [...replay(trace, new Clairvoyant(trace)).nodeOf]
}

/** The sum that moves of the offline reference lower. */
function steepSum (trace: Trace, nodeOf: Int16Array): number {
  return outcomeOf(trace, nodeOf).cpu.reduce((sum, use) => sum + use ** 12, 0)
}

t.test('the clairvoyant knows how large a meeting will be', async (t) => {
  const trace = smallTrace([{ cores: 8 }, { cores: 8 }], [
    { createdAtS: TEN, minutes: 60, people: 100 },
    { createdAtS: TEN + 10, minutes: 60, people: 20 },
    { createdAtS: TEN + 20, minutes: 60, people: 30 },
    { createdAtS: TEN + 30, minutes: 60, people: 40 },
  ])
  t.strictSame(placedBy(trace), [0, 1, 1, 1])
})

t.test('the clairvoyant knows when meetings end', async (t) => {
  const trace = smallTrace([{ cores: 8 }, { cores: 8 }], [
    { createdAtS: TEN, minutes: 12, people: 120 },
    { createdAtS: TEN + 10, minutes: 60, people: 60 },
    // Node 0 is free when this one fills it; node 1 never is.
    { createdAtS: TEN + 20 * MINUTE, minutes: 60, people: 50 },
  ])
  t.strictSame(placedBy(trace), [0, 1, 0])
})

t.test('the clairvoyant knows what each node can do', async (t) => {
  const trace = smallTrace([{ cores: 8 }, { cores: 32, weight: 4 }], [
    { createdAtS: TEN, minutes: 60, people: 100 },
    { createdAtS: TEN + 10, minutes: 60, people: 100 },
    { createdAtS: TEN + 20, minutes: 60, people: 100 },
    { createdAtS: TEN + 30, minutes: 60, people: 60 },
  ])
  t.strictSame(placedBy(trace), [1, 1, 1, 0])
})

t.test('the offline reference leaves room for what comes later', async (t) => {
  const trace = smallTrace([{ cores: 8 }, { cores: 8 }], [
    { createdAtS: TEN, minutes: 60, people: 30 },
    { createdAtS: TEN + 10, minutes: 60, people: 30 },
    { createdAtS: TEN + 20, minutes: 60, people: 60 },
  ])
  const [first, second, large] = offline(trace)
  t.equal(first, second, 'the small ones together')
  t.not(large, first)
  t.strictSame(placedBy(trace), [0, 1, 0], 'which the online one cannot know')
})

t.test('the offline reference is never worse than the online one', async (t) => {
  for (const seed of [1, 2]) {
    const random = new Random(`offline ${seed}`)
    const meetings: SmallMeeting[] = Array.from({ length: 60 }, () => ({
      createdAtS: TEN + random.whole(3 * 3_600), minutes: 10 + random.whole(60), people: Math.round(random.logNormal(20, 0.7)), factor: random.logNormal(1, 0.2),
    })).sort((one, other) => one.createdAtS - other.createdAtS)
    const trace = smallTrace([{ cores: 8 }, { cores: 8 }, { cores: 16, weight: 2 }], meetings)
    const [best, online, naive] = [outcomeOf(trace, offline(trace)), replay(trace, new Clairvoyant(trace)), replay(trace, new RoundRobin())]
    t.ok(steepSum(trace, best.nodeOf) < steepSum(trace, online.nodeOf), `sum, seed ${seed}`)
    const [bestTop, onlineTop, naiveTop] = [best, online, naive].map((outcome) => measure(trace, outcome))
    t.ok((bestTop?.peak ?? 9) <= (onlineTop?.peak ?? 0), `peak, seed ${seed}`)
    t.ok((onlineTop?.p99 ?? 9) < (naiveTop?.p99 ?? 0), `round robin, seed ${seed}`)
    const bound = lowerBound(trace)
    for (const { cpu } of [best, online, naive]) t.notOk(worstPerMinute(cpu).some((use, minute) => use < (bound[minute] ?? 0) - 1e-6), 'nothing is below the lower bound')
  }
})

t.test('the lower bound is all demand on all nodes, or the largest meeting alone', async (t) => {
  const meetings = [{ createdAtS: TEN, minutes: 59, people: 100 }]
  const cores = 0.05 + 100 * 0.019
  const bound = lowerBound(smallTrace([{ cores: 4 }, { cores: 8, weight: 2 }], meetings))
  t.equal(bound.length, MINUTES)
  t.equal((bound[TEN_MINUTE + 30] ?? 0).toFixed(6), (cores / 8).toFixed(6), 'alone on the stronger node')
  t.equal(bound[TEN_MINUTE - 1], 0)
  const three = lowerBound(smallTrace([{ cores: 4 }, { cores: 8, weight: 2 }], [...meetings, ...meetings, ...meetings]))
  t.equal((three[TEN_MINUTE + 30] ?? 0).toFixed(6), (3 * cores / 12).toFixed(6), 'spread evenly')
})
