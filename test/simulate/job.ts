import { CATALOGUE } from './catalogue.js'
import { FIRST_MEASURED_DAY, MINUTES_PER_DAY } from './calendar.js'
import { measure, measureBound, worstPerMinute, type Measures } from './measures.js'
import { scenarioNamed } from './scenarios.js'
import { makeTrace } from './trace.js'

/** One scenario with one seed, under some strategies. */
export interface Job {
  readonly scenario: string
  readonly seed: number
  readonly strategies: readonly string[]
  /** Whether the course of one day is wanted too, for the picture. */
  readonly course: boolean
}

export interface JobResult {
  readonly scenario: string
  readonly seed: number
  /** By strategy; a strategy that has no meaning for the scenario is left out. */
  readonly measures: Readonly<Record<string, Measures>>
  readonly bound: Pick<Measures, 'peak' | 'p99' | 'p95'>
  /** By strategy: the worst node's CPU in each minute of one day. */
  readonly courses: Readonly<Record<string, readonly number[]>>
}

/** The Wednesday of the measured week. */
export const SHOWN_DAY = FIRST_MEASURED_DAY + 2

export function runJob ({ scenario, seed, strategies, course }: Job): JobResult {
  const trace = makeTrace(scenarioNamed(scenario), seed)
  const measures: Record<string, Measures> = {}
  const courses: Record<string, readonly number[]> = {}
  for (const { name, run } of CATALOGUE) {
    const outcome = strategies.includes(name) ? run(trace) : undefined
    if (outcome === undefined) continue
    measures[name] = measure(trace, outcome)
    const from = (SHOWN_DAY - FIRST_MEASURED_DAY) * MINUTES_PER_DAY
    if (course) courses[name] = Array.from(worstPerMinute(outcome.cpu).subarray(from, from + MINUTES_PER_DAY), (use) => Math.round(use * 1_000) / 1_000)
  }
  return { scenario, seed, measures, bound: measureBound(trace), courses }
}
