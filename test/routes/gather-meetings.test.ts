import t from 'tap'
import { readMeetings } from '../../src/bbb/meetings-reader.js'
import { startSimulatedNode, type SimulatedNodeOptions } from '../../src/simulator/simulated-node.js'
import { field, signedQuery, startGateway, type CallAnswer, type TestGateway } from '../helpers/gateway.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { callsTo, eventually, healths, nodeAt, pollRound, steady } from './cluster-of-nodes.js'

const NONE = '<response><returncode>SUCCESS</returncode><meetings></meetings><messageKey>noMeetings</messageKey><message>no meetings were found on this server</message></response>'
const MIXED: ReadonlyArray<Partial<SimulatedNodeOptions>> = [{ version: '2.4' }, { version: '2.7' }, { version: '3.0' }]

/** Ids of the meetings in a list, in alphabetic order. */
function idsIn ({ body }: CallAnswer): string[] {
  return readMeetings(Buffer.from(body)).meetings.map(({ meetingID }) => meetingID).sort()
}

/** Puts meetings a-1, a-2 on the first node, b-1, b-2 on the second and so on, with people in them, and lets them be polled. */
async function fill (started: TestGateway, clock: ManualClock): Promise<void> {
  started.nodes.forEach((node, index) => {
    for (const number of [1, 2]) {
      const meetingID = `${'abcdef'[index]}-${number}`
      node.meetings.create({ meetingID, name: `Room ${meetingID} <&>`, metadata: { key: 'v' } })
      node.meetings.addUsers(meetingID, number, { customdata: { color: 'blue' } })
    }
  })
  await pollRound(clock, started)
  await clock.advance(1_001)
}

const ALL = ['a-1', 'a-2', 'b-1', 'b-2', 'c-1', 'c-2']

t.test('an empty list keeps its element', async (t) => {
  const { call } = await startGateway(t, { nodes: MIXED })
  for (const method of ['GET', 'POST'] as const) {
    const answer = await call('getMeetings', {}, { method })
    t.strictSame([answer.status, answer.headers['content-type'], answer.body], [200, 'text/xml;charset=utf-8', NONE])
  }
})

t.test('the lists of nodes of three releases become one, each meeting in its node\'s bytes', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, { nodes: MIXED, random: steady, clock })
  await fill(started, clock)
  const answer = await started.call('getMeetings', { anything: 'ignored' })
  t.strictSame(idsIn(answer), ALL)
  t.equal(field(answer.body, 'returncode'), 'SUCCESS')
  t.equal(answer.body.match(/<meetings>/g)?.length, 1)
  t.notMatch(answer.body, 'noMeetings')
  for (const node of started.nodes) {
    const own = Buffer.from(await (await fetch(`${node.url}/getMeetings?${signedQuery('getMeetings', {}, node.secret)}`)).arrayBuffer())
    for (const { start, end } of readMeetings(own).meetings) t.ok(answer.body.includes(own.toString('utf8', start, end)), `${node.version}: as the node wrote it`)
  }
})

t.test('a meeting is listed as soon as its create was answered, and not once it is gone', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: [{ endDelayMs: 0 }, { endDelayMs: 0 }], config: { cache: { maxAge: '60s' }, poll: { interval: '60m' } } })
  for (const meetingID of ['a-1', 'b-1', 'c-1']) {
    await call('create', { meetingID, name: 'A room' })
    t.ok(idsIn(await call('getMeetings')).includes(meetingID), `${meetingID} after its create`)
  }
  await call('end', { meetingID: 'b-1' })
  await eventually('the node has ended it', () => nodes.every(({ meetings }) => meetings.get('b-1') === undefined))
  t.strictSame(idsIn(await call('getMeetings')), ['a-1', 'c-1'], 'after its end')
  for (const node of nodes) node.clearRequests()
  await Promise.all([call('getMeetings'), call('getMeetings'), call('getMeetings')])
  t.strictSame(nodes.map(({ requests }) => requests.length), [0, 0], 'nothing has changed since: no node is asked')
})

for (const kind of ['500', '502', 'html', 'truncated', 'cut', 'reset', 'wrong-secret', 'api-disabled'] as const) {
  t.test(`a node with the fault ${kind}: its meetings are listed as they were last seen`, async (t) => {
    const clock = new ManualClock()
    const started = await startGateway(t, { nodes: 3, random: steady, clock })
    await fill(started, clock)
    const before = await started.call('getMeetings')
    t.strictSame(idsIn(before), ALL)
    nodeAt(started.nodes, 1).faults.add({ kind })
    nodeAt(started.nodes, 0).meetings.create({ meetingID: 'a-3', name: 'New' })
    await clock.advance(1_001)
    const answer = await started.call('getMeetings')
    t.strictSame(idsIn(answer), ['a-1', 'a-2', 'a-3', 'b-1', 'b-2', 'c-1', 'c-2'], 'the others are read afresh')
    t.ok(answer.body.includes('<participantCount>2</participantCount>'))
    t.equal(answer.body.match(/<attendee>/g)?.length, before.body.match(/<attendee>/g)?.length, 'with their people')
    t.equal(healths(started)[1], 'suspect')
  })
}

t.test('a hanging node holds the list up for a second while it is suspect, and not at all when it is down', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, { nodes: 3, random: steady, clock, config: { poll: { timeout: '1500ms' }, timeouts: { call: '1800ms', total: '2s' } } })
  await fill(started, clock)
  nodeAt(started.nodes, 1).faults.add({ kind: 'hang' })
  const timed = async (what: string, atLeastMs: number, atMostMs: number): Promise<void> => {
    await clock.advance(1_001)
    const startedAtMs = performance.now()
    t.strictSame(idsIn(await started.call('getMeetings')), ALL, what)
    const tookMs = performance.now() - startedAtMs
    t.ok(tookMs >= atLeastMs && tookMs < atMostMs, `${what}: ${tookMs} ms`)
  }
  await timed('up', 1_300, 3_000)
  t.equal(healths(started)[1], 'suspect')
  await timed('suspect', 900, 2_200)
  for (let round = 0; round < 3; round++) await pollRound(clock, started)
  t.equal(healths(started)[1], 'down')
  await timed('down', 0, 900)
})

t.test('what no XML parser takes costs nobody their place in the list', async (t) => {
  for (const kind of ['unparsable-name', 'control-character', 'thousands'] as const) {
    const clock = new ManualClock()
    const started = await startGateway(t, { nodes: MIXED, random: steady, clock })
    for (const node of started.nodes) node.faults.add({ kind })
    await fill(started, clock)
    const answer = await started.call('getMeetings')
    t.strictSame([...answer.body.matchAll(/<meetingID>([^<]*)</g)].map(([, id]) => id).sort(), ALL, kind)
    t.strictSame(healths(started), ['up', 'up', 'up'], kind)
    t.ok(answer.body.includes({ 'unparsable-name': '<bbb custom=1>', 'control-character': '\u0001', thousands: '1,000' }[kind]), `${kind}: passed on as it came`)
  }
})

t.test('of the copies of a meeting the current one is listed, once', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, { nodes: 2, random: steady, clock })
  const created = await started.call('create', { meetingID: 'a-1', name: 'Current' })
  await clock.advance(1)
  const other = nodeAt(started.nodes, 1).meetings.create({ meetingID: 'a-1', name: 'Other' })
  await pollRound(clock, started)
  await clock.advance(1_001)
  const list = await started.call('getMeetings')
  t.strictSame(idsIn(list), ['a-1'])
  t.equal(field(list.body, 'internalMeetingID'), field(created.body, 'internalMeetingID'))

  nodeAt(started.nodes, 1).meetings.addUsers('a-1', 2)
  await pollRound(clock, started)
  await clock.advance(1_001)
  t.equal(field((await started.call('getMeetings')).body, 'internalMeetingID'), other.internalMeetingID, 'the one with people takes over from an empty one')
})

t.test('meetings of a node that is down stay listed until they are lost, and come back with it', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, { nodes: 3, random: steady, clock })
  await fill(started, clock)
  nodeAt(started.nodes, 1).faults.add({ kind: 'reset' })
  for (let round = 0; round < 3; round++) await pollRound(clock, started)
  t.equal(healths(started)[1], 'down')
  nodeAt(started.nodes, 1).clearRequests()
  t.strictSame(idsIn(await started.call('getMeetings')), ALL)
  t.strictSame(callsTo(nodeAt(started.nodes, 1)), [])
  await clock.advance(600_000)
  t.strictSame(idsIn(await started.call('getMeetings')), ['a-1', 'a-2', 'c-1', 'c-2'], 'lost')
  nodeAt(started.nodes, 1).faults.clear()
  await pollRound(clock, started)
  t.strictSame(idsIn(await started.call('getMeetings')), ALL, 'back')
})

t.test('which nodes are asked depends on their state', async (t) => {
  const states = ['enabled', 'draining', 'archive', 'disabled'] as const
  const { call, nodes } = await startGateway(t, { nodes: 4, nodeConfig: states.map((state) => ({ state })), config: { cache: { maxAge: 0 } } })
  states.forEach((state, index) => nodeAt(nodes, index).meetings.create({ meetingID: state, name: state }))
  t.strictSame(idsIn(await call('getMeetings')), ['draining', 'enabled'])
  t.equal(nodeAt(nodes, 3).requests.length, 0, 'no call goes to a disabled node')
})

t.test('before any node has answered, nobody says that there are no meetings', async (t) => {
  const node = await startSimulatedNode({ secret: 'secret-of-node-1' })
  t.teardown(() => node.close())
  node.faults.add({ kind: '502' })
  const { call } = await startGateway(t, { running: [node] })
  t.equal((await call('getMeetings')).body, '<response><returncode>FAILED</returncode><messageKey>internalError</messageKey><message>Unable to access meeting on server.</message></response>')
  node.faults.clear()
  t.match((await call('getMeetings')).body, /noMeetings/)
})
