import { element } from '../bbb/xml.js'
import type { Answer } from './answers.js'
import { failed, jsonAnswer, messageElements, success } from './answers.js'
import type { CallRequest, NodeContext } from './context.js'
import { readDocuments } from './documents.js'
import { container } from './meeting-answers.js'
import { hasPeople, isRunning } from './users.js'
import { findMeeting, meetingIdRefusal, refuse } from './validation.js'
import { isAtLeast } from './versions.js'

const END_REQUESTED = 'A request to end the meeting was sent.  Please wait a few seconds, and then use the ' +
  'getMeetingInfo or isMeetingRunning API calls to verify that it was ended.'
const LONGEST_CHAT_MESSAGE = 500
const LONGEST_USER_NAME = 255

/** The bare API address: what this server is. Needs no checksum. */
export function index (request: CallRequest, node: NodeContext): Answer {
  const fields: Record<string, string> = {
    apiVersion: '2.0',
    bbbVersion: isAtLeast(node.version, '3.0') ? `${node.version}.0-simulated` : '',
    html5PluginSdkVersion: '0.0.95',
    graphqlWebsocketUrl: `${node.publicUrl.replace(/^http/, 'ws')}/graphql`,
    graphqlApiUrl: `${node.publicUrl}/api/rest`,
  }
  const shown = node.traits.indexFields.map((name): [string, string] => [name, fields[name] ?? ''])
  if (isAtLeast(node.version, '3.0') && request.contentType === 'application/json') {
    return jsonAnswer({ response: { returncode: 'SUCCESS', version: '2.0', ...Object.fromEntries(shown) } })
  }
  return success(element('version', '2.0') + shown.map(([name, value]) => element(name, value)).join(''))
}

/** `isMeetingRunning`: never says notFound. */
export function isMeetingRunning (request: CallRequest, node: NodeContext): Answer {
  const refusal = meetingIdRefusal(request.parameters)
  if (refusal !== undefined) return refuse(refusal)
  const meeting = node.meetings.find(request.parameters.get('meetingID') ?? '')
  return success(element('running', meeting !== undefined && isRunning(meeting)))
}

/** `end`: takes effect a moment after it was answered. */
export function end (request: CallRequest, node: NodeContext): Answer {
  const found = findMeeting(request.parameters, node)
  if ('refusal' in found) return refuse(found.refusal)
  if (node.traits.endNeedsPassword && request.parameters.get('password') !== found.meeting.moderatorPW) {
    return failed('invalidPassword', 'The supplied moderator password is incorrect')
  }
  node.life.requestEnd(found.meeting)
  return success(messageElements('sentEndMeetingRequest', END_REQUESTED))
}

/** `getMeetingInfo`. */
export function getMeetingInfo (request: CallRequest, node: NodeContext): Answer {
  const found = findMeeting(request.parameters, node)
  if ('refusal' in found) return refuse(found.refusal)
  const answer = node.texts.infoAnswer(found.meeting)
  // The only call about a meeting whose answer BBB lets caches decide on.
  return { status: answer.status, contentType: answer.contentType, body: answer.body }
}

/** `getMeetings`: every meeting, breakouts listed on their own. */
export function getMeetings (_request: CallRequest, node: NodeContext): Answer {
  let meetings = ''
  for (const meeting of node.meetings.all()) meetings += node.texts.meetingElement(meeting)
  const list = container('meetings', meetings, node.traits)
  return success(meetings === ''
    ? list + messageElements('noMeetings', 'no meetings were found on this server')
    : list)
}

/** `getSessions`: one entry for every session of the client. */
export function getSessions (_request: CallRequest, node: NodeContext): Answer {
  let sessions = ''
  for (const { meeting, user } of node.attendance.sessions()) {
    sessions += '<meeting>' + element('meetingID', meeting.internalMeetingID) +
      element('meetingName', meeting.name) + element('userName', user.fullName) + '</meeting>'
  }
  if (sessions !== '') return success(`<sessions>${sessions}</sessions>`)
  return success(`<sessions/>${messageElements('noSessions', 'no sessions were found on this serverr')}`)
}

/** `insertDocument` (2.5+): its answers have no messageKey. */
export function insertDocument (request: CallRequest, node: NodeContext): Answer {
  const refusal = meetingIdRefusal(request.parameters)
  if (refusal !== undefined) return refuse(refusal)
  const meetingID = request.parameters.get('meetingID') ?? ''
  const meeting = node.meetings.find(meetingID)
  if (meeting === undefined) return failedWithoutKey(`Meeting with id [${meetingID}] not found.`)
  if (meeting.disabledFeatures.includes('presentation')) {
    return failedWithoutKey('Presentation feature is disabled, ignoring.')
  }
  meeting.documents.push(...readDocuments(request.body?.toString('utf8') ?? '') ?? [])
  return success(element('message', 'Presentation is being uploaded'))
}

/** `sendChatMessage` (3.0+): wants somebody in the meeting. */
export function sendChatMessage (request: CallRequest, node: NodeContext): Answer {
  const { parameters } = request
  const refusal = meetingIdRefusal(parameters)
  if (refusal !== undefined) return refuse(refusal)
  const message = parameters.get('message')
  if (message === undefined || message === '') return failed('missingParamMessage', 'You must provide a message')
  if (message.length > LONGEST_CHAT_MESSAGE) return failed('sizeError', 'Message must be between 1 and 500 characters')
  const userName = parameters.text('userName') ?? 'System'
  if (userName.length > LONGEST_USER_NAME) return failed('sizeError', 'User name must be at most 255 characters')
  const meeting = node.meetings.find(parameters.get('meetingID') ?? '')
  if (meeting === undefined || !hasPeople(meeting)) return failed('meetingNotFound', 'Meeting not found')
  meeting.chat.push({ userName, message, atMs: node.clock.nowMs() })
  return success(messageElements('', 'Message successfully sent'))
}

function failedWithoutKey (message: string): Answer {
  const answer = failed('', message)
  return { ...answer, body: answer.body.replace('<messageKey></messageKey>', '') }
}
