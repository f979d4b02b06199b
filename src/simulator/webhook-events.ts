import { sign } from '../bbb/checksum.js'
import type { NodeContext } from './context.js'
import type { MeetingEvent, MeetingObserver } from './events.js'
import type { Hook } from './hooks.js'
import { javaDate } from './meeting-answers.js'
import type { Meeting } from './meetings.js'
import type { Outbound } from './outbound.js'

const RETRY_DELAYS_MS = [100, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 30_000, 60_000, 60_000, 60_000, 60_000]
// Somebody who refuses the caller got the call.
const REFUSED = 401
const EVENT_IDS: ReadonlyMap<MeetingEvent['kind'], string> = new Map([
  ['created', 'meeting-created'],
  ['ended', 'meeting-ended'],
  ['user-joined', 'user-joined'],
  ['user-left', 'user-left'],
])

/** Tells hooks what happens to meetings, each call a form signed in its URL (bbb-webhooks 3). */
export function webhookObserver (node: NodeContext, outbound: Outbound): MeetingObserver {
  return (event) => {
    const eventID = EVENT_IDS.get(event.kind)
    if (eventID === undefined) return
    const hooks = node.hooks.interestedIn(eventID, event.meeting.meetingID)
    if (hooks.length === 0) return
    const timestampMs = node.clock.nowMs()
    const body = new URLSearchParams({
      domain: new URL(node.publicUrl).hostname,
      event: JSON.stringify([{
        data: { type: 'event', id: eventID, attributes: attributesOf(event), event: { ts: timestampMs } },
      }]),
      timestamp: String(timestampMs),
    }).toString()
    for (const hook of hooks) outbound.repeat(() => call(hook, body, node, outbound), RETRY_DELAYS_MS)
  }
}

async function call (hook: Hook, body: string, node: NodeContext, outbound: Outbound): Promise<boolean> {
  const checksum = sign(hook.callbackURL, body, node.secret, 'sha1')
  const url = `${hook.callbackURL}${hook.callbackURL.includes('?') ? '&' : '?'}checksum=${checksum}`
  const { status } = await outbound.post(url, body, { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' })
  return (status >= 200 && status < 300) || status === REFUSED
}

function attributesOf (event: MeetingEvent): object {
  const { meeting } = event
  switch (event.kind) {
    case 'created':
      return { meeting: createdMeeting(meeting) }
    case 'user-joined':
    case 'user-left':
      return {
        meeting: namedMeeting(meeting),
        user: {
          'internal-user-id': event.user.internalUserId,
          'external-user-id': event.user.userID,
          name: event.user.fullName,
          role: event.user.role,
          presenter: event.user.isPresenter,
        },
      }
    default:
      return { meeting: namedMeeting(meeting) }
  }
}

function namedMeeting (meeting: Meeting): object {
  return { 'internal-meeting-id': meeting.internalMeetingID, 'external-meeting-id': meeting.meetingID }
}

function createdMeeting (meeting: Meeting): object {
  return {
    ...namedMeeting(meeting),
    name: meeting.name,
    'is-breakout': meeting.parent !== undefined,
    ...(meeting.parent === undefined ? {} : { 'parent-id': meeting.parent.internalMeetingID }),
    duration: meeting.durationMinutes,
    'create-time': meeting.createdAtMs,
    'create-date': javaDate(meeting.createdAtMs),
    'moderator-pass': meeting.moderatorPW,
    'viewer-pass': meeting.attendeePW,
    record: meeting.record,
    'voice-conf': meeting.voiceBridge,
    'dial-number': meeting.dialNumber,
    'max-users': meeting.maxParticipants,
    metadata: meeting.metadata,
  }
}
