import { element } from '../bbb/xml.js'
import type { Answer } from './answers.js'
import { messageElements, redirect, success } from './answers.js'
import type { CallRequest, NodeContext } from './context.js'
import type { Meeting } from './meetings.js'
import type { Parameters } from './parameters.js'
import { randomToken } from './random.js'
import type { GuestStatus, NewUser, Role, User } from './users.js'
import { presentUsers } from './users.js'
import type { Refusal } from './validation.js'
import { booleanRefusal, findMeeting, integerRefusal, refuse } from './validation.js'
import { isAtLeast } from './versions.js'

const COOKIE_TOKEN_LENGTH = 32

/** `join`: puts the caller into the meeting and sends the browser to the client page. */
export function join (request: CallRequest, node: NodeContext): Answer {
  const { parameters } = request
  const found = findMeeting(parameters, node, 'invalidMeetingIdentifier')
  if ('refusal' in found) return joinFailure(found.refusal, parameters, node, 'validation')
  const { meeting } = found
  const refusal = joinRefusal(parameters)
  if (refusal !== undefined) return joinFailure(refusal, parameters, node, 'validation')
  if (isOtherCreateTime(parameters, meeting)) return joinFailure(MISMATCH, parameters, node, 'later')
  const role = roleFor(parameters, meeting)
  // BBB gives this one as XML even to browsers.
  if (typeof role !== 'string') return refuse(role)
  if (isFull(meeting, parameters)) return joinFailure(FULL, parameters, node, 'later')
  const guestStatus = guestStatusFor(role, parameters, meeting)
  if (guestStatus === 'DENY') return joinFailure(DENIED, parameters, node, 'later')
  const user = node.attendance.join(meeting, wantedUser(parameters, role, guestStatus, meeting))
  return joinedAnswer(meeting, user, parameters, node)
}

/** The answer to a join that failed: a redirect with `errors`, or XML for callers that said redirect=false. */
export function joinFailure (
  refusal: Refusal, parameters: Parameters, node: NodeContext, stage: 'validation' | 'later'
): Answer {
  const wantsXml = parameters.get('redirect') === 'false'
  if (wantsXml && (stage === 'later' || node.traits.xmlForJoinValidationErrors)) return refuse(refusal)
  const target = node.traits.joinErrorTargets.map((name) => parameters.text(name)).find((url) => url !== undefined) ??
    `${node.publicUrl}/`
  const errors = JSON.stringify([{ message: refusal.message, key: refusal.key }])
  return redirect(`${target}${target.includes('?') ? '&' : '?'}errors=${encodeAsJavaUri(errors)}`)
}

const MISMATCH: Refusal = {
  key: 'mismatchCreateTimeParam',
  message: 'The createTime parameter submitted mismatches with the current meeting.',
}
const FULL: Refusal = {
  key: 'maxParticipantsReached',
  message: 'The number of participants allowed for this meeting has been reached.',
}
const DENIED: Refusal = {
  key: 'guestDeniedAccess',
  message: "You have been denied access to this meeting based on the meeting's guest policy",
}

function joinRefusal (parameters: Parameters): Refusal | undefined {
  if (parameters.text('fullName') === undefined) {
    return { key: 'missingParamFullName', message: 'You must provide your name' }
  }
  return integerRefusal(parameters, 'createTime', 'Value must be an integral number') ??
    booleanRefusal(parameters, 'guest', 'Guest') ??
    booleanRefusal(parameters, 'auth', 'Auth')
}

function isOtherCreateTime (parameters: Parameters, meeting: Meeting): boolean {
  const createTime = parameters.text('createTime')
  return createTime !== undefined && Number(createTime) !== meeting.createdAtMs
}

// The texts, the blank in the key and "sould" are BBB's.
function roleFor (parameters: Parameters, meeting: Meeting): Role | Refusal {
  const key = 'Params required'
  const role = parameters.text('role')?.toUpperCase()
  if (role === 'MODERATOR' || role === 'VIEWER') return role
  const password = parameters.text('password')
  if (password === undefined) {
    const message = 'You must either send the valid role of the user, or the password, sould the meeting has one.'
    return { key, message }
  }
  if (password === meeting.moderatorPW) return 'MODERATOR'
  if (password === meeting.attendeePW) return 'VIEWER'
  return { key, message: 'You must enter a valid password' }
}

function isFull (meeting: Meeting, parameters: Parameters): boolean {
  if (meeting.maxParticipants <= 0 || parameters.flag('bot')) return false
  const userID = parameters.text('userID')
  const present = new Set(presentUsers(meeting).filter((user) => !user.isBot).map((user) => user.userID))
  if (userID !== undefined && present.has(userID)) return false
  return Math.max(present.size, meeting.counts?.participantCount ?? 0) >= meeting.maxParticipants
}

function guestStatusFor (role: Role, parameters: Parameters, meeting: Meeting): GuestStatus {
  if (role === 'MODERATOR') return 'ALLOW'
  const isAuthed = parameters.flag('auth')
  switch (meeting.guestPolicy) {
    case 'ALWAYS_ACCEPT': return 'ALLOW'
    case 'ALWAYS_DENY': return 'DENY'
    case 'ALWAYS_ACCEPT_AUTH': return isAuthed ? 'ALLOW' : 'WAIT'
    case 'ASK_MODERATOR': return parameters.flag('guest') || isAuthed ? 'WAIT' : 'ALLOW'
  }
}

function wantedUser (parameters: Parameters, role: Role, guestStatus: GuestStatus, meeting: Meeting): NewUser {
  const fullName = parameters.get('fullName') ?? ''
  const wanted: NewUser = {
    fullName,
    role,
    guestStatus,
    isGuest: parameters.flag('guest'),
    isBot: parameters.flag('bot'),
    customdata: customdataOf(parameters),
  }
  const userID = parameters.text('userID')
  if (userID !== undefined) wanted.userID = userID
  const logoutUrl = parameters.text('logoutURL') ?? meeting.logoutUrl
  if (logoutUrl !== undefined) {
    wanted.logoutUrl = logoutUrl
      .replaceAll('%%MEETINGID%%', encodeURIComponent(meeting.meetingID))
      .replaceAll('%%USERID%%', encodeURIComponent(userID ?? ''))
      .replaceAll('%%USERNAME%%', encodeURIComponent(fullName))
  }
  return wanted
}

// BBB splits the name at the dash and wants exactly two parts.
function customdataOf (parameters: Parameters): Record<string, string> {
  const customdata: Record<string, string> = {}
  for (const [name, value] of parameters.entries()) {
    const [prefix, key, ...more] = name.split('-')
    if (prefix === 'userdata' && key !== undefined && key !== '' && more.length === 0) customdata[key] ??= value
  }
  return customdata
}

function joinedAnswer (meeting: Meeting, user: User, parameters: Parameters, node: NodeContext): Answer {
  const waits = user.guestStatus === 'WAIT'
  const path = waits ? node.traits.guestPath : node.traits.clientPath
  const layout = isAtLeast(node.version, '3.0') && parameters.text('enforceLayout') !== undefined
  const url = node.publicUrl + (layout ? path.replace('?', '?waitLayout=1&') : path) + user.sessionToken
  const headers = { 'set-cookie': `JSESSIONID=${randomToken(COOKIE_TOKEN_LENGTH).toUpperCase()}; Path=/; Secure; HttpOnly` }
  if (parameters.get('redirect') !== 'false') return redirect(url, headers)
  const answer = success(
    (waits
      ? messageElements('guestWait', 'Guest waiting for approval to join meeting.')
      : messageElements('successfullyJoined', 'You have joined successfully.')) +
    element('meeting_id', meeting.internalMeetingID) +
    element('user_id', user.internalUserId) +
    element('auth_token', user.authToken) +
    element('session_token', user.sessionToken) +
    element('guestStatus', user.guestStatus) +
    element('url', url))
  return { ...answer, headers: { ...answer.headers, ...headers } }
}

// java.net.URI leaves these characters of a query alone.
function encodeAsJavaUri (text: string): string {
  return encodeURIComponent(text).replaceAll('%5B', '[').replaceAll('%5D', ']').replaceAll('%3A', ':').replaceAll('%2C', ',')
}
