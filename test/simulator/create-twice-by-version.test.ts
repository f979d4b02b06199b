import t from 'tap'
import { BBB_VERSIONS } from '../../src/simulator/versions.js'
import { call, childNames, fetchReply, startNode } from './caller.js'

for (const version of BBB_VERSIONS) {
  t.test(`two creates of one id, ${version}`, async (t) => {
    const { node, clock } = await startNode(t, { version })
    const room = { meetingID: 'room-1', name: 'Room one' }
    const first = await call(node, 'create', room)
    const passwords = { attendeePW: first.field('attendeePW') ?? '', moderatorPW: first.field('moderatorPW') ?? '' }
    t.equal(first.field('internalMeetingID'), `0e9770ee13188deca3cd34f598eb93650a2f97c3-${clock.nowMs()}`)
    t.equal(first.field('createDate'), 'Thu Jan 01 00:00:00 UTC 2026')
    t.match(first.field('voiceBridge'), /^\d{5}$/)
    t.equal(first.field('parentMeetingID'), 'bbb-none')
    await clock.advance(5_000)

    const same = await call(node, 'create', { ...room, name: 'Other', ...passwords })
    t.equal(same.field('messageKey'), 'duplicateWarning', 'both passwords equal')
    t.equal(same.field('createTime'), first.field('createTime'))
    const omitted = await call(node, 'create', room)
    t.equal(omitted.field('messageKey'), version < '2.6' ? 'idNotUnique' : 'duplicateWarning', 'both omitted')
    for (const others of [{ attendeePW: passwords.attendeePW }, { ...passwords, moderatorPW: 'other' }]) {
      t.equal((await call(node, 'create', { ...room, ...others })).field('messageKey'), 'idNotUnique')
    }
  })
}

t.test('ended and created again within a millisecond, a meeting has another internal id', async (t) => {
  const { node } = await startNode(t)
  const first = await call(node, 'create', { meetingID: 'room-1', name: 'One' })
  node.meetings.end('room-1')
  const second = await call(node, 'create', { meetingID: 'room-1', name: 'One' })
  t.not(second.field('internalMeetingID'), first.field('internalMeetingID'))
})

t.test('meetings are found by the beginning of their internal id from 2.6', async (t) => {
  for (const [version, expected] of [['2.5', 'notFound'], ['2.6', undefined], ['3.0', undefined]] as const) {
    const { node } = await startNode(t, { version })
    await call(node, 'create', { meetingID: 'room-1', name: 'One' })
    t.equal((await call(node, 'getMeetingInfo', { meetingID: '0e97' })).field('messageKey'), expected, version)
  }
})

t.test('a meeting on the mock voice bridge cannot be found', async (t) => {
  const { node } = await startNode(t)
  t.match((await call(node, 'create', { meetingID: 'room-1', name: 'One', voiceBridge: '99999' })).field('internalMeetingID'), /^-\d+$/)
  t.equal((await call(node, 'getMeetingInfo', { meetingID: 'room-1' })).field('messageKey'), 'notFound')
})

t.test('what else differs by release', async (t) => {
  const table = [
    { version: '2.4', index: ['apiVersion', 'bbbVersion'], client: '/html5client/join?sessionToken=', insert: 404, chat: 404, redirected: 302 },
    { version: '2.5', index: ['apiVersion', 'bbbVersion'], client: '/html5client/join?sessionToken=', insert: 200, chat: 404, redirected: 302 },
    { version: '2.6', index: ['apiVersion', 'bbbVersion'], client: '/html5client/join?sessionToken=', insert: 200, chat: 404, redirected: 302 },
    { version: '2.7', index: ['apiVersion', 'bbbVersion'], client: '/html5client/join?sessionToken=', insert: 200, chat: 404, redirected: 200 },
    {
      version: '3.0',
      index: ['apiVersion', 'bbbVersion', 'html5PluginSdkVersion', 'graphqlWebsocketUrl', 'graphqlApiUrl'],
      client: '/html5client/?sessionToken=',
      insert: 200,
      chat: 200,
      redirected: 200,
    },
  ] as const
  for (const { version, index, client, insert, chat, redirected } of table) {
    const { node } = await startNode(t, { version })
    t.strictSame(childNames((await fetchReply(node.url)).text, 'response'), ['returncode', 'version', ...index], version)
    await call(node, 'create', { meetingID: 'room-1', name: 'One' })
    const joined = await call(node, 'join', { meetingID: 'room-1', fullName: 'Ada', role: 'VIEWER' })
    t.match(joined.headers['location'], `http://127.0.0.1:${node.port}${client}`, version)
    t.match(joined.headers['set-cookie'], /^JSESSIONID=/)
    t.equal((await call(node, 'insertDocument', { meetingID: 'room-1' }, { method: 'POST' })).status, insert, version)
    t.equal((await call(node, 'sendChatMessage', { meetingID: 'room-1', message: 'x' })).status, chat, version)
    t.equal((await call(node, 'join', { meetingID: 'none', fullName: 'Ada', redirect: 'false' })).status, redirected, version)
  }
})
