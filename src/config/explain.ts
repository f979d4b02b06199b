import { z } from 'zod'
import type { Source } from './document.js'
import { keyOf, type ConfigProblem, type Path } from './problems.js'
import { core, fact, schemaAt } from './schema-tree.js'
import { suggestion } from './suggestion.js'
import type { Complaint } from './values.js'

// The keys of the whole file would hide the message that lists them.
const MOST_KEYS_TO_LIST = 12

/** What the schema refused, in words that tell an operator what to change. */
export function explain (issues: readonly z.core.$ZodIssue[], schema: z.ZodType, source: Source): ConfigProblem[] {
  const explained = new Set(source.problems.map(problem => problem.key))
  return issues.flatMap(issue => {
    const path = issue.path.filter(step => typeof step !== 'symbol')
    const where = writtenPath(path, source.value)
    if (issue.code === 'unrecognized_keys') return issue.keys.map(name => unknownKey([...where, name], schema, source))
    const key = keyOf(where)
    // A value that could not be read is not judged as well.
    if (explained.has(key)) return []
    const message = complaintOf(issue, where, source) ?? expectation(schemaAt(schema, path), where, source)
    return [{ line: source.lineOf(where), key, message }]
  })
}

/** The path without what only a short form left out: the token in `tokens: [text]` has no key. */
function writtenPath (path: Path, value: unknown): Path {
  const scalar = path.findIndex((_, depth) => {
    const around = valueAt(value, path.slice(0, depth))
    return around !== undefined && (around === null || typeof around !== 'object')
  })
  return scalar === -1 ? path : path.slice(0, scalar)
}

function unknownKey (path: Path, schema: z.ZodType, source: Source): ConfigProblem {
  const written = String(path.at(-1))
  const at = { line: source.lineOf(path), key: keyOf(path) }
  if (/\w:/.test(written)) return { ...at, message: 'unknown key: expected a space after the colon' }
  const section = core(schemaAt(schema, path.slice(0, -1)))
  const known = section instanceof z.ZodObject ? Object.keys(section.shape) : []
  const meant = suggestion(written, known)
  const all = known.length > MOST_KEYS_TO_LIST ? 'the reference lists those that exist' : `this section has ${known.join(', ')}`
  const advice = meant === undefined ? all : `did you mean ${meant}?`
  return { ...at, message: `unknown key: ${advice}` }
}

function complaintOf (issue: z.core.$ZodIssue, path: Path, source: Source): string | undefined {
  const complaint: Complaint | undefined = issue.code === 'custom' ? issue.params?.['complaint'] : undefined
  if (complaint?.quote !== true) return complaint?.say
  return `${JSON.stringify(source.beforeReplacement(path) ?? valueAt(source.value, path))} ${complaint.say}`
}

function expectation (schema: unknown, path: Path, source: Source): string {
  const value = valueAt(source.value, path)
  const expected = `expected ${words(schema)}`
  if (value === undefined) return `is missing: ${expected}`
  return `${expected}${found(value, schema, source.beforeReplacement(path))}${quotes(value, schema)}`
}

function words (schema: unknown): string {
  const stated = fact(schema, 'words')
  if (stated !== undefined) return stated
  const section = core(schema)
  return section instanceof z.ZodObject ? `a section with keys such as ${Object.keys(section.shape).slice(0, 3).join(', ')}` : 'something else'
}

function found (value: unknown, schema: unknown, original: string | undefined): string {
  if (fact(schema, 'hidden') === true) return ''
  if (original !== undefined) return `, got the value of ${JSON.stringify(original)}`
  if (value === null) return ', got nothing'
  if (Array.isArray(value)) return value.length === 0 ? ', got an empty list' : ', got a list'
  if (typeof value === 'object') return ', got a section'
  const inner = core(schema)
  // Whatever stands where a section or a list belongs may be a secret from inside it.
  if (inner instanceof z.ZodObject || inner instanceof z.ZodArray) return `, got a ${typeof value === 'string' ? 'text' : typeof value}`
  const shown = JSON.stringify(value)
  return `, got ${shown.length > 60 ? `${shown.slice(0, 57)}…"` : shown}`
}

function quotes (value: unknown, schema: unknown): string {
  const isText = core(schema) instanceof z.ZodString
  return isText && (typeof value === 'number' || typeof value === 'boolean') ? ': put it in quotes' : ''
}

function valueAt (value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => typeof at === 'object' && at !== null ? Reflect.get(at, step) : undefined, value)
}
