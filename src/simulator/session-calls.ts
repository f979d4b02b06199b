import { sign } from '../bbb/checksum.js'
import type { Answer } from './answers.js'
import { jsonAnswer, success } from './answers.js'
import type { Session } from './attendance.js'
import type { CallRequest, NodeContext } from './context.js'

// Calls that the client makes on its own node, with its session token instead of a checksum.

/** `getJoinUrl` (3.0+): a signed join URL for another session of the same person. */
export function getJoinUrl (request: CallRequest, node: NodeContext): Answer {
  const session = sessionOf(request, node)
  if (session === undefined) return noSession(request)
  const { meeting, user } = session
  const values = new URLSearchParams({
    redirect: 'true',
    existingUserID: user.internalUserId,
    role: user.role,
    fullName: user.fullName,
    meetingID: meeting.meetingID,
  })
  // The query begins with an ampersand on the wire, and is hashed with it.
  const query = `&${values.toString()}`
  const checksum = sign('join', query, node.secret, 'sha1')
  const url = `${node.publicUrl}/bigbluebutton/api/join?${query}&checksum=${checksum}`
  return jsonAnswer({ response: { returncode: 'SUCCESS', message: 'Join URL provided successfully.', url } })
}

/** `enter` (up to 2.7): what the client has to know of its meeting. */
export function enter (request: CallRequest, node: NodeContext): Answer {
  const session = sessionOf(request, node)
  if (session === undefined) return noSession(request)
  const { meeting, user } = session
  return jsonAnswer({
    response: {
      returncode: 'SUCCESS',
      fullname: user.fullName,
      confname: meeting.name,
      meetingID: meeting.internalMeetingID,
      externMeetingID: meeting.meetingID,
      externUserID: user.userID,
      internalUserID: user.internalUserId,
      authToken: user.authToken,
      role: user.role,
      guest: user.isGuest,
      guestStatus: user.guestStatus,
      conference: meeting.internalMeetingID,
      room: meeting.internalMeetingID,
      voicebridge: meeting.voiceBridge,
      dialnumber: meeting.dialNumber,
      mode: 'LIVE',
      record: String(meeting.record),
      isBreakout: meeting.parent !== undefined,
      logoutUrl: user.logoutUrl ?? node.publicUrl,
      customdata: Object.entries(user.customdata).map(([key, value]) => ({ [key]: value })),
      metadata: Object.entries(meeting.metadata).map(([key, value]) => ({ [key]: value })),
    },
  })
}

/** `guestWait` (up to 2.7): whether a waiting guest may enter. */
export function guestWait (request: CallRequest, node: NodeContext): Answer {
  const session = sessionOf(request, node)
  if (session === undefined) return noSession(request)
  const { meeting, user } = session
  return jsonAnswer({
    response: {
      returncode: 'SUCCESS',
      messageKey: user.guestStatus === 'WAIT' ? 'guestWait' : 'guestAllow',
      message: user.guestStatus === 'WAIT' ? 'Guest waiting for approval to join meeting.' : 'Guest approved to join meeting.',
      meeting_id: meeting.internalMeetingID,
      user_id: user.internalUserId,
      auth_token: user.authToken,
      session_token: user.sessionToken,
      guestStatus: user.guestStatus,
      lobbyMessage: '',
      url: node.publicUrl + node.traits.clientPath + user.sessionToken,
    },
  })
}

/** `stuns`: a simulated node has no media, so no servers for it. */
export function stuns (request: CallRequest, node: NodeContext): Answer {
  if (sessionOf(request, node) === undefined) {
    return jsonAnswer({ returncode: 'FAILED', message: 'Could not find conference.', logoutURL: node.publicUrl })
  }
  return jsonAnswer({ stunServers: [], turnServers: [], remoteIceCandidates: [] })
}

/** `signOut`: always a success, whoever asks. */
export function signOut (request: CallRequest, node: NodeContext): Answer {
  const session = sessionOf(request, node)
  if (session !== undefined) node.attendance.leave(session.meeting, session.user)
  return success('')
}

/** `learningDashboard`: for moderators; a simulated node gathers no activity. */
export function learningDashboard (request: CallRequest, node: NodeContext): Answer {
  const session = sessionOf(request, node)
  if (session === undefined) return noSession(request)
  const message = session.user.role === 'MODERATOR' ? 'Learning Dashboard data not found' : 'Access denied'
  return jsonAnswer({ response: { returncode: 'FAILED', message, sessionToken: session.user.sessionToken } })
}

/** `feedback` (3.0): taken and thrown away. */
export function feedback (request: CallRequest, node: NodeContext): Answer {
  return sessionOf(request, node) === undefined ? noSession(request) : jsonAnswer({ status: 'ok' })
}

function sessionOf (request: CallRequest, node: NodeContext): Session | undefined {
  return node.attendance.session(request.parameters.get('sessionToken') ?? '')
}

function noSession (request: CallRequest): Answer {
  const sessionToken = request.parameters.get('sessionToken')
  const message = sessionToken === undefined ? 'You must provide a session token' : 'Invalid session token'
  return jsonAnswer({ response: { returncode: 'FAILED', message, ...(sessionToken === undefined ? {} : { sessionToken }) } })
}
