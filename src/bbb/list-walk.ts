import { ElementWalk } from './element-walk.js'
import { endTagAt, LT, nameEndAt, NONE, skipBlankAndComments, SLASH, startTagEnd } from './markup.js'
import { brokenAt, emptyHead, isEnd, RESPONSE, startOfChildren, takeIntoHead } from './response-walk.js'
import type { Head } from './response-walk.js'
import { UnreadableAnswer } from './unreadable-answer.js'

/** What becomes of the items of a list, one after the other. */
export interface ItemVisitor {
  /** A direct child of the current item; `walk` says where its name and content stand. */
  child (walk: ElementWalk): void
  /**
   * The item ended: it stands from byte `start` to just before byte `end`. `brokenAt` is where its children could no longer be told
   * apart, or `NONE`; what stands behind `walk.attendeesAt` is then not to be believed.
   */
  end (walk: ElementWalk, start: number, end: number, brokenAt: number): void
}

/** Where an item of a list stands in the answer: from byte `start` to just before byte `end`. */
export interface ItemRange { start: number, end: number }

/**
 * Cuts a list answer into its items, for merging: `sessions` and `meeting`, `recordings` and `recording`, `meetings` and `meeting`.
 * Throws UnreadableAnswer for everything that is not a whole answer with SUCCESS and one such list.
 */
export function readItems (body: Buffer, list: string, item: string): ItemRange[] {
  const items: ItemRange[] = []
  walkList(body, list, item, { child () {}, end (_walk, start, end) { items.push({ start, end }) } })
  return items
}

/**
 * Walks over an answer `<response><returncode>SUCCESS</returncode><LIST><ITEM>…</ITEM>…</LIST>…</response>`. The envelope must be exactly
 * that: all of it there, one list (none only if the message key says so: `noMeetings`), each item closed, nothing but white space and
 * comments between the items and at the end. Inside an item whatever BBB writes is taken, see ElementWalk.
 * Throws UnreadableAnswer; `visitor` may have been called by then.
 */
export function walkList (body: Buffer, list: string, item: string, visitor: ItemVisitor): void {
  const walk = new ElementWalk(body, startOfChildren(body), list, item)
  const names = { list: Buffer.from(list), item: Buffer.from(item) }
  const head = emptyHead()
  let hasList = false
  for (;;) {
    const at = skipBlankAndComments(body, walk.at)
    walk.at = at
    if (body[at] !== LT) throw brokenAt(body, 'text in <response>')
    if (body[at + 1] === SLASH) break
    const nameEnd = nameEndAt(body, at + 1)
    if (names.list.equals(body.subarray(at + 1, nameEnd))) {
      if (hasList) throw brokenAt(body, `more than one <${list}>`)
      hasList = true
      walkItems(walk, names, nameEnd, visitor)
    } else {
      if (!walk.child() || walk.faulty) throw brokenAt(body, 'a broken child of <response>')
      takeIntoHead(walk, head)
    }
  }
  const end = endTagAt(body, walk.at, RESPONSE)
  if (end === NONE || !isEnd(body, end)) throw brokenAt(body, 'the end of <response>')
  checkHead(body, head, list, hasList)
}

function checkHead (body: Buffer, head: Head, list: string, hasList: boolean): void {
  if (head.returncode === 'FAILED') throw new UnreadableAnswer('failed', head.messageKey, head.messageKey)
  if (head.returncode !== 'SUCCESS') throw brokenAt(body, 'no returncode')
  if (!hasList && head.messageKey.toLowerCase() !== `no${list}`) throw brokenAt(body, `no <${list}>`)
}

function walkItems (walk: ElementWalk, names: { list: Buffer, item: Buffer }, nameEnd: number, visitor: ItemVisitor): void {
  const { bytes } = walk
  const first = startTagEnd(bytes, nameEnd)
  if (first === NONE) throw brokenAt(bytes, 'the start tag of the list')
  walk.at = first
  if (bytes[first - 2] === SLASH) return
  for (;;) {
    const start = skipBlankAndComments(bytes, walk.at)
    const end = endTagAt(bytes, start, names.list)
    if (end !== NONE) {
      walk.at = end
      walk.faulty = false
      return
    }
    const itemNameEnd = bytes[start] === LT ? nameEndAt(bytes, start + 1) : start
    const isItem = itemNameEnd - start - 1 === names.item.length && endsWith(bytes, itemNameEnd, names.item)
    const children = isItem ? startTagEnd(bytes, itemNameEnd) : NONE
    if (children === NONE) throw brokenAt(bytes, 'something else than items in the list')
    walk.at = children
    walk.faulty = false
    walk.attendeesAt = NONE
    const fault = bytes[children - 2] === SLASH ? NONE : walkChildren(walk, names.item, visitor)
    if (fault !== NONE) walk.at = walk.itemEndAfter(fault)
    if (walk.at === NONE) throw brokenAt(bytes, 'an item that does not end')
    visitor.end(walk, start, walk.at, fault)
  }
}

/** Leaves `walk` just past the item's end tag and returns `NONE`, or returns the position of what could not be read. */
function walkChildren (walk: ElementWalk, item: Buffer, visitor: ItemVisitor): number {
  const { bytes } = walk
  while (walk.next()) {
    if (bytes[walk.at + 1] === SLASH) {
      const end = endTagAt(bytes, walk.at, item)
      if (end === NONE) return walk.at
      walk.at = skipBlankAndComments(bytes, end)
      if (walk.isForgedEnd(walk.at)) return walk.at
      walk.at = end
      return NONE
    }
    if (!walk.child()) return walk.at
    visitor.child(walk)
  }
  throw brokenAt(bytes, 'an item that does not end')
}

function endsWith (bytes: Buffer, end: number, name: Buffer): boolean {
  for (let index = 1; index <= name.length; index++) {
    if (bytes[end - index] !== name[name.length - index]) return false
  }
  return true
}
