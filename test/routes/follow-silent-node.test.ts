import t from 'tap'
import type { FaultKind } from '../../src/simulator/simulated-node.js'
import { field, startGateway, type TestGateway, type TestGatewayOptions } from '../helpers/gateway.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { callsTo, healths, nodeAt, outcome, pollRound, steady } from './cluster-of-nodes.js'

const ROOM = { meetingID: 'room-1', name: 'Room <one>', meta_key: 'value' }
const UNREACHABLE = '<response><returncode>FAILED</returncode><messageKey>internalError</messageKey><message>Unable to access meeting on server.</message></response>'
const NEW = { method: 'POST', body: '<modules></modules>', headers: { 'content-type': 'application/xml' } } as const
const ABOUT = { meetingID: 'room-1' }

/** A gateway over two nodes; the first has room-1 with two people in it, and a poll has seen them. */
async function withRoom (t: Parameters<typeof startGateway>[0], clock: ManualClock, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const started = await startGateway(t, { nodes: 2, random: steady, clock, ...options })
  await started.call('create', ROOM)
  nodeAt(started.nodes, 0).meetings.addUsers('room-1', 2)
  await clock.advance(1_001)
  await pollRound(clock, started)
  nodeAt(started.nodes, 0).clearRequests()
  return started
}

/** What getMeetingInfo says, apart from the two elements at its end; releases differ in where the metadata stand. */
function facts (body: string): string {
  return body.replace('<messageKey></messageKey><message></message>', '')
    .replace(/(<metadata>.*<\/metadata>)(<isBreakout>.*<\/isBreakout>)/, '$2$1')
}

for (const kind of ['reset', '500', '502', '503', 'html', 'truncated', 'cut', 'wrong-secret', 'api-disabled'] as const satisfies readonly FaultKind[]) {
  t.test(`a node with the fault ${kind}: questions are answered from the last poll, the rest is not carried out`, async (t) => {
    const clock = new ManualClock()
    const started = await withRoom(t, clock)
    const { call, nodes, logs } = started
    const before = await call('getMeetingInfo', ABOUT)
    t.equal(field(before.body, 'participantCount'), '2')
    await clock.advance(1_001)
    nodeAt(nodes, 0).faults.add({ kind })

    const info = await call('getMeetingInfo', ABOUT)
    t.equal(facts(info.body), facts(before.body))
    t.equal(info.headers['content-type'], 'text/xml;charset=utf-8')
    t.equal((await call('isMeetingRunning', ABOUT)).body, '<response><returncode>SUCCESS</returncode><running>true</running></response>')
    t.equal(healths(started)[0], 'suspect')
    for (const [name, options] of [['end', {}], ['sendChatMessage', {}], ['insertDocument', NEW]] as const) {
      const answer = await call(name, { ...ABOUT, message: 'Hi' }, options)
      t.strictSame([answer.status, answer.body], [200, UNREACHABLE], name)
    }
    t.strictSame(callsTo(nodeAt(nodes, 0)).filter((name) => ['end', 'sendChatMessage', 'insertDocument'].includes(name)),
      ['end', 'sendChatMessage', 'insertDocument'], 'what changes something is sent once')
    t.match(logs.filter(({ fields }) => fields['call'] === 'end').at(-1)?.fields, { result: 'error', messageKey: 'internalError', node: 'bbb-01' })
    nodeAt(nodes, 0).faults.clear()
    t.equal(facts((await call('getMeetingInfo', ABOUT)).body).includes('<participantCount>2<'), true, 'and nothing of it stays')
  })
}

t.test('a question whose connection broke once is asked again', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 1, config: { cache: { maxAge: 0 } } })
  await call('create', ROOM)
  for (const kind of ['reset', 'reset-after', 'cut'] as const) {
    nodeAt(nodes, 0).faults.add({ kind, call: 'getMeetingInfo', times: 1 })
    t.equal(outcome(await call('getMeetingInfo', ABOUT)), 'SUCCESS', kind)
  }
})

t.test('a meeting that no poll has seen yet cannot be answered for', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 1, config: { poll: { interval: '60m' } } })
  await call('create', ROOM)
  nodeAt(nodes, 0).faults.add({ kind: '502' })
  t.equal((await call('getMeetingInfo', ABOUT)).body, UNREACHABLE)
  t.equal((await call('isMeetingRunning', ABOUT)).body, UNREACHABLE)
})

t.test('a suspect node has one second, an up one the time of a call', async (t) => {
  const clock = new ManualClock()
  const started = await withRoom(t, clock, { config: { timeouts: { call: '2500ms', total: '3s' } } })
  const { call, nodes } = started
  const timed = async (name: string): Promise<number> => {
    const startedAtMs = performance.now()
    t.equal(field((await call(name, ABOUT)).body, 'returncode'), 'SUCCESS', name)
    return performance.now() - startedAtMs
  }
  nodeAt(nodes, 0).faults.add({ kind: 'hang', call: 'getMeetingInfo' })
  nodeAt(nodes, 0).faults.add({ kind: 'hang', call: 'isMeetingRunning' })
  const whileUpMs = await timed('getMeetingInfo')
  t.ok(whileUpMs >= 2_400 && whileUpMs < 4_000, `up: ${whileUpMs} ms`)
  t.equal(healths(started)[0], 'suspect')
  for (const name of ['getMeetingInfo', 'isMeetingRunning']) {
    const tookMs = await timed(name)
    t.ok(tookMs >= 900 && tookMs < 2_300, `${name}, suspect: ${tookMs} ms`)
  }
})

t.test('no call but create takes longer than timeouts.total', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 1, config: { timeouts: { connect: '500ms', call: '20s', total: '700ms' } } })
  await call('create', ROOM)
  nodeAt(nodes, 0).faults.add({ kind: 'hang' })
  for (const name of ['getMeetingInfo', 'isMeetingRunning', 'end', 'sendChatMessage']) {
    const startedAtMs = performance.now()
    t.equal((await call(name, { ...ABOUT, message: 'Hi' })).body, UNREACHABLE)
    const tookMs = performance.now() - startedAtMs
    t.ok(tookMs >= 600 && tookMs < 2_500, `${name}: ${tookMs} ms`)
  }
  const startedAtMs = performance.now()
  t.equal(outcome(await call('join', { ...ABOUT, fullName: 'Ada', role: 'VIEWER', redirect: 'false' })), 'FAILED internalError')
  const tookMs = performance.now() - startedAtMs
  t.ok(tookMs < 2_500, `join with redirect=false: ${tookMs} ms`)
})

t.test('a meeting on a node that is down is unreachable and never notFound, until it is lost', async (t) => {
  const clock = new ManualClock()
  const started = await withRoom(t, clock)
  const { call, nodes, gateway } = started
  nodeAt(nodes, 0).faults.add({ kind: 'reset' })
  for (let round = 0; round < 3; round++) {
    t.equal(outcome(await call('getMeetingInfo', ABOUT)), 'SUCCESS', `after ${round} missed polls`)
    t.equal(field((await call('isMeetingRunning', ABOUT)).body, 'running'), 'true')
    await pollRound(clock, started)
  }
  t.strictSame(healths(started), ['down', 'up'])
  nodeAt(nodes, 0).clearRequests()
  for (const [name, options] of [['getMeetingInfo', {}], ['isMeetingRunning', {}], ['end', {}], ['sendChatMessage', {}], ['insertDocument', NEW]] as const) {
    t.equal((await call(name, { ...ABOUT, message: 'Hi' }, options)).body, UNREACHABLE, name)
  }
  t.strictSame(callsTo(nodeAt(nodes, 0)), [], 'the node is spared')

  await clock.advance(600_000 - 1)
  t.equal((await call('getMeetingInfo', ABOUT)).body, UNREACHABLE, 'just before lostAfter')
  await clock.advance(1)
  t.equal(outcome(await call('getMeetingInfo', ABOUT)), 'FAILED notFound', 'at lostAfter')
  t.equal(field((await call('isMeetingRunning', ABOUT)).body, 'running'), 'false')
  t.equal(gateway.cluster.directory.copiesOf('room-1').length, 1, 'it is remembered')

  nodeAt(nodes, 0).faults.clear()
  await pollRound(clock, started)
  t.equal(outcome(await call('getMeetingInfo', ABOUT)), 'SUCCESS', 'and comes back with its node')
  t.equal(field((await call('isMeetingRunning', ABOUT)).body, 'running'), 'true')
})
