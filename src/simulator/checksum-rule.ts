import type { ChecksumAlgorithm } from '../bbb/checksum.js'
import { verify } from '../bbb/checksum.js'
import type { Parameters } from './parameters.js'
import type { VersionTraits } from './versions.js'

/** Everything of a call that its checksum depends on. */
export interface SignedCall {
  call: string
  method: string
  rawQuery: string
  parameters: Parameters
}

/** What a node accepts. */
export interface ChecksumRule {
  secret: string
  algorithms: readonly ChecksumAlgorithm[]
  traits: VersionTraits
}

/** Which of the three checkers of a BBB server looks at the call; they differ in text, removal and letter case. */
export type ChecksumChecker = 'validation' | 'recordings' | 'webhooks'

const MISSING = 'You must provide the checksum'
const MISMATCH = 'Checksums do not match'
const OLD_MESSAGE = 'You did not pass the checksum security check'

/** Why the checksum of a call is refused, in BBB's words; undefined where it is right or the node has no secret. */
export function checksumFault (signed: SignedCall, rule: ChecksumRule, checker: ChecksumChecker): string | undefined {
  if (rule.secret === '') return undefined
  if (checker === 'webhooks') return webhookFault(signed, rule)
  const given = signed.parameters.all('checksum')
  const checksum = given[0]
  if (checksum === undefined || checksum === '') return checker === 'recordings' ? OLD_MESSAGE : MISSING
  const isRight = checker === 'recordings'
    ? verify(signed.call, withoutChecksum(signed.rawQuery, checksum), checksum, rule.secret, rule.algorithms)
    : !isRefusedForm(signed, rule.traits) &&
      verify(signed.call, hashedQuery(signed, checksum, rule.traits), checksum, rule.secret, rule.algorithms)
  if (isRight) return undefined
  return checker === 'recordings' ? OLD_MESSAGE : MISMATCH
}

/**
 * The query without its checksum, by the three literal replacements of BBB's GetChecksumValidator; what other
 * ampersands stay behind is part of what is hashed.
 */
function withoutChecksum (rawQuery: string, checksum: string): string {
  return rawQuery
    .replaceAll(`&checksum=${checksum}`, '')
    .replaceAll(`checksum=${checksum}&`, '')
    .replaceAll(`checksum=${checksum}`, '')
}

// A parameter in both places makes current BBB refuse the call; only the oldest rule reads a form at all.
function isRefusedForm (signed: SignedCall, traits: VersionTraits): boolean {
  if (traits.refusesDoubledChecksum && signed.parameters.all('checksum').length > 1) return true
  if (traits.rebuildsPostQuery) return false
  for (const name of signed.parameters.form.keys()) {
    if (signed.parameters.query.has(name)) return true
  }
  return false
}

function hashedQuery (signed: SignedCall, checksum: string, traits: VersionTraits): string {
  if (traits.rebuildsPostQuery && signed.method === 'POST' && signed.rawQuery === '') return rebuilt(signed.parameters)
  return withoutChecksum(signed.rawQuery, checksum)
}

function rebuilt (parameters: Parameters): string {
  const pairs: string[] = []
  for (const name of [...parameters.names()].sort()) {
    if (name !== 'checksum') pairs.push(`${name}=${encodeAsJava(parameters.get(name) ?? '')}`)
  }
  return pairs.join('&')
}

/** A text as java.net.URLEncoder writes it: blanks as `+`, all but letters, digits and `.-*_` as UTF-8 percent escapes. */
function encodeAsJava (text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

// The web hooks service has its own removal and compares letter case too.
function webhookFault (signed: SignedCall, rule: ChecksumRule): string | undefined {
  const checksum = signed.parameters.get('checksum') ?? ''
  const query = signed.rawQuery
    .replace(/&checksum=[^&]*/, '').replace(/checksum=[^&]*&/, '').replace(/checksum=[^&]*$/, '')
  const isRight = checksum === checksum.toLowerCase() &&
    verify(signed.call, query, checksum, rule.secret, rule.algorithms)
  return isRight ? undefined : `${OLD_MESSAGE}.`
}
