import { isLost, lowerBound } from './bounds.js'
import { MINUTES } from './calendar.js'
import type { Outcome } from './replay.js'
import type { Trace } from './trace.js'

/** What is read off one run. CPU is what was asked for: above 1 it is more than the node has. */
export interface Measures {
  /** Over the minutes of the measured week, of the node that is worst in each. */
  readonly peak: number
  readonly p99: number
  readonly p95: number
  /** Minutes of nodes. */
  readonly minutesOver80: number
  readonly minutesOver95: number
  /** Mean over busy minutes of the standard deviation between nodes, each counted by its weight. */
  readonly unevenness: number
  /** People on a node times the part of what they asked for that it could not do. */
  readonly lostUserMinutes: number
}

/** A minute is busy when at least this part of all nodes together is in use. */
const BUSY = 0.3

export function measure (trace: Trace, { cpu, people }: Outcome): Measures {
  const worst = worstPerMinute(cpu)
  return {
    ...tops(worst),
    minutesOver80: count(cpu, 0.8),
    minutesOver95: count(cpu, 0.95),
    unevenness: unevenness(trace, cpu),
    lostUserMinutes: cpu.reduce((sum, use, index) => use > 1 ? sum + (people[index] ?? 0) * (1 - 1 / use) : sum, 0),
  }
}

/** What can be said of the lower bound, which is no placement. */
export function measureBound (trace: Trace): Pick<Measures, 'peak' | 'p99' | 'p95'> {
  return tops(lowerBound(trace))
}

/** The use of the worst node in each minute. */
export function worstPerMinute (cpu: Float32Array): Float64Array {
  const worst = new Float64Array(MINUTES)
  cpu.forEach((use, index) => { worst[index % MINUTES] = Math.max(worst[index % MINUTES] ?? 0, use) })
  return worst
}

function tops (worst: Float64Array): Pick<Measures, 'peak' | 'p99' | 'p95'> {
  const sorted = Float64Array.from(worst).sort()
  const percentile = (part: number): number => sorted[Math.ceil(part * sorted.length) - 1] ?? 0
  return { peak: percentile(1), p99: percentile(0.99), p95: percentile(0.95) }
}

function count (cpu: Float32Array, above: number): number {
  return cpu.reduce((sum, use) => use > above ? sum + 1 : sum, 0)
}

function unevenness (trace: Trace, cpu: Float32Array): number {
  let [sum, busy] = [0, 0]
  for (let minute = 0; minute < MINUTES; minute++) {
    let [weights, first, second] = [0, 0, 0]
    trace.nodes.forEach(({ weight }, node) => {
      if (isLost(trace, node, minute)) return
      const use = cpu[node * MINUTES + minute] ?? 0
      weights += weight
      first += weight * use
      second += weight * use * use
    })
    const mean = first / weights
    if (mean < BUSY) continue
    sum += Math.sqrt(Math.max(0, second / weights - mean * mean))
    busy++
  }
  return busy === 0 ? 0 : sum / busy
}
