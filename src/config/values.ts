import { isDeepStrictEqual } from 'node:util'
import { isIP } from 'node:net'
import { z } from 'zod'
import { parseDuration, parseSize } from './units.js'

const DAY_MS = 24 * 60 * 60 * 1000
// A Node timer set further ahead than 2^31 - 1 ms, which is 24.8 days, fires at once.
const LONGEST_DAYS = 24

declare module 'zod' {
  interface GlobalMeta {
    /** What a value of this kind looks like, so that "expected …" can stand before it. */
    words?: string
    /** What a key without a written default means when it is left out. */
    whenAbsent?: string
    /** The value must not appear in a message. */
    hidden?: boolean
    /** The key is of the contract, but this version takes only the value that means "off". */
    unavailable?: boolean
  }
}

/** What a check of several values together says, in place of the expectation of one value. */
export interface Complaint {
  say: string
  /** Whether the value, as it stands in the file, is to be quoted before it. */
  quote?: boolean
}

/** Reports a complaint at a path below the value that is being checked. */
export function complain (ctx: z.RefinementCtx, complaint: Complaint, path: Array<string | number> = []): void {
  ctx.addIssue({ code: 'custom', path, params: { complaint } })
}

/** Makes a check of a list run even if an item is wrong, so that one start shows every mistake. */
export const anyList = { when: ({ value }: z.core.ParsePayload) => Array.isArray(value) }

/** The same for a section. */
export const anySection = {
  when: ({ value }: z.core.ParsePayload) => typeof value === 'object' && value !== null && !Array.isArray(value),
}

/** A text that is not empty. */
export function text (words: string) {
  return z.string().min(1).meta({ words })
}

/** A text of a certain form. */
export function pattern (words: string, form: RegExp) {
  return z.string().regex(form).meta({ words })
}

/** A text that never shows in a message. */
export function hiddenText (words: string, form: RegExp = /./) {
  return z.string().regex(form).meta({ words, hidden: true })
}

/** A whole number between two bounds. */
export function wholeNumber (min: number, max = Number.MAX_SAFE_INTEGER) {
  const upTo = max === Number.MAX_SAFE_INTEGER ? 'up' : `to ${max}`
  // Not z.int(): a fraction would keep the checks of the sections around it from running.
  return z.number().refine(value => Number.isSafeInteger(value) && value >= min && value <= max).meta({ words: `a whole number from ${min} ${upTo}` })
}

/** A boolean. */
export function flag () {
  return z.boolean().meta({ words: 'true or false' })
}

/** One of a few names. */
export function oneOf<const T extends readonly [string, ...string[]]> (names: T) {
  return z.enum(names).meta({ words: `one of ${names.join(', ')}` })
}

/** A list, by default one that may be empty. */
export function list<T extends z.ZodType> (element: T, words: string, min = 0) {
  return z.array(element).min(min).meta({ words })
}

/** A duration, in milliseconds; 0 only where it has a meaning of its own. */
export function duration (zero: 'positive' | 'or zero' = 'positive') {
  const words = 'a duration such as 500ms, 5s or 2m'
  return z.union([z.string(), z.number()]).transform((input, ctx) => {
    const milliseconds = parseDuration(String(input))
    if (milliseconds === undefined) ctx.addIssue({ code: 'custom' })
    else if (milliseconds > LONGEST_DAYS * DAY_MS) complain(ctx, { say: `expected at most ${LONGEST_DAYS} days` })
    else if (milliseconds === 0 && zero !== 'or zero') complain(ctx, { say: 'expected a duration above 0' })
    else return milliseconds
    return z.NEVER
  }).meta({ words: zero === 'or zero' ? `${words}, or 0` : words })
}

/** A size, in bytes. */
export function size () {
  return z.string().transform((input, ctx) => {
    const bytes = parseSize(input)
    if (bytes !== undefined && bytes > 0) return bytes
    ctx.addIssue({ code: 'custom' })
    return z.NEVER
  }).meta({ words: 'a size such as 64KB or 200MB' })
}

/** An http or https URL in its normal form, without a slash at its end. Hidden: it may have been given with a password. */
export function httpUrl () {
  return z.string().transform((input, ctx) => {
    const url = /^https?:\/\/[^\s@?#]+$/i.test(input) && URL.canParse(input) ? new URL(input) : undefined
    if (url !== undefined) return url.href.replace(/\/+$/, '')
    ctx.addIssue({ code: 'custom' })
    return z.NEVER
  }).meta({ words: 'an http or https URL without user, password, query or fragment', hidden: true })
}

/** An IP address or a network in CIDR notation. */
export function network () {
  return z.string().refine(isNetwork).meta({ words: 'an IP address or a network such as 10.0.0.0/8' })
}

/**
 * A key of the contract whose feature this version does not have: it takes only the value that means "off",
 * so that nobody relies on what is not there.
 */
export function notYet<const T extends string | boolean | readonly never[] | undefined> (off: T, feature: string) {
  const advice = off === undefined ? 'leave it out' : `leave it ${off === '' || Array.isArray(off) ? 'empty' : String(off)}`
  const key = z.unknown().optional().transform((input, ctx): T => {
    if (isDeepStrictEqual(input, off)) return off
    complain(ctx, { say: `${feature} is not available in this version: ${advice}` })
    return z.NEVER
  })
  const facts = { hidden: true, unavailable: true }
  return off === undefined
    ? key.meta({ ...facts, words: 'nothing', whenAbsent: 'not set' })
    : key.prefault(off).meta({ ...facts, words: `only ${JSON.stringify(off)}` })
}

function isNetwork (input: string): boolean {
  const [, address, bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(input) ?? []
  const family = isIP(address ?? '')
  return family !== 0 && (bits === undefined || Number(bits) <= (family === 4 ? 32 : 128))
}
