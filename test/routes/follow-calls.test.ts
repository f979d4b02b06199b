import { createHash } from 'node:crypto'
import t from 'tap'
import { request } from 'undici'
import { BBB_VERSIONS } from '../../src/simulator/versions.js'
import { sign } from '../../src/bbb/checksum.js'
import { field, SECRET, signedQuery, startGateway } from '../helpers/gateway.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { callsTo, eventually, having, nodeAt, outcome, pollRound, steady } from './cluster-of-nodes.js'

const XML = 'text/xml;charset=utf-8'
const ROOM = { meetingID: 'room-1', name: 'Room one', moderatorPW: 'mod-1', attendeePW: 'att-1' }
const DOCUMENT = '<modules><module name="presentation"><document url="https://files.example.org/a.pdf" filename="a.pdf"/></module></modules>'
const NEW = { method: 'POST', body: DOCUMENT, headers: { 'content-type': 'application/xml' } } as const

t.test('an unknown meeting is answered here, each call in its own way', async (t) => {
  const { call, nodes, logs } = await startGateway(t, { nodes: 2 })
  const rows: ReadonlyArray<readonly [name: string, params: Record<string, string>, body: string, options?: typeof NEW]> = [
    ['isMeetingRunning', { meetingID: 'nobody' }, '<response><returncode>SUCCESS</returncode><running>false</running></response>'],
    ['isMeetingRunning', { meetingID: '0' }, '<response><returncode>SUCCESS</returncode><running>false</running></response>'],
    ['getMeetingInfo', { meetingID: 'nobody' }, '<response><returncode>FAILED</returncode><messageKey>notFound</messageKey><message>A meeting with that ID does not exist</message></response>'],
    ['end', { meetingID: 'nobody' }, '<response><returncode>FAILED</returncode><messageKey>notFound</messageKey><message>A meeting with that ID does not exist</message></response>'],
    ['insertDocument', { meetingID: 'no<body>' }, '<response><returncode>FAILED</returncode><messageKey>notFound</messageKey><message>Meeting with id [no&lt;body&gt;] not found.</message></response>', NEW],
    ['sendChatMessage', { meetingID: 'nobody', message: 'Hi' }, '<response><returncode>FAILED</returncode><messageKey>meetingNotFound</messageKey><message>Meeting not found</message></response>'],
  ]
  for (const [name, params, body, options] of rows) {
    const answer = await call(name, params, options)
    t.strictSame([answer.status, answer.headers['content-type'], answer.body], [200, XML, body], name)
  }
  for (const node of nodes) t.strictSame(callsTo(node), [], 'no node is asked')
  t.strictSame(logs.filter(({ event }) => event === 'call answered').map(({ fields }) => fields['result']), ['success', 'success', 'failed', 'failed', 'failed', 'failed'])
})

t.test('every call about a meeting goes to the node that has it', async (t) => {
  for (const version of BBB_VERSIONS) {
    const { call, nodes } = await startGateway(t, { nodes: [{ version }, { version }], random: steady })
    const node = nodeAt(nodes, 0)
    const created = await call('create', ROOM)
    const ids = version === '2.4' || version === '2.5' ? ['room-1'] : ['room-1', field(created.body, 'internalMeetingID') ?? '']
    node.meetings.addUser('room-1', { fullName: 'Ada' })
    for (const meetingID of ids) {
      for (const method of ['GET', 'POST'] as const) {
        t.equal(field((await call('isMeetingRunning', { meetingID, method }, { method })).body, 'running'), 'true')
        t.equal(field((await call('getMeetingInfo', { meetingID, method }, { method })).body, 'internalMeetingID'), field(created.body, 'internalMeetingID'))
      }
      if (version !== '2.4') t.equal(field((await call('insertDocument', { meetingID }, NEW)).body, 'returncode'), 'SUCCESS', version)
      if (version === '3.0') t.equal(outcome(await call('sendChatMessage', { meetingID, message: 'Hello' })), 'SUCCESS')
    }
    if (version !== '2.4') t.equal(node.meetings.get('room-1')?.documents.length, ids.length)
    if (version === '3.0') t.equal(node.meetings.get('room-1')?.chat.length, ids.length)
    t.strictSame(callsTo(nodeAt(nodes, 1)), [], version)
    t.equal(outcome(await call('end', { meetingID: ids.at(-1) ?? '', password: 'mod-1' })), 'SUCCESS sentEndMeetingRequest', version)
    await eventually('it has ended', () => having(nodes, 'room-1').length === 0)
    t.equal(outcome(await call('getMeetingInfo', { meetingID: 'room-1' })), 'FAILED notFound', version)
    node.clearRequests()
    t.equal(outcome(await call('getMeetingInfo', { meetingID: 'room-1' })), 'FAILED notFound', version)
    t.strictSame(callsTo(node), [], 'once its node said so it is known to be gone')
  }
})

t.test('a node that does not know internal ids does not lose its meeting by them', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: [{ version: '2.5' }] })
  const created = await call('create', ROOM)
  await call('getMeetingInfo', { meetingID: field(created.body, 'internalMeetingID') ?? '' })
  await call('end', { meetingID: field(created.body, 'internalMeetingID') ?? '' })
  t.equal(outcome(await call('getMeetingInfo', { meetingID: 'room-1' })), 'SUCCESS')
  t.equal(outcome(await call('create', ROOM)), 'SUCCESS duplicateWarning')
  t.strictSame(having(nodes, 'room-1'), ['bbb-01'])
})

t.test('an id is found exactly or not at all', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 1 })
  const node = nodeAt(nodes, 0)
  const created = await call('create', ROOM)
  const internalMeetingID = field(created.body, 'internalMeetingID') ?? ''
  const hash = createHash('sha1').update('room-1').digest('hex')
  t.equal(internalMeetingID, `${hash}-${field(created.body, 'createTime')}`)
  node.meetings.addUser('room-1', { fullName: 'Ada' })
  node.clearRequests()
  const near = [
    hash, hash.slice(0, 2), hash.slice(0, 12), `${hash}-`, internalMeetingID.slice(0, -1), `${internalMeetingID}0`, internalMeetingID.toUpperCase(),
    `-${field(created.body, 'createTime')}`, 'Room-1', 'room-1 ', ' room-1', 'room-10', 'room',
  ]
  for (const meetingID of near) {
    t.equal(outcome(await call('getMeetingInfo', { meetingID })), 'FAILED notFound', meetingID)
    t.equal(field((await call('isMeetingRunning', { meetingID })).body, 'running'), 'false', meetingID)
    t.equal(outcome(await call('end', { meetingID })), 'FAILED notFound', meetingID)
    t.equal(outcome(await call('insertDocument', { meetingID }, NEW)), 'FAILED notFound', meetingID)
    t.equal(outcome(await call('sendChatMessage', { meetingID, message: 'Hi' })), 'FAILED meetingNotFound', meetingID)
    t.equal(outcome(await call('join', { meetingID, fullName: 'Eve', role: 'MODERATOR' })), 'FAILED invalidMeetingIdentifier', meetingID)
  }
  t.strictSame(callsTo(node), [], 'none of it reached the node')
  t.strictSame(having(nodes, 'room-1'), ['bbb-01'])
})

t.test('answers pass with the node\'s bytes, without its cookies', async (t) => {
  for (const version of BBB_VERSIONS) {
    const clock = new ManualClock()
    const { call, nodes, origin } = await startGateway(t, { nodes: [{ version }], config: { cache: { maxAge: 0 } }, clock })
    const node = nodeAt(nodes, 0)
    await call('create', { ...ROOM, name: 'Räume <&> "mehr"', meta_Key: 'a&b', 'meta_other-key': 'ü' })
    node.meetings.addUser('room-1', { fullName: 'Ada ❤ <b>', customdata: { key: 'v&w' } })
    // A node knows the start of a meeting a moment after its creation.
    await clock.advance(10)
    for (const name of ['getMeetingInfo', 'isMeetingRunning']) {
      const own = await fetch(`${node.url}/${name}?${signedQuery(name, { meetingID: 'room-1' }, node.secret)}`)
      const expected = Buffer.from(await own.arrayBuffer())
      const answer = await request(`${origin}/bigbluebutton/api/${name}?${signedQuery(name, { meetingID: 'room-1' })}`, { headers: { accept: 'application/json', 'accept-encoding': 'UTF-8' } })
      t.strictSame(Buffer.from(await answer.body.arrayBuffer()), expected, `${version} ${name}`)
      t.equal(answer.headers['content-type'], XML)
      t.equal(answer.headers['set-cookie'], undefined)
    }
    const received = node.requests.filter(({ headers }) => headers['x-request-id'] !== undefined).at(-1)
    t.equal(received?.headers.accept, '*/*', 'nodes are never asked for JSON failures')
    t.equal(received?.headers['accept-encoding'], undefined)
    t.equal(received?.headers.cookie, undefined)
    t.equal(outcome(await call('getMeetingInfo', { meetingID: 'room-1' }, { headers: { accept: 'application/json', cookie: 'a=b' } })), 'SUCCESS')
  }
})

t.test('a query keeps its bytes on the way to the node', async (t) => {
  const { call, nodes, origin } = await startGateway(t, { nodes: 1 })
  await call('create', ROOM)
  const text = 'meeting%49D=room%2D1&password=&x=%zz&a=1&a=2&flag&sp=a+b%20c'
  const answer = await fetch(`${origin}/bigbluebutton/api/getMeetingInfo?${text}&checksum=${sign('getMeetingInfo', text, SECRET, 'sha384')}`)
  t.match(await answer.text(), '<meetingID>room-1</meetingID>')
  const received = nodeAt(nodes, 0).requests.find(({ call }) => call === 'getMeetingInfo')
  t.equal(received?.query, `${text}&checksum=${sign('getMeetingInfo', text, nodeAt(nodes, 0).secret, 'sha256')}`)
})

t.test('an end goes to every copy, by whatever id', async (t) => {
  for (const by of ['external', 'internal', 'internal of the other'] as const) {
    const clock = new ManualClock()
    const started = await startGateway(t, { nodes: 3, random: steady, clock })
    const { call, nodes, gateway } = started
    const created = await call('create', ROOM)
    await clock.advance(1)
    const other = nodeAt(nodes, 2).meetings.create(ROOM)
    nodeAt(nodes, 2).meetings.addUser('room-1', { fullName: 'Ada' })
    await pollRound(clock, started)
    t.equal(gateway.cluster.directory.copiesOf('room-1').length, 2)
    const meetingID = by === 'external' ? 'room-1' : by === 'internal' ? field(created.body, 'internalMeetingID') ?? '' : other.internalMeetingID
    for (const node of nodes) node.clearRequests()
    t.equal(outcome(await call('end', { meetingID })), 'SUCCESS sentEndMeetingRequest', by)
    t.strictSame(nodes.map(callsTo), [['end'], [], ['end']], by)
    await clock.advance(200)
    t.strictSame(having(nodes, 'room-1'), [], by)
  }
})

t.test('an end whose one copy is unreachable succeeds by the other', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, { nodes: 2, random: steady, clock })
  const { call, nodes } = started
  await call('create', ROOM)
  await clock.advance(1)
  nodeAt(nodes, 1).meetings.create(ROOM)
  await pollRound(clock, started)
  nodeAt(nodes, 0).faults.add({ kind: '502' })
  t.equal(outcome(await call('end', { meetingID: 'room-1' })), 'SUCCESS sentEndMeetingRequest')
  await clock.advance(200)
  t.strictSame(having(nodes, 'room-1'), ['bbb-01'])
})
