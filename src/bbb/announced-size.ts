import { BANG, endTagLike, nameEndAt, nextTag, NONE, rawLeafEnd, skipSection, SLASH, standsAt, startTagEnd, textBetween } from './markup.js'

// BBB lists metadata in lower case and without `meta_`.
const EXPECTED_PARTICIPANTS = Buffer.from('ensemble-expected-participants')
const SIZE_HINT = Buffer.from('bbb-meeting-size-hint')
const LARGEST = 100_000

const WHOLE_NUMBER = /^[ \t\r\n]*([0-9]+)[ \t\r\n]*$/

/**
 * How many people the metadata from `start` to `end` announce for their meeting; 0 if they announce nothing, or cannot be read as the
 * leaves that BBB writes there.
 */
export function announcedSize (bytes: Buffer, start: number, end: number): number {
  if (!holdsOneOfTheNames(bytes, start, end)) return 0
  let hint: number | undefined
  let at = nextTag(bytes, start)
  while (at < end) {
    const nameEnd = nameEndAt(bytes, at + 1)
    const content = nameEnd === at + 1 ? NONE : startTagEnd(bytes, nameEnd)
    if (content === NONE) {
      const after = bytes[at + 1] === BANG ? skipSection(bytes, at) : rawLeafEnd(bytes, at)
      if (after < 0) return 0
      at = nextTag(bytes, after)
      continue
    }
    const isEmpty = bytes[content - 2] === SLASH
    const contentEnd = isEmpty ? content : textEnd(bytes, content)
    const after = isEmpty ? content : endTagLike(bytes, contentEnd, at + 1, nameEnd)
    if (after === NONE) return 0
    if (isNamed(bytes, at + 1, nameEnd, EXPECTED_PARTICIPANTS)) return sizeIn(bytes, content, contentEnd)
    if (isNamed(bytes, at + 1, nameEnd, SIZE_HINT)) hint ??= sizeIn(bytes, content, contentEnd)
    at = nextTag(bytes, after)
  }
  return hint ?? 0
}

const SHORTEST = Math.min(EXPECTED_PARTICIPANTS.length, SIZE_HINT.length)
const ENDS_OF_NAMES = [EXPECTED_PARTICIPANTS, SIZE_HINT].map((name) => name.subarray(-SHORTEST))

/** Where one of the names could end with this byte: 0 if it may, else how much further on the next place is where one could. */
const STEP: Readonly<Uint8Array> = (() => {
  const steps = new Uint8Array(256).fill(SHORTEST)
  for (const name of ENDS_OF_NAMES) {
    for (const [index, byte] of name.entries()) steps[byte] = Math.min(steps[byte] ?? SHORTEST, SHORTEST - 1 - index)
  }
  return steps
})()

/** Nearly all metadata announce nothing. Reading them all would cost a poll ten percent more; this looks at a few of their bytes only. */
function holdsOneOfTheNames (bytes: Buffer, start: number, end: number): boolean {
  let last = start + SHORTEST - 1
  while (last < end) {
    const step = STEP[bytes[last] ?? 0] ?? 1
    if (step === 0 && endsWithName(bytes, last + 1)) return true
    last += Math.max(1, step)
  }
  return false
}

function endsWithName (bytes: Buffer, end: number): boolean {
  return ENDS_OF_NAMES.some((name) => standsAt(bytes, end - SHORTEST, name))
}

function isNamed (bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  return end - start === name.length && standsAt(bytes, start, name)
}

function textEnd (bytes: Buffer, at: number): number {
  let tag = nextTag(bytes, at)
  while (bytes[tag + 1] === BANG) {
    const after = skipSection(bytes, tag)
    if (after < 0) break
    tag = nextTag(bytes, after)
  }
  return tag
}

function sizeIn (bytes: Buffer, start: number, end: number): number {
  return sizeOf(textBetween(bytes, start, end))
}

/** A size as a client writes it: a whole number up to 100,000; anything else announces nothing, which is 0. */
export function sizeOf (text: string): number {
  const size = Number(WHOLE_NUMBER.exec(text)?.[1] ?? 0)
  return size <= LARGEST ? size : 0
}
