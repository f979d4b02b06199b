import t from 'tap'
import { sign } from '../../src/bbb/checksum.js'
import { BBB_VERSIONS } from '../../src/simulator/versions.js'
import { field, SECRET, startGateway, type CallAnswer } from '../helpers/gateway.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { callsTo, having, nodeAt, outcome, pollRound, steady } from './cluster-of-nodes.js'

/** Follows a redirect as a browser does, one step. */
async function follow (answer: CallAnswer): Promise<{ status: number, location: string, body: string }> {
  const response = await fetch(String(answer.headers['location']), { redirect: 'manual' })
  return { status: response.status, location: response.headers.get('location') ?? '', body: await response.text() }
}

t.test('a join is a redirect that the node takes, whatever the release', async (t) => {
  for (const version of BBB_VERSIONS) {
    const { call, nodes } = await startGateway(t, { nodes: [{ version }, { version }], random: steady })
    const created = await call('create', { meetingID: 'room-1', name: 'Room one', attendeePW: 'att-1', moderatorPW: 'mod-1' })
    const node = nodeAt(nodes, 0)
    const forms = [
      [{ role: 'MODERATOR' }, 'MODERATOR'],
      [{ role: 'moderator', password: '' }, 'MODERATOR'],
      [{ role: 'Viewer' }, 'VIEWER'],
      [{ password: 'mod-1' }, 'MODERATOR'],
      [{ password: 'att-1' }, 'VIEWER'],
      [{ password: 'att-1', role: 'MODERATOR' }, 'MODERATOR'],
      [{ password: 'att-1', createTime: field(created.body, 'createTime') ?? '' }, 'VIEWER'],
    ] as const
    for (const [params, role] of forms) {
      const userID = JSON.stringify(params)
      node.clearRequests()
      const answer = await call('join', { meetingID: 'room-1', fullName: 'Ada & Bob', userID, ...params })
      t.equal(answer.status, 302, `${version} ${userID}`)
      t.equal(answer.body, '')
      t.equal(answer.headers['cache-control'], 'no-cache')
      t.equal(answer.headers['set-cookie'], undefined)
      t.strictSame(callsTo(node), [], 'no node is asked')
      const arrived = await follow(answer)
      t.equal(arrived.status, 302)
      t.match(arrived.location, /\/html5client\/.*sessionToken=/)
      const user = [...(node.meetings.get('room-1')?.users.values() ?? [])].find((each) => each.userID === userID)
      t.match(user, { fullName: 'Ada & Bob', role })
    }
  }
})

t.test('a join keeps every byte of its parameters, and only its checksum changes', async (t) => {
  const { origin, nodes, call } = await startGateway(t, { nodes: 1 })
  await call('create', { meetingID: 'Raum 1/2 & mehr', name: 'Room' })
  const node = nodeAt(nodes, 0)
  const text = 'fullName=Ada%20L+M%c3%bc~*!()&meetingID=Raum%201%2f2+%26+mehr&role=VIEWER&userdata-bbb_skip=true&x=50%&a=1&a=2&empty=&flag&userID=u%2B7'
  const queries = [
    `${text}&checksum=${sign('join', text, SECRET, 'sha1')}`,
    `checksum=${sign('join', text, SECRET, 'sha512')}&${text}`,
    text.replace('&x=', `&checksum=${sign('join', text, SECRET, 'sha256')}&x=`),
  ]
  for (const query of queries) {
    const response = await fetch(`${origin}/bigbluebutton/api/join?${query}`, { redirect: 'manual' })
    t.equal(response.status, 302)
    t.equal(response.headers.get('location'), `${node.url}/join?${text}&checksum=${sign('join', text, node.secret, 'sha256')}`)
    t.equal((await fetch(response.headers.get('location') ?? '', { redirect: 'manual' })).status, 302)
  }
  const users = [...(node.meetings.get('Raum 1/2 & mehr')?.users.values() ?? [])]
  t.equal(users.length, 3)
  t.match(users[0], { fullName: 'Ada L Mü~*!()', userID: 'u+7', customdata: { bbb_skip: 'true' } })
})

t.test('a node gets the checksum it was configured for', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: [{ checksumAlgorithms: ['sha512'] }], nodeConfig: [{ checksum: 'sha512' }] })
  await call('create', { meetingID: 'room-1', name: 'Room one' })
  const answer = await call('join', { meetingID: 'room-1', fullName: 'Ada', role: 'VIEWER' })
  t.match(answer.headers['location'], /&checksum=[0-9a-f]{128}$/)
  t.match((await follow(answer)).location, /sessionToken=/)
  t.equal(nodeAt(nodes, 0).meetings.get('room-1')?.users.size, 1)
})

t.test('createTime and internal ids choose among copies', async (t) => {
  const clock = new ManualClock()
  const nodes = [{}, {}]
  const started = await startGateway(t, { nodes, random: steady, clock })
  const [one, two] = [nodeAt(started.nodes, 0), nodeAt(started.nodes, 1)]
  const first = await started.call('create', { meetingID: 'room-1', name: 'Room one' })
  await clock.advance(1)
  const other = two.meetings.create({ meetingID: 'room-1', name: 'Room one' })
  await pollRound(clock, started)
  t.equal(started.gateway.cluster.directory.copiesOf('room-1').length, 2)

  const target = async (params: object): Promise<unknown> =>
    String((await started.call('join', { meetingID: 'room-1', fullName: 'Ada', role: 'VIEWER', ...params })).headers['location']).split('?')[0]
  t.equal(await target({}), `${one.url}/join`, 'the current copy')
  t.equal(await target({ createTime: field(first.body, 'createTime') }), `${one.url}/join`)
  t.equal(await target({ createTime: other.createdAtMs }), `${two.url}/join`)
  t.equal(await target({ createTime: 1 }), `${one.url}/join`, 'the node itself refuses any other')
  t.equal(await target({ meetingID: other.internalMeetingID }), `${two.url}/join`)
  t.equal(await target({ meetingID: field(first.body, 'internalMeetingID') }), `${one.url}/join`)
  const mismatch = await started.call('join', { meetingID: 'room-1', fullName: 'Ada', role: 'VIEWER', createTime: 1, redirect: 'false' })
  t.equal(outcome(mismatch), 'FAILED mismatchCreateTimeParam')
})

t.test('redirect=false is answered with the node\'s XML and without its cookie', async (t) => {
  for (const version of BBB_VERSIONS) {
    const { call, nodes } = await startGateway(t, { nodes: [{ version }] })
    const created = await call('create', { meetingID: 'room-1', name: 'Room one' })
    const answer = await call('join', { meetingID: 'room-1', fullName: 'Ada', role: 'VIEWER', redirect: 'false' })
    t.equal(answer.status, 200, version)
    t.equal(answer.headers['content-type'], 'text/xml;charset=utf-8')
    t.equal(answer.headers['set-cookie'], undefined)
    t.equal(outcome(answer), 'SUCCESS successfullyJoined')
    t.equal(field(answer.body, 'meeting_id'), field(created.body, 'internalMeetingID'))
    const [user] = nodeAt(nodes, 0).meetings.get('room-1')?.users.values() ?? []
    t.ok(user?.sessionToken)
    t.equal(field(answer.body, 'session_token'), user?.sessionToken)
    for (const [params, key] of [
      [{ fullName: '' }, 'missingParamFullName'],
      [{ fullName: 'Ada', createTime: 'x' }, 'validationError'],
      [{ fullName: 'Ada', createTime: 1 }, 'mismatchCreateTimeParam'],
    ] as const) {
      const refused = await call('join', { meetingID: 'room-1', role: 'VIEWER', redirect: 'false', errorRedirectUrl: 'https://portal.example.org/', ...params })
      t.equal(refused.status, 200, `${version} ${key}`)
      t.equal(refused.headers['location'], undefined)
      t.equal(outcome(refused), `FAILED ${key}`, version)
    }
  }
})

t.test('redirect=false and a node with a fault', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 1, config: { timeouts: { call: '500ms' } } })
  await call('create', { meetingID: 'room-1', name: 'Room one' })
  for (const kind of ['reset', '500', '503', 'html', 'truncated', 'cut', 'hang', 'wrong-secret', 'api-disabled'] as const) {
    nodeAt(nodes, 0).faults.add({ kind, call: 'join' })
    const answer = await call('join', { meetingID: 'room-1', fullName: 'Ada', role: 'VIEWER', redirect: 'false', logoutURL: 'https://portal.example.org/' })
    t.equal(answer.status, 200, kind)
    t.equal(answer.body, '<response><returncode>FAILED</returncode><messageKey>internalError</messageKey><message>Unable to access meeting on server.</message></response>', kind)
    nodeAt(nodes, 0).faults.clear()
  }
})

t.test('a node before 2.7 with another secret sends join callers to an error page: that is not shown as the client\'s fault', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: [{ version: '2.6' }] })
  await call('create', { meetingID: 'room-1', name: 'Room one' })
  const node = nodeAt(nodes, 0)
  const elsewhere = await startGateway(t, { running: [{ ...node, url: node.url, secret: 'changed-meanwhile' }], config: { poll: { interval: '60m' } } })
  // The second gateway knows the meeting, and not the node's secret.
  elsewhere.gateway.cluster.created({ meetingID: 'room-1', internalMeetingID: node.meetings.get('room-1')?.internalMeetingID ?? '', nodeId: 'bbb-01', createdAtMs: 1, voiceBridge: '' })
  const answer = await elsewhere.call('join', { meetingID: 'room-1', fullName: 'Ada', role: 'VIEWER', redirect: 'false' })
  t.equal(answer.status, 200)
  t.equal(outcome(answer), 'FAILED internalError')
})

t.test('a suspect node is joined as before, a node that is down is not', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, { nodes: 2, random: steady, clock })
  const { call, nodes } = started
  await call('create', { meetingID: 'room-1', name: 'Room one' })
  t.strictSame(having(nodes, 'room-1'), ['bbb-01'])
  nodeAt(nodes, 0).faults.add({ kind: 'reset' })
  const join = (params = {}): Promise<CallAnswer> => call('join', { meetingID: 'room-1', fullName: 'Ada', role: 'VIEWER', ...params })
  await pollRound(clock, started)
  t.match((await join()).headers['location'], `${nodeAt(nodes, 0).url}/join?`)
  await pollRound(clock, started)
  await pollRound(clock, started)
  const refused = await join()
  t.equal(refused.status, 200)
  t.equal(refused.body, '<response><returncode>FAILED</returncode><messageKey>internalError</messageKey><message>Unable to access meeting on server.</message></response>')
  t.match((await join({ errorRedirectUrl: 'https://portal.example.org/' })).headers['location'], /^https:\/\/portal\.example\.org\/\?errors=/)

  nodeAt(nodes, 0).faults.clear()
  await pollRound(clock, started)
  t.match((await join()).headers['location'], `${nodeAt(nodes, 0).url}/join?`, 'as soon as the node answers again')
})

t.test('people who are on their way count at once', async (t) => {
  const { call, gateway } = await startGateway(t, { nodes: 1, config: { poll: { interval: '60m' } } })
  await call('create', { meetingID: 'room-1', name: 'Room one' })
  for (const userID of ['a', 'b', 'c']) await call('join', { meetingID: 'room-1', fullName: userID, role: 'VIEWER', userID })
  const node = gateway.cluster.members.get('bbb-01')?.node
  t.equal(node === undefined ? undefined : gateway.cluster.participantsOn(node), 3)
})
