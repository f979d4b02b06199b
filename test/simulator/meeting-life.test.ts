import t from 'tap'
import { call, startNode } from './caller.js'

const MINUTE_MS = 60_000
const room = { meetingID: 'room-1', name: 'Room one' }

t.test('a meeting nobody joins expires after five minutes', async (t) => {
  const { node, clock } = await startNode(t)
  await call(node, 'create', room)
  await clock.advance(5 * MINUTE_MS - 1)
  t.equal(node.meetings.list().length, 1)
  await clock.advance(1)
  t.equal(node.meetings.list().length, 0)
})

t.test('a meeting expires a minute after the last one left, who is remembered that long', async (t) => {
  const { node, clock } = await startNode(t)
  await call(node, 'create', room)
  const user = node.meetings.addUser('room-1', { fullName: 'Ada' })
  await clock.advance(60 * MINUTE_MS)
  t.equal((await call(node, 'getMeetingInfo', room)).field('participantCount'), '1', 'people hold it open')
  node.meetings.removeUser('room-1', user.userID)
  await clock.advance(30_000)
  t.equal((await call(node, 'isMeetingRunning', room)).field('running'), 'true', 'still remembered')
  const info = await call(node, 'getMeetingInfo', room)
  t.equal(info.field('participantCount'), '0')
  t.equal(info.field('endTime'), String(clock.nowMs() - 30_000))
  node.meetings.addUser('room-1', { fullName: 'Ada' })
  t.equal((await call(node, 'getMeetingInfo', room)).field('endTime'), '0', 'reset by whoever comes back')
  node.meetings.removeAllUsers('room-1')
  await clock.advance(MINUTE_MS)
  t.equal((await call(node, 'getMeetingInfo', room)).field('messageKey'), 'notFound')
})

t.test('older releases count people who left until they are forgotten', async (t) => {
  const { node, clock } = await startNode(t, { version: '2.5' })
  await call(node, 'create', { ...room, meetingExpireWhenLastUserLeftInMinutes: '10' })
  const user = node.meetings.addUser('room-1', { fullName: 'Ada' })
  node.meetings.removeUser('room-1', user.userID)
  t.equal((await call(node, 'getMeetingInfo', room)).field('participantCount'), '1')
  await clock.advance(MINUTE_MS)
  t.equal((await call(node, 'getMeetingInfo', room)).field('participantCount'), '0')
  t.equal((await call(node, 'isMeetingRunning', room)).field('running'), 'false')
})

t.test('end takes effect a moment later', async (t) => {
  const { node, clock } = await startNode(t)
  await call(node, 'create', room)
  t.equal((await call(node, 'end', room)).field('messageKey'), 'sentEndMeetingRequest')
  await clock.advance(199)
  t.equal((await call(node, 'getMeetingInfo', room)).field('returncode'), 'SUCCESS')
  t.equal((await call(node, 'end', room)).field('returncode'), 'SUCCESS', 'a second end may still succeed')
  await clock.advance(1)
  t.equal((await call(node, 'end', room)).field('messageKey'), 'notFound')
})

t.test('up to 2.5 end wants the moderator password', async (t) => {
  const { node } = await startNode(t, { version: '2.5' })
  await call(node, 'create', { ...room, moderatorPW: 'modpw' })
  t.equal((await call(node, 'end', room)).field('messageKey'), 'invalidPassword')
  t.equal((await call(node, 'end', { ...room, password: 'modpw' })).field('returncode'), 'SUCCESS')
})

t.test('duration ends a meeting with people in it, and breakouts end with their parent', async (t) => {
  const { node, clock } = await startNode(t)
  await call(node, 'create', { ...room, duration: '30' })
  node.meetings.addUsers('room-1', 3)
  node.meetings.createBreakouts('room-1', 2, { durationMinutes: 60 })
  for (const breakout of node.meetings.list().slice(1)) node.meetings.addUsers(breakout.meetingID, 1)
  t.equal(node.meetings.list().length, 3)
  await clock.advance(30 * MINUTE_MS)
  t.equal(node.meetings.list().length, 0)
})

t.test('times of 0 minutes never end a meeting', async (t) => {
  const { node, clock } = await startNode(t)
  await call(node, 'create', { ...room, meetingExpireIfNoUserJoinedInMinutes: '0' })
  await clock.advance(600 * MINUTE_MS)
  t.equal(node.meetings.list().length, 1)
})

t.test('a meeting may be as long as it likes', async (t) => {
  const { node, clock } = await startNode(t)
  const minutes = 60 * 24 * 60
  await call(node, 'create', { ...room, duration: String(minutes) })
  node.meetings.addUsers('room-1', 1)
  await clock.advance(minutes * MINUTE_MS - 1)
  t.equal(node.meetings.list().length, 1)
  await clock.advance(1)
  t.equal(node.meetings.list().length, 0)
})

t.test('a restart loses meetings and keeps recordings', async (t) => {
  const { node } = await startNode(t)
  await call(node, 'create', room)
  node.meetings.addUsers('room-1', 2)
  node.recordings.add({ meetingID: 'room-0' })
  node.restart()
  t.equal((await call(node, 'getMeetings')).field('messageKey'), 'noMeetings')
  t.equal((await call(node, 'getRecordings')).field('meetingID'), 'room-0')
  t.ok(node.cpuUtilisation < 0.05)
})

t.test('a closed node leaves no timer behind', async (t) => {
  const { node, clock } = await startNode(t)
  await call(node, 'create', { ...room, record: 'true', meta_endCallbackUrl: 'http://127.0.0.1:9/gone' })
  node.meetings.addUsers('room-1', 1)
  node.meetings.end('room-1')
  await call(node, 'create', room)
  t.ok(clock.pending > 0)
  await node.close()
  t.equal(clock.pending, 0)
})
