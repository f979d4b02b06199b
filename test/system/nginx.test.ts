import { createHash, randomBytes } from 'node:crypto'
import { createServer as createHttpServer, type IncomingHttpHeaders } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import { Client } from 'undici'
import { field, SECRET, signedQuery, startGateway, type Params, type TestGateway } from '../helpers/gateway.js'
import { LONGEST_HEADERS, startNginx, type Nginx } from '../helpers/nginx.js'
import { findProgram } from '../helpers/server.js'

const { path: program, skip: withoutNginx } = findProgram('nginx')
// Its certificates are made with openssl.
const skip = withoutNginx === false ? findProgram('openssl').skip : withoutNginx
const API = '/bigbluebutton/api'
const XML = 'application/xml'

interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: string
}

interface Options {
  readonly method?: 'GET' | 'POST' | 'HEAD' | 'DELETE'
  readonly body?: string
  readonly headers?: Record<string, string>
}

/** Asks nginx for a path as it stands, without putting it in order first. */
async function ask (nginx: Nginx, path: string, { method = 'GET', body, headers = {} }: Options = {}): Promise<Answer> {
  const answer = await nginx.https.request({ path, method, headers, body: body ?? null })
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() }
}

/** Calls the BBB API through nginx. */
function call (nginx: Nginx, name: string, params: Params = {}, options: Options = {}): Promise<Answer> {
  return ask(nginx, `${API}/${name}?${signedQuery(name, params)}`, options)
}

/** The Location with which the gateway itself answers. */
async function directLocation (gateway: TestGateway, path: string): Promise<unknown> {
  const client = new Client(gateway.origin, { maxHeaderSize: LONGEST_HEADERS })
  const { headers, body } = await client.request({ path, method: 'GET' })
  await body.dump()
  await client.close()
  return headers['location']
}

/** The body of a create that brings a presentation of about so many bytes. */
function presentation (bytes: number): string {
  const content = randomBytes(bytes * 3 / 4).toString('base64')
  return `<?xml version="1.0" encoding="UTF-8"?><modules><module name="presentation"><document name="slides.pdf">${content}</document></module></modules>`
}

const POSTED = { method: 'POST', headers: { 'content-type': XML } } as const

/** How many requests of each call arrived at the nodes, without what gateways ask on their own account. */
function arrivals (gateway: TestGateway): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { call } of gateway.nodes.flatMap((node) => node.requests)) {
    if (call !== 'getMeetings') counts[call] = (counts[call] ?? 0) + 1
  }
  return counts
}

function clearArrivals (gateway: TestGateway): void {
  for (const node of gateway.nodes) node.clearRequests()
}

/** Two gateways over the same three nodes. */
async function twoGateways (t: Test): Promise<[TestGateway, TestGateway]> {
  const config = { poll: { interval: '200ms', timeout: '150ms' } }
  const first = await startGateway(t, { config })
  return [first, await startGateway(t, { running: first.nodes, config })]
}

/** Something in the place of a gateway that does as told with each connection. */
async function listen (t: Test, server: Server): Promise<string> {
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => new Promise((resolve) => { server.close(resolve) }))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('a meeting is created, joined, listed and ended through nginx', { skip }, async (t) => {
  const gateway = await startGateway(t)
  const nginx = await startNginx(t, program, [gateway.origin])
  const body = presentation(5 * 1024 * 1024)

  const created = await call(nginx, 'create', { meetingID: 'room-1', name: 'Room one' }, { ...POSTED, body })
  t.equal(created.status, 200)
  t.equal(field(created.body, 'returncode'), 'SUCCESS')
  const creates = gateway.nodes.flatMap((node) => node.requests).filter((request) => request.call === 'create')
  t.same(creates.map((request) => request.bodySha256), [createHash('sha256').update(body).digest('hex')], 'the presentation arrives as it was sent')

  const join = `${API}/join?${signedQuery('join', { meetingID: 'room-1', fullName: 'Ada', role: 'MODERATOR', password: 'pass-of-ada' })}`
  const joined = await ask(nginx, join)
  t.equal(joined.status, 302)
  t.equal(joined.headers['location'], await directLocation(gateway, join), 'the Location is the gateway\'s')
  t.equal((await fetch(String(joined.headers['location']), { redirect: 'manual' })).status, 302, 'and the node takes it')

  t.equal(field((await call(nginx, 'isMeetingRunning', { meetingID: 'room-1' })).body, 'running'), 'true')
  t.equal(field((await call(nginx, 'getMeetingInfo', { meetingID: 'room-1' })).body, 'fullName'), 'Ada')
  t.equal(field((await call(nginx, 'getMeetings')).body, 'meetingID'), 'room-1')
  t.equal(field((await call(nginx, 'end', { meetingID: 'room-1' })).body, 'messageKey'), 'sentEndMeetingRequest')

  t.test('a form is a call like any other', async (t) => {
    const answer = await ask(nginx, `${API}/getMeetings`, {
      method: 'POST',
      body: signedQuery('getMeetings', {}),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    t.equal(field(answer.body, 'returncode'), 'SUCCESS')
  })

  t.test('a URL of 40,000 characters passes, and so does the Location made of it', async (t) => {
    await call(nginx, 'create', { meetingID: 'room-2', name: 'Room two' })
    const path = `${API}/join?${signedQuery('join', { meetingID: 'room-2', fullName: 'Ada', role: 'MODERATOR', 'userdata-style': 'x'.repeat(40_000) })}`
    t.ok(path.length > 40_000)
    const answer = await ask(nginx, path)
    t.equal(answer.status, 302)
    t.equal(answer.headers['location'], await directLocation(gateway, path))
  })

  t.test('HEAD is refused before it reaches a node', async (t) => {
    clearArrivals(gateway)
    for (const name of ['create', 'join', 'end']) {
      const answer = await call(nginx, name, { meetingID: 'room-1', fullName: 'Ada', name: 'Room', role: 'MODERATOR' }, { method: 'HEAD' })
      t.equal(answer.status, 405, name)
      t.equal(answer.headers['allow'], 'GET, POST', name)
    }
    t.same(arrivals(gateway), {})
  })

  t.test('what is refused before its body was read is answered in words, and the gateway stays in use', async (t) => {
    const body = presentation(5 * 1024 * 1024)
    for (let attempt = 1; attempt <= 10; attempt++) {
      const answer = await ask(nginx, `${API}/create?meetingID=room-3&name=x&checksum=${'0'.repeat(64)}`, { ...POSTED, body })
      t.equal(answer.status, 200, `attempt ${attempt}`)
      t.equal(field(answer.body, 'messageKey'), 'checksumError', `attempt ${attempt}`)
    }
    t.equal(field((await call(nginx, 'getMeetings')).body, 'returncode'), 'SUCCESS')
  })
})

t.test('a request is as long as the gateway takes, and no longer', { skip }, async (t) => {
  const gateway = await startGateway(t)
  await gateway.call('create', { meetingID: 'room-1', name: 'Room one' })
  const nginx = await startNginx(t, program, [gateway.origin])
  const long = (bytes: number): Promise<Answer> =>
    call(nginx, 'isMeetingRunning', { meetingID: 'room-1', x: 'x'.repeat(40_000) }, { headers: { 'x-long': 'x'.repeat(bytes) } })
  t.equal(field((await long(18_000)).body, 'returncode'), 'SUCCESS')
  t.equal((await long(25_000)).status, 400)
  t.match((await nginx.readLogs(2)).access, /"status":400,.*"gateway":""/, 'nginx refuses it by itself')
})

t.test('what is for operators is not for everybody', { skip }, async (t) => {
  const gateway = await startGateway(t, { config: { management: { tokens: ['a-token-of-an-operator'] } } })
  const nginx = await startNginx(t, program, [gateway.origin])
  const headers = { authorization: 'Bearer a-token-of-an-operator' }

  t.equal((await fetch(`${gateway.origin}/api/v1/nodes`, { headers })).status, 200, 'the gateway itself would answer')
  const statuses: Readonly<Record<string, number>> = {
    '/healthz': 200,
    [API]: 200,
    '/readyz': 403,
    '/metrics': 403,
    '/metrics?x=1': 403,
    '/%6Detrics': 403,
    '//metrics': 403,
    '/bigbluebutton/../metrics': 403,
    [`${API}/../../metrics`]: 403,
    [`${API}/..%2f..%2fmetrics`]: 403,
    '/api/v1/nodes': 403,
    '/api/v1/openapi.json': 403,
    '/api/./v1/nodes': 403,
    '/api%2fv1/nodes': 403,
    '/api/v1': 403,
    '/': 404,
  }
  for (const [path, status] of Object.entries(statuses)) t.equal((await ask(nginx, path, { headers })).status, status, path)
})

t.test('the plain port leads to the encrypted one', { skip }, async (t) => {
  const nginx = await startNginx(t, program, ['http://127.0.0.1:9'])
  const answer = await nginx.http.request({ path: `${API}/getMeetings?checksum=0`, method: 'GET', headers: { host: 'bbb.example.org' } })
  await answer.body.dump()
  t.equal(answer.statusCode, 301)
  t.equal(answer.headers['location'], `https://bbb.example.org${API}/getMeetings?checksum=0`)
})

t.test('a gateway learns who called, and its connections are used again', { skip }, async (t) => {
  const seen: IncomingHttpHeaders[] = []
  let connections = 0
  const server = createHttpServer((request, response) => {
    seen.push(request.headers)
    response.end()
  })
  server.on('connection', () => { connections++ })
  const nginx = await startNginx(t, program, [await listen(t, server)])

  await ask(nginx, `${API}/create`, {
    headers: { host: 'bbb.example.org', 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil.example', 'x-request-id': 'id-of-the-client.1' },
  })
  const [first] = seen
  t.match(first, {
    host: 'bbb.example.org',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'bbb.example.org',
    'x-request-id': 'id-of-the-client.1',
  }, 'what the client claims about itself is replaced')
  t.equal(first?.['x-forwarded-for'], '127.0.0.1')

  await ask(nginx, `${API}/create`, { headers: { 'x-request-id': 'bad id"' } })
  await ask(nginx, `${API}/create`, { ...POSTED, body: '<modules/>' })
  t.match(seen[1]?.['x-request-id'], /^[0-9a-f]{32}$/, 'an id that could break a log is replaced')
  t.match((await nginx.readLogs(3)).access, `"requestId":"${seen[1]?.['x-request-id']}"`, 'and the log has the new one')
  t.equal(seen.length, 3)
  t.equal(connections, 1)
})

t.test('with a gateway stopped every call goes to the other, once', { skip }, async (t) => {
  const [first, second] = await twoGateways(t)
  await second.call('create', { meetingID: 'known', name: 'Known' })
  await first.close()
  clearArrivals(second)

  // A fresh nginx has not yet noticed that the first gateway is gone: every one of these calls is the one that does.
  const calls: ReadonlyArray<readonly [string, Params, Options, Record<string, number>]> = [
    ['create', { meetingID: 'by-get', name: 'By GET' }, {}, { create: 1 }],
    ['create', { meetingID: 'by-post', name: 'By POST' }, { method: 'POST' }, { create: 1 }],
    ['create', { meetingID: 'with-body', name: 'With body' }, { ...POSTED, body: presentation(5 * 1024 * 1024) }, { create: 1 }],
    ['getMeetingInfo', { meetingID: 'known' }, {}, { getMeetingInfo: 1 }],
    ['getMeetings', {}, {}, {}],
    ['end', { meetingID: 'known' }, {}, { end: 1 }],
  ]
  for (const [name, params, options, expected] of calls) {
    const title = `${options.method ?? 'GET'} ${name} ${params['meetingID'] ?? ''}`
    const nginx = await startNginx(t, program, [first.origin, second.origin])
    clearArrivals(second)
    const answer = await call(nginx, name, params, options)
    t.equal(answer.status, 200, title)
    t.equal(field(answer.body, 'returncode'), 'SUCCESS', title)
    t.same(arrivals(second), expected, title)

    const { access, error } = await nginx.readLogs(1)
    t.match(access, new URL(first.origin).host, `${title}: the log shows that the first gateway was tried`)
    t.notMatch(access + error, 'checksum', `${title}: the logs quote no query`)
    t.equal(field((await call(nginx, 'getMeetings')).body, 'returncode'), 'SUCCESS', `${title}: the next call goes on`)
    await nginx.stop()
  }
})

t.test('a request that a gateway may have carried out is not given to another', { skip }, async (t) => {
  const second = await startGateway(t)
  let received = 0
  const broken = await listen(t, createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      received++
      socket.destroy()
    })
  }))
  const calls: ReadonlyArray<readonly [string, Params, Options]> = [
    ['create', { meetingID: 'by-get', name: 'By GET' }, {}],
    ['end', { meetingID: 'by-get' }, {}],
    ['create', { meetingID: 'by-post', name: 'By POST' }, { method: 'POST' }],
    ['create', { meetingID: 'small-body', name: 'Small body' }, { ...POSTED, body: '<modules/>' }],
    ['create', { meetingID: 'large-body', name: 'Large body' }, { ...POSTED, body: presentation(100_000) }],
  ]
  for (const [name, params, options] of calls) {
    const nginx = await startNginx(t, program, [broken, second.origin])
    received = 0
    const title = `${options.method ?? 'GET'} ${name} ${params['meetingID'] ?? ''}`
    t.equal((await call(nginx, name, params, options)).status, 502, title)
    t.equal(received, 1, `${title}: the first gateway had it`)
    t.equal(second.logs.filter(({ event }) => event === 'call answered').length, 0, `${title}: the second one did not`)
    t.notMatch((await nginx.readLogs(1)).error, 'checksum')
    await nginx.stop()
  }
  t.same(arrivals(second), {})
})

t.test('a gateway that says it is shutting down is passed over', { skip }, async (t) => {
  const second = await startGateway(t)
  const leaving = await listen(t, createHttpServer((_request, response) => {
    response.writeHead(503, { connection: 'close' }).end('{"statusCode":503}')
  }))
  const nginx = await startNginx(t, program, [leaving, second.origin])
  const answer = await call(nginx, 'create', { meetingID: 'room-1', name: 'Room one' })
  t.equal(field(answer.body, 'returncode'), 'SUCCESS')
  t.same(arrivals(second), { create: 1 })
})

t.test('the logs show the call and the client, and nothing that is secret', { skip }, async (t) => {
  const gateway = await startGateway(t)
  const nginx = await startNginx(t, program, [gateway.origin])
  await call(nginx, 'create', { meetingID: 'room-1', name: 'Room one', moderatorPW: 'pw-of-moderators' })
  await call(nginx, 'join', { meetingID: 'room-1', fullName: 'Ada Lovelace', password: 'pw-of-moderators' }, {
    headers: { referer: 'https://lms.example.org/?token=token-of-the-lms' },
  })
  await (await nginx.http.request({ path: `${API}/join?${signedQuery('join', { fullName: 'Ada Lovelace' })}`, method: 'GET' })).body.dump()
  await ask(nginx, `${API}/join?password=pw-of-moderators&x=${'x'.repeat(70_000)}`)
  await breakOff(nginx)

  const { access, error } = await nginx.readLogs(5)
  t.match(access, /"client":"127\.0\.0\.1",.*"method":"GET","path":"\/bigbluebutton\/api\/join","status":302/)
  const lines = access.trimEnd().split('\n').map((line): unknown => JSON.parse(line))
  t.equal(lines.length, 5, 'every line is JSON')
  for (const secret of ['checksum', 'pw-of-moderators', 'Lovelace', 'token-of-the-lms', SECRET]) t.notMatch(access + error, secret)
})

/** Sends half a request and leaves. */
async function breakOff ({ httpsPort }: Nginx): Promise<void> {
  const socket = connectTls({ port: httpsPort, host: '127.0.0.1', rejectUnauthorized: false })
  await new Promise<void>((resolve) => {
    socket.write(`POST ${API}/create?password=pw-of-moderators HTTP/1.1\r\nHost: bbb.example.org\r\nContent-Length: 1000\r\n\r\nhalf`, () => {
      socket.destroy()
      resolve()
    })
  })
}
