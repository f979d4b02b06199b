import t from 'tap'
import { BBB_VERSIONS } from '../../src/simulator/versions.js'
import { field, startGateway } from '../helpers/gateway.js'
import { creating, having, holder, nodeAt, outcome } from './cluster-of-nodes.js'

const BOTH = { attendeePW: 'att-1', moderatorPW: 'mod-1' }

for (const version of BBB_VERSIONS) {
  t.test(`a repeated create over nodes of ${version} answers for the first meeting`, async (t) => {
    const { call, nodes } = await startGateway(t, { nodes: [{ version }, { version }, { version }] })

    const first = await call('create', { meetingID: 'room-1', name: 'Room one', ...BOTH })
    t.equal(outcome(first), 'SUCCESS')
    const again = await call('create', { meetingID: 'room-1', name: 'Another name', ...BOTH })
    t.equal(outcome(again), 'SUCCESS duplicateWarning')
    t.equal(field(again.body, 'message'), 'This conference was already in existence and may currently be in progress.')
    for (const name of ['meetingID', 'internalMeetingID', 'createTime', 'attendeePW', 'moderatorPW', 'voiceBridge']) {
      t.ok(field(first.body, name), `${name} is there`)
      t.equal(field(again.body, name), field(first.body, name), `${name} is the same`)
    }
    const different = [
      { attendeePW: 'att-2', moderatorPW: 'mod-1' },
      { attendeePW: 'att-1', moderatorPW: 'mod-2' },
      { attendeePW: 'att-1' },
      { moderatorPW: 'mod-1' },
    ]
    for (const passwords of different) {
      const clash = await call('create', { meetingID: 'room-1', name: 'Room one', ...passwords })
      t.equal(outcome(clash), 'FAILED idNotUnique', JSON.stringify(passwords))
    }
    t.equal(outcome(await call('create', { meetingID: 'room-1', name: 'Room one' })), 'SUCCESS duplicateWarning', 'passwords left out')

    const open = await call('create', { meetingID: 'room-2', name: 'Room two' })
    t.equal(outcome(open), 'SUCCESS')
    t.ok(field(open.body, 'attendeePW'), 'passwords of the node\'s own')
    for (const passwords of [{}, { attendeePW: '', moderatorPW: '' }]) {
      const openAgain = await call('create', { meetingID: 'room-2', name: 'Room two', ...passwords })
      t.equal(outcome(openAgain), 'SUCCESS duplicateWarning', 'neither password, twice')
      for (const name of ['internalMeetingID', 'createTime', 'attendeePW', 'moderatorPW']) {
        t.equal(field(openAgain.body, name), field(open.body, name), `${name} is the same`)
      }
    }
    t.equal(outcome(await call('create', { meetingID: 'room-2', name: 'Room two', ...BOTH })), 'FAILED idNotUnique', 'passwords given for a meeting with others')
    t.equal(having(nodes, 'room-1').length, 1)
    t.equal(having(nodes, 'room-2').length, 1)
  })
}

t.test('fifty creates of one id at once end on one node with one createTime', async (t) => {
  const { call, nodes, gateway } = await startGateway(t, { nodes: [{ version: '2.4' }, { version: '2.7' }, { version: '3.0' }, {}, {}] })
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => call('create', { meetingID: 'room-1', name: `Room ${i} of many` })))
  t.strictSame(new Set(answers.map((answer) => field(answer.body, 'returncode'))), new Set(['SUCCESS']))
  t.equal(new Set(answers.map((answer) => field(answer.body, 'createTime'))).size, 1)
  t.equal(new Set(answers.map((answer) => field(answer.body, 'internalMeetingID'))).size, 1)
  t.equal(answers.filter((answer) => outcome(answer) === 'SUCCESS').length, 1, 'one of them was the first')
  t.equal(having(nodes, 'room-1').length, 1)
  t.strictSame(creating(gateway), [0, 0, 0, 0, 0], 'no reservation stays')
})

t.test('creates of many ids at once are spread over the nodes', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 3 })
  await Promise.all(Array.from({ length: 30 }, (_, i) => call('create', { meetingID: `room-${i}`, name: `Room ${i}` })))
  t.strictSame(nodes.map((node) => node.meetings.list().length), [10, 10, 10])
})

t.test('an id of few letters is not mistaken for the beginning of a stranger\'s internal id', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 1 })
  const node = nodeAt(nodes, 0)
  const stranger = await call('create', { meetingID: 'stranger', name: 'Stranger' })
  const start = (field(stranger.body, 'internalMeetingID') ?? '').slice(0, 3)
  node.faults.add({ kind: 'reset-after', call: 'create', times: 1 })
  const lost = await call('create', { meetingID: start, name: 'Short id' })
  t.equal(outcome(lost), 'FAILED internalError', 'the stranger is not passed off as the new meeting')
  t.equal(holder(nodes, 'stranger'), node)
})

t.test('a repeated create that its node keeps waiting is answered in the time of any other call', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 1, config: { timeouts: { call: '300ms', create: '60s' } } })
  const first = await call('create', { meetingID: 'room-1', name: 'Room one' })
  nodes[0]?.faults.add({ kind: 'hang', call: 'create' })
  const again = await call('create', { meetingID: 'room-1', name: 'Room one' })
  t.equal(outcome(again), 'SUCCESS duplicateWarning')
  t.equal(field(again.body, 'createTime'), field(first.body, 'createTime'))
})
