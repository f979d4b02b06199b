import type { Answer } from './answers.js'
import { failed, failedWithList } from './answers.js'
import type { CallRequest, NodeContext } from './context.js'
import { readDocuments } from './documents.js'
import { createAnswer } from './meeting-answers.js'
import type { GuestPolicy, Meeting, NewMeeting } from './meetings.js'
import { EXPIRE_IF_NO_USER_JOINED_MINUTES, EXPIRE_WHEN_LAST_USER_LEFT_MINUTES } from './meetings.js'
import type { Parameters } from './parameters.js'
import type { Refusal } from './validation.js'
import { booleanRefusal, integerRefusal, meetingIdRefusal, nameRefusal, passwordRefusal, refuse } from './validation.js'

const METADATA_NAME = /^[a-zA-Z][a-zA-Z0-9-]*$/
// eslint-disable-next-line no-control-regex
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f]/g
const GUEST_POLICIES: ReadonlySet<string> = new Set<GuestPolicy>([
  'ALWAYS_ACCEPT', 'ALWAYS_DENY', 'ASK_MODERATOR', 'ALWAYS_ACCEPT_AUTH',
])
const DUPLICATE = 'This conference was already in existence and may currently be in progress.'
// Two blanks, as BBB writes it.
const NOT_UNIQUE = 'A meeting already exists with that meeting ID.  Please use a different meeting ID.'
const VOICE_BRIDGE_TAKEN = 'The selected voice bridge is already in use.'

/** `create`: makes a meeting, or answers for the one that is there under the same id. */
export function create (request: CallRequest, node: NodeContext): Answer {
  const { parameters } = request
  const refusal = createRefusal(parameters)
  if (refusal !== undefined) return refuse(refusal)
  const existing = node.meetings.findExternal(parameters.get('meetingID') ?? '')
  if (existing !== undefined) return createAgain(existing, parameters, node)
  const parent = parentOf(parameters, node)
  if ('refusal' in parent) return refuse(parent.refusal)
  const voiceBridge = parameters.text('voiceBridge')
  if (voiceBridge !== undefined && node.meetings.isVoiceBridgeTaken(voiceBridge)) {
    return failedWithList('nonUniqueVoiceBridge', VOICE_BRIDGE_TAKEN)
  }
  const meeting = node.meetings.add(wantedMeeting(parameters, parent.meeting))
  // A meeting exists before BBB looks at the body, so a body it cannot read does not undo it.
  if (request.body !== undefined) meeting.documents.push(...readDocuments(request.body.toString('utf8')) ?? [])
  node.tell({ kind: 'created', meeting })
  return createAnswer(meeting, '', '')
}

function createRefusal (parameters: Parameters): Refusal | undefined {
  return meetingIdRefusal(parameters) ??
    sanitisedRefusal(parameters.get('meetingID') ?? '') ??
    nameRefusal(parameters) ??
    passwordRefusal(parameters.text('attendeePW')) ??
    passwordRefusal(parameters.text('moderatorPW')) ??
    integerRefusal(parameters, 'voiceBridge', 'Voice bridge must be an integral value') ??
    booleanRefusal(parameters, 'record', 'Record') ??
    booleanRefusal(parameters, 'isBreakout', 'Breakout room')
}

function sanitisedRefusal (meetingID: string): Refusal | undefined {
  const isClean = meetingID.replace(CONTROL_CHARACTERS, '').trim() === meetingID
  return isClean ? undefined : { key: 'validationError', message: 'Invalid meeting ID' }
}

// Only passwords decide whether a second create means the same meeting; nothing else is compared or changed.
function createAgain (existing: Meeting, parameters: Parameters, node: NodeContext): Answer {
  const attendeePW = parameters.text('attendeePW')
  const moderatorPW = parameters.text('moderatorPW')
  const isSame = attendeePW === undefined && moderatorPW === undefined
    ? node.traits.createIsIdempotentWithoutPasswords
    : attendeePW === existing.attendeePW && moderatorPW === existing.moderatorPW
  return isSame ? createAnswer(existing, 'duplicateWarning', DUPLICATE) : failed('idNotUnique', NOT_UNIQUE)
}

function parentOf (parameters: Parameters, node: NodeContext): { meeting: Meeting | undefined } | { refusal: Refusal } {
  if (!parameters.flag('isBreakout')) return { meeting: undefined }
  const parentMeetingID = parameters.text('parentMeetingID')
  if (parentMeetingID === undefined) {
    const message = 'No parent meeting ID was provided for the breakout room'
    return { refusal: { key: 'parentMeetingIDMissing', message } }
  }
  const meeting = node.meetings.find(parentMeetingID)
  if (meeting !== undefined) return { meeting }
  return { refusal: { key: 'parentMeetingDoesNotExist', message: 'No parent meeting exists for the breakout room' } }
}

function wantedMeeting (parameters: Parameters, parent: Meeting | undefined): NewMeeting {
  const wanted: NewMeeting = {
    meetingID: parameters.get('meetingID') ?? '',
    name: parameters.get('name') ?? '',
    durationMinutes: parameters.integer('duration', 0),
    maxParticipants: parameters.integer('maxParticipants', 0),
    record: parameters.flag('record'),
    metadata: { ...parent?.metadata, ...metadataOf(parameters) },
    guestPolicy: guestPolicyOf(parameters.get('guestPolicy')),
    keepsEvents: parameters.flag('meetingKeepEvents'),
    disabledFeatures: parameters.list('disabledFeatures'),
    sequence: parameters.integer('sequence', 0),
    freeJoin: parameters.flag('freeJoin'),
  }
  const texts = ['attendeePW', 'moderatorPW', 'voiceBridge', 'dialNumber'] as const
  for (const name of texts) {
    const value = parameters.text(name)
    if (value !== undefined) wanted[name] = value
  }
  const logoutUrl = parameters.text('logoutURL')
  if (logoutUrl !== undefined) wanted.logoutUrl = logoutUrl
  const meetingEndedUrl = parameters.text('meetingEndedURL')
  if (meetingEndedUrl !== undefined) wanted.meetingEndedUrl = meetingEndedUrl
  if (parent !== undefined) wanted.parent = parent
  wanted.expireIfNoUserJoinedMinutes = parameters.integer('meetingExpireIfNoUserJoinedInMinutes', EXPIRE_IF_NO_USER_JOINED_MINUTES)
  wanted.expireWhenLastUserLeftMinutes = parameters.integer('meetingExpireWhenLastUserLeftInMinutes', EXPIRE_WHEN_LAST_USER_LEFT_MINUTES)
  return wanted
}

/** The `meta_` parameters of a call, names in lower case without the prefix; names BBB does not take are left out. */
export function metadataOf (parameters: Parameters): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const [name, value] of parameters.entries()) {
    if (!name.startsWith('meta_')) continue
    const key = name.slice('meta_'.length)
    if (METADATA_NAME.test(key)) metadata[key.toLowerCase()] ??= value
  }
  return metadata
}

function guestPolicyOf (value: string | undefined): GuestPolicy {
  return value !== undefined && GUEST_POLICIES.has(value) ? value as GuestPolicy : 'ALWAYS_ACCEPT'
}
