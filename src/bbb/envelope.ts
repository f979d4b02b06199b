import { ElementWalk } from './element-walk.js'
import { endTagAt, lastNonBlank, NONE, skipBlank, SLASH, standsAt } from './markup.js'
import { brokenAt, emptyHead, isEnd, RESPONSE, startOfChildren, takeIntoHead, textOfChild } from './response-walk.js'
import { UnreadableAnswer } from './unreadable-answer.js'

/** What every BBB answer says of itself. */
export interface Envelope {
  returncode: 'SUCCESS' | 'FAILED'
  /** '' if the answer has none. */
  messageKey: string
  /** In words, for people; '' if the answer has none. */
  message: string
}

/**
 * The head of an answer. Undefined if it is not a whole BBB answer: HTML, JSON, cut off, empty, a returncode that BBB does not know.
 * A FAILED answer says its key in `messageKey`, or in a list of errors, either as elements or as attributes; of a list the first is taken.
 *
 * In a getMeetingInfo answer with names of userdata that look like end tags, what stands behind the attendees is not read.
 */
export function readEnvelope (body: Buffer): Envelope | undefined {
  const head = emptyHead()
  if (!visitChildren(body, (walk) => { takeIntoHead(walk, head); return true })) return undefined
  const { returncode, messageKey, message } = head
  return returncode === 'SUCCESS' || returncode === 'FAILED' ? { returncode, messageKey, message } : undefined
}

const OPEN = Buffer.from('<response>')
const SUCCESS = Buffer.from('<returncode>SUCCESS</returncode>')
const CLOSE = Buffer.from('</response>')

/**
 * Whether an answer says SUCCESS where BBB says it, right at its start, and has its end. A look at both ends, for
 * answers that are passed on as they are: what stands between them is not read. False may also mean "written otherwise".
 */
export function saysSuccess (body: Buffer): boolean {
  const start = skipBlank(body, 0)
  const returncode = skipBlank(body, start + OPEN.length)
  return standsAt(body, start, OPEN) && standsAt(body, returncode, SUCCESS) &&
    standsAt(body, lastNonBlank(body, body.length - 1) + 1 - CLOSE.length, CLOSE)
}

/**
 * The decoded text of the first direct child `name` of `<response>`, or undefined: if there is none, if it holds elements,
 * and if the answer is not whole.
 */
export function readField (body: Buffer, name: string): string | undefined {
  const wanted = Buffer.from(name)
  let text: string | undefined
  const isWhole = visitChildren(body, (walk) => {
    if (text === undefined && walk.isLeaf && wanted.equals(body.subarray(walk.nameStart, walk.nameEnd))) text = textOfChild(walk)
  })
  return isWhole ? text : undefined
}

/** Calls `visit` for every child of `<response>` that can be read. False if the answer is not whole. */
function visitChildren (body: Buffer, visit: (walk: ElementWalk) => void): boolean {
  try {
    const walk = new ElementWalk(body, startOfChildren(body), '', 'response')
    while (walk.next()) {
      if (body[walk.at + 1] === SLASH) {
        const end = endTagAt(body, walk.at, RESPONSE)
        if (end !== NONE && isEnd(body, end)) return true
      } else if (walk.child()) {
        visit(walk)
        continue
      }
      // Only names of userdata can confuse the walk in an answer that is whole.
      return walk.attendeesAt !== NONE && brokenAt(body, '').reason === 'malformed'
    }
    return false
  } catch (error) {
    if (error instanceof UnreadableAnswer) return false
    throw error
  }
}
