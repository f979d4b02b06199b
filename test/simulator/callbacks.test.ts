import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import t from 'tap'
import { sign } from '../../src/bbb/checksum.js'
import { call, childNames, SECRET, startNode } from './caller.js'

interface Arrival { method: string, url: string, body: string, headers: Record<string, unknown> }

/** Somebody who is called back: notes what arrives, answers with `status` until told otherwise. */
async function startReceiver (t: { teardown: (stop: () => unknown) => unknown }) {
  const arrivals: Arrival[] = []
  const waiting: Array<() => void> = []
  const receiver = { arrivals, status: 200, url: '', until }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => { body += chunk.toString() })
    request.on('end', () => {
      response.writeHead(receiver.status).end()
      arrivals.push({ method: request.method ?? '', url: request.url ?? '', body, headers: request.headers })
      for (const check of waiting) check()
    })
  })
  async function until (count: number): Promise<void> {
    if (arrivals.length >= count) return
    await new Promise<void>((resolve) => waiting.push(() => { if (arrivals.length >= count) resolve() }))
  }
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  receiver.url = `http://127.0.0.1:${typeof address === 'object' ? address?.port ?? 0 : 0}`
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return receiver
}

const settle = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 50) })

function payloadOf (token: string, hash: string): unknown {
  const [head = '', payload = '', signature] = token.split('.')
  const expected = createHmac(hash, SECRET).update(`${head}.${payload}`).digest('base64url')
  return signature === expected ? JSON.parse(Buffer.from(payload, 'base64url').toString()) : 'wrongly signed'
}

t.test('the end callback arrives twice, and is tried again after 30 s', async (t) => {
  const receiver = await startReceiver(t)
  const { node, clock } = await startNode(t)
  receiver.status = 503
  await call(node, 'create', { meetingID: 'room 1', name: 'One', meta_endCallbackUrl: `${receiver.url}/end?a=1`, record: 'true' })
  node.meetings.addUsers('room 1', 1)
  node.meetings.createBreakouts('room 1', 1)
  node.meetings.end('room 1')
  await receiver.until(1)
  await settle()
  receiver.status = 200
  await clock.advance(30_000)
  await receiver.until(3)
  await settle()
  t.strictSame(receiver.arrivals.map(({ method, url }) => `${method} ${url}`),
    Array(3).fill('GET /end?a=1&recordingmarks=true&meetingID=room%201'), 'and nothing for the breakout')
})

t.test('recording-ready and analytics are signed with the secret of the node', async (t) => {
  const receiver = await startReceiver(t)
  const { node, clock } = await startNode(t)
  const created = await call(node, 'create', {
    meetingID: 'room-1',
    name: 'One',
    record: 'true',
    meetingKeepEvents: 'true',
    'meta_bn-recording-ready-url': `${receiver.url}/ready`,
    'meta_analytics-callback-url': `${receiver.url}/analytics`,
  })
  node.meetings.addUser('room-1', { fullName: 'Ada', userID: 'u1' })
  await clock.advance(60_000)
  node.meetings.end('room-1')
  await receiver.until(1)
  const [analytics] = receiver.arrivals
  t.equal(analytics?.url, '/analytics')
  t.match(payloadOf(String(analytics?.headers['authorization']).replace('Bearer ', ''), 'sha512'), { exp: Number })
  t.match(JSON.parse(analytics?.body ?? ''), {
    version: '1.0', meeting_id: 'room-1', data: { duration: 60, attendees: [{ ext_user_id: 'u1', name: 'Ada' }] },
  })
  await clock.advance(5_000)
  await receiver.until(2)
  const ready = receiver.arrivals[1]
  t.equal(ready?.url, '/ready')
  t.strictSame(payloadOf(new URLSearchParams(ready?.body).get('signed_parameters') ?? '', 'sha256'),
    { meeting_id: 'room-1', record_id: created.field('internalMeetingID') })
})

t.test('hooks are told what happens, with a checksum over address and body', async (t) => {
  const receiver = await startReceiver(t)
  const { node, clock } = await startNode(t)
  const all = await call(node, 'hooks/create', { callbackURL: `${receiver.url}/all?x=<1>` })
  t.strictSame(childNames(all.text, 'response'), ['returncode', 'hookID', 'permanentHook', 'rawData'])
  const again = await call(node, 'hooks/create', { callbackURL: `${receiver.url}/all?x=<1>` })
  t.strictSame([again.field('hookID'), again.field('messageKey')], ['1', 'duplicateWarning'])
  await call(node, 'hooks/create', { callbackURL: `${receiver.url}/other`, meetingID: 'room-2', eventID: 'user-joined,user-left' })
  const list = await call(node, 'hooks/list', { meetingID: 'room-1' })
  t.match(list.text, `<callbackURL><![CDATA[${receiver.url}/all?x=<1>]]></callbackURL>`)
  t.equal(list.text.split('<hook>').length - 1, 1)

  await call(node, 'create', { meetingID: 'room-1', name: 'One' })
  await receiver.until(1)
  await call(node, 'join', { meetingID: 'room-1', fullName: 'Ada', role: 'VIEWER', userID: 'u1' })
  await receiver.until(2)
  node.meetings.removeUser('room-1', 'u1')
  await receiver.until(3)
  receiver.status = 500
  node.meetings.end('room-1')
  await receiver.until(4)
  await settle()
  receiver.status = 401
  await clock.advance(100)
  await receiver.until(5)
  await settle()
  await clock.advance(3_600_000)
  await settle()
  const ids = receiver.arrivals.map(({ body }) => JSON.parse(new URLSearchParams(body).get('event') ?? '')[0].data.id)
  t.strictSame(ids, ['meeting-created', 'user-joined', 'user-left', 'meeting-ended', 'meeting-ended'],
    'tried again after 100 ms, and a 401 counts as delivered')
  for (const { url, body } of receiver.arrivals) {
    const checksum = sign(`${receiver.url}/all?x=<1>`, body, SECRET, 'sha1')
    t.ok(url.endsWith(`&checksum=${checksum}`), url)
  }
  t.equal((await call(node, 'hooks/destroy', { hookID: '1' })).field('removed'), 'true')
})
