import { announcedSize } from './announced-size.js'
import type { ElementWalk } from './element-walk.js'
import { walkList } from './list-walk.js'
import type { ItemVisitor } from './list-walk.js'
import { NONE, standsAt, textBetween } from './markup.js'

/** What a meeting's node says of who is in it. */
export interface MeetingCounts {
  participants: number
  moderators: number
  voices: number
  videos: number
}

/** One `<meeting>` of a getMeetings answer. */
export interface ListedMeeting {
  /** Byte offset of `<meeting>` in the answer. */
  start: number
  /** Byte offset just past `</meeting>`. */
  end: number
  /** The external id, as the client named the meeting. */
  meetingID: string
  internalMeetingID: string
  name: string
  /** Unix time by the node's clock; 0 if unknown. */
  createdAtMs: number
  voiceBridge: string
  /** Undefined when a fault inside the meeting made them unreadable. */
  counts: MeetingCounts | undefined
  isBreakout: boolean
  /** '' if none. BBB writes the parent's internal id. */
  parentMeetingID: string
  /** `maxUsers`; 0 = no limit. */
  maxParticipants: number
  /** How many people the client announced in the metadata; 0 = it did not. */
  expectedParticipants: number
}

export interface MeetingsAnswer {
  meetings: ListedMeeting[]
  /** How many meetings had an unreadable part, or no readable ids (those are not in `meetings`). */
  malformed: number
}

/**
 * Reads a getMeetings answer. Strict about the envelope and tolerant inside a meeting: a fault there costs that meeting's counts, and its
 * place in the list only if its ids cannot be read.
 * Throws UnreadableAnswer for everything that is not a whole answer with SUCCESS, so that it is never taken for "no meetings".
 */
export function readMeetings (body: Buffer): MeetingsAnswer {
  const reader = new MeetingReader()
  walkList(body, 'meetings', 'meeting', reader)
  return { meetings: reader.meetings, malformed: reader.malformed }
}

const FIELDS = [
  'meetingID', 'internalMeetingID', 'meetingName', 'createTime', 'voiceBridge', 'participantCount', 'moderatorCount',
  'voiceParticipantCount', 'videoCount', 'isBreakout', 'parentMeetingID', 'maxUsers', 'metadata',
] as const
type Field = typeof FIELDS[number]

const INDEX = Object.fromEntries(FIELDS.map((field, index) => [field, index])) as Readonly<Record<Field, number>>
const LONGEST_NAME_BYTES = Math.max(...FIELDS.map((field) => field.length))

/** The fields by the length of their names: one byte of comparison tells a name from the others. */
const FIELDS_OF_LENGTH: ReadonlyArray<ReadonlyArray<{ index: number, first: number, name: Buffer }>> =
  Array.from({ length: LONGEST_NAME_BYTES + 1 }, (_, length) =>
    FIELDS.flatMap((field, index) => field.length === length ? [{ index, first: field.charCodeAt(0), name: Buffer.from(field) }] : []))

const IS_BREAKOUT = Buffer.from('<isBreakout>')
const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')

const SPACE = 0x20
const BLANKS_AROUND = /^[ \t\r\n]+|[ \t\r\n]+$/g

const UNSEEN = -1
const NOT_A_LEAF = -2

// Counts above 999 in the notation of the server's locale: 1,000 and 1.000 and 1 000 and 1'000, with any kind of space or apostrophe.
const GROUPED_NUMBER = /^[0-9]{1,3}(?:[.,'\u2019 \u00a0\u2009\u202f][0-9]{3})+$/
const LARGEST_COUNT = 1e9
const CREATE_TIME_OF_ID = /-([0-9]{13})$/

class MeetingReader implements ItemVisitor {
  readonly meetings: ListedMeeting[] = []
  malformed = 0
  private readonly starts = new Int32Array(FIELDS.length).fill(UNSEEN)
  private readonly ends = new Int32Array(FIELDS.length)
  private bytes: Buffer = Buffer.alloc(0)

  child (walk: ElementWalk): void {
    const length = walk.nameEnd - walk.nameStart
    const candidates = FIELDS_OF_LENGTH[length]
    if (candidates === undefined) return
    const first = walk.bytes[walk.nameStart]
    for (const candidate of candidates) {
      if (candidate.first !== first || !standsAt(walk.bytes, walk.nameStart, candidate.name)) continue
      const { index } = candidate
      if (this.starts[index] !== UNSEEN) return
      this.starts[index] = walk.isLeaf || index === INDEX.metadata ? walk.contentStart : NOT_A_LEAF
      this.ends[index] = walk.contentEnd
      return
    }
  }

  end (walk: ElementWalk, start: number, end: number, brokenAt: number): void {
    this.bytes = walk.bytes
    if (brokenAt !== NONE) this.distrust(walk, brokenAt, end)
    const meeting = this.meeting(start, end)
    if (brokenAt !== NONE || walk.faulty) meeting.counts = undefined
    const hasIds = meeting.meetingID !== '' && meeting.internalMeetingID !== ''
    if (hasIds) this.meetings.push(meeting)
    if (!hasIds || meeting.counts === undefined) this.malformed++
    this.starts.fill(UNSEEN)
  }

  /**
   * Forgets what was read behind the attendees. Whether the meeting is a breakout stands last in it, behind everything that anybody
   * can choose (metadata keys are lower-case), so its last mention counts, and the parent only if it comes after that.
   */
  private distrust (walk: ElementWalk, brokenAt: number, end: number): void {
    if (walk.attendeesAt === NONE) return
    for (const index of this.starts.keys()) {
      if ((this.starts[index] ?? UNSEEN) > walk.attendeesAt) this.starts[index] = UNSEEN
    }
    if (this.starts[INDEX.isBreakout] !== UNSEEN) return
    const last = walk.bytes.subarray(brokenAt, end).lastIndexOf(IS_BREAKOUT)
    if (last === -1) return
    walk.at = brokenAt + last
    while (walk.at < end && walk.next() && walk.child()) this.child(walk)
    walk.at = end
  }

  private meeting (start: number, end: number): ListedMeeting {
    const internalMeetingID = this.id('internalMeetingID')
    return {
      start,
      end,
      meetingID: this.id('meetingID'),
      internalMeetingID,
      name: this.text('meetingName'),
      createdAtMs: this.number('createTime', Number.MAX_SAFE_INTEGER) ?? Number(CREATE_TIME_OF_ID.exec(internalMeetingID)?.[1] ?? 0),
      voiceBridge: this.id('voiceBridge'),
      counts: this.counts(),
      isBreakout: this.flag('isBreakout') ?? false,
      parentMeetingID: this.id('parentMeetingID'),
      maxParticipants: this.number('maxUsers', LARGEST_COUNT) ?? 0,
      expectedParticipants: this.expectedParticipants(),
    }
  }

  private expectedParticipants (): number {
    const start = this.starts[INDEX.metadata] ?? UNSEEN
    return start < 0 ? 0 : announcedSize(this.bytes, start, this.ends[INDEX.metadata] ?? start)
  }

  private counts (): MeetingCounts | undefined {
    const participants = this.number('participantCount', LARGEST_COUNT)
    const moderators = this.count('moderatorCount')
    const voices = this.count('voiceParticipantCount')
    const videos = this.count('videoCount')
    if (participants === undefined || moderators === undefined || voices === undefined || videos === undefined) return undefined
    return { participants, moderators, voices, videos }
  }

  // Old servers do not write all of them.
  private count (field: Field): number | undefined {
    return this.starts[INDEX[field]] === UNSEEN ? 0 : this.number(field, LARGEST_COUNT)
  }

  private text (field: Field): string {
    const start = this.starts[INDEX[field]] ?? UNSEEN
    return start < 0 ? '' : textBetween(this.bytes, start, this.ends[INDEX[field]] ?? start)
  }

  /** Text without white space around it: BBB strips what it takes for an id, so what is there comes of the answer's layout. */
  private id (field: Field): string {
    const text = this.text(field)
    return text.charCodeAt(0) <= SPACE || text.charCodeAt(text.length - 1) <= SPACE ? text.replace(BLANKS_AROUND, '') : text
  }

  private number (field: Field, largest: number): number | undefined {
    const from = this.starts[INDEX[field]] ?? UNSEEN
    if (from < 0) return undefined
    const end = this.ends[INDEX[field]] ?? from
    let value = 0
    for (let at = from; at < end; at++) {
      const digit = (this.bytes[at] ?? 0) - 0x30
      if (digit < 0 || digit > 9) return ungrouped(this.id(field), largest)
      value = value * 10 + digit
    }
    return from < end && value <= largest ? value : undefined
  }

  private flag (field: Field): boolean | undefined {
    const from = this.starts[INDEX[field]] ?? UNSEEN
    if (from < 0) return undefined
    const length = (this.ends[INDEX[field]] ?? from) - from
    if (length === TRUE.length && standsAt(this.bytes, from, TRUE)) return true
    if (length === FALSE.length && standsAt(this.bytes, from, FALSE)) return false
    const text = this.id(field)
    return text === 'true' ? true : text === 'false' ? false : undefined
  }
}

function ungrouped (text: string, largest: number): number | undefined {
  if (!/^[0-9]+$/.test(text) && !GROUPED_NUMBER.test(text)) return undefined
  const value = Number(text.replace(/[^0-9]/g, ''))
  return value <= largest ? value : undefined
}
