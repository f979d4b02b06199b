import { element, escapeXml } from '../bbb/xml.js'
import { messageElements, success } from './answers.js'
import type { Answer } from './answers.js'
import type { Clock } from '../clock.js'
import type { MeetingEvent } from './events.js'
import type { Meeting } from './meetings.js'
import type { User } from './users.js'
import { countsOf, isRunning, presentUsers, rememberedUsers } from './users.js'
import type { VersionTraits } from './versions.js'

const NO_PARENT = 'bbb-none'
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A moment as Java's Date prints it in UTC: `Thu Jan 01 00:00:00 UTC 2026`. */
export function javaDate (atMs: number): string {
  const date = new Date(atMs)
  const two = (value: number): string => String(value).padStart(2, '0')
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':')
  const day = `${DAYS[date.getUTCDay()] ?? ''} ${MONTHS[date.getUTCMonth()] ?? ''} ${two(date.getUTCDate())}`
  return `${day} ${time} UTC ${date.getUTCFullYear()}`
}

/** The answer of create, for a new meeting or for one that was there. */
export function createAnswer (meeting: Meeting, messageKey: string, message: string): Answer {
  return success(
    element('meetingID', meeting.meetingID) +
    element('internalMeetingID', meeting.internalMeetingID) +
    element('parentMeetingID', meeting.parent?.internalMeetingID ?? NO_PARENT) +
    element('attendeePW', meeting.attendeePW) +
    element('moderatorPW', meeting.moderatorPW) +
    element('createTime', meeting.createdAtMs) +
    element('voiceBridge', meeting.voiceBridge) +
    element('dialNumber', meeting.dialNumber) +
    element('createDate', javaDate(meeting.createdAtMs)) +
    element('hasUserJoined', meeting.hasUserJoined) +
    element('duration', meeting.durationMinutes) +
    element('hasBeenForciblyEnded', false) +
    messageElements(messageKey, message))
}

interface MeetingText {
  /** Everything up to the list of people. */
  head: string
  metadata: string
  breakout: string
}

/**
 * Meetings as XML. The text of a meeting is kept until something happens to it, because a gateway asks for
 * all meetings much more often than they change.
 */
export class MeetingTexts {
  readonly #traits: VersionTraits
  readonly #clock: Clock
  readonly #kept = new Map<Meeting, MeetingText>()

  constructor (traits: VersionTraits, clock: Clock) {
    this.#traits = traits
    this.#clock = clock
  }

  /** The answer of getMeetingInfo. */
  infoAnswer (meeting: Meeting): Answer {
    const { head, metadata, breakout } = this.#textOf(meeting)
    return success(head + (this.#traits.infoMetadataLast ? breakout + metadata : metadata + breakout))
  }

  /** One `<meeting>` of getMeetings. */
  meetingElement (meeting: Meeting): string {
    const { head, metadata, breakout } = this.#textOf(meeting)
    return `<meeting>${head}${metadata}${breakout}</meeting>`
  }

  /** Throws away what is no longer true; told of everything that happens to a meeting. */
  observe (event: MeetingEvent): void {
    this.#kept.delete(event.meeting)
    if (event.meeting.parent !== undefined) this.#kept.delete(event.meeting.parent)
  }

  /** Forgets every meeting, as a restart does. */
  clear (): void {
    this.#kept.clear()
  }

  #textOf (meeting: Meeting): MeetingText {
    const kept = this.#kept.get(meeting)
    if (kept !== undefined) return kept
    const hasStarted = this.#clock.nowMs() >= meeting.startedAtMs
    const text = {
      head: meetingHead(meeting, hasStarted ? meeting.startedAtMs : 0, this.#traits),
      metadata: container('metadata', namedElements(meeting.metadata), this.#traits),
      breakout: breakoutElements(meeting),
    }
    // Until it has started, its start time is still to change without anything happening.
    if (hasStarted) this.#kept.set(meeting, text)
    return text
  }
}

function meetingHead (meeting: Meeting, startTimeMs: number, traits: VersionTraits): string {
  const users = traits.countsDeparted ? rememberedUsers(meeting) : presentUsers(meeting)
  const counts = countsOf(meeting, users)
  return element('meetingName', meeting.name) +
    element('meetingID', meeting.meetingID) +
    element('internalMeetingID', meeting.internalMeetingID) +
    element('createTime', meeting.createdAtMs) +
    element('createDate', javaDate(meeting.createdAtMs)) +
    element('voiceBridge', meeting.voiceBridge) +
    element('dialNumber', meeting.dialNumber) +
    element('attendeePW', meeting.attendeePW) +
    element('moderatorPW', meeting.moderatorPW) +
    element('running', isRunning(meeting)) +
    element('duration', meeting.durationMinutes) +
    element('hasUserJoined', meeting.hasUserJoined) +
    element('recording', meeting.record) +
    element('hasBeenForciblyEnded', false) +
    element('startTime', startTimeMs) +
    element('endTime', meeting.endTimeMs) +
    element('participantCount', counts.participantCount) +
    element('listenerCount', counts.listenerCount) +
    element('voiceParticipantCount', counts.voiceParticipantCount) +
    element('videoCount', counts.videoCount) +
    element('maxUsers', meeting.maxParticipants) +
    element('moderatorCount', counts.moderatorCount) +
    container('attendees', users.map((user) => attendeeElement(user, traits)).join(''), traits)
}

function attendeeElement (user: User, traits: VersionTraits): string {
  return '<attendee>' +
    element('userID', user.userID) +
    element('fullName', user.fullName) +
    element('role', user.role) +
    element('isPresenter', user.isPresenter) +
    element('isListeningOnly', user.isListeningOnly) +
    element('hasJoinedVoice', user.hasJoinedVoice) +
    element('hasVideo', user.hasVideo) +
    element('clientType', user.clientType) +
    container('customdata', namedElements(user.customdata), traits) +
    '</attendee>'
}

function breakoutElements (meeting: Meeting): string {
  let elements = element('isBreakout', meeting.parent !== undefined)
  if (meeting.parent !== undefined) {
    elements += element('parentMeetingID', meeting.parent.internalMeetingID) +
      element('sequence', meeting.sequence) +
      element('freeJoin', meeting.freeJoin)
  }
  if (meeting.breakouts.length > 0) {
    const rooms = meeting.breakouts.map((breakout) => element('breakout', breakout.meetingID)).join('')
    elements += `<breakoutRooms>${rooms}</breakoutRooms>`
  }
  return elements
}

function namedElements (values: Readonly<Record<string, string>>): string {
  return Object.entries(values).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`).join('')
}

/** An element around others, written as the release writes an empty one. */
export function container (name: string, content: string, traits: VersionTraits): string {
  return content === '' && traits.emptyElements === 'self-closing' ? `<${name}/>` : `<${name}>${content}</${name}>`
}
