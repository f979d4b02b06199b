import { CATALOGUE, LOWER_BOUND, type Role } from './catalogue.js'
import type { JobResult } from './job.js'
import type { Measures } from './measures.js'
import { scenarioNamed } from './scenarios.js'
import { spreadOf } from './statistics.js'

const EMPTY = '–'

interface Column { readonly head: string, readonly of: (name: string, results: readonly JobResult[]) => string }

const COLUMNS: readonly Column[] = [
  percent('p99', 'p99'),
  percent('peak', 'peak'),
  percent('p95', 'p95'),
  plain('min > 80 %', 'minutesOver80'),
  plain('min > 95 %', 'minutesOver95'),
  { head: 'unevenness', of: (name, results) => shown(values(name, results, 'unevenness'), (value) => (value * 100).toFixed(1)) },
  plain('lost user-min', 'lostUserMinutes'),
  against('÷ clairvoyant', 'clairvoyant'),
  against('÷ offline', 'offline'),
]

/** All results as aligned text: an overview, then a table for each scenario. Medians over seeds, ranges in brackets. */
export function report (results: readonly JobResult[]): string {
  const scenarios = [...new Set(results.map(({ scenario }) => scenario))]
  return [overview(scenarios, results), ...scenarios.map((scenario) => ofScenario(scenario, results.filter((result) => result.scenario === scenario)))].join('\n\n') + '\n'
}

/** p99 and peak of the worst node, the measure of all. */
function overview (scenarios: readonly string[], results: readonly JobResult[]): string {
  const rows = present(results).map((name) => [name, ...scenarios.map((scenario) => {
    const of = results.filter((result) => result.scenario === scenario)
    const [p99, peak] = [spreadOf(values(name, of, 'p99')), spreadOf(values(name, of, 'peak'))]
    return p99 === undefined || peak === undefined ? EMPTY : `${inPercent(p99.median)} / ${inPercent(peak.median)}`
  })])
  return `Worst node, p99 / peak of the minutes of a week, % of its CPU\n${aligned(['', ...scenarios], rows)}`
}

function ofScenario (scenario: string, results: readonly JobResult[]): string {
  const rows = present(results).map((name) => [name, ...COLUMNS.map(({ of }) => of(name, results))])
  const head = `${scenario}: ${scenarioNamed(scenario).title} (${results.length} ${results.length === 1 ? 'seed' : 'seeds'})`
  return [head, aligned(['', ...COLUMNS.map(({ head }) => head)], rows), ...victories(results)].join('\n')
}

/** On how many seeds Ensemble is better than every published formula. */
function victories (results: readonly JobResult[]): string[] {
  const [ensemble] = names('ensemble', results)
  const published = names('published', results)
  if (ensemble === undefined || published.length === 0) return []
  const counts = ([['p99', 'p99'], ['p95', 'p95'], ['min > 80 %', 'minutesOver80'], ['peak', 'peak']] as const).map(([head, of]) => {
    const won = results.filter(({ measures }) => {
      const own = measures[ensemble]?.[of] ?? Infinity
      return published.every((name) => own < (measures[name]?.[of] ?? Infinity) || own === 0)
    })
    return `${head} on ${won.length}`
  })
  return [`${ensemble} is better than every published formula in ${counts.join(', ')} of ${results.length} seeds.`]
}

export function names (role: Role, results: readonly JobResult[]): string[] {
  return CATALOGUE.filter((entry) => entry.role === role && results.some(({ measures }) => measures[entry.name] !== undefined)).map(({ name }) => name)
}

function present (results: readonly JobResult[]): string[] {
  return [...names('published', results), ...names('ensemble', results), ...names('reference', results), LOWER_BOUND]
}

/** One measure of a strategy, per seed. */
export function values (name: string, results: readonly JobResult[], of: keyof Measures): number[] {
  return results.flatMap(({ measures, bound }) => {
    if (name === LOWER_BOUND) return of === 'p99' || of === 'peak' || of === 'p95' ? [bound[of]] : []
    return measures[name]?.[of] ?? []
  })
}

function percent (head: string, of: keyof Measures): Column {
  return { head, of: (name, results) => shown(values(name, results, of), inPercent) }
}

function plain (head: string, of: keyof Measures): Column {
  return { head, of: (name, results) => shown(values(name, results, of), (value) => value.toFixed(0)) }
}

/** The p99 as a multiple of that of a reference on the same trace. */
function against (head: string, reference: string): Column {
  return {
    head,
    of: (name, results) => {
      const ratios = results.flatMap((result) => {
        const [own, other] = [values(name, [result], 'p99')[0], values(reference, [result], 'p99')[0]]
        return own === undefined || other === undefined ? [] : [own / other]
      })
      return shown(ratios, (value) => value.toFixed(2))
    },
  }
}

function shown (numbers: readonly number[], write: (value: number) => string): string {
  const spread = spreadOf(numbers)
  return spread === undefined ? EMPTY : `${write(spread.median)} (${write(spread.least)}–${write(spread.most)})`
}

function inPercent (value: number): string {
  return (value * 100).toFixed(0)
}

/** Columns under their heads: the first to the left, the others to the right. */
function aligned (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) => row.map((cell, column) => column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)).join('  ').trimEnd()).join('\n')
}
