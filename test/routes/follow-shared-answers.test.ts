import t from 'tap'
import { field, startGateway, type CallAnswer, type TestGateway } from '../helpers/gateway.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { callsTo, eventually, nodeAt, outcome, steady } from './cluster-of-nodes.js'

const ROOM = { meetingID: 'room-1', name: 'Room one' }
const ABOUT = { meetingID: 'room-1' }
const NEW = { method: 'POST', body: '<modules></modules>', headers: { 'content-type': 'application/xml' } } as const

async function cacheCounts ({ origin }: TestGateway): Promise<Record<string, number>> {
  const text = await (await fetch(`${origin}/metrics`)).text()
  return Object.fromEntries(Array.from(text.matchAll(/^ensemble_cache_answers_total\{call="getMeetingInfo",kind="(\w+)"\} (\d+)$/gm), ([, kind, count]) => [kind, Number(count)]))
}

t.test('equal questions share one answer, different ones do not', async (t) => {
  const started = await startGateway(t, { nodes: 1, clock: new ManualClock(), random: steady })
  const { call, nodes } = started
  const node = nodeAt(nodes, 0)
  await call('create', ROOM)
  await call('create', { ...ROOM, meetingID: 'room-2' })
  node.clearRequests()
  const answers = await Promise.all(Array.from({ length: 20 }, () => call('getMeetingInfo', ABOUT)))
  t.equal(new Set(answers.map(({ body }) => body)).size, 1)
  t.equal(outcome(answers[0] as CallAnswer), 'SUCCESS')
  await call('getMeetingInfo', ABOUT)
  t.strictSame(callsTo(node), ['getMeetingInfo'])
  const { asked, shared = 0, kept = 0 } = await cacheCounts(started)
  t.strictSame([asked, shared + kept], [1, 20])

  await call('getMeetingInfo', { ...ABOUT, password: 'x' })
  await call('isMeetingRunning', ABOUT)
  t.equal(field((await call('getMeetingInfo', { meetingID: 'room-2' })).body, 'meetingID'), 'room-2')
  t.strictSame(callsTo(node), ['getMeetingInfo', 'getMeetingInfo', 'isMeetingRunning', 'getMeetingInfo'])
})

t.test('an answer is kept for cache.maxAge', async (t) => {
  const clock = new ManualClock()
  const { call, nodes } = await startGateway(t, { nodes: 1, clock, random: steady })
  await call('create', ROOM)
  nodeAt(nodes, 0).clearRequests()
  for (const [advanceMs, asked] of [[0, 1], [1_000, 1], [1, 2], [1_001, 3]] as const) {
    await clock.advance(advanceMs)
    await call('getMeetingInfo', ABOUT)
    t.equal(callsTo(nodeAt(nodes, 0)).length, asked, `after ${advanceMs} ms more`)
  }
  const never = await startGateway(t, { nodes: 1, config: { cache: { maxAge: 0 } } })
  await never.call('create', ROOM)
  await Promise.all([never.call('getMeetingInfo', ABOUT), never.call('getMeetingInfo', ABOUT)])
  t.strictSame(callsTo(nodeAt(never.nodes, 0)), ['create', 'getMeetingInfo', 'getMeetingInfo'])
})

t.test('an answer from before a change is not given after it', async (t) => {
  const clock = new ManualClock()
  const { call, nodes } = await startGateway(t, { nodes: 1, clock, random: steady })
  const node = nodeAt(nodes, 0)
  await call('create', ROOM)
  node.meetings.addUser('room-1', { fullName: 'Ada' })
  const changes: ReadonlyArray<readonly [what: string, change: () => Promise<CallAnswer>, result: string]> = [
    ['a join', () => call('join', { ...ABOUT, fullName: 'Bob', role: 'VIEWER' }), 'no BBB answer'],
    ['a join on behalf', () => call('join', { ...ABOUT, fullName: 'Bob', role: 'VIEWER', redirect: 'false' }), 'SUCCESS successfullyJoined'],
    ['a document', () => call('insertDocument', ABOUT, NEW), 'SUCCESS'],
    ['a chat message', () => call('sendChatMessage', { ...ABOUT, message: 'Hi' }), 'SUCCESS'],
    ['an end', () => call('end', ABOUT), 'SUCCESS sentEndMeetingRequest'],
  ]
  await call('getMeetingInfo', ABOUT)
  t.equal(outcome(await call('create', ROOM)), 'SUCCESS duplicateWarning')
  node.clearRequests()
  await call('getMeetingInfo', ABOUT)
  t.strictSame(callsTo(node), [], 'a repeated create changes nothing')
  for (const [what, change, result] of changes) {
    await call('getMeetingInfo', ABOUT)
    t.equal(outcome(await change()), result, what)
    node.clearRequests()
    await call('getMeetingInfo', ABOUT)
    t.strictSame(callsTo(node), ['getMeetingInfo'], `${what}: asked afresh`)
    await call('getMeetingInfo', ABOUT)
    t.strictSame(callsTo(node), ['getMeetingInfo'], `${what}: and kept again`)
  }
})

t.test('an answer that was on its way when the meeting changed is for those only who asked before', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 1, config: { cache: { maxAge: '60s' }, poll: { interval: '60m' } } })
  const node = nodeAt(nodes, 0)
  await call('create', ROOM)
  node.clearRequests()
  node.faults.add({ kind: 'slow', call: 'getMeetingInfo', delayMs: 300, times: 1 })
  const before = call('getMeetingInfo', ABOUT)
  await eventually('the node is asked', () => callsTo(node).length === 1)
  await call('sendChatMessage', { ...ABOUT, message: 'Hi' })
  const joined = await call('join', { ...ABOUT, fullName: 'Ada', role: 'VIEWER' })
  await (await fetch(String(joined.headers['location']), { redirect: 'manual' })).text()
  const after = await call('getMeetingInfo', ABOUT)
  t.equal(field(after.body, 'participantCount'), '1')
  t.equal(outcome(await before), 'SUCCESS')
  t.equal(field((await call('getMeetingInfo', ABOUT)).body, 'participantCount'), '1', 'the late answer did not replace the newer one')
  t.strictSame(callsTo(node).filter((name) => name === 'getMeetingInfo').length, 2)
})

t.test('who waits for a shared answer while the meeting changes asks again', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 1, config: { cache: { maxAge: '60s' }, poll: { interval: '60m' } } })
  const node = nodeAt(nodes, 0)
  await call('create', ROOM)
  node.clearRequests()
  node.faults.add({ kind: 'slow', call: 'getMeetingInfo', delayMs: 600, times: 1 })
  const first = call('getMeetingInfo', ABOUT)
  await eventually('the node is asked', () => callsTo(node).length === 1)
  const second = call('getMeetingInfo', ABOUT)
  await call('isMeetingRunning', { meetingID: '0' })
  t.strictSame(callsTo(node), ['getMeetingInfo'], 'the second waits for the answer to the first')
  await call('sendChatMessage', { ...ABOUT, message: 'Hi' })
  await call('join', { ...ABOUT, fullName: 'Ada', role: 'VIEWER', redirect: 'false' })
  t.equal(outcome(await first), 'SUCCESS')
  t.equal(field((await second).body, 'participantCount'), '1')
  t.equal(callsTo(node).filter((name) => name === 'getMeetingInfo').length, 2)
})

t.test('FAILED answers and faults are not kept', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: [{ version: '2.5' }], clock: new ManualClock(), random: steady })
  const node = nodeAt(nodes, 0)
  const created = await call('create', ROOM)
  const byInternalId = { meetingID: field(created.body, 'internalMeetingID') ?? '' }
  node.clearRequests()
  for (let i = 1; i <= 3; i++) {
    t.equal(outcome(await call('getMeetingInfo', byInternalId)), 'FAILED notFound', 'a release without internal ids')
    t.equal(callsTo(node).length, i)
  }
  node.faults.add({ kind: '502', call: 'getMeetingInfo', times: 1 })
  t.equal(outcome(await call('getMeetingInfo', ABOUT)), 'FAILED internalError')
  t.equal(outcome(await call('getMeetingInfo', ABOUT)), 'SUCCESS')
})

t.test('a change whose answer was lost counts as one', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 1, clock: new ManualClock(), random: steady })
  await call('create', ROOM)
  const node = nodeAt(nodes, 0)
  await call('isMeetingRunning', ABOUT)
  node.faults.add({ kind: 'reset-after', call: 'end', times: 1 })
  await call('end', ABOUT)
  node.clearRequests()
  await call('isMeetingRunning', ABOUT)
  t.strictSame(callsTo(node), ['isMeetingRunning'], 'it is asked again')
})
