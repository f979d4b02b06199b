import { parseArgs } from 'node:util'
import { UsageError, wholeNumber } from '../../src/commands/usage.js'
import { CATALOGUE } from './catalogue.js'
import { SCENARIOS } from './scenarios.js'

/** What is to be simulated, and where the results go besides the standard output. */
export interface Wanted {
  readonly seeds: number
  readonly scenarios: readonly string[]
  readonly strategies: readonly string[]
  readonly jobs: number
  readonly svg: string | undefined
  readonly json: string | undefined
}

export const SIMULATE_USAGE = `npm run simulate -- [--seeds N] [--scenarios A,B] [--strategies A,B] [--jobs N] [--svg FILE] [--json FILE]

  --seeds       how many traces of each scenario, 3 by default
  --scenarios   ${SCENARIOS.map(({ name }) => name).join(', ')}; all by default
  --strategies  ${CATALOGUE.map(({ name }) => option(name)).join(', ')}; all by default
  --jobs        processes at a time, 2 by default
  --svg         a picture of the results
  --json        all results`

/** Reads the command line; throws a UsageError that says what is wrong with it. */
export function readArguments (args: readonly string[]): Wanted {
  const { seeds, scenarios, strategies, jobs, svg, json } = parse(args)
  return {
    seeds: wholeNumber(seeds, '--seeds', 1, 1_000),
    scenarios: named('--scenarios', scenarios, SCENARIOS.map(({ name }) => name)),
    strategies: named('--strategies', strategies, CATALOGUE.map(({ name }) => name)),
    jobs: wholeNumber(jobs, '--jobs', 1, 64),
    svg: file('--svg', svg),
    json: file('--json', json),
  }
}

function parse (args: readonly string[]): { seeds: string, scenarios?: string, strategies?: string, jobs: string, svg?: string, json?: string } {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      args: [...args],
      options: { seeds: { ...text, default: '3' }, scenarios: text, strategies: text, jobs: { ...text, default: '2' }, svg: text, json: text },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** The known names a list asks for, in their own order; all if there is no list. */
function named (name: string, list: string | undefined, known: readonly string[]): readonly string[] {
  if (list === undefined) return known
  const asked = list.split(',').map((one) => option(one.trim()))
  const unknown = asked.find((one) => !known.some((other) => option(other) === one))
  if (unknown !== undefined) throw new UsageError(`${name}: there is no "${unknown}"; there are ${known.map(option).join(', ')}`)
  return known.filter((one) => asked.includes(option(one)))
}

/** A name as it is written on a command line: without blanks, in small letters. */
function option (name: string): string {
  return name.toLowerCase().replaceAll(' ', '-')
}

function file (name: string, path: string | undefined): string | undefined {
  if (path === '') throw new UsageError(`${name}: a file is missing`)
  return path
}
