import t from 'tap'
import { createdFromInfo, DUPLICATE, mergedList, sketchMeeting, versionAnswer } from '../../src/bbb/answers.js'
import { readMeetings } from '../../src/bbb/meetings-reader.js'

const NO_MEETINGS = { key: 'noMeetings', message: 'no meetings <were> found' }

/** The names of the elements directly inside the root, in order. */
function names (xml: string): string[] {
  const found: string[] = []
  let depth = 0
  for (const [, end, name] of xml.matchAll(/<(\/?)(\w+)>/g)) {
    if (end === '/') depth--
    else if (depth++ === 1) found.push(name ?? '')
  }
  return found
}

t.test('a merged list', async (t) => {
  const merged = (items: string[], total?: number): string => Buffer.concat(mergedList('meetings', items.map((item) => Buffer.from(item)), NO_MEETINGS, total)).toString()

  t.test('holds the pieces as they came, in their order', async (t) => {
    t.equal(merged(['<meeting>\u0001ä</meeting>\n<meeting>&x;</meeting>', ' <meeting/>']),
      '<response><returncode>SUCCESS</returncode><meetings><meeting>\u0001ä</meeting>\n<meeting>&x;</meeting> <meeting/></meetings></response>')
  })
  t.test('keeps bytes that are no UTF-8', async (t) => {
    const bytes = Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0xfe, 0x3c, 0x2f, 0x61, 0x3e])
    t.ok(mergedList('meetings', [bytes], NO_MEETINGS).some((piece) => piece === bytes), 'no byte is copied')
  })
  t.test('keeps its element when it is empty and says so in words', async (t) => {
    t.equal(merged([]), '<response><returncode>SUCCESS</returncode><meetings></meetings><messageKey>noMeetings</messageKey><message>no meetings &lt;were&gt; found</message></response>')
  })
  t.test('says how many there are in all only where it was asked for a page', async (t) => {
    t.equal(merged(['<meeting/>'], 7), '<response><returncode>SUCCESS</returncode><meetings><meeting/></meetings><totalElements>7</totalElements></response>')
    t.equal(merged([], 0), '<response><returncode>SUCCESS</returncode><meetings></meetings><messageKey>noMeetings</messageKey><message>no meetings &lt;were&gt; found</message><totalElements>0</totalElements></response>')
  })
})

t.test('a meeting is sketched so that it reads as it is known', async (t) => {
  const sketch = {
    name: 'Room <1>',
    meetingID: 'room & 1',
    internalMeetingID: 'ab12-1767225600123',
    createdAtMs: 1767225600123,
    voiceBridge: '01234',
    participants: 5,
    moderators: 2,
    microphones: 3,
    cameras: 1,
    maxParticipants: 20,
    isBreakout: true,
  }
  const piece = sketchMeeting(sketch)
  t.equal(piece.toString(), '<meeting><meetingName>Room &lt;1&gt;</meetingName><meetingID>room &amp; 1</meetingID>' +
    '<internalMeetingID>ab12-1767225600123</internalMeetingID><createTime>1767225600123</createTime><voiceBridge>01234</voiceBridge>' +
    '<running>true</running><hasUserJoined>true</hasUserJoined><hasBeenForciblyEnded>false</hasBeenForciblyEnded>' +
    '<participantCount>5</participantCount><voiceParticipantCount>3</voiceParticipantCount><videoCount>1</videoCount>' +
    '<maxUsers>20</maxUsers><moderatorCount>2</moderatorCount><attendees></attendees><metadata></metadata><isBreakout>true</isBreakout></meeting>')
  const { meetings, malformed } = readMeetings(Buffer.concat(mergedList('meetings', [piece], NO_MEETINGS)))
  t.equal(malformed, 0)
  t.match(meetings, [{ meetingID: 'room & 1', name: 'Room <1>', voiceBridge: '01234', createdAtMs: 1767225600123, counts: { participants: 5, moderators: 2, voices: 3, videos: 1 }, isBreakout: true }])
  t.match(sketchMeeting({ ...sketch, participants: 0 }).toString(), '<running>false</running><hasUserJoined>false</hasUserJoined>')
})

t.test('the version answer has the elements of 2.4 to 2.7', async (t) => {
  t.equal(versionAnswer(), '<response><returncode>SUCCESS</returncode><version>2.0</version><apiVersion>2.0</apiVersion><bbbVersion></bbbVersion></response>')
})

const CREATE_ELEMENTS = [
  'returncode', 'meetingID', 'internalMeetingID', 'parentMeetingID', 'attendeePW', 'moderatorPW', 'createTime', 'voiceBridge', 'dialNumber',
  'createDate', 'hasUserJoined', 'duration', 'hasBeenForciblyEnded', 'messageKey', 'message',
]

t.test('the answer to a lost create', async (t) => {
  const info = '<response><returncode>SUCCESS</returncode><meetingName>Room</meetingName><meetingID>room-1 &amp; 2</meetingID>' +
    '<internalMeetingID>ab12-1767225600123</internalMeetingID><createTime>1767225600123</createTime><createDate>Thu Jan 01 00:00:00 UTC 2026</createDate>' +
    '<voiceBridge>01234</voiceBridge><dialNumber>613-555-1234</dialNumber><attendeePW>ap</attendeePW><moderatorPW>mp</moderatorPW><running>false</running>' +
    '<duration>60</duration><hasUserJoined>false</hasUserJoined><recording>false</recording><hasBeenForciblyEnded>false</hasBeenForciblyEnded>' +
    '<attendees></attendees><metadata><duration>9</duration></metadata><messageKey></messageKey><message></message><isBreakout>false</isBreakout></response>'

  t.test('has the elements of create in BBB\'s order, with the values of getMeetingInfo', async (t) => {
    const created = createdFromInfo(Buffer.from(info)).toString()
    t.strictSame(names(created), CREATE_ELEMENTS)
    t.equal(created, '<response><returncode>SUCCESS</returncode><meetingID>room-1 &amp; 2</meetingID><internalMeetingID>ab12-1767225600123</internalMeetingID>' +
      '<parentMeetingID>bbb-none</parentMeetingID><attendeePW>ap</attendeePW><moderatorPW>mp</moderatorPW><createTime>1767225600123</createTime>' +
      '<voiceBridge>01234</voiceBridge><dialNumber>613-555-1234</dialNumber><createDate>Thu Jan 01 00:00:00 UTC 2026</createDate><hasUserJoined>false</hasUserJoined>' +
      '<duration>60</duration><hasBeenForciblyEnded>false</hasBeenForciblyEnded><messageKey></messageKey><message></message></response>')
  })
  t.test('leaves out the passwords that the node leaves out', async (t) => {
    const without = info.replace('<attendeePW>ap</attendeePW><moderatorPW>mp</moderatorPW>', '')
    t.strictSame(names(createdFromInfo(Buffer.from(without)).toString()), CREATE_ELEMENTS.filter((name) => !name.endsWith('PW')))
  })
  t.test('says where the meeting was there before', async (t) => {
    const created = createdFromInfo(Buffer.from(info), DUPLICATE).toString()
    t.strictSame(names(created), CREATE_ELEMENTS)
    t.match(created, '<messageKey>duplicateWarning</messageKey><message>This conference was already in existence and may currently be in progress.</message></response>')
  })
  t.test('names the parent of a breakout room', async (t) => {
    const breakout = info.replace('<isBreakout>false', '<parentMeetingID>cd34-1</parentMeetingID><isBreakout>true')
    t.match(createdFromInfo(Buffer.from(breakout)).toString(), '<parentMeetingID>cd34-1</parentMeetingID>')
  })
})
