import type { NodeContext } from './context.js'
import type { MeetingObserver } from './events.js'
import { jwt } from './jwt.js'
import type { Meeting } from './meetings.js'
import type { Outbound } from './outbound.js'
import type { Recording } from './recordings.js'

const END_RETRY_DELAYS_MS = [30_000, 60_000, 120_000, 300_000]
const DAY_S = 86_400
const READY_KEYS = ['bbb-recording-ready-url', 'bn-recording-ready-url', 'canvas-recording-ready-url']
const FORM = 'application/x-www-form-urlencoded'

/** Does what a node does on its own once a meeting is over: callbacks, recording, analytics. */
export function callbackObserver (node: NodeContext, outbound: Outbound, recordingDelayMs: number): MeetingObserver {
  return (event) => {
    if (event.kind !== 'ended') return
    const { meeting } = event
    tellEnd(meeting, outbound)
    if (meeting.keepsEvents) tellAnalytics(meeting, node, outbound)
    if (!meeting.hasRecordingMarks) return
    const recording = node.recordings.addOf(meeting)
    outbound.later(recordingDelayMs, () => {
      if (recording.state === 'processing') recording.state = 'published'
      tellReady(recording, node, outbound)
    })
  }
}

// Breakouts have the metadata of their parent, but their end is nobody's business.
function tellEnd (meeting: Meeting, outbound: Outbound): void {
  const endCallbackUrl = meeting.metadata['endcallbackurl']
  if (endCallbackUrl !== undefined && endCallbackUrl !== '' && meeting.parent === undefined) {
    const query = `recordingmarks=${meeting.hasRecordingMarks}&meetingID=${encodeURIComponent(meeting.meetingID)}`
    const url = `${endCallbackUrl}${endCallbackUrl.includes('?') ? '&' : '?'}${query}`
    outbound.repeat(() => getTwice(url, outbound), END_RETRY_DELAYS_MS)
  }
  const { meetingEndedUrl } = meeting
  if (meetingEndedUrl !== undefined) {
    outbound.repeat(() => getTwice(meetingEndedUrl, outbound), END_RETRY_DELAYS_MS)
  }
}

// BBB asks whether the address answers 200 before it calls it, so every call arrives twice.
async function getTwice (url: string, outbound: Outbound): Promise<boolean> {
  const probe = await outbound.get(url)
  if (probe.status !== 200) return false
  const { status } = await outbound.get(url)
  return status >= 200 && status < 300
}

function tellReady (recording: Recording, node: NodeContext, outbound: Outbound): void {
  const url = READY_KEYS.map((key) => recording.metadata.get(key)).find((value) => value !== undefined && value !== '')
  if (url === undefined) return
  const token = jwt('HS256', { meeting_id: recording.meetingID, record_id: recording.recordID }, node.secret)
  const body = new URLSearchParams({ signed_parameters: token }).toString()
  outbound.repeat(async () => {
    await outbound.post(url, body, { 'content-type': FORM })
    return true
  }, [])
}

function tellAnalytics (meeting: Meeting, node: NodeContext, outbound: Outbound): void {
  const url = meeting.metadata['analytics-callback-url']
  if (url === undefined || url === '') return
  const nowMs = node.clock.nowMs()
  const token = jwt('HS512', { exp: Math.floor(nowMs / 1000) + DAY_S }, node.secret)
  const body = JSON.stringify({
    version: '1.0',
    meeting_id: meeting.meetingID,
    internal_meeting_id: meeting.internalMeetingID,
    data: {
      metadata: { ...meeting.metadata, meeting_name: meeting.name, is_breakout: String(meeting.parent !== undefined) },
      duration: Math.round((nowMs - meeting.createdAtMs) / 1000),
      start: new Date(meeting.createdAtMs).toISOString(),
      finish: new Date(nowMs).toISOString(),
      attendees: [...meeting.attended.values()].map((user) => ({
        ext_user_id: user.userID,
        name: user.fullName,
        moderator: user.role === 'MODERATOR',
        joins: [new Date(user.joinedAtMs).toISOString()],
        duration: Math.round(((user.leftAtMs ?? nowMs) - user.joinedAtMs) / 1000),
      })),
      files: meeting.documents.map((document) => document.name ?? document.url ?? ''),
      polls: [],
    },
  })
  outbound.repeat(async () => {
    await outbound.post(url, body, {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      'user-agent': 'BigBlueButton Analytics Callback',
    })
    return true
  }, [])
}
