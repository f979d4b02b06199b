import t from 'tap'
import { field, startGateway } from '../helpers/gateway.js'

t.test('a meeting is created, joined, listed and ended through the gateway', async (t) => {
  const { call, nodes } = await startGateway(t)

  const created = await call('create', { meetingID: 'room-1', name: 'Room one' })
  t.equal(field(created.body, 'returncode'), 'SUCCESS')
  t.equal(field(created.body, 'meetingID'), 'room-1')

  const joined = await call('join', { meetingID: 'room-1', fullName: 'Ada', role: 'MODERATOR' })
  t.equal(joined.status, 302)
  const node = nodes.find(({ url }) => String(joined.headers['location']).startsWith(`${url}/join?`))
  t.ok(node, 'the browser is sent to a node')
  t.equal((await fetch(String(joined.headers['location']), { redirect: 'manual' })).status, 302, 'which takes it')

  t.equal(field((await call('isMeetingRunning', { meetingID: 'room-1' })).body, 'running'), 'true')
  t.equal(field((await call('getMeetingInfo', { meetingID: 'room-1' })).body, 'fullName'), 'Ada')
  t.equal(field((await call('getMeetings')).body, 'meetingID'), 'room-1')
  t.equal(field((await call('end', { meetingID: 'room-1' })).body, 'messageKey'), 'sentEndMeetingRequest')
})
