import t from 'tap'
import { call, childNames, fetchReply, startNode } from './caller.js'

const MEETING_HEAD = [
  'meetingName', 'meetingID', 'internalMeetingID', 'createTime', 'createDate', 'voiceBridge', 'dialNumber', 'attendeePW',
  'moderatorPW', 'running', 'duration', 'hasUserJoined', 'recording', 'hasBeenForciblyEnded', 'startTime', 'endTime',
  'participantCount', 'listenerCount', 'voiceParticipantCount', 'videoCount', 'maxUsers', 'moderatorCount', 'attendees',
]

// What answers of real servers hold, element by element.
const EXPECTED: Record<string, string[]> = {
  create: [
    'returncode', 'meetingID', 'internalMeetingID', 'parentMeetingID', 'attendeePW', 'moderatorPW', 'createTime',
    'voiceBridge', 'dialNumber', 'createDate', 'hasUserJoined', 'duration', 'hasBeenForciblyEnded', 'messageKey', 'message',
  ],
  join: ['returncode', 'messageKey', 'message', 'meeting_id', 'user_id', 'auth_token', 'session_token', 'guestStatus', 'url'],
  isMeetingRunning: ['returncode', 'running'],
  getMeetingInfo: ['returncode', ...MEETING_HEAD, 'isBreakout', 'metadata'],
  getSessions: ['returncode', 'sessions'],
  sendChatMessage: ['returncode', 'messageKey', 'message'],
  end: ['returncode', 'messageKey', 'message'],
}

const PARAMETERS: Record<string, Record<string, string>> = {
  create: { meetingID: 'room-1', name: 'Room <one>', meta_endCallbackUrl: 'http://127.0.0.1:9/e?a=1&b=2' },
  join: { meetingID: 'room-1', fullName: 'Ada', role: 'moderator', redirect: 'false', 'userdata-my_key': 'x' },
  sendChatMessage: { meetingID: 'room-1', message: 'hello' },
}

t.test('answers carry the elements of real servers in their order', async (t) => {
  const { node, clock } = await startNode(t)
  for (const [name, elements] of Object.entries(EXPECTED)) {
    const reply = await call(node, name, PARAMETERS[name] ?? { meetingID: 'room-1' })
    t.equal(reply.status, 200, name)
    t.match(reply.headers['content-type'], /^text\/xml/, name)
    t.strictSame(childNames(reply.text, 'response'), elements, name)
    await clock.advance(10)
  }
})

t.test('getMeetings lists people, metadata in lower case, and breakouts on their own', async (t) => {
  const { node } = await startNode(t)
  await call(node, 'create', PARAMETERS['create'])
  await call(node, 'join', PARAMETERS['join'])
  node.meetings.createBreakouts('room-1', 2)
  const { text } = await call(node, 'getMeetings')
  t.strictSame(childNames(text, 'meeting'), [...MEETING_HEAD, 'metadata', 'isBreakout', 'breakoutRooms'])
  const breakout = text.slice(text.indexOf('</meeting>') + '</meeting>'.length)
  t.strictSame(childNames(breakout, 'meeting'),
    [...MEETING_HEAD, 'metadata', 'isBreakout', 'parentMeetingID', 'sequence', 'freeJoin'])
  t.equal(/<parentMeetingID>([^<]*)</.exec(breakout)?.[1], node.meetings.get('room-1')?.internalMeetingID,
    'the parent is named by its internal id')
  t.strictSame(childNames(text, 'attendee'), [
    'userID', 'fullName', 'role', 'isPresenter', 'isListeningOnly', 'hasJoinedVoice', 'hasVideo', 'clientType', 'customdata',
  ])
  t.match(text, '<endcallbackurl>http://127.0.0.1:9/e?a=1&amp;b=2</endcallbackurl>')
  t.match(text, '<meetingName>Room &lt;one&gt;</meetingName>')
  t.equal(text.split('<meeting>').length - 1, 3)
})

t.test('empty lists', async (t) => {
  const { node } = await startNode(t)
  t.equal((await call(node, 'getMeetings')).text, '<response><returncode>SUCCESS</returncode><meetings></meetings>' +
    '<messageKey>noMeetings</messageKey><message>no meetings were found on this server</message></response>')
  t.equal((await call(node, 'getSessions')).text, '<response><returncode>SUCCESS</returncode><sessions/>' +
    '<messageKey>noSessions</messageKey><message>no sessions were found on this serverr</message></response>')
  t.strictSame(childNames((await call(node, 'getRecordings')).text, 'response'),
    ['returncode', 'messageKey', 'message', 'recordings'])
})

t.test('failures name a key, except the voice bridge that is in use', async (t) => {
  const { node } = await startNode(t)
  await call(node, 'create', { meetingID: 'room-1', name: 'One', voiceBridge: '12345' })
  const table: Array<[string, Record<string, string>, string]> = [
    ['create', { name: 'One' }, 'missingParamMeetingID'],
    ['create', { meetingID: 'x', name: 'One' }, 'sizeError'],
    ['create', { meetingID: 'a,b', name: 'One' }, 'validationError'],
    ['create', { meetingID: ' room', name: 'One' }, 'validationError'],
    ['create', { meetingID: 'room-2' }, 'nullError'],
    ['create', { meetingID: 'room-2', name: 'Two', voiceBridge: 'abc' }, 'validationError'],
    ['create', { meetingID: 'room-2', name: 'Two', record: 'yes' }, 'validationError'],
    ['create', { meetingID: 'room-2', name: 'Two', isBreakout: 'true' }, 'parentMeetingIDMissing'],
    ['create', { meetingID: 'room-2', name: 'Two', isBreakout: 'true', parentMeetingID: 'none' }, 'parentMeetingDoesNotExist'],
    ['getMeetingInfo', { meetingID: 'none' }, 'notFound'],
    ['end', { meetingID: 'none' }, 'notFound'],
    ['join', { meetingID: 'none', fullName: 'Ada', redirect: 'false' }, 'invalidMeetingIdentifier'],
    ['join', { meetingID: 'room-1', redirect: 'false' }, 'missingParamFullName'],
    ['join', { meetingID: 'room-1', fullName: 'Ada', createTime: '1', redirect: 'false', role: 'viewer' }, 'mismatchCreateTimeParam'],
    ['join', { meetingID: 'room-1', fullName: 'Ada', password: 'wrong' }, 'Params required'],
    ['sendChatMessage', { meetingID: 'room-1', message: 'nobody there' }, 'meetingNotFound'],
    ['hooks/destroy', { hookID: '7' }, 'destroyMissingHook'],
  ]
  for (const [name, parameters, key] of table) {
    const reply = await call(node, name, parameters)
    t.equal(reply.status, 200, name)
    t.equal(reply.field('returncode'), 'FAILED', name)
    t.equal(reply.field('messageKey'), key, `${name} ${JSON.stringify(parameters)}`)
  }
  const taken = await call(node, 'create', { meetingID: 'room-2', name: 'Two', voiceBridge: '12345' })
  t.strictSame(childNames(taken.text, 'response'), ['returncode', 'errors'])
  t.equal(taken.field('key'), 'nonUniqueVoiceBridge')
  const inserted = await call(node, 'insertDocument', { meetingID: 'none' }, { method: 'POST' })
  t.strictSame(childNames(inserted.text, 'response'), ['returncode', 'message'], 'insertDocument has no key')
})

t.test('an unknown call is a page, not an answer', async (t) => {
  const { node } = await startNode(t)
  const reply = await call(node, 'setConfigXML')
  t.equal(reply.status, 404)
  t.match(reply.headers['content-type'], /^text\/html/)
})

t.test('a document comes with create or insertDocument', async (t) => {
  const { node } = await startNode(t)
  const xml = (document: string): string => `<?xml version="1.0"?><modules><module name="presentation">${document}</module></modules>`
  const post = (body: string) => ({ method: 'POST' as const, body, headers: { 'content-type': 'application/xml' } })
  await call(node, 'create', { meetingID: 'room-1', name: 'One' }, post(xml('<document name="b.txt">aGVsbG8=</document>')))
  const inserted = await call(node, 'insertDocument', { meetingID: 'room-1' },
    post(xml('<document url="https://files.example.org/a.pdf?x=1&amp;y=2" filename="a.pdf" current="true"/>')))
  t.equal(inserted.text, '<response><returncode>SUCCESS</returncode><message>Presentation is being uploaded</message></response>')
  t.match(node.meetings.get('room-1')?.documents, [
    { name: 'b.txt', bytes: 5, isCurrent: false, isRemovable: true },
    { name: 'a.pdf', url: 'https://files.example.org/a.pdf?x=1&y=2', isCurrent: true },
  ])
  t.equal(node.requests.at(-1)?.bodySha256?.length, 64)
})

t.test('a large body is counted and hashed without being kept', async (t) => {
  const { node } = await startNode(t)
  const body = Buffer.alloc(12 * 1024 * 1024, 65)
  const reply = await call(node, 'create', { meetingID: 'room-1', name: 'One' },
    { method: 'POST', body, headers: { 'content-type': 'application/xml' } })
  t.equal(reply.field('returncode'), 'SUCCESS')
  t.equal(node.requests[0]?.bodyBytes, body.length)
})

t.test('the bare address needs no checksum', async (t) => {
  const { node } = await startNode(t)
  t.strictSame(childNames((await fetchReply(node.url)).text, 'response'),
    ['returncode', 'version', 'apiVersion', 'bbbVersion', 'html5PluginSdkVersion', 'graphqlWebsocketUrl', 'graphqlApiUrl'])
  const json = await fetchReply(node.url, { headers: { 'content-type': 'application/json' } })
  t.equal(JSON.parse(json.text).response.returncode, 'SUCCESS')
})
