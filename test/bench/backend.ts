import { createHash } from 'node:crypto'
import { createServer } from 'node:http'

/**
 * A stand-in for many BBB nodes that costs next to nothing: every answer is made once. Node K's API is
 * at /K/bigbluebutton/api. Prints its port.
 *
 * Arguments: meetings on each node, people in each meeting.
 */
const [meetingsPerNode = 20, peoplePerMeeting = 20] = process.argv.slice(2).map(Number)

const CREATED_AT_MS = Date.now() - 1_800_000

function internalID (meetingID: string): string {
  return `${createHash('sha1').update(meetingID).digest('hex')}-${CREATED_AT_MS}`
}

function attendees (node: string, meeting: number): string {
  return Array.from({ length: peoplePerMeeting }, (_, person) => '<attendee>' +
    `<userID>w_${node}_${meeting}_${person}</userID><fullName>Person Number ${person}</fullName>` +
    `<role>${person === 0 ? 'MODERATOR' : 'VIEWER'}</role><isPresenter>${person === 0}</isPresenter>` +
    '<isListeningOnly>false</isListeningOnly><hasJoinedVoice>true</hasJoinedVoice><hasVideo>false</hasVideo>' +
    '<clientType>HTML5</clientType></attendee>').join('')
}

/** The fields that getMeetings and getMeetingInfo share, with the callback URLs that Greenlight and Moodle send. */
function fields (node: string, meeting: number): string {
  const meetingID = `room-${node}-${meeting}`
  return `<meetingName>Lesson ${meeting} of node ${node}</meetingName><meetingID>${meetingID}</meetingID>` +
    `<internalMeetingID>${internalID(meetingID)}</internalMeetingID><createTime>${CREATED_AT_MS}</createTime>` +
    '<createDate>Sun Nov 22 10:00:00 UTC 2026</createDate><voiceBridge>70123</voiceBridge><dialNumber>613-555-1234</dialNumber>' +
    '<attendeePW>ap</attendeePW><moderatorPW>mp</moderatorPW><running>true</running><duration>0</duration>' +
    '<hasUserJoined>true</hasUserJoined><recording>false</recording><hasBeenForciblyEnded>false</hasBeenForciblyEnded>' +
    `<startTime>${CREATED_AT_MS + 7}</startTime><endTime>0</endTime><participantCount>${peoplePerMeeting}</participantCount>` +
    `<listenerCount>0</listenerCount><voiceParticipantCount>${peoplePerMeeting}</voiceParticipantCount><videoCount>2</videoCount>` +
    `<maxUsers>0</maxUsers><moderatorCount>1</moderatorCount><attendees>${attendees(node, meeting)}</attendees>` +
    '<metadata><endcallbackurl>https://portal.example.org/meeting_ended?token=abcdef0123456789</endcallbackurl>' +
    '<bbb-recording-ready-url>https://moodle.example.org/mod/bigbluebuttonbn/bbb_broker.php?action=recording_ready</bbb-recording-ready-url>' +
    '</metadata><isBreakout>false</isBreakout>'
}

function listOf (node: string): Buffer {
  const meetings = Array.from({ length: meetingsPerNode }, (_, meeting) => `<meeting>${fields(node, meeting)}</meeting>`)
  return Buffer.from(`<response><returncode>SUCCESS</returncode><meetings>${meetings.join('')}</meetings></response>`)
}

const lists = new Map<string, Buffer>()
const infos = new Map<string, Buffer>()
let calls = 0

function remembered (store: Map<string, Buffer>, key: string, make: () => Buffer): Buffer {
  let known = store.get(key)
  if (known === undefined) store.set(key, known = make())
  return known
}

function answerTo (url: string): Buffer {
  const [, node = '', , , call = ''] = (url.split('?', 1)[0] ?? '').split('/')
  if (call === 'getMeetings') return remembered(lists, node, () => listOf(node))
  if (call === 'create') {
    const meetingID = /[?&]meetingID=([^&]*)/.exec(url)?.[1] ?? ''
    return Buffer.from(`<response><returncode>SUCCESS</returncode><meetingID>${meetingID}</meetingID>` +
      `<internalMeetingID>${internalID(meetingID)}</internalMeetingID><parentMeetingID>bbb-none</parentMeetingID>` +
      `<createTime>${CREATED_AT_MS}</createTime><voiceBridge>70123</voiceBridge><messageKey>duplicateWarning</messageKey><message></message></response>`)
  }
  const meeting = Number(/meetingID=room-\d+-(\d+)/.exec(url)?.[1] ?? 0)
  if (call === 'isMeetingRunning') return Buffer.from('<response><returncode>SUCCESS</returncode><running>true</running></response>')
  return remembered(infos, `${node}-${meeting}`, () => Buffer.from(`<response><returncode>SUCCESS</returncode>${fields(node, meeting)}<messageKey></messageKey><message></message></response>`))
}

const server = createServer((request, response) => {
  const url = request.url ?? ''
  if (url === '/calls') {
    response.end(String(calls))
    return
  }
  calls++
  const body = answerTo(url)
  response.writeHead(200, { 'content-type': 'text/xml;charset=utf-8', 'content-length': body.length })
  response.end(body)
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : ''}\n`)
})
