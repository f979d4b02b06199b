import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { sign } from '../../src/bbb/checksum.js'
import { NodeClient, type Body } from '../../src/cluster/node-client.js'
import { startSimulatedNode, type BbbVersion, type SimulatedNode, type SimulatedNodeOptions } from '../../src/simulator/simulated-node.js'
import { startHttp } from './servers.js'

const SECRET = 's3cr3tForDocsOnly'

async function start (t: Test, options: Partial<SimulatedNodeOptions> = {}): Promise<{ node: SimulatedNode, client: NodeClient }> {
  const node = await startSimulatedNode({ secret: SECRET, ...options })
  const client = clientOf(t, node.url)
  t.teardown(() => node.close())
  return { node, client }
}

function clientOf (t: Test, url: string): NodeClient {
  const client = new NodeClient({ url, secret: SECRET, checksum: 'sha256', connectTimeoutMs: 1_000, ca: undefined, observe: () => {} })
  t.teardown(() => client.close())
  return client
}

t.test('a URL is signed with the checksum at its end', async (t) => {
  const client = clientOf(t, 'https://node.example.org/bigbluebutton/api')
  t.equal(client.signedUrl('getMeetings', ''), 'https://node.example.org/bigbluebutton/api/getMeetings?checksum=12b2a24676ada1fcf54880ef66d74cdaa718379ffe50930933c00321a32f3ba7')
  t.equal(client.signedUrl('create', 'name=A+B&meetingID=r%2D1'), 'https://node.example.org/bigbluebutton/api/create?name=A+B&meetingID=r%2D1&checksum=d6ded25ceda58b9ed6214c5da0dbc5d8283271277cf4f92159103435e7adaa12')
})

t.test('a query goes to the node in the client\'s bytes', async (t) => {
  const { node, client } = await start(t)
  const query = 'name=A+B%20c&meetingID=r%2D%2d1&meta_X=~%7e!*\'()&&empty=&x'
  const { statusCode, body } = await client.request({ call: 'create', query, method: 'GET', timeoutMs: 4_000, requestId: 'abc-1' })
  t.equal(statusCode, 200)
  t.match(body.toString(), '<returncode>SUCCESS</returncode>')
  t.match(node.requests, [{ call: 'create', method: 'GET', query: `${query}&checksum=${sign('create', query, SECRET, 'sha256')}`, headers: { 'x-request-id': 'abc-1', accept: '*/*' }, bodyBytes: 0 }])
  t.equal(node.requests[0]?.headers['content-type'], undefined)
})

t.test('a query that ends with an ampersand is signed as the node sees it', async (t) => {
  const { client } = await start(t)
  for (const query of ['', '&', 'x=1&', '&x=1', '&&x&&']) {
    t.match((await client.request({ call: 'getMeetings', query, method: 'GET', timeoutMs: 4_000 })).body.toString(), 'SUCCESS', `"${query}"`)
  }
})

/** A create query that is exactly that long; its name says how long the welcome text is. */
function longQuery (bytes: number): string {
  const query = `name=Long+%C3%A4&meetingID=long-${bytes}&welcome=`
  return query + 'w'.repeat(bytes - query.length)
}

for (const version of ['2.4', '2.5', '2.6', '2.7', '3.0'] as const satisfies readonly BbbVersion[]) {
  t.test(`a query of more than 6 KB goes to a node of version ${version} as a form`, async (t) => {
    const { node, client } = await start(t, { version })
    for (const [bytes, method] of [[6_144, 'GET'], [6_145, 'POST'], [60_000, 'POST']] as const) {
      node.clearRequests()
      const answer = await client.request({ call: 'create', query: longQuery(bytes), method: 'GET', timeoutMs: 4_000 })
      t.match(answer.body.toString(), `<meetingID>long-${bytes}</meetingID>`, `${bytes} bytes are accepted`)
      t.equal(node.meetings.get(`long-${bytes}`)?.name, 'Long ä')
      const [request] = node.requests
      t.equal(node.requests.length, 1)
      t.equal(request?.method, method)
      if (method === 'GET') continue
      t.equal(request?.query, `checksum=${sign('create', '', SECRET, 'sha256')}`, 'with the checksum alone in the URL')
      t.equal(request?.headers['content-type'], 'application/x-www-form-urlencoded')
      t.equal(request?.bodySha256, createHash('sha256').update(longQuery(bytes)).digest('hex'))
    }
  })
}

t.test('a call that BBB takes as GET only keeps its query in the URL', async (t) => {
  const { node, client } = await start(t)
  node.meetings.create({ meetingID: 'room-1', name: 'Room' })
  const long = 'x'.repeat(7_000)
  for (const [call, query] of [
    ['join', `meetingID=room-1&fullName=Ada&role=VIEWER&redirect=false&userdata-x=${long}`],
    ['sendChatMessage', `meetingID=room-1&message=hello&userName=${long}`],
  ] as const) {
    node.clearRequests()
    const { statusCode, body } = await client.request({ call, query, method: 'GET', timeoutMs: 4_000 })
    t.equal(statusCode, 200, call)
    t.notMatch(body.toString(), 'checksumError')
    t.match(node.requests, [{ call, method: 'GET', bodyBytes: 0 }])
  }
})

t.test('a body goes with its type and length, and can be sent again', async (t) => {
  const { node, client } = await start(t)
  const xml = Buffer.from('<modules><module name="presentation"><document name="a.txt">aGVsbG8=</document></module></modules>')
  const bodies: Array<[string, Body]> = [
    ['out of memory', { contentType: 'application/xml', byteLength: xml.length, open: () => xml }],
    ['as a stream', { contentType: 'application/xml', byteLength: xml.length, open: () => Readable.from([xml.subarray(0, 20), xml.subarray(20)]) }],
  ]
  for (const [what, body] of bodies) {
    node.clearRequests()
    node.faults.add({ kind: '503', times: 1 })
    const call = { call: 'create', query: 'name=Room&meetingID=room-1', method: 'POST', body, timeoutMs: 4_000 } as const
    t.equal((await client.request(call)).statusCode, 503, what)
    t.equal((await client.request(call)).statusCode, 200, what)
    const sha256 = createHash('sha256').update(xml).digest('hex')
    t.equal(node.requests.length, 2)
    for (const request of node.requests) {
      t.equal(request.bodySha256, sha256, what)
      t.match(request.headers, { 'content-type': 'application/xml', 'content-length': String(xml.length) }, what)
      t.equal(request.headers['transfer-encoding'], undefined, what)
    }
  }
})

t.test('an answer is read with its status, type, place and time', async (t) => {
  const origin = await startHttp(t, (request, response) => {
    response.sendDate = false
    if (request.url?.startsWith('/api/join') === true) {
      response.writeHead(302, { location: 'https://elsewhere.example.org/client', 'content-type': 'text/plain', date: 'Thu, 01 Jan 2026 00:00:10 GMT' }).end()
    } else {
      response.writeEarlyHints({ link: '</a>; rel=preload' })
      response.writeHead(200).end(Buffer.from([0xff, 0xfe]))
    }
  })
  const client = clientOf(t, `${origin}/api`)
  t.strictSame(await client.request({ call: 'join', query: '', method: 'GET', timeoutMs: 4_000 }), {
    statusCode: 302, contentType: 'text/plain', location: 'https://elsewhere.example.org/client', dateMs: 1_767_225_610_000, body: Buffer.alloc(0),
  }, 'a redirect is not followed')
  t.strictSame(await client.request({ call: 'getMeetings', query: '', method: 'GET', timeoutMs: 4_000 }), {
    statusCode: 200, contentType: '', location: '', dateMs: 0, body: Buffer.from([0xff, 0xfe]),
  }, 'an interim answer is none, and bytes stay as they are')
})

t.test('calls to one node run side by side, and its connections are used again', async (t) => {
  const sockets = new Set<unknown>()
  const origin = await startHttp(t, (request, response) => {
    sockets.add(request.socket)
    setTimeout(() => response.end('<response/>'), 20)
  })
  const client = clientOf(t, `${origin}/api`)
  const round = async (): Promise<void> => {
    await Promise.all(Array.from({ length: 10 }, () => client.request({ call: 'getMeetings', query: '', method: 'GET', timeoutMs: 4_000 })))
    // A connection is free again only after the answer has been handed out.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const startedAtMs = performance.now()
  await round()
  await round()
  await round()
  t.ok(performance.now() - startedAtMs < 500, 'thirty answers of 20 ms each in a row would take 600 ms')
  t.equal(sockets.size, 10)
})
