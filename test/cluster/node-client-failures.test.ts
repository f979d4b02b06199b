import { createServer as createTlsServer } from 'node:https'
import t, { type Test } from 'tap'
import { NodeClient, NodeUnreachable, type FailureReason, type NodeCall } from '../../src/cluster/node-client.js'
import { startSimulatedNode, type FaultKind } from '../../src/simulator/simulated-node.js'
import { CERTIFICATE, CERTIFICATE_KEY } from './certificate.js'
import { listen, startHttp, startTcp } from './servers.js'

const GET_MEETINGS: NodeCall = { call: 'getMeetings', query: '', method: 'GET', timeoutMs: 4_000 }

interface Observed {
  readonly client: NodeClient
  /** How every request ended, as the observer was told. */
  readonly ends: Array<FailureReason | ''>
}

function clientOf (t: Test, origin: string, settings: { secret?: string, connectTimeoutMs?: number, ca?: string } = {}): Observed {
  const ends: Array<FailureReason | ''> = []
  const client = new NodeClient({
    url: `${origin}/bigbluebutton/api`,
    secret: settings.secret ?? 'a-secret',
    checksum: 'sha256',
    connectTimeoutMs: settings.connectTimeoutMs ?? 1_000,
    ca: settings.ca,
    observe: (durationMs, error) => {
      if (durationMs < 0) t.fail('a duration is negative')
      ends.push(error)
    },
  })
  t.teardown(() => client.close())
  return { client, ends }
}

/** Why the request got no answer, and whether it may have arrived. */
async function failureOf (request: Promise<unknown>): Promise<[FailureReason, boolean] | string> {
  try {
    await request
    return 'it was answered'
  } catch (error) {
    return error instanceof NodeUnreachable ? [error.reason, error.mayHaveArrived] : String(error)
  }
}

t.test('a request that was not written has not arrived', async (t) => {
  t.test('connection refused', async (t) => {
    let gone = ''
    await t.test('a server that has stopped', async (t) => { gone = `http://${await startTcp(t)}` })
    const { client, ends } = clientOf(t, gone)
    t.strictSame(await failureOf(client.request(GET_MEETINGS)), ['connect', false])
    t.strictSame(ends, ['connect'])
  })

  t.test('a name that does not exist', async (t) => {
    const { client } = clientOf(t, 'http://no-such-host.invalid')
    t.strictSame(await failureOf(client.request(GET_MEETINGS)), ['connect', false])
  })

  t.test('a certificate nobody vouches for', async (t) => {
    const server = createTlsServer({ key: CERTIFICATE_KEY, cert: CERTIFICATE }, (_request, response) => { response.end('<response/>') })
    const origin = `https://${await listen(t, server, () => server.closeAllConnections())}`
    const strict = clientOf(t, origin)
    t.strictSame(await failureOf(strict.client.request(GET_MEETINGS)), ['connect', false])
    t.strictSame(await failureOf(strict.client.request(GET_MEETINGS)), ['connect', false], 'nor the second time')

    const trusting = clientOf(t, origin, { ca: CERTIFICATE })
    t.equal((await trusting.client.request(GET_MEETINGS)).body.toString(), '<response/>', 'with that authority it is answered')
  })

  t.test('a server that speaks no TLS', async (t) => {
    const origin = await startHttp(t, (_request, response) => { response.end() })
    const { client } = clientOf(t, origin.replace('http:', 'https:'))
    t.strictSame(await failureOf(client.request(GET_MEETINGS)), ['connect', false])
  })

  t.test('a server that breaks off while TLS is agreed upon', async (t) => {
    const { client } = clientOf(t, `https://${await startTcp(t, (socket) => { socket.once('data', () => socket.destroy()) })}`)
    t.strictSame(await failureOf(client.request(GET_MEETINGS)), ['connect', false])
  })

  t.test('no connection within the time for it', async (t) => {
    const { client, ends } = clientOf(t, `https://${await startTcp(t)}`, { connectTimeoutMs: 100 })
    const startedAtMs = performance.now()
    t.strictSame(await failureOf(client.request({ ...GET_MEETINGS, timeoutMs: 10_000 })), ['connect', false])
    t.ok(performance.now() - startedAtMs < 3_000, 'it gave up long before the deadline')
    t.strictSame(ends, ['connect'])
  })

  t.test('the deadline passes while it connects', async (t) => {
    const { client } = clientOf(t, `https://${await startTcp(t)}`, { connectTimeoutMs: 10_000 })
    t.strictSame(await failureOf(client.request({ ...GET_MEETINGS, timeoutMs: 50 })), ['timeout', false])
  })

  t.test('the deadline passes while it waits for a connection', async (t) => {
    const node = await startSimulatedNode({ secret: 'a-secret' })
    t.teardown(() => node.close())
    node.faults.add({ kind: 'hang', call: 'getMeetings' })
    const { client, ends } = clientOf(t, node.url.replace('/bigbluebutton/api', ''))
    const hanging = Array.from({ length: 64 }, () => failureOf(client.request({ ...GET_MEETINGS, timeoutMs: 400 })))
    t.strictSame(await failureOf(client.request({ ...GET_MEETINGS, call: 'getSessions', timeoutMs: 100 })), ['timeout', false])
    t.strictSame(await Promise.all(hanging), Array.from({ length: 64 }, () => ['timeout', true]))
    t.equal((await client.request({ ...GET_MEETINGS, call: 'getRecordings' })).statusCode, 200, 'then connections are free again')
    t.equal(node.requests.filter(({ call }) => call === 'getSessions').length, 0, 'what was given up is not sent later')
    t.strictSame(ends, [...Array.from({ length: 65 }, () => 'timeout'), ''], 'each is counted once')
  })

  t.test('the client is closed already', async (t) => {
    const { client } = clientOf(t, await startHttp(t, (_request, response) => { response.end() }))
    await client.close()
    t.strictSame(await failureOf(client.request(GET_MEETINGS)), ['connect', false])
  })
})

t.test('a request that was written may have arrived', async (t) => {
  const table: Array<[FaultKind, FailureReason]> = [['reset', 'reset'], ['reset-after', 'reset'], ['cut', 'reset'], ['hang', 'timeout']]
  for (const [kind, reason] of table) {
    t.test(kind, async (t) => {
      const node = await startSimulatedNode({ secret: 'a-secret' })
      t.teardown(() => node.close())
      const { client, ends } = clientOf(t, node.url.replace('/bigbluebutton/api', ''))
      await client.request(GET_MEETINGS)
      node.faults.add({ kind, times: 1 })
      t.strictSame(await failureOf(client.request({ ...GET_MEETINGS, timeoutMs: 300 })), [reason, true])
      t.strictSame(ends, ['', reason])
      t.equal((await client.request(GET_MEETINGS)).statusCode, 200, 'the next one is answered')
      t.equal(node.requests.length, 3, 'nothing was sent twice')
    })
  }

  t.test('the deadline passes in the middle of the answer', async (t) => {
    const { client } = clientOf(t, await startHttp(t, (_request, response) => { response.write('<response>') }))
    t.strictSame(await failureOf(client.request({ ...GET_MEETINGS, timeoutMs: 100 })), ['timeout', true])
  })

  t.test('the answer ends before the length it announced', async (t) => {
    const { client } = clientOf(t, `http://${await startTcp(t, (socket) => { socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<response>')) })}`)
    t.strictSame(await failureOf(client.request(GET_MEETINGS)), ['reset', true])
  })

  t.test('a chunked answer has no end', async (t) => {
    const { client } = clientOf(t, `http://${await startTcp(t, (socket) => { socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<resp\r\n')) })}`)
    t.strictSame(await failureOf(client.request(GET_MEETINGS)), ['reset', true])
  })

  t.test('the answer is no HTTP', async (t) => {
    const { client } = clientOf(t, `http://${await startTcp(t, (socket) => { socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.6\r\n')) })}`)
    t.strictSame(await failureOf(client.request(GET_MEETINGS)), ['reset', true])
  })

  t.test('the answer is larger than any honest one', async (t) => {
    const mebibyte = Buffer.alloc(1024 * 1024, 0x20)
    const { client, ends } = clientOf(t, await startHttp(t, (_request, response) => {
      let sent = 0
      const send = (): void => { while (sent++ < 80) if (!response.write(mebibyte)) return }
      response.on('drain', send)
      send()
    }))
    t.strictSame(await failureOf(client.request({ ...GET_MEETINGS, timeoutMs: 20_000 })), ['too-large', true])
    t.strictSame(ends, ['too-large'])
  })

  t.test('the client is closed meanwhile', async (t) => {
    const node = await startSimulatedNode({ secret: 'a-secret' })
    t.teardown(() => node.close())
    node.faults.add({ kind: 'hang' })
    const { client } = clientOf(t, node.url.replace('/bigbluebutton/api', ''))
    const hanging = failureOf(client.request(GET_MEETINGS))
    await t.resolves(new Promise((resolve) => setTimeout(resolve, 50)))
    await client.close()
    t.strictSame(await hanging, ['reset', true])
  })
})

t.test('a whole answer is an answer, whatever it says', async (t) => {
  const table: Array<[FaultKind, number, FailureReason | '']> = [
    ['500', 500, 'status'], ['502', 502, 'status'], ['503', 503, 'status'], ['html', 200, ''], ['wrong-secret', 200, ''], ['truncated', 200, ''],
  ]
  const node = await startSimulatedNode({ secret: 'a-secret' })
  t.teardown(() => node.close())
  const { client, ends } = clientOf(t, node.url.replace('/bigbluebutton/api', ''))
  for (const [kind, status, observed] of table) {
    node.faults.add({ kind, times: 1 })
    t.equal((await client.request(GET_MEETINGS)).statusCode, status, kind)
    t.equal(ends.at(-1), observed, kind)
  }
})
