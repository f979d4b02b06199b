import t from 'tap'
import { startSimulatedNode } from '../../src/simulator/simulated-node.js'
import { configFor, directoryFor, field, outcome, startServe, writeConfig } from '../helpers/process.js'

const NODES = 20
const CREATES = 500
const REPEATS = 50
const CREATE = { name: 'Room', attendeePW: 'attendee-password', moderatorPW: 'moderator-password' }

t.test('creates that come at once', async (t) => {
  const nodes = await Promise.all(Array.from({ length: NODES }, (_, index) => startSimulatedNode({ secret: `secret-of-node-${index + 1}` })))
  t.teardown(() => Promise.all(nodes.map((node) => node.close())))
  const { call } = await startServe(t, writeConfig(directoryFor(t), configFor(nodes)))

  await t.test(`${CREATES} of different ids spread evenly over ${NODES} idle nodes`, async (t) => {
    const answers = await Promise.all(Array.from({ length: CREATES }, (_, index) => call('create', { meetingID: `room-${index + 1}`, ...CREATE })))
    t.same(new Set(answers.map(outcome)), new Set(['SUCCESS']))
    const spread = nodes.map(({ meetings }) => meetings.list().length).sort((a, b) => a - b)
    t.comment(`meetings on the nodes: ${spread.join(' ')}`)
    t.equal(spread.reduce((sum, count) => sum + count), CREATES, 'no id was opened twice')
    // Reservations make it even; what is left of a difference comes from polls that show some meetings earlier than others.
    t.ok((spread.at(-1) ?? Infinity) <= 2 * CREATES / NODES, 'no node has more than twice the mean')
    t.ok((spread[0] ?? 0) >= CREATES / NODES / 2, 'none has less than half of it')
  })

  await t.test(`${REPEATS} of one id open one meeting`, async (t) => {
    const answers = await Promise.all(Array.from({ length: REPEATS }, () => call('create', { meetingID: 'one-room', ...CREATE })))
    t.same(new Set(answers.map(outcome)), new Set(['SUCCESS']))
    const there = nodes.flatMap(({ meetings }) => meetings.list().filter(({ meetingID }) => meetingID === 'one-room'))
    t.equal(there.length, 1)
    t.same(new Set(answers.map(({ body }) => field(body, 'internalMeetingID'))), new Set([there[0]?.internalMeetingID]))
    t.equal(answers.filter(({ body }) => field(body, 'messageKey') === '').length, 1, 'one opened it')
    t.equal(answers.filter(({ body }) => field(body, 'messageKey') === 'duplicateWarning').length, REPEATS - 1, 'the others found it')
  })

  await t.test('of many ids, each several times, all open once', async (t) => {
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => call('create', { meetingID: `shared-${index % 40}`, ...CREATE })))
    t.same(new Set(answers.map(outcome)), new Set(['SUCCESS']))
    const there = nodes.flatMap(({ meetings }) => meetings.list().filter(({ meetingID }) => meetingID.startsWith('shared-')).map(({ meetingID }) => meetingID))
    t.equal(there.length, 40)
    t.equal(new Set(there).size, 40)
  })
})
