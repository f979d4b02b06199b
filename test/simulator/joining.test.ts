import t from 'tap'
import { call, fetchReply, startNode } from './caller.js'

const room = { meetingID: 'room-1', name: 'Room <b>one</b>', attendeePW: 'attpw', moderatorPW: 'modpw' }

t.test('role or password say who somebody is', async (t) => {
  const { node } = await startNode(t)
  await call(node, 'create', room)
  for (const [parameters, role] of [
    [{ role: 'moderator' }, 'MODERATOR'], [{ password: 'modpw' }, 'MODERATOR'], [{ password: 'attpw' }, 'VIEWER'],
    [{ password: 'modpw', role: 'VIEWER' }, 'VIEWER'],
  ] as const) {
    await call(node, 'join', { meetingID: 'room-1', fullName: 'Ada', ...parameters })
    t.equal([...node.meetings.get('room-1')?.users.values() ?? []].at(-1)?.role, role, JSON.stringify(parameters))
  }
})

t.test('a failed join goes where the release knows to send it', async (t) => {
  const urls = { errorRedirectUrl: 'https://lms.example.org/error?a=1', logoutURL: 'https://lms.example.org/bye' }
  for (const [version, target] of [
    ['2.6', undefined], ['2.7', 'https://lms.example.org/error?a=1&errors='], ['3.0', 'https://lms.example.org/error?a=1&errors='],
  ] as const) {
    const { node } = await startNode(t, { version })
    const reply = await call(node, 'join', { meetingID: 'none', fullName: 'Ada', ...urls })
    const location = String(reply.headers['location'])
    t.ok(location.startsWith(target ?? `http://127.0.0.1:${node.port}/?errors=`), `${version} ${location}`)
    t.strictSame(JSON.parse(new URL(location).searchParams.get('errors') ?? ''),
      [{ message: 'A meeting with that ID does not exist', key: 'invalidMeetingIdentifier' }])
  }
  const { node } = await startNode(t)
  const onlyLogout = await call(node, 'join', { meetingID: 'none', fullName: 'Ada', logoutURL: urls.logoutURL })
  t.match(onlyLogout.headers['location'], 'https://lms.example.org/bye?errors=')
  const wrong = await fetchReply(`${node.url}/join?meetingID=none&fullName=Ada&checksum=abc`)
  t.match(wrong.headers['location'], /checksumError/)
})

t.test('no more people than maxParticipants, but known ones may come again', async (t) => {
  const { node } = await startNode(t)
  await call(node, 'create', { ...room, maxParticipants: '1' })
  const join = (userID: string) => call(node, 'join', { meetingID: 'room-1', fullName: 'Ada', role: 'VIEWER', userID, redirect: 'false' })
  t.equal((await join('u1')).field('messageKey'), 'successfullyJoined')
  t.equal((await join('u2')).field('messageKey'), 'maxParticipantsReached')
  t.equal((await join('u1')).field('messageKey'), 'successfullyJoined')
})

t.test('guests wait for a moderator, or are turned away', async (t) => {
  const { node, clock } = await startNode(t, { version: '2.7' })
  await call(node, 'create', { ...room, guestPolicy: 'ASK_MODERATOR' })
  const guest = { meetingID: 'room-1', fullName: 'Bob', role: 'VIEWER', guest: 'true' }
  const waiting = await call(node, 'join', { ...guest, redirect: 'false' })
  t.equal(waiting.field('messageKey'), 'guestWait')
  t.equal(waiting.field('guestStatus'), 'WAIT')
  t.match((await call(node, 'join', guest)).headers['location'], '/html5client/guestWait?sessionToken=')
  t.equal((await call(node, 'getMeetingInfo', room)).field('participantCount'), '0')
  t.equal(node.meetings.letGuestsIn('room-1'), 2)
  t.equal((await call(node, 'getMeetingInfo', room)).field('participantCount'), '2')
  await call(node, 'join', guest)
  await clock.advance(30_000)
  t.equal(node.meetings.letGuestsIn('room-1'), 0, 'who is not let in for half a minute is gone')

  await call(node, 'create', { meetingID: 'room-2', name: 'Two', guestPolicy: 'ALWAYS_DENY' })
  const denied = await call(node, 'join', { ...guest, meetingID: 'room-2', redirect: 'false' })
  t.equal(denied.field('messageKey'), 'guestDeniedAccess')
})

t.test('the page of a room shows names as text, follows the room and lets people leave', async (t) => {
  const { node, clock } = await startNode(t, { name: 'node <1>' })
  await call(node, 'create', { ...room, logoutURL: 'https://lms.example.org/</script><script>alert(1)</script>' })
  const joined = await call(node, 'join', { meetingID: 'room-1', fullName: '<img src=x>', role: 'MODERATOR' })
  const pageUrl = String(joined.headers['location'])
  const page = await fetchReply(pageUrl)
  t.match(page.headers['content-security-policy'], "default-src 'none'")
  t.match(page.text, 'Room &lt;b&gt;one&lt;/b&gt;')
  t.match(page.text, '&lt;img src=x&gt;')
  t.match(page.text, 'node &lt;1&gt;')
  t.notMatch(page.text, '<script>alert')

  const at = (what: string): string => pageUrl.replace('/html5client/?', `/html5client/${what}?`)
  await fetchReply(at('change'), { method: 'POST', body: '{"hasVideo":true,"hasJoinedVoice":true,"role":"x"}' })
  const info = await call(node, 'getMeetingInfo', room)
  t.strictSame([info.field('videoCount'), info.field('voiceParticipantCount'), info.field('role')], ['1', '1', 'MODERATOR'])
  const state = JSON.parse((await fetchReply(at('state'))).text)
  t.match(state, { isOver: false, people: [{ name: '<img src=x>', isMe: true, hasVideo: true }] })

  await fetchReply(at('leave'), { method: 'POST' })
  t.equal((await call(node, 'getMeetingInfo', room)).field('participantCount'), '0')
  await fetchReply(pageUrl)
  t.equal((await call(node, 'getMeetingInfo', room)).field('participantCount'), '1', 'a reload comes back')
  await clock.advance(60_000)
  t.equal((await call(node, 'getMeetingInfo', room)).field('participantCount'), '0', 'a page that fell silent is gone')
  node.meetings.end('room-1')
  t.match((await fetchReply(pageUrl)).text, 'This session is over')
})

t.test('the front page says why a join failed', async (t) => {
  const { node } = await startNode(t)
  const reply = await call(node, 'join', { meetingID: 'none', fullName: 'Ada' })
  const page = await fetchReply(String(reply.headers['location']))
  t.match(page.text, 'A meeting with that ID does not exist')
})
