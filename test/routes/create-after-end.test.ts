import t from 'tap'
import { BBB_VERSIONS } from '../../src/simulator/versions.js'
import { field, startGateway } from '../helpers/gateway.js'
import { callsTo, eventually, having, nodeAt, outcome, steady } from './cluster-of-nodes.js'

const ROOM = { meetingID: 'room-1', name: 'Room one', moderatorPW: 'mod-1', attendeePW: 'att-1' }
const END = { meetingID: 'room-1', password: 'mod-1' }

for (const version of BBB_VERSIONS) {
  t.test(`after an end on a node of ${version} a create waits until the meeting is gone, and is then placed anew`, async (t) => {
    const { call, nodes } = await startGateway(t, { nodes: [{ version, endDelayMs: 400 }, { version }], random: steady })
    const created = await call('create', ROOM)
    t.strictSame(having(nodes, 'room-1'), ['bbb-01'])
    t.equal(outcome(await call('end', END)), 'SUCCESS sentEndMeetingRequest')
    t.strictSame(having(nodes, 'room-1'), ['bbb-01'], 'it takes a while to end')
    t.equal(outcome(await call('getMeetingInfo', { meetingID: 'room-1' })), 'SUCCESS', 'until then it can be read')

    const anew = await call('create', ROOM)
    t.equal(outcome(anew), 'SUCCESS')
    t.not(field(anew.body, 'internalMeetingID'), field(created.body, 'internalMeetingID'))
    const on = having(nodes, 'room-1')
    t.equal(on.length, 1)
    t.equal(nodes.find(({ name }) => name === on[0])?.meetings.get('room-1')?.internalMeetingID, field(anew.body, 'internalMeetingID'))
    t.equal(field((await call('getMeetingInfo', { meetingID: 'room-1' })).body, 'internalMeetingID'), field(anew.body, 'internalMeetingID'))
  })
}

t.test('many creates after an end answer for one new meeting', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: [{ endDelayMs: 300 }, {}, {}], random: steady })
  const created = await call('create', ROOM)
  await call('end', END)
  const answers = await Promise.all(Array.from({ length: 10 }, () => call('create', ROOM)))
  t.strictSame(new Set(answers.map(({ body }) => field(body, 'returncode'))), new Set(['SUCCESS']))
  const ids = new Set(answers.map(({ body }) => field(body, 'internalMeetingID')))
  t.equal(ids.size, 1)
  t.notOk(ids.has(field(created.body, 'internalMeetingID')))
  t.equal(having(nodes, 'room-1').length, 1)
})

t.test('a meeting that does not end keeps its creates waiting for three seconds at most', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: [{ endDelayMs: 600_000 }, {}], random: steady })
  const created = await call('create', ROOM)
  await call('end', END)
  const startedAtMs = performance.now()
  const again = await call('create', ROOM)
  const tookMs = performance.now() - startedAtMs
  t.ok(tookMs >= 2_800, `waited ${tookMs} ms`)
  t.equal(outcome(again), 'SUCCESS duplicateWarning')
  t.equal(field(again.body, 'createTime'), field(created.body, 'createTime'))
  t.strictSame(having(nodes, 'room-1'), ['bbb-01'])
  const looks = callsTo(nodeAt(nodes, 0)).filter((name) => name === 'getMeetingInfo').length
  t.ok(looks > 2 && looks <= 21, `looked ${looks} times`)
})

t.test('an end that failed does not make the next create wait', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 1 })
  await call('create', ROOM)
  for (const kind of ['500', 'html', 'wrong-secret'] as const) {
    nodeAt(nodes, 0).faults.add({ kind, call: 'end', times: 1 })
    t.equal(outcome(await call('end', END)), 'FAILED internalError')
  }
  nodeAt(nodes, 0).clearRequests()
  t.equal(outcome(await call('create', ROOM)), 'SUCCESS duplicateWarning')
  t.strictSame(callsTo(nodeAt(nodes, 0)), ['create'])
})

t.test('an end whose answer was lost is noticed by the next create', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: [{ endDelayMs: 0 }, {}], random: steady })
  const created = await call('create', ROOM)
  nodeAt(nodes, 0).faults.add({ kind: 'reset-after', call: 'end', times: 1 })
  t.equal(outcome(await call('end', END)), 'FAILED internalError')
  await eventually('it has ended', () => having(nodes, 'room-1').length === 0)
  const anew = await call('create', ROOM)
  t.equal(outcome(anew), 'SUCCESS')
  t.not(field(anew.body, 'internalMeetingID'), field(created.body, 'internalMeetingID'))
  t.equal(having(nodes, 'room-1').length, 1)
})
