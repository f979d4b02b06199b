import t from 'tap'
import type { FaultKind } from '../../src/simulator/simulated-node.js'
import { field, startGateway } from '../helpers/gateway.js'
import { callsTo, creating, having, nodeAt, outcome } from './cluster-of-nodes.js'

/** Lets the first of equal nodes be taken, so that bbb-01 meets the fault. */
const firstOfEquals = (): number => 0.999

/** Short only where a test has to wait for it: the machine may be busy. */
const timeoutsFor = (fault: FaultKind): object => fault === 'hang' ? { timeouts: { create: '800ms', call: '800ms' } } : {}

interface Case {
  readonly fault: FaultKind
  /** Whether the fault happens to every call, not only to create. */
  readonly total?: boolean
  /** Who has the meeting in the end. */
  readonly on: readonly string[]
  /** What the first node was asked. */
  readonly asked: readonly string[]
}

const CASES: readonly Case[] = [
  // Written and answered 503, or refused as not allowed: nothing was done, the next node is asked at once.
  { fault: '503', on: ['bbb-02'], asked: ['create'] },
  { fault: 'wrong-secret', on: ['bbb-02'], asked: ['create'] },
  { fault: 'api-disabled', on: ['bbb-02'], asked: ['create'] },
  // Fate unknown, and the node says that it does not have the meeting.
  { fault: 'reset', on: ['bbb-02'], asked: ['create', 'getMeetingInfo'] },
  { fault: '500', on: ['bbb-02'], asked: ['create', 'getMeetingInfo'] },
  { fault: '502', on: ['bbb-02'], asked: ['create', 'getMeetingInfo'] },
  { fault: 'html', on: ['bbb-02'], asked: ['create', 'getMeetingInfo'] },
  { fault: 'hang', on: ['bbb-02'], asked: ['create', 'getMeetingInfo'] },
  // Fate unknown, and the node has it: answered as a create, not doubled.
  { fault: 'reset-after', on: ['bbb-01'], asked: ['create', 'getMeetingInfo'] },
  { fault: 'truncated', on: ['bbb-01'], asked: ['create', 'getMeetingInfo'] },
  { fault: 'cut', on: ['bbb-01'], asked: ['create', 'getMeetingInfo'] },
  // The node cannot be asked either: the next one is taken.
  { fault: 'reset', total: true, on: ['bbb-02'], asked: ['create', 'getMeetingInfo'] },
  { fault: '502', total: true, on: ['bbb-02'], asked: ['create', 'getMeetingInfo'] },
  { fault: 'html', total: true, on: ['bbb-02'], asked: ['create', 'getMeetingInfo'] },
  { fault: 'hang', total: true, on: ['bbb-02'], asked: ['create', 'getMeetingInfo'] },
]

for (const { fault, total = false, on, asked } of CASES) {
  t.test(`a new meeting on a node with the fault ${fault}${total ? ' in every call' : ' in create'}`, async (t) => {
    const { call, nodes, gateway, logs } = await startGateway(t, { nodes: 2, random: firstOfEquals, config: timeoutsFor(fault) })
    const first = nodeAt(nodes, 0)
    first.faults.add(total ? { kind: fault } : { kind: fault, call: 'create' })

    const created = await call('create', { meetingID: 'room-1', name: 'Room one' })
    t.equal(created.status, 200)
    t.equal(created.headers['content-type'], 'text/xml;charset=utf-8')
    t.equal(outcome(created), 'SUCCESS')
    t.strictSame(having(nodes, 'room-1'), on)
    const meeting = nodes.find(({ name }) => name === on[0])?.meetings.get('room-1')
    t.equal(field(created.body, 'internalMeetingID'), meeting?.internalMeetingID)
    t.equal(field(created.body, 'createTime'), String(meeting?.createdAtMs))
    t.equal(field(created.body, 'attendeePW'), meeting?.attendeePW)
    t.equal(field(created.body, 'moderatorPW'), meeting?.moderatorPW)
    t.equal(field(created.body, 'voiceBridge'), meeting?.voiceBridge)
    t.strictSame(callsTo(first), asked)
    t.match(logs.filter(({ fields }) => fields['call'] === 'create').map(({ fields }) => [fields['result'], fields['node']]), [['success', on[0]]])
    const members = [...gateway.cluster.members.values()]
    t.strictSame(creating(gateway), [0, 0], 'no reservation stays')
    t.equal(members[0]?.node.health, 'suspect', 'the node is not trusted any more')

    first.faults.clear()
    const again = await call('create', { meetingID: 'room-1', name: 'Room one' })
    t.equal(outcome(again), 'SUCCESS duplicateWarning')
    t.equal(field(again.body, 'createTime'), field(created.body, 'createTime'))
    t.strictSame(having(nodes, 'room-1'), on, 'still only there')
  })
}

t.test('a create whose answer was lost reads like any other', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 1 })
  const whole = await call('create', { meetingID: 'room-1', name: 'Room one' })
  nodeAt(nodes, 0).faults.add({ kind: 'reset-after', call: 'create', times: 1 })
  const found = await call('create', { meetingID: 'room-2', name: 'Room two' })
  const names = ({ body }: { body: string }): string[] => Array.from(body.matchAll(/<(\w+)>/g), ([, name]) => name ?? '')
  t.strictSame(names(found), names(whole), 'the same elements in the same order')
  t.equal(field(found.body, 'parentMeetingID'), 'bbb-none')
})

t.test('a new meeting on nodes that refuse connections', async (t) => {
  const { call, nodes, gateway } = await startGateway(t, { nodes: 2, random: firstOfEquals })
  await nodeAt(nodes, 0).close()
  t.equal(outcome(await call('create', { meetingID: 'room-1', name: 'Room one' })), 'SUCCESS')
  t.strictSame(having(nodes.slice(1), 'room-1'), ['bbb-02'])
  await nodeAt(nodes, 1).close()
  const failed = await call('create', { meetingID: 'room-2', name: 'Room two' })
  t.equal(failed.status, 200)
  t.equal(failed.body, '<response><returncode>FAILED</returncode><messageKey>internalError</messageKey><message>Unable to create meeting on server.</message></response>')
  t.strictSame(creating(gateway), [0, 0], 'no reservation stays')
})

t.test('a fault of the gateway\'s standing with every node is not shown as the client\'s', async (t) => {
  for (const fault of ['wrong-secret', 'api-disabled', '503', '500', 'html'] as const) {
    const { call, nodes } = await startGateway(t, { nodes: 2 })
    for (const node of nodes) node.faults.add({ kind: fault })
    const failed = await call('create', { meetingID: 'room-1', name: 'Room one' })
    t.equal(failed.body, '<response><returncode>FAILED</returncode><messageKey>internalError</messageKey><message>Unable to create meeting on server.</message></response>', fault)
  }
})

t.test('what a node finds wrong with a create is passed on, and no other node is asked', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 2, random: firstOfEquals })
  for (const [params, key] of [
    [{ meetingID: 'room-1' }, 'nullError'],
    [{ meetingID: 'room-1', name: '' }, 'emptyError'],
    [{ meetingID: 'room-1', name: 'Room one', voiceBridge: 'x' }, 'validationError'],
    [{ meetingID: 'room-1', name: 'Room one', attendeePW: 'x' }, 'invalidPassword'],
    [{ meetingID: ' room-1', name: 'Room one' }, 'validationError'],
  ] as const) {
    t.equal(outcome(await call('create', params)), `FAILED ${key}`)
  }
  nodeAt(nodes, 0).meetings.create({ meetingID: 'other', name: 'Other', voiceBridge: '12345' })
  const taken = await call('create', { meetingID: 'room-1', name: 'Room one', voiceBridge: '12345' })
  t.equal(taken.body, '<response><returncode>FAILED</returncode><errors><error><key>nonUniqueVoiceBridge</key><message>The selected voice bridge is already in use.</message></error></errors></response>')
  t.strictSame(callsTo(nodeAt(nodes, 1)), [])
  t.strictSame(having(nodes, 'room-1'), [])
})

const PASSWORDS = { attendeePW: 'att-1', moderatorPW: 'mod-1' }

for (const fault of ['reset', 'reset-after', '500', '502', '503', 'html', 'truncated', 'cut', 'hang', 'wrong-secret', 'api-disabled'] as const) {
  t.test(`a repeated create whose node has the fault ${fault} in create is answered by what the node has`, async (t) => {
    const { call, nodes } = await startGateway(t, { nodes: 2, random: firstOfEquals, config: timeoutsFor(fault) })
    const first = await call('create', { meetingID: 'room-1', name: 'Room one', ...PASSWORDS })
    nodeAt(nodes, 0).faults.add({ kind: fault, call: 'create' })
    for (const [passwords, expected] of [
      [PASSWORDS, 'SUCCESS duplicateWarning'], [{}, 'SUCCESS duplicateWarning'], [{ ...PASSWORDS, attendeePW: 'att-2' }, 'FAILED idNotUnique'],
    ] as const) {
      const again = await call('create', { meetingID: 'room-1', name: 'Room one', ...passwords })
      t.equal(outcome(again), expected, JSON.stringify(passwords))
      if (expected.startsWith('SUCCESS')) t.equal(field(again.body, 'createTime'), field(first.body, 'createTime'))
    }
    t.strictSame(having(nodes, 'room-1'), ['bbb-01'], 'it is opened nowhere else')
  })
}

t.test('a repeated create whose node cannot be asked at all fails, and opens nothing elsewhere', async (t) => {
  for (const fault of ['reset', '502', 'html', 'hang', 'wrong-secret'] as const) {
    const { call, nodes } = await startGateway(t, { nodes: 2, random: firstOfEquals, config: timeoutsFor(fault) })
    await call('create', { meetingID: 'room-1', name: 'Room one' })
    nodeAt(nodes, 0).faults.add({ kind: fault })
    const again = await call('create', { meetingID: 'room-1', name: 'Room one' })
    t.equal(again.body, '<response><returncode>FAILED</returncode><messageKey>internalError</messageKey><message>Unable to create meeting on server.</message></response>', fault)
    t.strictSame(having(nodes, 'room-1'), ['bbb-01'], fault)
  }
})

t.test('a repeated create of a meeting that ended by itself opens it anew', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 2, random: firstOfEquals })
  const first = await call('create', { meetingID: 'room-1', name: 'Room one' })
  nodeAt(nodes, 0).meetings.end('room-1')
  const again = await call('create', { meetingID: 'room-1', name: 'Room one' })
  t.equal(outcome(again), 'SUCCESS')
  t.not(field(again.body, 'createTime'), field(first.body, 'createTime'))
  t.equal(having(nodes, 'room-1').length, 1)
})

t.test('a create that two nodes leave without an answer does not go on to all the others', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 5, random: firstOfEquals, config: { timeouts: { create: '300ms', call: '300ms' } } })
  for (const node of nodes) node.faults.add({ kind: 'hang' })
  const answer = await call('create', { meetingID: 'room-1', name: 'Room one' })
  t.equal(answer.body, '<response><returncode>FAILED</returncode><messageKey>internalError</messageKey><message>Unable to create meeting on server.</message></response>')
  t.equal(nodes.filter((node) => node.requests.some(({ call }) => call === 'create')).length, 2)
})
