import t from 'tap'
import { field, startGateway, type TestGateway } from '../helpers/gateway.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { callsTo, having, healths, nodeAt, outcome, pollRound, steady } from './cluster-of-nodes.js'

const NOT_CREATED = '<response><returncode>FAILED</returncode><messageKey>internalError</messageKey><message>Unable to create meeting on server.</message></response>'
const NO_SERVERS = '<response><returncode>FAILED</returncode><messageKey>internalError</messageKey><message>Could not find any available servers.</message></response>'
const ROOM = { meetingID: 'room-1', name: 'Room one' }

function setState ({ gateway }: TestGateway, id: string, state: 'enabled' | 'draining' | 'archive' | 'disabled'): void {
  const member = gateway.cluster.members.get(id)
  if (member === undefined) throw new Error(`no node ${id}`)
  gateway.cluster.setState(member, state, 'a test')
}

t.test('a create of a known id on a node that gets no new meetings goes there as long as the meeting lives', async (t) => {
  for (const state of ['draining', 'archive', 'disabled', 'full'] as const) {
    const started = await startGateway(t, {
      nodes: 2, random: steady, nodeConfig: [state === 'full' ? { limits: { meetings: 1 } } : {}],
    })
    const { call, nodes } = started
    const [first, second] = [nodeAt(nodes, 0), nodeAt(nodes, 1)]
    const created = await call('create', ROOM)
    t.strictSame(having(nodes, 'room-1'), ['bbb-01'], state)
    if (state !== 'full') setState(started, 'bbb-01', state)

    const again = await call('create', ROOM)
    t.equal(outcome(again), 'SUCCESS duplicateWarning', state)
    t.equal(field(again.body, 'createTime'), field(created.body, 'createTime'), state)
    t.strictSame(having(nodes, 'room-1'), ['bbb-01'], state)
    first.clearRequests()
    const joined = await call('join', { meetingID: 'room-1', fullName: 'Ada', role: 'VIEWER' })
    t.ok(String(joined.headers['location']).startsWith(`${first.url}/join?`), `${state}: and who is late gets in`)
    t.strictSame(callsTo(first), [], `${state}: without a call of the gateway's`)

    first.meetings.end('room-1')
    const anew = await call('create', ROOM)
    t.equal(outcome(anew), 'SUCCESS', `${state}: placed anew`)
    // A node that is full may take it again: it has just become free.
    t.strictSame(having(nodes, 'room-1'), state === 'full' ? ['bbb-01'] : ['bbb-02'], state)

    first.clearRequests()
    t.equal(outcome(await call('create', { ...ROOM, meetingID: 'room-2' })), 'SUCCESS')
    t.strictSame(having(nodes, 'room-2'), [second.name], `${state}: new meetings go elsewhere`)
    t.strictSame(callsTo(first), [], `${state}: without asking the node`)
  }
})

t.test('a create of a known id on a draining node that cannot be asked fails', async (t) => {
  const started = await startGateway(t, { nodes: 2, random: steady })
  const { call, nodes } = started
  await call('create', ROOM)
  setState(started, 'bbb-01', 'draining')
  nodeAt(nodes, 0).faults.add({ kind: '502' })
  t.equal((await call('create', ROOM)).body, NOT_CREATED)
  t.strictSame(having(nodes, 'room-1'), ['bbb-01'])
})

t.test('a create of a known id on a disabled node that cannot be asked opens it elsewhere', async (t) => {
  const started = await startGateway(t, { nodes: 2, random: steady })
  const { call, nodes } = started
  await call('create', ROOM)
  setState(started, 'bbb-01', 'disabled')
  nodeAt(nodes, 0).faults.add({ kind: '502' })
  t.equal(outcome(await call('create', ROOM)), 'SUCCESS')
  t.strictSame(having(nodes, 'room-1'), ['bbb-01', 'bbb-02'])
})

t.test('a create of a known id on a node that is down opens it on another', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, { nodes: 3, random: steady, clock })
  const { call, nodes, logs } = started
  const created = await call('create', ROOM)
  const internalMeetingID = field(created.body, 'internalMeetingID')
  nodeAt(nodes, 0).faults.add({ kind: 'reset' })
  for (const health of ['suspect', 'suspect', 'down']) {
    t.equal((await call('create', ROOM)).body, NOT_CREATED, 'not yet')
    await pollRound(clock, started)
    t.equal(healths(started)[0], health)
  }

  const moved = await call('create', ROOM)
  t.equal(outcome(moved), 'SUCCESS')
  t.strictSame(having(nodes.slice(1), 'room-1'), ['bbb-02'])
  t.not(field(moved.body, 'createTime'), field(created.body, 'createTime'))
  t.match(logs.find(({ event }) => event === 'meeting moved to another node')?.fields, { from: 'bbb-01', to: 'bbb-02', internalMeetingID })
  const again = await call('create', ROOM)
  t.equal(outcome(again), 'SUCCESS duplicateWarning')
  t.equal(field(again.body, 'createTime'), field(moved.body, 'createTime'), 'and stays there')
  t.match((await call('join', { meetingID: 'room-1', fullName: 'Ada', role: 'VIEWER' })).headers['location'], `${nodeAt(nodes, 1).url}/join?`)
  t.equal(logs.filter(({ event }) => event === 'meeting moved to another node').length, 1)
})

t.test('many creates at once of an id on a node that is down open it on one other', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, { nodes: 4, random: steady, clock })
  const { call, nodes } = started
  await call('create', ROOM)
  nodeAt(nodes, 0).faults.add({ kind: 'reset' })
  for (let round = 0; round < 3; round++) await pollRound(clock, started)
  const answers = await Promise.all(Array.from({ length: 20 }, () => call('create', ROOM)))
  t.equal(new Set(answers.map(({ body }) => field(body, 'createTime'))).size, 1)
  t.equal(having(nodes.slice(1), 'room-1').length, 1)
})

t.test('while most nodes fail at once, a create of an id on one of them is refused, until the hold is over', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, { nodes: 3, random: steady, clock })
  const { call, nodes } = started
  await call('create', ROOM)
  await call('create', { ...ROOM, meetingID: 'room-2' })
  await call('create', { ...ROOM, meetingID: 'room-3' })
  t.strictSame([having(nodes, 'room-1'), having(nodes, 'room-2'), having(nodes, 'room-3')], [['bbb-01'], ['bbb-02'], ['bbb-03']])
  const fail = (): void => { for (const node of nodes.slice(0, 2)) node.faults.add({ kind: 'reset' }) }
  const isolate = async (): Promise<void> => {
    fail()
    for (let round = 0; round < 3; round++) await pollRound(clock, started)
    t.strictSame(healths(started), ['down', 'down', 'up'])
    t.equal(started.gateway.cluster.isolation.isIsolated, true)
  }
  await isolate()
  t.equal((await call('create', ROOM)).body, NOT_CREATED)
  t.equal(outcome(await call('create', { ...ROOM, meetingID: 'room-3' })), 'SUCCESS duplicateWarning', 'ids elsewhere are not concerned')
  t.equal(outcome(await call('create', { ...ROOM, meetingID: 'room-4' })), 'SUCCESS', 'nor are new ones')
  t.strictSame(having(nodes, 'room-1'), ['bbb-01'])

  await clock.advance(120_000)
  t.equal(outcome(await call('create', ROOM)), 'SUCCESS', 'after the hold it moves')
  t.strictSame(having(nodes, 'room-1'), ['bbb-01', 'bbb-03'])

  t.equal((await call('create', { ...ROOM, meetingID: 'room-2' })).body.includes('SUCCESS'), true)
})

t.test('an operator ends the hold at once', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, { nodes: 3, random: steady, clock })
  await started.call('create', ROOM)
  for (const node of started.nodes.slice(0, 2)) node.faults.add({ kind: 'reset' })
  for (let round = 0; round < 3; round++) await pollRound(clock, started)
  t.equal((await started.call('create', ROOM)).body, NOT_CREATED)
  started.gateway.cluster.isolation.endHold()
  t.equal(outcome(await started.call('create', ROOM)), 'SUCCESS')
  t.strictSame(having(started.nodes, 'room-1'), ['bbb-01', 'bbb-03'])
})

t.test('with every node down or out of use there is no server', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, { nodes: 2, random: steady, clock })
  for (const node of started.nodes) node.faults.add({ kind: 'reset' })
  for (let round = 0; round < 3; round++) await pollRound(clock, started)
  t.strictSame(healths(started), ['down', 'down'])
  t.equal((await started.call('create', ROOM)).body, NO_SERVERS)
  const idle = await startGateway(t, { nodes: 3, nodeConfig: [{ state: 'draining' }, { state: 'archive' }, { state: 'disabled' }] })
  t.equal((await idle.call('create', ROOM)).body, NO_SERVERS)
  const full = await startGateway(t, { nodes: 1, nodeConfig: [{ limits: { meetings: 1 } }] })
  t.equal(outcome(await full.call('create', ROOM)), 'SUCCESS')
  t.equal((await full.call('create', { ...ROOM, meetingID: 'room-2' })).body, NO_SERVERS)
})
