import { ElementWalk } from './element-walk.js'
import { endTagAt, lastNonBlank, LT, nameEndAt, NONE, QUESTION, skipBlankAndComments, SLASH, standsAt, startTagEnd, textBetween } from './markup.js'
import { UnreadableAnswer } from './unreadable-answer.js'

export const RESPONSE = Buffer.from('response')
const START_OF_RESPONSE = Buffer.from('<response')
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])
const END_OF_INSTRUCTION = Buffer.from('?>')

/** What the head of an answer says, as far as it has been read; '' for what has not been there. */
export interface Head { returncode: string, messageKey: string, message: string }

export function emptyHead (): Head {
  return { returncode: '', messageKey: '', message: '' }
}

/**
 * The position of the first child of `<response>`, past a byte order mark, white space, an XML declaration and comments.
 * Throws UnreadableAnswer `not-xml` for anything else, and `cut-off` if the bytes end before.
 */
export function startOfChildren (bytes: Buffer): number {
  let at = skipBlankAndComments(bytes, standsAt(bytes, 0, BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0)
  while (bytes[at] === LT && bytes[at + 1] === QUESTION) {
    const end = bytes.indexOf(END_OF_INSTRUCTION, at)
    if (end === -1) throw new UnreadableAnswer('cut-off', 'the XML declaration does not end')
    at = skipBlankAndComments(bytes, end + END_OF_INSTRUCTION.length)
  }
  if (at >= bytes.length) throw new UnreadableAnswer('not-xml', 'no <response>')
  const nameEnd = at + START_OF_RESPONSE.length
  if (!standsAt(bytes, at, START_OF_RESPONSE) || nameEndAt(bytes, at + 1) !== nameEnd) {
    const isBegun = START_OF_RESPONSE.subarray(0, bytes.length - at).equals(bytes.subarray(at))
    throw new UnreadableAnswer(isBegun ? 'cut-off' : 'not-xml', 'no <response>')
  }
  const children = startTagEnd(bytes, nameEnd)
  if (children === NONE || bytes[children - 2] === SLASH) throw brokenAt(bytes, 'the start tag of <response>')
  return children
}

/** Whether nothing but white space and comments stands from `at` on. */
export function isEnd (bytes: Buffer, at: number): boolean {
  return skipBlankAndComments(bytes, at) === bytes.length
}

/** The error for an answer whose shape is broken: `cut-off` if the document's end is missing, else `malformed`. */
export function brokenAt (bytes: Buffer, what: string): UnreadableAnswer {
  const last = lastNonBlank(bytes, bytes.length - 1)
  const tag = last === -1 ? -1 : bytes.lastIndexOf(LT, last)
  const isWhole = tag !== -1 && endTagAt(bytes, tag, RESPONSE) === last + 1
  return new UnreadableAnswer(isWhole ? 'malformed' : 'cut-off', what)
}

/** Takes the child that `walk` has just read into `head`, if it belongs there; the first one of a name counts. */
export function takeIntoHead (walk: ElementWalk, head: Head): void {
  switch (walk.bytes.toString('latin1', walk.nameStart, walk.nameEnd)) {
    case 'returncode': head.returncode ||= textOfChild(walk).trim(); break
    case 'messageKey': head.messageKey ||= textOfChild(walk).trim(); break
    case 'message': head.message ||= textOfChild(walk); break
    case 'errors': takeFirstError(walk, head)
  }
}

/** The decoded text of the child that `walk` has just read; '' if it holds elements. */
export function textOfChild (walk: ElementWalk): string {
  return walk.isLeaf ? textBetween(walk.bytes, walk.contentStart, walk.contentEnd) : ''
}

const FIRST_ERROR = /<error\s+([^<>]*?)\/?>/
const KEY_ATTRIBUTE = /(?:^|\s)key\s*=\s*(?:"([^"]*)"|'([^']*)')/
const MESSAGE_ATTRIBUTE = /(?:^|\s)message\s*=\s*(?:"([^"]*)"|'([^']*)')/

// Two spellings exist: <error><key/><message/></error>, and <error key="" message=""/>.
function takeFirstError (walk: ElementWalk, head: Head): void {
  const { bytes, contentStart, contentEnd } = walk
  const errors = bytes.subarray(contentStart, contentEnd)
  const attributes = FIRST_ERROR.exec(errors.toString('utf8'))?.[1]
  if (attributes !== undefined) {
    const key = KEY_ATTRIBUTE.exec(attributes)
    const message = MESSAGE_ATTRIBUTE.exec(attributes)
    head.messageKey ||= textOfAttribute(key)
    head.message ||= textOfAttribute(message)
    return
  }
  const list = new ElementWalk(errors, 0, '', 'errors')
  if (!list.next() || !list.child()) return
  const error = new ElementWalk(errors.subarray(list.contentStart, list.contentEnd), 0, '', 'error')
  while (error.next() && error.child()) {
    const name = error.bytes.toString('latin1', error.nameStart, error.nameEnd)
    if (name === 'key') head.messageKey ||= textOfChild(error).trim()
    if (name === 'message') head.message ||= textOfChild(error)
  }
}

function textOfAttribute (match: RegExpExecArray | null): string {
  const value = Buffer.from(match?.[1] ?? match?.[2] ?? '')
  return textBetween(value, 0, value.length)
}
