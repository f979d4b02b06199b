/**
 * A query (or a form body) as text. BBB hashes a query byte for byte, so it is never taken apart and
 * put together again: what does not have to change keeps its bytes and its place.
 *
 * The text is ASCII: Node refuses anything else in a URL.
 */
export interface Param {
  /** Decoded name; undefined where its percent-encoding is broken. */
  readonly name: string | undefined
  /** The value as it stands in the text. */
  readonly rawValue: string
  /** Where `name=value` starts in the text, and where it ends (at the next `&` or the text's end). */
  readonly start: number
  readonly end: number
}

/** The parameters of a text in their order; empty pieces between two `&` are not parameters. */
export function paramsOf (text: string): Param[] {
  const params: Param[] = []
  for (let start = 0; start <= text.length;) {
    let end = text.indexOf('&', start)
    if (end === -1) end = text.length
    if (end > start) {
      const equals = text.indexOf('=', start)
      const nameEnd = equals === -1 || equals > end ? end : equals
      params.push({
        name: decode(text.slice(start, nameEnd)),
        rawValue: nameEnd === end ? '' : text.slice(nameEnd + 1, end),
        start,
        end,
      })
    }
    start = end + 1
  }
  return params
}

const NEEDS_DECODING = /[%+]/

/** A form-encoded piece decoded (`+` is a space, bytes are UTF-8), or undefined where the encoding is broken. */
export function decode (piece: string): string | undefined {
  if (!NEEDS_DECODING.test(piece)) return piece
  try {
    return decodeURIComponent(piece.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

/** A value encoded as Java's URLEncoder does, which is what BBB rebuilds a form with. */
export function encode (value: string): string {
  return encodeURIComponent(value).replace(/[!'()~]/g, percent).replaceAll('%20', '+')
}

function percent (char: string): string {
  return '%' + char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')
}

/** Whether two decoded names mean the same parameter: BBB lower-cases `meta_*` and nothing else. */
export function sameName (one: string, other: string): boolean {
  if (one === other) return true
  return one.length === other.length && isMeta(one) && one.toLowerCase() === other.toLowerCase()
}

function isMeta (name: string): boolean {
  return name[4] === '_' && name.slice(0, 4).toLowerCase() === 'meta'
}

/** The first parameter of that name. */
export function find (params: readonly Param[], name: string): Param | undefined {
  for (const param of params) if (param.name !== undefined && sameName(param.name, name)) return param
  return undefined
}

/** The decoded value of the first parameter of that name; undefined where it is absent or broken. */
export function valueOf (params: readonly Param[], name: string): string | undefined {
  const param = find(params, name)
  return param === undefined ? undefined : decode(param.rawValue)
}

/** How many parameters of that name there are, in whatever spelling. */
export function countOf (params: readonly Param[], name: string): number {
  let count = 0
  for (const param of params) if (param.name !== undefined && sameName(param.name, name)) count++
  return count
}

/**
 * The text without one of its parameters, as BBB removes the checksum: with the `&` in front of it or,
 * at the start of the text, the one behind it.
 */
export function withoutParam (text: string, param: Param): string {
  if (param.start > 0 && text[param.start - 1] === '&') return text.slice(0, param.start - 1) + text.slice(param.end)
  return text.slice(0, param.start) + text.slice(text[param.end] === '&' ? param.end + 1 : param.end)
}

/** The text without every parameter of that name, in every spelling and repetition. */
export function withoutName (text: string, name: string): string {
  let kept = ''
  let from = 0
  for (const param of paramsOf(text)) {
    if (param.name === undefined || !sameName(param.name, name)) continue
    // As withoutParam has it: with nothing kept before it, the `&` behind it goes, else the one in front.
    const isFirst = param.start === from
    kept += text.slice(from, isFirst ? from : param.start - 1)
    from = isFirst && text[param.end] === '&' ? param.end + 1 : param.end
  }
  return kept + text.slice(from)
}

/** The text with that parameter set to a value: in place of its first occurrence, or at the end. */
export function withValue (text: string, name: string, value: string): string {
  const first = find(paramsOf(text), name)
  const written = `${encode(name)}=${encode(value)}`
  if (first === undefined) return withAppended(text, written)
  const head = text.slice(0, first.start) + written
  const rest = text.slice(first.end)
  return head + withoutName(rest, name)
}

/**
 * The text with one more piece at its end. It gets an `&` of its own even behind another one: with the
 * checksum BBB takes out the `&` in front of it, and must be left with the text that was hashed.
 */
export function withAppended (text: string, piece: string): string {
  return text === '' ? piece : `${text}&${piece}`
}

/**
 * What BBB 2.4 to 2.6.17 hash of a form body: names sorted, the checksum left out, values decoded and
 * encoded again by one rule. Undefined where a name or a value cannot be decoded, or a name holds `&` or `=`.
 */
export function sortedForm (params: readonly Param[]): string | undefined {
  const pairs: Array<{ name: string, value: string }> = []
  for (const param of params) {
    const value = decode(param.rawValue)
    // Such a name, decoded, would read like several parameters: what was signed would not be what is meant.
    if (param.name === undefined || value === undefined || /[&=]/.test(param.name)) return undefined
    if (param.name !== 'checksum') pairs.push({ name: param.name, value })
  }
  pairs.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  return pairs.map(({ name, value }) => `${name}=${encode(value)}`).join('&')
}
