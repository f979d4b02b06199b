import {
  BANG, endTagAt, endTagLike, GT, instructionEnd, isBlank, isNameStart, LT, nameEndAt, nextTag, NONE, NO_SECTION, QUESTION, rawLeafEnd,
  skipBlank, skipBlankAndComments, skipSection, SLASH, standsAt, startTagEnd,
} from './markup.js'
import { UnreadableAnswer } from './unreadable-answer.js'

const ATTENDEES = Buffer.from('attendees')
const END_OF_ATTENDEES = Buffer.from('</attendees')
const START_OF_ATTENDEES = Buffer.from('<attendees')
const END_OF_RESPONSE = Buffer.from('</response')
const COMMENT = Buffer.from('!--')
const DEEPEST_NESTING = 16

/**
 * Goes over the children of one element after the other, in the bytes of an answer. It keeps no tree and decodes nothing: after `child()`
 * the fields say where the child's name and content stand.
 *
 * How it reads `<attendees>`, most of an answer, and the one place where BBB writes what a user chose as markup: the names of userdata are
 * element names, with only `<`, `>`, `&` and quotes escaped. So the content is not read but jumped over, to an `</attendees>` outside CDATA
 * and comments. That jump can end early (userdata called `attendees` or `/attendees`), never late. After an early end the walk meets
 * what cannot stand there (`<//attendees>`, or the `</customdata>` that nothing opened) and says so: `child()` returns false. Whatever was
 * read after the jump is then not to be believed, what was read before it is: BBB writes the ids and counts before the attendees.
 *
 * What remains: a server that does not escape these names, or values outside CDATA, writes whatever its users want, and nothing in
 * its answer can be believed. An attribute holding markup is looked at only as long as the item around it has no fault.
 */
export class ElementWalk {
  readonly bytes: Buffer
  /** Where the walk is: before a child, or at what `child()` could not read. */
  at: number
  nameStart = 0
  nameEnd = 0
  contentStart = 0
  contentEnd = 0
  /** The last child held no elements. */
  isLeaf = true
  /** Something was skipped that should not be there; the children are still told apart. Set back by who reads it. */
  faulty = false
  /** Where the first attendees of the current item begin, or `NONE`. Set back by who reads it. */
  attendeesAt = NONE

  private readonly list: Uint8Array
  private readonly startOfItem: Buffer
  private readonly endOfItem: Buffer
  private readonly endOfList: Buffer
  private itemEndAt = NONE
  private bangAt = NONE

  /** `list` and `item` are the element names of a list answer; for a single answer `item` is its root element and `list` is ''. */
  constructor (bytes: Buffer, at: number, list: string, item: string) {
    this.bytes = bytes
    this.at = at
    this.list = Buffer.from(list)
    this.startOfItem = Buffer.from(`<${item}`)
    this.endOfItem = Buffer.from(`</${item}>`)
    this.endOfList = Buffer.from(`</${list}`)
  }

  /** Goes on to the next child or end tag; text in between is skipped and noted as a fault. False at the end of the bytes. */
  next (): boolean {
    const { bytes } = this
    for (;;) {
      this.at = skipBlank(bytes, this.at)
      if (this.at < bytes.length && bytes[this.at] !== LT) {
        this.faulty = true
        this.at = nextTag(bytes, this.at)
      }
      if (this.at + 1 >= bytes.length) return false
      const kind = bytes[this.at + 1]
      if (kind !== BANG && kind !== QUESTION) return true
      const isComment = kind === BANG && standsAt(bytes, this.at + 1, COMMENT)
      const after = kind === BANG ? skipSection(bytes, this.at) : instructionEnd(bytes, this.at)
      if (after < 0) return true
      if (!isComment) this.faulty = true
      this.at = after
    }
  }

  /** Reads over the child that begins at `at`. False, and `at` unchanged, if what stands there cannot be told apart from what follows. */
  child (): boolean {
    const { bytes } = this
    const start = this.at
    const nameStart = start + 1
    const nameEnd = nameEndAt(bytes, nameStart)
    this.nameStart = nameStart
    this.nameEnd = nameEnd
    this.isLeaf = true
    const content = nameEnd === nameStart ? NONE : bytes[nameEnd] === GT ? nameEnd + 1 : startTagEnd(bytes, nameEnd)
    if (content === NONE) return this.rawChild(start)
    this.contentStart = this.contentEnd = content
    if (bytes[content - 2] === SLASH) {
      this.at = content
      return true
    }
    const tag = nextTag(bytes, content)
    const after = endTagLike(bytes, tag, nameStart, nameEnd)
    if (after !== NONE) {
      this.contentEnd = tag
      this.at = after
      return true
    }
    const isAttendees = nameEnd - nameStart === ATTENDEES.length && standsAt(bytes, nameStart, ATTENDEES)
    if (isAttendees) {
      // Past an early end, userdata called so would otherwise reach up to the true end, and the walk would see nothing amiss.
      if (this.attendeesAt !== NONE) return false
      this.attendeesAt = start
    }
    const end = isAttendees ? this.endOfAttendees(start, content) : this.endOfContent(content, tag)
    if (end === NONE) return false
    this.contentEnd = end
    this.at = endTagLike(bytes, end, nameStart, nameEnd)
    return true
  }

  /**
   * Where the list's current item ends, past a fault at `from`: its exact end tag, followed by the exact start tag of another item that
   * has children, or by the end of the list. Names of userdata cannot write that: the end tag `</meeting>` comes of one called
   * `/meeting`, which is followed by its value and `<//meeting>`, or of one called `meeting`, and no second one of that name follows.
   * `NONE` if the item does not end; throws UnreadableAnswer if another one begins inside it.
   */
  itemEndAfter (from: number): number {
    return this.seek(from, undefined)
  }

  /**
   * Whether an item that seemed to end before `at` did not: past text there stands an end tag of an end tag (`<//meeting>`),
   * which only a name of userdata beginning with `/` makes.
   */
  isForgedEnd (at: number): boolean {
    const { bytes } = this
    for (;;) {
      at = nextTag(bytes, at)
      if (bytes[at + 1] !== BANG) return bytes[at + 1] === SLASH && bytes[at + 2] === SLASH
      const after = skipSection(bytes, at)
      if (after < 0) return false
      at = after
    }
  }

  private rawChild (start: number): boolean {
    const kind = this.bytes[start + 1]
    if (kind === SLASH || kind === BANG || kind === QUESTION) return false
    const after = rawLeafEnd(this.bytes, start)
    if (after === NONE) return false
    this.nameEnd = this.nameStart
    this.at = this.contentStart = this.contentEnd = after
    return true
  }

  /** The end tag of the current child, whose content begins at `content` and first `<` is at `tag`; `NONE` if it does not balance. */
  private endOfContent (content: number, tag: number): number {
    const strictEnd = this.balancedEnd(tag)
    if (strictEnd !== NONE) return strictEnd
    const name = this.bytes.subarray(this.nameStart, this.nameEnd)
    const end = this.seek(content, name)
    if (end !== NONE) this.faulty = true
    return end
  }

  private balancedEnd (tag: number): number {
    const { bytes } = this
    const open = [this.nameStart, this.nameEnd]
    for (let at = tag; at < bytes.length; at = nextTag(bytes, at)) {
      const kind = bytes[at + 1]
      let after: number
      if (kind === SLASH) {
        const end = open.pop() ?? NONE
        const start = open.pop() ?? NONE
        after = endTagLike(bytes, at, start, end)
        if (after !== NONE && open.length === 0) return at
      } else if (kind === BANG) {
        after = skipSection(bytes, at)
      } else if (kind === QUESTION) {
        after = instructionEnd(bytes, at)
      } else {
        this.isLeaf = false
        const nameEnd = nameEndAt(bytes, at + 1)
        after = nameEnd === at + 1 ? NONE : startTagEnd(bytes, nameEnd)
        if (after === NONE) after = rawLeafEnd(bytes, at)
        else if (bytes[after - 2] !== SLASH) open.push(at + 1, nameEnd)
        if (open.length > 2 * DEEPEST_NESTING) return NONE
      }
      if (after < 0) return NONE
      at = after
    }
    return NONE
  }

  /** The position of the `</attendees>` that ends the content beginning at `content`. */
  private endOfAttendees (start: number, content: number): number {
    const { bytes } = this
    if (this.itemEndAt < content) this.itemEndAt = orLength(bytes, bytes.indexOf(this.endOfItem, content))
    const itemEnd = this.itemEndAt
    if (itemEnd === bytes.length) return this.seek(content, ATTENDEES)
    // The attendees end shortly before the item does: searching from there is one search over the bytes instead of two.
    const end = bytes.subarray(content, itemEnd).lastIndexOf(END_OF_ATTENDEES) + content
    const markup = end < content || endTagAt(bytes, end, ATTENDEES) === NONE ? NONE : this.lastSectionEnd(content, end)
    if (markup === NONE) return this.seek(content, ATTENDEES)
    // Metadata may have a key called so, and stand behind them.
    const before = bytes.lastIndexOf(LT, end - 1)
    const isOfMetadata = before > start && (before < markup || standsAt(bytes, before, START_OF_ATTENDEES))
    return isOfMetadata ? this.seek(content, ATTENDEES) : end
  }

  /** Where the last CDATA section or comment between `from` and `at` ends, `from` if there is none, `NONE` if `at` is inside one. */
  private lastSectionEnd (from: number, at: number): number {
    let end = from
    let section = this.nextBang(from)
    while (section < at) {
      const after = skipSection(this.bytes, section)
      if (after === NONE || after > at) return NONE
      if (after !== NO_SECTION) end = after
      section = this.nextBang(after === NO_SECTION ? section + 2 : after)
    }
    return end
  }

  /** The position of the next `<!`, or the length of the bytes. */
  private nextBang (from: number): number {
    const { bytes } = this
    if (this.bangAt >= from) return this.bangAt
    let bang = bytes.indexOf(BANG, from + 1)
    while (bang !== -1 && bytes[bang - 1] !== LT) bang = bytes.indexOf(BANG, bang + 1)
    this.bangAt = bang === -1 ? bytes.length : bang - 1
    return this.bangAt
  }

  /**
   * From `at` on, tag by tag, without minding what is opened and closed: where the end tag of `wanted` begins, or, without `wanted`,
   * where the current item ends. `NONE` if the item ends before, or anything does not end.
   */
  private seek (at: number, wanted: Uint8Array | undefined): number {
    const { bytes } = this
    for (at = nextTag(bytes, at); at < bytes.length; at = nextTag(bytes, at)) {
      const kind = bytes[at + 1]
      let after = at + 1
      if (kind === BANG) {
        const section = skipSection(bytes, at)
        if (section === NONE) return NONE
        if (section !== NO_SECTION) after = section
      } else if (kind === SLASH) {
        if (wanted !== undefined && endTagAt(bytes, at, wanted) !== NONE) return at
        if (standsAt(bytes, at, this.endOfItem) && this.isFollowedByItemOrEnd(at + this.endOfItem.length)) {
          return wanted === undefined ? at + this.endOfItem.length : NONE
        }
      } else if (standsAt(bytes, at, this.startOfItem) && this.isStartOfFilledItem(at)) {
        if (wanted !== undefined) return NONE
        throw new UnreadableAnswer('malformed', 'an element of the list is not closed before the next one')
      }
      at = after
    }
    return NONE
  }

  private isFollowedByItemOrEnd (at: number): boolean {
    const { bytes } = this
    at = skipBlankAndComments(bytes, at)
    if (this.list.length === 0) return at === bytes.length
    if (standsAt(bytes, at, this.startOfItem)) {
      return bytes[at + this.startOfItem.length] === GT && this.isStartOfFilledItem(at)
    }
    if (!standsAt(bytes, at, this.endOfList)) return false
    const end = endTagAt(bytes, at, this.list)
    if (end === NONE) return false
    const tag = skipBlankAndComments(bytes, end)
    return bytes[tag] === LT && (isNameStart(bytes[tag + 1]) || standsAt(bytes, tag, END_OF_RESPONSE))
  }

  private isStartOfFilledItem (at: number): boolean {
    const { bytes } = this
    let close = at + this.startOfItem.length
    if (bytes[close] !== GT && !isBlank(bytes[close])) return false
    while (close < bytes.length && bytes[close] !== GT && bytes[close] !== LT) close++
    if (bytes[close] !== GT) return false
    const tag = skipBlankAndComments(bytes, close + 1)
    return bytes[tag] === LT && isNameStart(bytes[tag + 1])
  }
}

function orLength (bytes: Buffer, found: number): number {
  return found === -1 ? bytes.length : found
}
