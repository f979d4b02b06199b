import t from 'tap'
import { runJobs } from './pool.js'
import { names } from './report.js'

/**
 * Holds the placement to what it has reached: a change that makes it worse by a tenth fails here. `npm run simulate`
 * tells the whole story; these are two traces of a small cluster in which rooms of very different sizes meet.
 */
const SEEDS = [3, 8]
const STRATEGIES = ['Scalelite', 'bbblb', 'b3lb', 'Ensemble', 'without Prometheus', 'without bookings', 'clairvoyant', 'offline']

/** The most that p99 of the worst node may be, as a multiple of another's. Measured in brackets, for each seed. */
const LIMITS: ReadonlyArray<readonly [strategy: string, other: string, most: number]> = [
  ['Ensemble', 'best published', 0.87], // 0.79, 0.79
  ['Ensemble', 'clairvoyant', 0.87], // 0.70, 0.79
  ['Ensemble', 'without bookings', 0.94], // 0.71, 0.86
  ['Ensemble', 'offline', 1.17], // 1.08, 1.05
  ['without Prometheus', 'best published', 0.94], // 0.87, 0.85
]

t.test('the worst node is less loaded than under any published formula, and little more than where the future is known', async (t) => {
  const results = await runJobs(SEEDS.map((seed) => ({ scenario: 'small', seed, strategies: STRATEGIES, course: false })), 2, () => {})
  for (const result of results) {
    const p99 = (name: string): number => result.measures[name]?.p99 ?? Infinity
    const best = Math.min(...names('published', [result]).map(p99))
    for (const [strategy, other, most] of LIMITS) {
      const ratio = p99(strategy) / (other === 'best published' ? best : p99(other))
      t.ok(ratio <= most, `seed ${result.seed}: ${strategy} is ${ratio.toFixed(3)} of ${other}, at most ${most}`)
    }
    t.equal(result.measures.Ensemble?.minutesOver80, 0, `seed ${result.seed}: no minute over 80 %`)
  }
})
