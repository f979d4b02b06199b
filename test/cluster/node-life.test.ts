import t from 'tap'
import type { StateOverride } from '../../src/cluster/node.js'
import { Node } from '../../src/cluster/node.js'
import { MANUAL_CLOCK_START_MS as START } from '../helpers/manual-clock.js'
import { createCluster } from './start-cluster.js'
import { internalID, wish } from './meetings.js'
import { eventually } from './servers.js'

t.test('meetings outlive failed polls, and are lost only after a long time down', async (t) => {
  const { cluster, clock, nodes, logs, member, nextPolls } = await createCluster(t, { settings: { lostAfter: 20_000 } })
  nodes[0]?.meetings.create({ meetingID: 'room', name: 'Room' })
  cluster.start()
  await cluster.firstRound
  nodes[0]?.faults.add({ kind: '502' })
  const { node } = member('n1')
  for (const health of ['suspect', 'suspect', 'down'] as const) {
    await nextPolls()
    t.equal(node.health, health)
    t.equal(cluster.resolve('room')?.nodeId, 'n1')
  }
  const downAtMs = clock.nowMs()
  t.equal(node.silentSinceMs, downAtMs)
  await nextPolls()
  await nextPolls()
  await nextPolls()
  t.equal(node.silentSinceMs, downAtMs, 'it has been down since the third')
  await clock.advance(4_999)
  t.equal(cluster.resolve('room')?.nodeId, 'n1', 'not quite lost')
  await clock.advance(1)
  t.equal(cluster.resolve('room'), undefined, 'lost')
  t.equal(cluster.resolve(nodes[0]?.meetings.get('room')?.internalMeetingID ?? ''), undefined, 'by its internal id as well')
  t.equal(cluster.directory.copiesOf('room').length, 1, 'but remembered')

  nodes[0]?.faults.clear()
  await nextPolls()
  t.equal(node.health, 'suspect')
  t.equal(cluster.resolve('room')?.nodeId, 'n1', 'it comes back with its node')
  await nextPolls()
  t.equal(node.health, 'up')
  const changes = logs.filter(({ event, fields }) => event === 'node health changed' && fields['node'] === 'n1')
  t.strictSame(changes.map(({ level, fields }) => [level, fields['from'], fields['to']]), [
    ['info', 'suspect', 'up'], ['warn', 'up', 'suspect'], ['warn', 'suspect', 'down'], ['warn', 'down', 'suspect'], ['info', 'suspect', 'up'],
  ])
})

t.test('a meeting on a lost node gives way to its copy elsewhere', async (t) => {
  const { cluster, nodes, nextPolls } = await createCluster(t, { settings: { lostAfter: 0 } })
  nodes[0]?.meetings.create({ meetingID: 'room', name: 'Room' })
  nodes[0]?.meetings.addUsers('room', 3)
  nodes[1]?.meetings.create({ meetingID: 'room', name: 'Room' })
  cluster.start()
  await cluster.firstRound
  t.equal(cluster.resolve('room')?.nodeId, 'n1')
  nodes[0]?.faults.add({ kind: '502' })
  for (let i = 0; i < 3; i++) await nextPolls()
  t.equal(cluster.resolve('room')?.nodeId, 'n2')
})

t.test('the meetings of a node that was disabled are lost after a while, and come back with it', async (t) => {
  const { cluster, clock, nodes, member } = await createCluster(t, { nodes: 1, settings: { lostAfter: 60_000 } })
  nodes[0]?.meetings.create({ meetingID: 'room', name: 'Room' })
  cluster.start()
  await cluster.firstRound
  cluster.setState(member('n1'), 'disabled', 'ada')
  await clock.advance(59_999)
  t.equal(cluster.resolve('room')?.nodeId, 'n1')
  await clock.advance(1)
  t.equal(cluster.resolve('room'), undefined)
  cluster.setState(member('n1'), 'enabled', 'ada')
  await eventually(() => cluster.resolve('room')?.nodeId === 'n1', 'the meeting is back')
})

t.test('most nodes failing at once is isolation, also seen through polls', async (t) => {
  const { cluster, clock, nodes, logs, nextPolls } = await createCluster(t, { nodes: 3 })
  cluster.start()
  await cluster.firstRound
  for (const node of nodes.slice(0, 2)) node.faults.add({ kind: '502' })
  await nextPolls()
  t.equal(cluster.isolation.isIsolated, true)
  t.equal(cluster.isolation.holds(clock.nowMs()), true)
  nodes[0]?.faults.clear()
  await nextPolls()
  t.equal(cluster.isolation.isIsolated, false)
  t.strictSame(logs.filter(({ event }) => event === 'isolation changed').map(({ fields }) => fields), [{ isolated: true }, { isolated: false }])
})

t.test('nodes that never answered are no isolation', async (t) => {
  const { cluster, nodes, nextPolls } = await createCluster(t, { nodes: 3 })
  for (const node of nodes) node.faults.add({ kind: '502' })
  cluster.start()
  await cluster.firstRound
  await nextPolls()
  t.equal(cluster.isolation.isIsolated, false)
})

t.test('a failed call makes a node suspect until its next good poll', async (t) => {
  const { cluster, member, nextPolls } = await createCluster(t)
  cluster.start()
  await cluster.firstRound
  for (let i = 0; i < 10; i++) cluster.callFailed(member('n1'), 'reset: other side closed')
  t.equal(member('n1').node.health, 'suspect')
  await nextPolls()
  t.equal(member('n1').node.health, 'up')
})

t.test('how far a node\'s clock is ahead is taken from its answers, from two seconds on', async (t) => {
  for (const [nodesAheadMs, counted] of [[600_000, 600_000], [-3_000, -3_000], [1_000, 0], [0, 0]] as const) {
    const { cluster, member } = await createCluster(t, { nodesAheadMs })
    cluster.start()
    await cluster.firstRound
    t.equal(member('n1').node.clockAheadMs, counted, `${nodesAheadMs} ms ahead`)
  }
})

t.test('an operator disables a node and enables it again', async (t) => {
  const { cluster, clock, nodes, logs, changed, member, nextPolls } = await createCluster(t)
  cluster.start()
  await cluster.firstRound
  const before = changed()
  cluster.setState(member('n1'), 'disabled', 'ada')
  t.ok(changed() > before, 'the change is to be kept')
  t.strictSame(member('n1').node.override, { nodeId: 'n1', state: 'disabled', overrides: 'enabled', by: 'ada', atMs: START })
  t.strictSame(logs.at(-1), { level: 'warn', event: 'node state changed by an operator', fields: { node: 'n1', from: 'enabled', to: 'disabled', by: 'ada' } })
  const polls = nodes[0]?.requests.length
  await nextPolls()
  t.equal(nodes[0]?.requests.length, polls, 'a disabled node is not polled')
  t.strictSame(cluster.carriers().map(({ node }) => node.id), ['n2'])
  t.strictSame(cluster.archives().map(({ node }) => node.id), ['n2'])

  cluster.setState(member('n1'), 'enabled', 'ada')
  t.equal(member('n1').node.override, undefined, 'what the file says needs no override')
  t.equal(member('n1').node.health, 'suspect', 'nobody knows what it has been doing since')
  await eventually(() => member('n1').node.lastPoll?.startedAtMs === clock.nowMs(), 'it is polled at once')
  t.equal(member('n1').node.health, 'up')
})

t.test('every state lets a node do what it says', async (t) => {
  const states = ['enabled', 'draining', 'archive', 'disabled'] as const
  const { cluster } = await createCluster(t, { nodes: 4, nodeSettings: states.map((state) => ({ id: state, state })) })
  t.strictSame(cluster.carriers().map(({ node }) => node.id), ['enabled', 'draining'])
  t.strictSame(cluster.archives().map(({ node }) => node.id), ['enabled', 'draining', 'archive'])
  t.equal(cluster.place(wish(), new Set())?.member.node.id, 'enabled')
  t.equal(cluster.place(wish(), new Set(['enabled'])), undefined)
})

t.test('an override holds until the file changes its mind', async (t) => {
  const node = (state: 'enabled' | 'draining' | 'disabled'): Node => new Node({
    id: 'n1', url: 'http://127.0.0.1:1', secrets: ['s'], weight: 1, tags: [], state, checksum: 'sha256', limits: { meetings: 0, participants: 0 },
  }, { downAfter: 3, upAfter: 2 })
  const override: StateOverride = { nodeId: 'n1', state: 'draining', overrides: 'enabled', by: 'ada', atMs: 1 }
  const table: Array<['enabled' | 'draining' | 'disabled', string, boolean]> = [['enabled', 'draining', true], ['disabled', 'disabled', false], ['draining', 'draining', false]]
  for (const [inFile, state, holds] of table) {
    const restored = node(inFile)
    restored.setOverride(override)
    t.equal(restored.state, state, `the file says ${inFile}`)
    t.equal(restored.override !== undefined, holds, `the file says ${inFile}`)
  }
  const changed = node('enabled')
  changed.setOverride(override)
  changed.setOverride(undefined)
  t.equal(changed.state, 'enabled')
})

t.test('what the state file remembers stands in until the polls have spoken', async (t) => {
  const { cluster, nodes, member, nextPolls } = await createCluster(t, { nodes: 3 })
  const saved = (meetingID: string, nodeId: string, current: boolean, createdAtMs: number): Parameters<typeof cluster.restore>[1] extends Iterable<infer Saved> ? Saved : never =>
    ({ meetingID, internalMeetingID: internalID(meetingID, createdAtMs), nodeId, createdAtMs, voiceBridge: '1', current })
  cluster.restore([
    { nodeId: 'n3', state: 'draining', overrides: 'enabled', by: 'ada', atMs: 1 },
    { nodeId: 'n2', state: 'draining', overrides: 'disabled', by: 'ada', atMs: 1 },
    { nodeId: 'gone', state: 'draining', overrides: 'enabled', by: 'ada', atMs: 1 },
  ], [
    saved('room', 'n1', false, 1_000),
    saved('room', 'n2', true, 2_000),
    saved('elsewhere', 'gone', true, 3_000),
  ])
  t.equal(member('n3').node.state, 'draining')
  t.equal(member('n2').node.state, 'enabled')
  t.strictSame(cluster.directory.copiesOf('room').map(({ nodeId }) => nodeId), ['n2', 'n1'])
  t.equal(cluster.resolve('elsewhere'), undefined, 'a node that is no longer configured')

  nodes[1]?.faults.add({ kind: '502' })
  cluster.start()
  await cluster.firstRound
  t.equal(cluster.resolve('room')?.nodeId, 'n2', 'its node says nothing')
  await nextPolls()
  t.strictSame(cluster.directory.copiesOf('room').map(({ nodeId }) => nodeId), ['n2'], 'two polls of n1 do not list it')
  nodes[1]?.faults.clear()
  await nextPolls()
  t.equal(cluster.resolve('room')?.nodeId, 'n2')
  await nextPolls()
  t.equal(cluster.resolve('room'), undefined)
})

t.test('a poll that ends after a later one does not stand for the node', async (t) => {
  const { cluster, clock, nodes, member } = await createCluster(t, { nodes: 1 })
  const { node, poller } = member('n1')
  nodes[0]?.meetings.create({ meetingID: 'room', name: 'Room' })
  cluster.start()
  await poller.poll()
  nodes[0]?.clearRequests()
  nodes[0]?.faults.add({ kind: 'slow', delayMs: 2_000, times: 1 })
  nodes[0]?.faults.add({ kind: '502', times: 1 })
  const early = poller.poll()
  await eventually(() => nodes[0]?.requests.length === 1, 'the early poll has arrived')
  await clock.advance(1_000)
  node.changes++
  await poller.poll()
  t.match(node.lastPoll, { startedAtMs: START + 1_000, error: '' })
  await clock.advance(1_000)
  t.equal((await early).error, 'HTTP status 502')
  t.match(node.lastPoll, { startedAtMs: START + 1_000, error: '' })
  t.match(cluster.lastSeen.of('n1', 'getMeetings')?.toString(), '<meetingID>room</meetingID>')
})
