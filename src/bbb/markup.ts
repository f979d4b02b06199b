import { UnreadableAnswer } from './unreadable-answer.js'
import { textOf } from './xml.js'

export const LT = 0x3c
export const GT = 0x3e
export const SLASH = 0x2f
export const BANG = 0x21
export const QUESTION = 0x3f
const EQUALS = 0x3d
const DOUBLE_QUOTE = 0x22
const SINGLE_QUOTE = 0x27

const BLANK = 1
const NAME_START = 2
const NAME_REST = 4

const CLASS_OF_BYTE: Readonly<Uint8Array> = (() => {
  const classes = new Uint8Array(256)
  for (const blank of ' \t\r\n') classes[blank.charCodeAt(0)] = BLANK
  for (let byte = 0x30; byte <= 0x39; byte++) classes[byte] = NAME_REST
  for (const rest of '-.') classes[rest.charCodeAt(0)] = NAME_REST
  for (let byte = 0x41; byte <= 0x5a; byte++) classes[byte] = classes[byte + 0x20] = NAME_START | NAME_REST
  for (const start of '_:') classes[start.charCodeAt(0)] = NAME_START | NAME_REST
  for (let byte = 0x80; byte <= 0xff; byte++) classes[byte] = NAME_START | NAME_REST
  return classes
})()

const LONGEST_ATTRIBUTE_BYTES = 65_536

const CDATA_OPEN = Buffer.from('<![CDATA[')
const CDATA_CLOSE = Buffer.from(']]>')
const COMMENT_OPEN = Buffer.from('<!--')
const COMMENT_CLOSE = Buffer.from('-->')
const CUSTOMDATA_OPEN = Buffer.from('<customdata')

/** Returned where a `<!` begins no CDATA section and no comment: the name of an element, written raw. */
export const NO_SECTION = -2
/** Returned where what is looked for does not end, or is not there. */
export const NONE = -1

// The hot loops of this file compare with the length before they read: one read past the end of a buffer makes all later ones slow.

/** Space, tab, carriage return, line feed: what XML takes for white space. */
export function isBlank (byte: number | undefined): boolean {
  return byte !== undefined && CLASS_OF_BYTE[byte] === BLANK
}

export function isNameStart (byte: number | undefined): boolean {
  return byte !== undefined && ((CLASS_OF_BYTE[byte] ?? 0) & NAME_START) !== 0
}

/** Whether `wanted` stands at `at`. */
export function standsAt (bytes: Buffer, at: number, wanted: Uint8Array): boolean {
  if (at < 0 || at + wanted.length > bytes.length) return false
  for (let index = 0; index < wanted.length; index++) {
    if (bytes[at + index] !== wanted[index]) return false
  }
  return true
}

/** The first position from `at` on that is not white space. */
export function skipBlank (bytes: Buffer, at: number): number {
  const length = bytes.length
  while (at < length && CLASS_OF_BYTE[bytes[at] ?? 0] === BLANK) at++
  return at
}

/** The first position from `at` on that is neither white space nor a comment. */
export function skipBlankAndComments (bytes: Buffer, at: number): number {
  for (;;) {
    at = skipBlank(bytes, at)
    if (bytes[at] !== LT || bytes[at + 1] !== BANG || !standsAt(bytes, at, COMMENT_OPEN)) return at
    const after = skipSection(bytes, at)
    if (after < 0) return at
    at = after
  }
}

/** The position of the next `<` from `at` on, or the length of `bytes`. */
export function nextTag (bytes: Buffer, at: number): number {
  const length = bytes.length
  while (at < length && bytes[at] !== LT) at++
  return at
}

/** Just past the end tag of `name` that stands at `at`, or `NONE` if there stands something else. */
export function endTagAt (bytes: Buffer, at: number, name: Uint8Array): number {
  if (bytes[at] !== LT || bytes[at + 1] !== SLASH || !standsAt(bytes, at + 2, name)) return NONE
  const close = skipBlank(bytes, at + 2 + name.length)
  return bytes[close] === GT ? close + 1 : NONE
}

/** As `endTagAt`, for the element whose name stands from `nameStart` to `nameEnd`. */
export function endTagLike (bytes: Buffer, at: number, nameStart: number, nameEnd: number): number {
  let close = at + 2 + nameEnd - nameStart
  if (close >= bytes.length || bytes[at + 1] !== SLASH || bytes[at] !== LT) return NONE
  for (let index = nameEnd - 1, mirror = close - 1; index >= nameStart; index--, mirror--) {
    if (bytes[mirror] !== bytes[index]) return NONE
  }
  if (bytes[close] === GT) return close + 1
  close = skipBlank(bytes, close)
  return bytes[close] === GT ? close + 1 : NONE
}

/** The end of the element name that begins at `at`; `at` itself if none begins there. */
export function nameEndAt (bytes: Buffer, at: number): number {
  if (!isNameStart(bytes[at])) return at
  const length = bytes.length
  at++
  while (at < length && ((CLASS_OF_BYTE[bytes[at] ?? 0] ?? 0) & NAME_REST) !== 0) at++
  return at
}

/**
 * Just past the `>` of the start tag whose name ends at `nameEnd`, or `NONE` if that is not a start tag as XML writes it.
 * The tag is of the form `<name/>` if the byte before its `>` is a slash.
 */
export function startTagEnd (bytes: Buffer, nameEnd: number): number {
  let at = nameEnd
  if (bytes[at] === GT) return at + 1
  for (;;) {
    const gap = at
    at = skipBlank(bytes, at)
    if (bytes[at] === GT) return at + 1
    if (bytes[at] === SLASH) return bytes[at + 1] === GT ? at + 2 : NONE
    const attributeEnd = nameEndAt(bytes, at)
    if (gap === at || attributeEnd === at) return NONE
    at = skipBlank(bytes, attributeEnd)
    if (bytes[at] !== EQUALS) return NONE
    at = skipBlank(bytes, at + 1)
    const quote = bytes[at]
    if (quote !== DOUBLE_QUOTE && quote !== SINGLE_QUOTE) return NONE
    at = quotedEnd(bytes, at + 1, quote)
    if (at === NONE) return NONE
  }
}

/**
 * Just past the closing quote of an attribute's value. A value that holds an end tag is either forged or has lost its closing quote;
 * read one way it invents elements, read the other way it hides some, so the answer as a whole is given up. BBB writes no such value.
 */
function quotedEnd (bytes: Buffer, at: number, quote: number): number {
  const limit = Math.min(bytes.length, at + LONGEST_ATTRIBUTE_BYTES)
  for (; at < limit && bytes[at] !== quote; at++) {
    if (bytes[at] === LT && bytes[at + 1] === SLASH) throw new UnreadableAnswer('malformed', 'an end tag inside an attribute')
  }
  return at < limit ? at + 1 : NONE
}

/**
 * Just past the CDATA section or comment whose `<!` stands at `at`; `NONE` if it does not end; `NO_SECTION` if none begins there.
 *
 * The exception to "a section ends at its first end mark": BBB writes the names of a user's own data (userdata-NAME) as element names.
 * Such a name cannot hold `<` or `>` (the templates escape them), but it can be `![CDATA[`, and would then hide the rest of the answer,
 * up to where another user's data is called `]]`. What it writes is `<NAME>text</NAME>`, right after `<customdata>` or an end tag, where
 * no template writes a section of its own; so that shape, there, is not a section.
 */
export function skipSection (bytes: Buffer, at: number): number {
  const isCdata = standsAt(bytes, at, CDATA_OPEN)
  if (!isCdata && !standsAt(bytes, at, COMMENT_OPEN)) return NO_SECTION
  if (isRawNameOfUserdata(bytes, at)) return NO_SECTION
  const close = isCdata ? CDATA_CLOSE : COMMENT_CLOSE
  const end = bytes.indexOf(close, at + (isCdata ? CDATA_OPEN.length : COMMENT_OPEN.length))
  return end === -1 ? NONE : end + close.length
}

function isRawNameOfUserdata (bytes: Buffer, at: number): boolean {
  const before = lastNonBlank(bytes, at - 1)
  if (bytes[before] !== GT) return false
  const precedingTag = bytes.lastIndexOf(LT, before)
  if (bytes[precedingTag + 1] !== SLASH && !standsAt(bytes, precedingTag, CUSTOMDATA_OPEN)) return false
  return rawLeafEnd(bytes, at) >= 0
}

/** The position of the last byte up to `at` that is not white space. */
export function lastNonBlank (bytes: Buffer, at: number): number {
  while (at >= 0 && isBlank(bytes[at])) at--
  return at
}

/**
 * Just past an element `<ANYTHING>text</ANYTHING>` or `<ANYTHING/>` whose name only has to be the same twice and free of `<` and `>`:
 * what names of userdata that XML does not allow (`1x`, `a b`, `a&amp;b`) become. `NONE` if there is none.
 */
export function rawLeafEnd (bytes: Buffer, at: number): number {
  let open = at + 1
  while (open < bytes.length && bytes[open] !== GT && bytes[open] !== LT) open++
  if (bytes[open] !== GT) return NONE
  if (bytes[open - 1] === SLASH && open - 1 > at) return open + 1
  let end = nextTag(bytes, open + 1)
  while (bytes[end + 1] === BANG) {
    const after = skipSection(bytes, end)
    if (after < 0) return NONE
    end = nextTag(bytes, after)
  }
  return endTagLike(bytes, end, at + 1, open)
}

/** Just past the processing instruction that begins at `at`, or `NONE` if it does not end before the next `<`. */
export function instructionEnd (bytes: Buffer, at: number): number {
  for (let end = at + 2; end < bytes.length && bytes[end] !== LT; end++) {
    if (bytes[end] === QUESTION && bytes[end + 1] === GT) return end + 2
  }
  return NONE
}

/** The text that the bytes from `start` to `end` stand for: references resolved, CDATA as it is, comments left out, invalid UTF-8 as U+FFFD. */
export function textBetween (bytes: Buffer, start: number, end: number): string {
  if (start === end) return ''
  let at = nextTag(bytes, start)
  if (at >= end) return plainText(bytes, start, end)
  let text = ''
  let from = start
  while (at < end) {
    const after = skipSection(bytes, at)
    if (after < 0) break
    text += plainText(bytes, from, at)
    if (standsAt(bytes, at, CDATA_OPEN)) text += bytes.toString('utf8', at + CDATA_OPEN.length, after - CDATA_CLOSE.length)
    from = after
    at = nextTag(bytes, after)
  }
  return text + plainText(bytes, from, end)
}

function plainText (bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end)
  return text.includes('&') ? textOf(text) : text
}
