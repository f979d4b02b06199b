import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Discovery } from '../../src/cluster/discovery.js'
import { readNodeList, secretsOf, settingsOf, type NodeTemplate } from '../../src/cluster/node-list.js'
import type { NodeSettings } from '../../src/cluster/node.js'
import { startSimulatedNode, type SimulatedNode } from '../../src/simulator/simulated-node.js'
import { startGateway } from '../helpers/gateway.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { clientOf, countingRounds, hang, startFakePrometheus, vector, type FakePrometheus } from './fake-prometheus.js'
import { internalID, wish } from './meetings.js'
import { createCluster, INTERVAL_MS as POLL_MS, LONGEST_CALL_MS, type TestCluster, type TestClusterOptions } from './start-cluster.js'
import { eventually, startTcp } from './servers.js'

const LIST = 'the list'
const INTERVAL_MS = 10_000
const LOST_MS = 60_000

const TEMPLATE: NodeTemplate = { url: 'https://{host}/bigbluebutton/api', secrets: ['shared'], secretFile: '', checksum: 'sha256', weight: 1, tags: [], limits: { meetings: 0, participants: 0 } }

function configured (id: string, url: string, prometheusInstance?: string): NodeSettings {
  return { id, url, secrets: ['own'], weight: 1, tags: [], state: 'enabled', checksum: 'sha256', limits: { meetings: 0, participants: 0 }, ...(prometheusInstance === undefined ? {} : { prometheusInstance }) }
}

t.test('which instances are nodes', async (t) => {
  const inFile = [configured('first', 'https://BBB-01.example.org:8443/x', 'cellar:9100'), configured('bbb-09', 'https://elsewhere.example.org/x')]
  const read = (instances: string[], url = TEMPLATE.url, known: Record<string, string> = {}): [Array<[string, string]>, Record<string, string>] => {
    const { nodes, refused } = readNodeList(instances, { ...TEMPLATE, url }, inFile, (id) => known[id])
    return [nodes.map((node) => [node.id, node.url]), Object.fromEntries(refused)]
  }
  t.strictSame(read(['bbb-02.example.org:9100', 'BBB-03', '10.0.0.4:9100', 'bbb-02.example.org:9100']), [[
    ['10.0.0.4', 'https://10.0.0.4/bigbluebutton/api'],
    ['bbb-03', 'https://bbb-03/bigbluebutton/api'],
    ['bbb-02.example.org', 'https://bbb-02.example.org/bigbluebutton/api'],
  ], {}], 'by host, in the order of their instances, each once')
  t.strictSame(read(['bbb-01.example.org:9100', 'cellar:9688', 'cellar', 'elsewhere.example.org:9100']), [[], {}], 'not those that the file has, by either of their names')
  t.strictSame(read(['bbb-09:9100'])[1], { 'bbb-09:9100': 'a node in the configuration has the name bbb-09' })
  const noName = 'its host cannot be the name of a node'
  for (const instance of ['[2001:db8::1]:9100', 'https://bbb-02.example.org/bigbluebutton/api', 'Server in the cellar', '..', '.hidden', ':9100', 'a/../b', 'x'.repeat(65), 'bbb-02{host}']) {
    t.strictSame(read([instance]), [[], { [instance]: noName }], instance)
  }
  t.strictSame(read(['']), [[], { '': 'the series has no instance' }])
  t.strictSame(read(['bbb-02:9100', 'bbb-02:9688']), [[['bbb-02', 'https://bbb-02/bigbluebutton/api']], {}], 'two exporters on one host')
  t.strictSame(read(['bbb-02:8091', 'bbb-02:8092'], 'http://{instance}/x'), [[['bbb-02', 'http://bbb-02:8091/x']], { 'bbb-02:8092': 'another node on the list has the name bbb-02' }])
  t.strictSame(read(['bbb-02:8091', 'bbb-02:8092'], 'http://{instance}/x', { 'bbb-02': 'http://bbb-02:8092/x' }),
    [[['bbb-02', 'http://bbb-02:8092/x']], { 'bbb-02:8091': 'another node on the list has the name bbb-02' }], 'the one that is known stays')
  t.strictSame(read(['bbb-02:999999'], 'http://{instance}/x')[1], { 'bbb-02:999999': noName }, 'no URL')
})

t.test('what a node on the list becomes', async (t) => {
  const node = { id: 'bbb-02', instance: 'BBB-02:9100', url: 'https://bbb-02/x' }
  t.strictSame(settingsOf(node, ['s'], { ...TEMPLATE, checksum: 'sha1', weight: 2, tags: ['eu'], limits: { meetings: 3, participants: 0 } }), {
    id: 'bbb-02', url: 'https://bbb-02/x', secrets: ['s'], weight: 2, tags: ['eu'], state: 'enabled', checksum: 'sha1', limits: { meetings: 3, participants: 0 }, prometheusInstance: 'bbb-02',
  }, 'its exporter is on the same host, at whatever port')
  const files: Record<string, string> = { '/secrets/bbb-02': 'own', '/secrets/BBB-02:9100': 'by instance' }
  const read = (path: string): { secret?: string, trouble: string } => {
    const secret = files[path]
    return secret === undefined ? { trouble: 'cannot be read: there is no such file' } : { secret, trouble: '' }
  }
  t.strictSame(secretsOf(node, TEMPLATE, read), { secrets: ['shared'], trouble: '' })
  t.strictSame(secretsOf(node, { ...TEMPLATE, secretFile: '/secrets/{host}' }, read), { secrets: ['own'], trouble: '' })
  t.strictSame(secretsOf(node, { ...TEMPLATE, secretFile: '/secrets/{instance}' }, read), { secrets: ['by instance'], trouble: '' })
  t.strictSame(secretsOf(node, { ...TEMPLATE, secretFile: '/other/{host}' }, read), { secrets: [], trouble: 'the file with its secret cannot be read: there is no such file' })
})

/** Names under which every machine reaches itself: as nodes they are different ones. */
const HOSTS = ['localhost', '127.1', '127.0.1'] as const

interface TestDiscovery extends TestCluster {
  readonly discovery: Discovery
  readonly prometheus: FakePrometheus
  /** The simulated nodes, by what they are on the list. */
  readonly found: ReadonlyArray<{ readonly id: string, readonly instance: string, readonly node: SimulatedNode }>
  /** Sets what the list says from now on. */
  list (...instances: string[]): void
  /** Lets time pass, with a look at the list at every interval. */
  pass (ms: number): Promise<void>
  told (): Array<[string, object]>
}

async function startDiscovery (t: Test, { template = {}, readSecret, timeoutMs = 5_000, ...options }: TestClusterOptions & { template?: Partial<NodeTemplate>, timeoutMs?: number, readSecret?: (path: string) => { secret?: string, trouble: string } } = {}): Promise<TestDiscovery> {
  const started = await createCluster(t, { nodes: 0, ...options, settings: { lostAfter: LOST_MS, ...options.settings } })
  const { cluster, clock, logs } = started
  const found = await Promise.all(HOSTS.map(async (id) => {
    const node = await startSimulatedNode({ secret: 'a-secret', clock })
    return { id, instance: `${id}:${new URL(node.url).port}`, node }
  }))
  const prometheus = await startFakePrometheus(t)
  const { client } = clientOf(t, prometheus.origin, { timeoutMs })
  const write = (level: 'info' | 'warn' | 'error') => (fields: object, event: string) => { logs.push({ level, event, fields: { ...fields } }) }
  const rounds = countingRounds(clock, () => true)
  const discovery = new Discovery({
    cluster,
    client,
    clock: rounds.clock,
    log: { info: write('info'), warn: write('warn'), error: write('error') },
    intervalMs: INTERVAL_MS,
    query: LIST,
    template: { ...TEMPLATE, url: 'http://{instance}/bigbluebutton/api', secrets: ['a-secret'], ...template },
    configured: started.nodes.map(({ url }, index) => configured(`n${index + 1}`, url)),
    readSecret: readSecret ?? (() => ({ trouble: 'is not asked for' })),
  })
  t.teardown(async () => {
    await client.close()
    await discovery.stop()
    await Promise.all(found.map(({ node }) => node.close()))
  })
  return {
    ...started,
    discovery,
    prometheus,
    found,
    list: (...instances) => prometheus.answers.set(LIST, vector(instances.map((instance) => [instance, 1]))),
    async pass (ms) {
      for (let passedMs = 0; passedMs < ms; passedMs += INTERVAL_MS) {
        await eventually(() => rounds.over() === prometheus.asked.length, 'the last look is over')
        const { length } = prometheus.asked
        await clock.advance(INTERVAL_MS)
        await eventually(() => rounds.over() === length + 1, 'the next look is over')
      }
    },
    told: () => logs.filter(({ event }) => / list|^node (added|removed)|cannot be added/.test(event)).map(({ event, fields }) => [event, fields]),
  }
}

/** The state, health and place on the list of every node. */
function nodesOf ({ cluster }: TestCluster): unknown[] {
  return Array.from(cluster.members.values(), ({ node }) => [node.id, node.state, node.listed])
}

/** Starts both, with the first look at the list taken in. */
async function begin (started: TestDiscovery): Promise<void> {
  const { cluster, discovery, prometheus } = started
  cluster.start()
  discovery.start()
  await eventually(() => prometheus.asked.length === 1 && discovery.trouble === '', 'the list is read')
  await eventually(() => cluster.isReady, 'its nodes are polled')
}

t.test('a node that appears is polled at once, one that disappears is drained, one that comes back takes part again', async (t) => {
  const started = await startDiscovery(t)
  const { cluster, clock, found: [a, b], list, pass, member, told } = started
  if (a === undefined || b === undefined) throw new Error('nodes are missing')
  b.node.meetings.create({ meetingID: 'old', name: 'Old' })
  list(a.instance)
  await begin(started)
  t.strictSame(nodesOf(started), [[a.id, 'enabled', true]])
  t.equal(member(a.id).node.health, 'up')
  t.equal(cluster.place(wish(), new Set())?.member.node.id, a.id)

  list(b.instance, a.instance)
  await pass(INTERVAL_MS)
  await eventually(() => member(b.id).node.health === 'up', 'it is polled')
  t.equal(member(b.id).node.lastPoll?.startedAtMs, clock.nowMs(), 'at once')
  t.equal(cluster.resolve('old')?.nodeId, b.id)

  list(a.instance)
  await pass(INTERVAL_MS)
  t.strictSame(nodesOf(started), [[a.id, 'enabled', true], [b.id, 'draining', false]])
  t.equal(member(b.id).node.carriesMeetings, true)
  t.equal(cluster.resolve('old')?.nodeId, b.id, 'its meetings stay where they are')
  t.equal(cluster.mayTake(member(b.id), wish()), false)
  t.equal(cluster.place(wish(), new Set([a.id])), undefined, 'it gets no new ones')
  const polls = b.node.requests.length
  await clock.advance(POLL_MS)
  await eventually(() => b.node.requests.length > polls, 'it is still polled')

  list(a.instance, b.instance)
  await pass(INTERVAL_MS)
  t.strictSame(nodesOf(started), [[a.id, 'enabled', true], [b.id, 'enabled', true]])
  t.equal(cluster.place(wish(), new Set([a.id]))?.member.node.id, b.id)
  t.strictSame(told(), [
    ['node added', { node: a.id, url: `http://${a.instance}/bigbluebutton/api`, state: 'enabled' }],
    ['the list of nodes was read from Prometheus', { nodes: 1 }],
    ['node added', { node: b.id, url: `http://${b.instance}/bigbluebutton/api`, state: 'enabled' }],
    ['node is off the list and gets no new meetings', { node: b.id, meetings: 1 }],
    ['node is on the list again', { node: b.id, state: 'enabled' }],
  ])
})

t.test('a node is taken out when it has been off the list for long, is empty, and no call can be under way', async (t) => {
  const started = await startDiscovery(t)
  const { cluster, discovery, found: [a, b], list, pass, told, changed } = started
  if (a === undefined || b === undefined) throw new Error('nodes are missing')
  b.node.meetings.create({ meetingID: 'room', name: 'Room' })
  list(a.instance, b.instance)
  await begin(started)
  t.strictSame(discovery.instances, [b.instance, a.instance])
  list(a.instance)
  await pass(INTERVAL_MS + LOST_MS + LONGEST_CALL_MS + INTERVAL_MS)
  t.equal(cluster.members.has(b.id), true, 'it has a meeting')
  t.strictSame([discovery.instances, discovery.withdrawn], [[a.instance], [b.instance]], 'which is still to be found after a restart')
  b.node.meetings.end('room')
  await pass(2 * INTERVAL_MS)
  t.equal(cluster.resolve('room'), undefined)
  await pass(LONGEST_CALL_MS - 2 * INTERVAL_MS)
  t.equal(cluster.members.has(b.id), true)
  const before = changed()
  await pass(3 * INTERVAL_MS)
  t.strictSame(nodesOf(started), [[a.id, 'enabled', true]])
  t.ok(changed() > before, 'the state file is to forget it')
  t.strictSame([discovery.instances, discovery.withdrawn], [[a.instance], []])
  t.equal(cluster.lastSeen.of(b.id, 'getMeetings'), undefined)
  t.not(cluster.lastSeen.of(a.id, 'getMeetings'), undefined)
  t.strictSame(told().at(-1), ['node removed: it has been off the list for long', { node: b.id }])
  const polls = b.node.requests.length
  await pass(2 * INTERVAL_MS)
  t.equal(b.node.requests.length, polls, 'it is not polled any more')

  list(a.instance, b.instance)
  await pass(INTERVAL_MS)
  t.strictSame(nodesOf(started), [[a.id, 'enabled', true], [b.id, 'enabled', true]], 'and may come back')
})

t.test('the meetings of a node that is off the list and silent are lost with it', async (t) => {
  const started = await startDiscovery(t)
  const { cluster, found: [a, b], list, pass } = started
  if (a === undefined || b === undefined) throw new Error('nodes are missing')
  b.node.meetings.create({ meetingID: 'room', name: 'Room' })
  list(a.instance, b.instance)
  await begin(started)
  await b.node.close()
  list(a.instance)
  await pass(LOST_MS + INTERVAL_MS)
  t.equal(cluster.resolve('room')?.nodeId, b.id, 'not lost yet')
  await pass(LOST_MS + LONGEST_CALL_MS)
  t.strictSame(nodesOf(started), [[a.id, 'enabled', true]])
  t.equal(cluster.directory.size, 0)
})

t.test('a list that is empty, or cannot be read, changes nothing', async (t) => {
  const started = await startDiscovery(t, { timeoutMs: 1_000 })
  const { discovery, prometheus, found: [a, b], list, pass, told, logs } = started
  if (a === undefined || b === undefined) throw new Error('nodes are missing')
  list(a.instance, b.instance)
  await begin(started)
  const warnings = (): unknown[] => logs.filter(({ event }) => /cannot be read/.test(event)).map(({ fields }) => fields['reason'])
  const table: Array<[answer: Parameters<typeof prometheus.answers.set>[1], reason: string]> = [
    [vector([]), 'no node is on the list'],
    [(response) => { response.writeHead(503).end() }, 'HTTP status 503'],
    [hang, 'no answer within 1000 ms'],
    [vector([['', 1], ['https://probed.example.org/', 1]]), 'no node is on the list'],
  ]
  for (const [index, [answer, reason]] of table.entries()) {
    prometheus.answers.set(LIST, answer)
    await pass(2 * INTERVAL_MS)
    t.equal(discovery.trouble, reason)
    t.equal(warnings().length, index + 1, 'said once')
    t.equal(warnings().at(-1), reason)
    t.strictSame(nodesOf(started).length, 2)
    t.ok(Array.from(started.cluster.members.values()).every(({ node }) => node.state === 'enabled'))
  }
  t.strictSame(told().slice(-3).map(([, fields]) => fields), [
    { instance: '', reason: 'the series has no instance' },
    { instance: 'https://probed.example.org/', reason: 'its host cannot be the name of a node' },
    { reason: 'no node is on the list' },
  ])
  list(a.instance)
  await pass(INTERVAL_MS)
  t.equal(discovery.trouble, '')
  t.strictSame(nodesOf(started), [[b.id, 'draining', false], [a.id, 'enabled', true]])
  prometheus.answers.set(LIST, vector([]))
  await pass(LOST_MS + LONGEST_CALL_MS + 2 * INTERVAL_MS)
  t.equal(started.cluster.members.has(b.id), true, 'nor is a node taken out by it')
})

t.test('what an operator wants of a node holds, also over its absence', async (t) => {
  const started = await startDiscovery(t)
  const { cluster, clock, found: [a, b], list, pass, member } = started
  if (a === undefined || b === undefined) throw new Error('nodes are missing')
  list(a.instance, b.instance)
  await begin(started)
  cluster.setState(member(b.id), 'archive', 'ada')
  list(a.instance)
  await pass(INTERVAL_MS)
  t.strictSame(nodesOf(started).find((node) => (node as string[])[0] === b.id), [b.id, 'archive', false])
  cluster.setState(member(b.id), 'enabled', 'ada')
  t.equal(member(b.id).node.state, 'draining', 'the list has the last word on new meetings')
  cluster.setState(member(b.id), 'disabled', 'ada')
  const [made] = cluster.overrides
  t.match(made, { nodeId: b.id, state: 'disabled', overrides: 'enabled', by: 'ada' })
  await pass(LOST_MS + LONGEST_CALL_MS + INTERVAL_MS)
  t.equal(cluster.members.has(b.id), false)
  t.strictSame(cluster.overrides, [{ ...made, absentSinceMs: clock.nowMs() - INTERVAL_MS }], 'it is kept')
  const polls = b.node.requests.length
  list(a.instance, b.instance)
  await pass(INTERVAL_MS)
  t.equal(member(b.id).node.state, 'disabled', 'whoever disabled it finds it so')
  t.equal(b.node.requests.length, polls)
  t.strictSame(cluster.overrides, [made])
})

t.test('what an operator wants of a node that is not there is forgotten after thirty days', async (t) => {
  const DAY_MS = 86_400_000
  const started = await startDiscovery(t)
  const { cluster, clock, discovery, found: [a, b, c], list, pass, member } = started
  if (a === undefined || b === undefined || c === undefined) throw new Error('nodes are missing')
  const startedAtMs = clock.nowMs()
  const made = (nodeId: string): Parameters<typeof cluster.restore>[0][number] => ({ nodeId, state: 'disabled', overrides: 'enabled', by: 'ada', atMs: 1 })
  discovery.restore([a.instance, b.instance], [])
  cluster.restore([
    made(b.id),
    { ...made('long-gone'), absentSinceMs: startedAtMs - 30 * DAY_MS },
    { ...made(c.id), absentSinceMs: startedAtMs - 30 * DAY_MS + 200_000 },
    made('of the file until now'),
  ], [])
  const waiting = { ...made('of the file until now'), absentSinceMs: startedAtMs }
  t.strictSame(cluster.overrides, [made(b.id), { ...made(c.id), absentSinceMs: startedAtMs - 30 * DAY_MS + 200_000 }, waiting])
  list(a.instance)
  await begin(started)
  await pass(LOST_MS + LONGEST_CALL_MS + INTERVAL_MS)
  t.equal(cluster.members.has(b.id), false)
  t.equal(cluster.overrides.length, 3, 'the time of a change that is old itself begins when its node goes')
  list(a.instance, b.instance)
  await pass(60_000)
  t.equal(member(b.id).node.state, 'disabled')
  list(a.instance)
  await pass(LOST_MS + LONGEST_CALL_MS + 2 * INTERVAL_MS)
  t.equal(cluster.members.has(b.id), false)
  t.strictSame(cluster.overrides.map(({ nodeId }) => nodeId), ['of the file until now', b.id])
})

t.test('a call that ends after its node was taken out harms nothing', async (t) => {
  const started = await startDiscovery(t)
  const { cluster, found: [a, b], list, pass } = started
  if (a === undefined || b === undefined) throw new Error('nodes are missing')
  b.node.meetings.create({ meetingID: 'room', name: 'Room' })
  list(a.instance, b.instance)
  await begin(started)
  const copy = cluster.resolve('room')
  if (copy === undefined) throw new Error('there is no meeting')
  b.node.meetings.end('room')
  list(a.instance)
  await pass(LOST_MS + LONGEST_CALL_MS + 3 * INTERVAL_MS)
  t.equal(cluster.members.has(b.id), false)
  const before = cluster.changes
  cluster.touched(copy)
  cluster.gone(copy)
  t.equal(cluster.changes, before + 2)
  t.equal(copy.changes, 2)
})

t.test('nodes that are off the list are so after a restart as well', async (t) => {
  const first = await startDiscovery(t)
  const { found: [a, b], list, pass, discovery, changed } = first
  if (a === undefined || b === undefined) throw new Error('nodes are missing')
  list(a.instance, b.instance)
  await begin(first)
  t.strictSame([discovery.instances, discovery.withdrawn], [[b.instance, a.instance], []])
  let before = changed()
  list(a.instance)
  await pass(INTERVAL_MS)
  t.strictSame([discovery.instances, discovery.withdrawn], [[a.instance], [b.instance]])
  t.equal(changed(), before + 1, 'to be kept')
  before = changed()
  list(a.instance, b.instance)
  await pass(INTERVAL_MS)
  t.strictSame([discovery.instances, discovery.withdrawn], [[b.instance, a.instance], []])
  t.equal(changed(), before + 1)

  const second = await startDiscovery(t, { timeoutMs: 1_000 })
  const { cluster, prometheus, found: [c, d] } = second
  if (c === undefined || d === undefined) throw new Error('nodes are missing')
  prometheus.answers.set(LIST, hang)
  second.discovery.restore([c.instance], [d.instance])
  cluster.restore([], [{ meetingID: 'room', internalMeetingID: internalID('room', 1), nodeId: d.id, createdAtMs: 1, voiceBridge: '1', current: true }])
  cluster.start()
  second.discovery.start()
  await eventually(() => cluster.isReady, 'both are polled, without Prometheus')
  t.strictSame(nodesOf(second), [[d.id, 'draining', false], [c.id, 'enabled', true]].sort())
  t.equal(cluster.resolve('room')?.nodeId, d.id, 'it keeps its meetings')
  t.equal(cluster.place(wish(), new Set([c.id])), undefined)
  t.strictSame([second.discovery.instances, second.discovery.withdrawn], [[c.instance], [d.instance]])
  second.list(c.instance, d.instance)
  await second.pass(INTERVAL_MS)
  t.equal(second.member(d.id).node.state, 'enabled')
})

t.test('nothing is ready before the list was read once', async (t) => {
  t.test('while Prometheus is silent, and then its nodes are polled first', async (t) => {
    const started = await startDiscovery(t, { nodes: 1, settings: { timeout: 1_000 }, timeoutMs: 1_000 })
    const { cluster, clock, discovery, prometheus, found: [a], list, pass } = started
    if (a === undefined) throw new Error('a node is missing')
    prometheus.answers.set(LIST, hang)
    cluster.start()
    discovery.start()
    let isOver = false
    cluster.firstRound.then(() => { isOver = true }, () => undefined)
    await eventually(() => cluster.unpolled.length === 0, 'the node of the file is polled')
    await clock.advance(2_999)
    t.strictSame([cluster.isReady, cluster.isListUnread, isOver], [false, true, false])
    await clock.advance(1)
    t.strictSame([cluster.isReady, cluster.isListUnread, isOver], [false, true, true], 'calls wait three seconds')
    await eventually(() => discovery.trouble === 'no answer within 1000 ms', 'it is given up')
    a.node.faults.add({ kind: 'hang' })
    list(a.instance)
    await pass(INTERVAL_MS)
    t.strictSame([cluster.isReady, cluster.isListUnread, cluster.unpolled], [false, false, [a.id]])
    await eventually(() => cluster.isReady, 'it has failed to answer its first poll')
  })

  t.test('an empty list is no list where there are no other nodes', async (t) => {
    const started = await startDiscovery(t)
    const { cluster, discovery, found: [a], list, pass } = started
    cluster.start()
    discovery.start()
    await eventually(() => discovery.trouble === 'no node is on the list', 'it is read')
    t.equal(cluster.isReady, false)
    list(a?.instance ?? '')
    await pass(INTERVAL_MS)
    await eventually(() => cluster.isReady, 'the node is polled')
  })

  t.test('where there are some it is', async (t) => {
    const started = await startDiscovery(t, { nodes: 1 })
    await begin(started)
    t.strictSame(nodesOf(started), [['n1', 'enabled', true]])
    t.equal(started.discovery.trouble, '')
  })

  t.test('the list of the last time will do', async (t) => {
    const started = await startDiscovery(t, { timeoutMs: 1_000 })
    const { cluster, discovery, prometheus, found: [a, b, c], list, pass, member } = started
    if (a === undefined || b === undefined || c === undefined) throw new Error('nodes are missing')
    prometheus.answers.set(LIST, hang)
    discovery.restore([a.instance, b.instance], [])
    const saved = { internalMeetingID: 'internal', createdAtMs: 1, voiceBridge: '1', current: true }
    cluster.restore([
      { nodeId: a.id, state: 'draining', overrides: 'enabled', by: 'ada', atMs: 1 },
      { nodeId: c.id, state: 'disabled', overrides: 'enabled', by: 'ada', atMs: 1 },
    ], [{ ...saved, meetingID: 'room', nodeId: b.id }, { ...saved, meetingID: 'other', nodeId: 'gone' }])
    t.equal(cluster.isReady, false, 'not before the start')
    t.equal(cluster.resolve('room')?.nodeId, b.id)
    t.equal(cluster.resolve('other'), undefined)
    cluster.start()
    discovery.start()
    await eventually(() => cluster.isReady, 'both are polled, without Prometheus')
    t.equal(member(a.id).node.state, 'draining')
    list(a.instance, b.instance, c.instance)
    await pass(INTERVAL_MS)
    t.equal(member(c.id).node.state, 'disabled', 'the change of a node that was not there was kept')
  })
})

t.test('a list of which no node can be added is no list where there are no other nodes', async (t) => {
  for (const nodes of [0, 1]) {
    const secrets = new Map<string, string>()
    const started = await startDiscovery(t, {
      nodes,
      template: { secretFile: '/secrets/{host}', secrets: [] },
      readSecret: (path) => {
        const secret = secrets.get(path)
        return secret === undefined ? { trouble: 'cannot be read: there is no such file' } : { secret, trouble: '' }
      },
    })
    const { cluster, discovery, prometheus, found: [a, b], list, pass } = started
    if (a === undefined || b === undefined) throw new Error('nodes are missing')
    list(a.instance, b.instance)
    discovery.restore([a.instance], [b.instance])
    t.equal(cluster.isListUnread, nodes === 0, 'the list of the last time')
    t.equal(discovery.trouble, nodes === 0 ? 'no node of the last list can be added' : 'it has not answered yet')
    cluster.start()
    discovery.start()
    await eventually(() => prometheus.asked.length === 1 && prometheus.waiting() === 0, 'the list is asked for')
    await pass(INTERVAL_MS)
    t.equal(cluster.isListUnread, nodes === 0)
    t.equal(discovery.trouble, nodes === 0 ? 'no node on the list can be added' : '')
    secrets.set(`/secrets/${a.id}`, 'a-secret')
    await pass(INTERVAL_MS)
    await eventually(() => cluster.isReady, 'there is a node, and it is polled')
    t.equal(discovery.trouble, '')
  }
})

t.test('a node without a secret is added as soon as it has one', async (t) => {
  const secrets = new Map<string, string>()
  const started = await startDiscovery(t, {
    template: { secretFile: '/secrets/{host}', secrets: [] },
    readSecret: (path) => {
      const secret = secrets.get(path)
      return secret === undefined ? { trouble: 'cannot be read: there is no such file' } : { secret, trouble: '' }
    },
  })
  const { cluster, found: [a, b], list, pass, told, member } = started
  if (a === undefined || b === undefined) throw new Error('nodes are missing')
  secrets.set(`/secrets/${a.id}`, 'a-secret')
  list(a.instance, b.instance)
  await begin(started)
  await pass(2 * INTERVAL_MS)
  t.strictSame(nodesOf(started), [[a.id, 'enabled', true]])
  const refused = ['what is on the list cannot be added as a node', { instance: b.instance, reason: 'the file with its secret cannot be read: there is no such file' }] as const
  t.strictSame(told().filter(([event]) => event === refused[0]), [refused], 'said once')
  secrets.set(`/secrets/${b.id}`, 'a-secret')
  secrets.delete(`/secrets/${a.id}`)
  await pass(INTERVAL_MS)
  await eventually(() => member(b.id).node.health === 'up', 'its secret is right')
  t.equal(cluster.members.size, 2, 'the other keeps the one it has')
})

t.test('a node that moves to another address is added there once the old one is empty and gone', async (t) => {
  const started = await startDiscovery(t)
  const { found: [a, b], list, pass, told, member } = started
  if (a === undefined || b === undefined) throw new Error('nodes are missing')
  const moved = `${a.id}:${new URL(b.node.url).port}`
  list(a.instance)
  await begin(started)
  list(moved)
  await pass(INTERVAL_MS)
  t.strictSame(nodesOf(started), [[a.id, 'draining', false]])
  t.strictSame(told().at(-1), ['what is on the list cannot be added as a node', { instance: moved, reason: `the node ${a.id} is still known at another address` }])
  await pass(LOST_MS + LONGEST_CALL_MS + INTERVAL_MS)
  t.strictSame(nodesOf(started), [[a.id, 'enabled', true]])
  t.equal(member(a.id).node.settings.url, `http://${moved}/bigbluebutton/api`)
})

t.test('the gateway keeps the list over a restart, without secrets, and forgets the figures of a node that is gone', async (t) => {
  // The gateway has other timers of ten seconds.
  const LOOK_MS = 11_000
  // Two creates of ninety seconds with two looks of four, and a call in 4.5 s.
  const LONGEST_MS = 192_500
  const directory = mkdtempSync(join(tmpdir(), 'ensemble-discovery-'))
  t.teardown(() => { rmSync(directory, { recursive: true, force: true }) })
  const stateFile = join(directory, 'ensemble.state')
  const clock = new ManualClock()
  const nodes = await Promise.all([0, 1].map(() => startSimulatedNode({ secret: 'a-secret-of-nodes', clock })))
  t.teardown(async () => { await Promise.all(nodes.map((node) => node.close())) })
  const [a = '', b = ''] = nodes.map(({ url }, index) => `${HOSTS[index] ?? ''}:${new URL(url).port}`)
  const prometheus = await startFakePrometheus(t)
  prometheus.answers.set(LIST, vector([[a, 1], [b, 1]]))
  const token = 'a-token-for-operators'
  const config = (url: string): object => ({
    nodes: [],
    stateFile,
    poll: { interval: '5s', lostAfter: '1m' },
    timeouts: { create: '90s' },
    management: { tokens: [token] },
    prometheus: { url, interval: `${LOOK_MS}ms`, discover: { query: LIST, url: 'http://{instance}/bigbluebutton/api', secret: 'a-secret-of-nodes' } },
  })
  const text = async (origin: string, path: string): Promise<string> => await (await fetch(`${origin}${path}`, { headers: { authorization: `Bearer ${token}` } })).text()

  const kept = (): unknown => JSON.parse(readFileSync(stateFile, 'utf8').split('\n')[0] ?? '')

  const rounds = countingRounds(clock, (delayMs) => delayMs === LOOK_MS)
  const first = await startGateway(t, { running: [], clock: rounds.clock, config: config(prometheus.origin) })
  await eventually(() => first.gateway.cluster.isReady, 'both are found and polled')
  t.match((await first.call('create', { meetingID: 'room', name: 'Room' })).body, '<returncode>SUCCESS</returncode>')
  const holder = first.gateway.cluster.resolve('room')?.nodeId ?? ''
  const [gone, stays] = holder === HOSTS[0] ? [b, a] : [a, b]
  const goneId = gone.slice(0, gone.indexOf(':'))
  const goneNode = nodes[gone === a ? 0 : 1]
  t.match(await text(first.origin, '/metrics'), `ensemble_node_request_duration_seconds_count{node="${goneId}"}`)

  prometheus.answers.set(LIST, vector([[stays, 1]]))
  let looksOver = 2
  const looks = async (): Promise<void> => {
    looksOver += 2
    await clock.advance(LOOK_MS)
    await eventually(() => rounds.over() === looksOver, 'both looks are over, that for the CPU as well')
  }
  await eventually(() => rounds.over() === looksOver, 'the first looks are over')
  await looks()
  t.match(JSON.parse(await text(first.origin, `/api/v1/nodes/${goneId}`)), { state: 'draining', listed: false })
  t.match(JSON.parse(await text(first.origin, `/api/v1/nodes/${holder}`)), { state: 'enabled', listed: true })
  // A poll is under way when the node is taken out.
  goneNode?.faults.add({ kind: 'hang' })
  for (let passedMs = 0; passedMs + LOOK_MS < LOST_MS + LONGEST_MS; passedMs += LOOK_MS) await looks()
  t.match(JSON.parse(await text(first.origin, `/api/v1/nodes/${goneId}`)), { state: 'draining', listed: false }, 'calls may be under way there')
  t.match(kept(), { discovered: [stays], withdrawn: [gone] })
  for (let look = 0; look < 3; look++) await looks()
  t.match(await text(first.origin, `/api/v1/nodes/${goneId}`), /there is no node/)
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.notMatch(await text(first.origin, '/metrics'), `node="${goneId}"`, 'no figures are left')
  t.match(await text(first.origin, '/metrics'), `node="${holder}"`)
  await first.close()
  t.match(kept(), { discovered: [stays], withdrawn: [] })
  t.notMatch(readFileSync(stateFile, 'utf8'), 'a-secret-of-nodes')

  // As if it had been closed before the node was taken out.
  writeFileSync(stateFile, readFileSync(stateFile, 'utf8').replace('"withdrawn":[]', `"withdrawn":["${gone}"]`))
  goneNode?.faults.clear()
  let nowhere = ''
  await t.test('a server that has stopped', async (t) => { nowhere = `http://${await startTcp(t)}` })
  const second = await startGateway(t, { running: [], clock, config: config(nowhere) })
  await eventually(() => second.gateway.cluster.isReady, 'its nodes are polled')
  t.match(JSON.parse(await text(second.origin, `/api/v1/nodes/${goneId}`)), { state: 'draining', listed: false })
  t.match((await second.call('getMeetingInfo', { meetingID: 'room' })).body, '<meetingID>room</meetingID>')
  await eventually(() => second.logs.some(({ event }) => /cannot be read from Prometheus/.test(event)), 'Prometheus is missed')
  t.match(JSON.parse(await text(second.origin, '/readyz')), {
    ready: true,
    missing: [],
    degraded: [/^Prometheus does not tell the CPU of nodes: cannot reach it: /, /^Prometheus does not list the nodes: cannot reach it: /],
  })
  await second.close()

  rmSync(stateFile)
  const third = startGateway(t, { running: [], clock, config: config(nowhere) })
  const start = { isOver: false }
  third.then(() => { start.isOver = true }, () => { start.isOver = true })
  const untilMs = performance.now() + 5_000
  // Calls wait three seconds of the gateway's time for the list.
  while (!start.isOver && performance.now() < untilMs) {
    await clock.advance(1_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const readyz = await fetch(`${(await third).origin}/readyz`)
  t.equal(readyz.status, 503)
  t.match(await readyz.json(), { ready: false, missing: ['the list of nodes has not been read from Prometheus yet'] })
})
