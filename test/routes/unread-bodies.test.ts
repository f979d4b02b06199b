import { readdirSync, readlinkSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { sign } from '../../src/bbb/checksum.js'
import { AnswerCache } from '../../src/cluster/answer-cache.js'
import { apiRoutes } from '../../src/routes/api.js'
import { FollowRoute } from '../../src/routes/follow.js'
import { GatherRoute } from '../../src/routes/gather.js'
import { PlaceRoute } from '../../src/routes/place.js'
import { RedirectRoute } from '../../src/routes/redirect.js'
import { Tenants } from '../../src/tenants/tenants.js'
import { createCluster } from '../cluster/start-cluster.js'
import { SECRET, startGateway } from '../helpers/gateway.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { eventually } from './cluster-of-nodes.js'
import { chunked, head } from './raw-request.js'

const API = '/bigbluebutton/api'
const CREATE = 'meetingID=room-1&name=Room+one'
const SIGNED = `${API}/create?${CREATE}&checksum=${sign('create', CREATE, SECRET, 'sha256')}`
const UNSIGNED = `${API}/create?${CREATE}&checksum=${'0'.repeat(64)}`
const FORM = 'Content-Type: application/x-www-form-urlencoded'
const XML = 'Content-Type: application/xml'
const CHUNKED = 'Transfer-Encoding: chunked'
const MEGABYTE = 1024 * 1024
const BODY_LIMIT_BYTES = MEGABYTE

function failed (key: string, message: string): string {
  return `<response><returncode>FAILED</returncode><messageKey>${key}</messageKey><message>${message}</message></response>`
}

const TOO_LARGE = failed('sizeError', 'The request body is larger than this server accepts')
const CUT_OFF = failed('validationError', 'The request body ended before it was complete')
const WRONG = failed('checksumError', 'Checksums do not match')
const GET_WITH_BODY = failed('validationError', 'A GET request cannot carry a body: send the parameters in the URL')

const EIGHT_MEGABYTES = 'x'.repeat(8 * MEGABYTE)
const IN_CHUNKS = chunked(Array.from({ length: 8 }, () => 'x'.repeat(MEGABYTE)))

function long (method: string, target: string, type: string): Array<readonly [framing: string, pieces: string[]]> {
  return [
    ['with its length', [head(method, target, [type, `Content-Length: ${EIGHT_MEGABYTES.length}`]), EIGHT_MEGABYTES]],
    ['in chunks', [head(method, target, [type, CHUNKED]), IN_CHUNKS]],
  ]
}

const UNREAD = [
  ['a form', long('POST', `${API}/create`, FORM), TOO_LARGE],
  ['XML over the limit', long('POST', SIGNED, XML), TOO_LARGE],
  ['XML under a wrong checksum', long('POST', UNSIGNED, XML), WRONG],
  ['a GET', long('GET', SIGNED, XML), GET_WITH_BODY],
] as const

t.test('who sends megabytes that nobody reads gets the whole answer', async (t) => {
  const { origin, logs } = await startGateway(t, { nodes: 1, config: { limits: { body: '1MB' } } })
  for (const [what, framings, body] of UNREAD) {
    for (const [framing, [start = '', rest = '']] of framings) {
      logs.length = 0
      const last = await sendThenRead(t, origin, start + rest)
      t.match(last.received, /^HTTP\/1.1 200 OK\r\n/, `${what} ${framing}`)
      t.equal(bodyOf(last.received), body, `${what} ${framing}: and then the end of the connection`)
      t.ok(last.tookMs < 4_000, `${what} ${framing}: which comes with the last byte, not when patience ends`)
      t.equal(logs.filter(({ event }) => event === 'call answered').length, 1, `${what} ${framing}: it is logged`)

      const other = await sendThenRead(t, origin, start.replace('Connection: close\r\n', '') + rest + head('GET', API))
      const [, first, second] = other.received.split('HTTP/1.1 200 OK\r\n')
      t.equal(bodyOf(first), body, `${what} ${framing}, on a connection that stays`)
      t.match(bodyOf(second), '<returncode>SUCCESS</returncode><version>2.0</version>', `${what} ${framing}: it carries the next call`)
      t.ok(other.tookMs < 4_000)
    }
  }
})

t.test('a client that falls silent in the middle of a body is answered after 30 s and disconnected after 5 more', async (t) => {
  const inMemory = '<modules>'
  const inFile = 'x'.repeat(600 * 1024)
  const rows: ReadonlyArray<readonly [title: string, head: string, half: string]> = [
    ['a body in memory', head('POST', SIGNED, [XML, 'Content-Length: 1000']), inMemory],
    ['a body in a file', head('POST', SIGNED, [XML, `Content-Length: ${BODY_LIMIT_BYTES}`]), inFile],
    ['a body in chunks', head('POST', SIGNED, [XML, CHUNKED]), `${inFile.length.toString(16)}\r\n${inFile}\r\n`],
    ['a form', head('POST', `${API}/create`, [FORM, 'Content-Length: 1000']), 'meetingID=room-1'],
    ['a body that never begins', head('POST', SIGNED, [XML, 'Content-Length: 1000']), ''],
  ]
  for (const [title, start, half] of rows) {
    t.test(title, async (t) => {
      const { origin, clock, answered } = await startApi(t)
      const client = await open(t, origin)
      client.socket.write(start)
      await eventually('the body is waited for', () => clock.pending === 1)
      await clock.advance(29_000)
      if (half !== '') {
        const openFiles = bodyFiles()
        const timersSet = clock.set
        client.socket.write(half)
        await eventually('its half arrives', () => clock.set > timersSet && clock.pending === 1 && (half.length < MEGABYTE / 4 || bodyFiles() > openFiles))
        await settled(() => clock.set)
        await clock.advance(29_000)
      }
      t.equal(client.received, '', 'what arrives in time is waited for')
      await clock.advance(1_000)
      await eventually('the answer arrives', () => client.received.endsWith(CUT_OFF))
      t.match(client.received, /^HTTP\/1.1 200 OK\r\n/)
      t.strictSame(answered, ['validationError'], 'it is counted')
      t.equal(bodyFiles(), 0, 'no file stays open')
      t.notOk(client.ended)
      t.equal(clock.pending, 1, 'one timer is left, which ends the connection')
      await clock.advance(5_000)
      await eventually('the connection ends', () => client.ended)
      t.equal(clock.pending, 0, 'no timer stays')
    })
  }
})

t.test('a body that is not read is not waited for', async (t) => {
  const rows: ReadonlyArray<readonly [title: string, head: string, body: string]> = [
    ['XML announced as larger than allowed', head('POST', SIGNED, [XML, `Content-Length: ${BODY_LIMIT_BYTES + 1}`]), TOO_LARGE],
    ['a form announced as larger than any', head('POST', `${API}/create`, [FORM, `Content-Length: ${256 * 1024 + 1}`]), TOO_LARGE],
    ['XML under a wrong checksum', head('POST', UNSIGNED, [XML, 'Content-Length: 50000']), WRONG],
    ['a GET with a body', head('GET', SIGNED, [XML, 'Content-Length: 50000']), GET_WITH_BODY],
  ]
  for (const [title, start, body] of rows) {
    const { origin, clock } = await startApi(t)
    const client = await open(t, origin)
    client.socket.write(start)
    await eventually(`${title}: the answer arrives at once`, () => client.received.endsWith(body))
    await clock.advance(4_999)
    t.notOk(client.ended, `${title}: the rest may come for 5 s`)
    await clock.advance(1)
    await eventually(`${title}: the connection ends`, () => client.ended)
    t.equal(clock.pending, 0, `${title}: no timer stays`)
  }
})

t.test('a client that leaves in the middle of a body leaves nothing behind', async (t) => {
  const { origin, clock, answered } = await startApi(t)
  const client = await open(t, origin)
  client.socket.write(head('POST', SIGNED, [XML, `Content-Length: ${BODY_LIMIT_BYTES}`]) + 'x'.repeat(600 * 1024))
  await eventually('its half is in a file', () => bodyFiles() === 1)
  client.socket.destroy()
  await eventually('the call is over', () => answered.length === 1)
  t.strictSame(answered, ['validationError'])
  t.equal(bodyFiles(), 0)
  t.equal(clock.pending, 0)
})

/** A clock that also counts how often a timer was set. */
class CountingClock extends ManualClock {
  set = 0

  override after (delayMs: number, run: () => void): ReturnType<ManualClock['after']> {
    this.set++
    return super.after(delayMs, run)
  }
}

/** The BBB API alone, with no nodes behind it, on a clock that only bodies use. */
async function startApi (t: Test): Promise<{ origin: string, clock: CountingClock, answered: Array<string | undefined> }> {
  const clock = new CountingClock()
  const { cluster } = await createCluster(t, { nodes: 0 })
  const ignore = (): void => {}
  const log = { info: ignore, warn: ignore, error: ignore }
  const observer = { nodeRequest: ignore, pollFailed: ignore, malformedMeetings: ignore, placed: ignore, placementFailed: ignore, failedOver: ignore, nodeRemoved: ignore }
  const nowMs = (): number => clock.nowMs()
  const answering = { cluster, callTimeoutMs: 4_000, totalTimeoutMs: 4_500, nowMs, cacheAnswered: ignore }
  const answered: Array<string | undefined> = []
  const app = Fastify()
  apiRoutes(app, {
    rules: { tenants: new Tenants([{ id: 'default', secrets: [SECRET] }], ['sha256']), unsignedForms: false },
    bodyLimitBytes: BODY_LIMIT_BYTES,
    place: new PlaceRoute({ cluster, clock, log, observer, callTimeoutMs: 4_000, createTimeoutMs: 60_000 }),
    redirect: new RedirectRoute(answering),
    follow: new FollowRoute({ ...answering, cache: new AnswerCache(0), uploadTimeoutMs: 60_000 }),
    gather: new GatherRoute({ ...answering, maxAgeMs: 0 }),
    clock,
    log,
    ended: ({ answer }) => { answered.push(answer.messageKey) },
  })
  t.teardown(() => app.close())
  return { origin: await app.listen({ host: '127.0.0.1', port: 0 }), clock, answered }
}

interface Client {
  readonly socket: Socket
  readonly received: string
  /** Whether the connection is closed, in whatever way. */
  readonly ended: boolean
}

async function open (t: Test, origin: string): Promise<Client> {
  const { hostname, port } = new URL(origin)
  const socket = connect(Number(port), hostname)
  const client = { socket, received: '', ended: false }
  socket.setEncoding('utf8')
  socket.on('data', (text) => { client.received += String(text) })
  socket.on('error', () => {})
  socket.on('close', () => { client.ended = true })
  t.teardown(() => { socket.destroy() })
  await new Promise((resolve) => { socket.once('connect', resolve) })
  return client
}

/** Reads nothing before everything is sent, so that an answer can be lost if the connection is reset meanwhile. */
async function sendThenRead (t: Test, origin: string, text: string): Promise<{ received: string, tookMs: number }> {
  const startedAtMs = performance.now()
  const client = await open(t, origin)
  client.socket.pause()
  client.socket.write(text, () => { client.socket.resume() })
  await eventually('the connection ends', () => client.ended, 8_000)
  return { received: client.received, tookMs: performance.now() - startedAtMs }
}

function bodyOf (answer = ''): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4)
}

/** How many bodies this process holds in files, which have no name any more. */
function bodyFiles (): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /\/ensemble-[^/]+\/body/.test(readlinkSync(`/proc/self/fd/${fd}`))
    } catch {
      return false
    }
  }).length
}

/** Waits until a number has stopped changing. */
async function settled (value: () => number): Promise<void> {
  for (let before = NaN; before !== value();) {
    before = value()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
