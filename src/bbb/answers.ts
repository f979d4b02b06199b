import { readField } from './envelope.js'
import type { Failure } from './errors.js'
import { element } from './xml.js'

const SUCCESS = '<response><returncode>SUCCESS</returncode>'

/**
 * One list answer out of the items of many, in pieces: each keeps its node's bytes, and none is copied. An
 * empty list keeps its element and gets BBB's message for it; `total` is written where the caller asked for a page.
 */
export function mergedList (list: string, items: readonly Buffer[], none: Failure, total?: number): Buffer[] {
  if (items.length === 0) {
    return [Buffer.from(`${SUCCESS}<${list}></${list}>${element('messageKey', none.key)}${element('message', none.message)}${totalElements(total)}</response>`)]
  }
  return [Buffer.from(`${SUCCESS}<${list}>`), ...items, Buffer.from(`</${list}>${totalElements(total)}</response>`)]
}

function totalElements (total: number | undefined): string {
  return total === undefined ? '' : element('totalElements', total)
}

/** What is known of a meeting whose node's last list is no longer at hand. */
export interface MeetingSketch {
  readonly name: string
  readonly meetingID: string
  readonly internalMeetingID: string
  readonly createdAtMs: number
  readonly voiceBridge: string
  readonly participants: number
  readonly moderators: number
  readonly microphones: number
  readonly cameras: number
  readonly maxParticipants: number
  readonly isBreakout: boolean
}

/** A `<meeting>` as getMeetings lists it, without its people and metadata. */
export function sketchMeeting (meeting: MeetingSketch): Buffer {
  return Buffer.from('<meeting>' +
    element('meetingName', meeting.name) +
    element('meetingID', meeting.meetingID) +
    element('internalMeetingID', meeting.internalMeetingID) +
    element('createTime', meeting.createdAtMs) +
    element('voiceBridge', meeting.voiceBridge) +
    element('running', meeting.participants > 0) +
    element('hasUserJoined', meeting.participants > 0) +
    element('hasBeenForciblyEnded', false) +
    element('participantCount', meeting.participants) +
    element('voiceParticipantCount', meeting.microphones) +
    element('videoCount', meeting.cameras) +
    element('maxUsers', meeting.maxParticipants) +
    element('moderatorCount', meeting.moderators) +
    '<attendees></attendees><metadata></metadata>' +
    element('isBreakout', meeting.isBreakout) +
    '</meeting>')
}

/** BBB's version answer, as 2.4 to 2.7 give it: later ones name the node's own addresses, and a cluster has none. */
export function versionAnswer (): string {
  return `${SUCCESS}${element('version', '2.0')}${element('apiVersion', '2.0')}<bbbVersion></bbbVersion></response>`
}

const CREATED_FIELDS_OF_INFO = ['createTime', 'voiceBridge', 'dialNumber', 'createDate', 'hasUserJoined', 'duration', 'hasBeenForciblyEnded'] as const

/** What a create says of a meeting that was there already, in BBB's words. */
export const DUPLICATE = { key: 'duplicateWarning', message: 'This conference was already in existence and may currently be in progress.' }

/** The answer to a create whose own answer was lost, made of what getMeetingInfo says of the meeting. */
export function createdFromInfo (info: Buffer, remark = { key: '', message: '' }): Buffer {
  const field = (name: string): string => {
    const text = readField(info, name)
    return text === undefined ? '' : element(name, text)
  }
  return Buffer.from(`${SUCCESS}${field('meetingID')}${field('internalMeetingID')}` +
    element('parentMeetingID', readField(info, 'parentMeetingID') ?? 'bbb-none') +
    field('attendeePW') + field('moderatorPW') + CREATED_FIELDS_OF_INFO.map(field).join('') +
    `${element('messageKey', remark.key)}${element('message', remark.message)}</response>`)
}
