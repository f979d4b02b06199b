import t from 'tap'
import { Courses } from '../../src/cluster/courses.js'
import { Directory } from '../../src/cluster/directory.js'
import { Forecast } from '../../src/placement/forecast.js'
import type { Opening } from '../../src/placement/rooms.js'
import { create, listed, withPeople } from './meetings.js'

const AT = 1_767_225_600_000
const MIN = 60_000
const opening = (meetingID: string): Opening => ({ tenantId: 'default', meetingID, maxParticipants: 0, announced: 0, isBreakout: false })

function parts (): { forecast: Forecast, directory: Directory } {
  const forecast = new Forecast({ rooms: true, bookings: true, maxSampleAgeMs: 90_000, sampleWindowMs: 120_000 })
  for (const id of ['n1', 'n2']) forecast.addNode(id, 1)
  const directory = new Directory(() => false, new Courses(forecast, { clockAheadMs: () => 0, tenantOf: () => 'default', learned () {} }))
  return { forecast, directory }
}

t.test('a sample of a time in which nobody watched the node says nothing', async (t) => {
  const { forecast, directory } = parts()
  let nowMs = AT
  for (; nowMs <= AT + 10 * MIN; nowMs += 5_000) {
    directory.reconcile('n1', [withPeople('room', 100, AT)], nowMs)
    forecast.polled('n1', nowMs)
  }
  forecast.cpuSampled('n1', 0.32, nowMs)
  const before = forecast.look('n1', nowMs).profile.background
  const { samples } = forecast.learning.sums
  // BBB is down, or the node disabled, for an hour; the exporter goes on.
  forecast.unwatched('n1')
  for (let i = 0; i < 120; i++) forecast.cpuSampled('n1', 0.12, nowMs += 30_000)
  t.equal(forecast.look('n1', nowMs - 1_000).profile.background.toFixed(3), before.toFixed(3), 'background')
  t.equal(forecast.learning.sums.samples, samples, 'nothing goes into the costs')
  directory.reconcile('n1', [], nowMs)
  directory.reconcile('n1', [], nowMs + 5_000)
  t.equal(forecast.expect(opening('room')).factor, 1, 'the room is not cheaper than others')
})

t.test('what a client announced holds over a restart', async (t) => {
  const { directory } = parts()
  // As the state file gives it back: it does not hold what was announced.
  const copy = directory.add({ meetingID: 'room', internalMeetingID: 'room-internal-1000', nodeId: 'n1', createdAtMs: 1000, voiceBridge: '1' }, true)
  directory.reconcile('n1', [listed('room', { expectedParticipants: 400 })], AT)
  t.equal(copy.course?.expected.people, 400)
})

t.test('a lecture of which only the end was seen does not become a small one', async (t) => {
  const { forecast, directory } = parts()
  // Started while this gateway was not running; ten people are left for the last two minutes.
  for (let i = 0; i <= 24; i++) directory.reconcile('n1', [withPeople('lecture', 2, AT)], AT + 90 * MIN + i * 5_000)
  for (const i of [25, 26]) directory.reconcile('n1', [], AT + 90 * MIN + i * 5_000)
  const { people, isNew } = forecast.expect(opening('lecture'))
  t.ok(isNew || people > 10, `expected: ${people} people`)
})

t.test('a meeting that was opened again elsewhere because its node failed is one use of its room', async (t) => {
  const { forecast, directory } = parts()
  for (let m = 0; m <= 30; m++) directory.reconcile('n1', [withPeople('room', 30, AT)], AT + m * MIN)
  create(directory, 'room', 'n2', { createdAtMs: AT + 31 * MIN, answeredAtMs: AT + 31 * MIN })
  for (let m = 32; m <= 60; m++) directory.reconcile('n2', [withPeople('room', 30, AT + 31 * MIN)], AT + m * MIN)
  for (const m of [61, 62]) directory.reconcile('n1', [], AT + m * MIN)
  for (const m of [61, 62]) directory.reconcile('n2', [], AT + m * MIN)
  const line = [...forecast.rooms.save().rooms][0] ?? []
  t.equal(line[2], 1, 'uses')
  t.equal(line.length - 10, 1, 'times of the week')
})

t.test('the tags of a room are learned also where the node has another limit of people', async (t) => {
  const { forecast, directory } = parts()
  const expected = forecast.expect({ ...opening('room'), tags: 'gpu!' })
  const copy = create(directory, 'room', 'n1', { createdAtMs: AT, expected })
  // BBB's own default for maxParticipants.
  directory.reconcile('n1', [listed('room', { createdAtMs: AT, maxParticipants: 200 })], AT + 1)
  t.equal(copy.course?.expected.tags, 'gpu!')
})
