import { createServer } from 'node:net'
import t from 'tap'
import { XMLValidator } from 'fast-xml-parser'
import type { FaultKind } from '../../src/simulator/faults.js'
import { faultKinds } from '../../src/simulator/faults.js'
import { simulateCommand } from '../../src/simulator/command.js'
import { call, fetchReply, SECRET, startNode } from './caller.js'

const room = { meetingID: 'room-1', name: 'Room one' }

// What a caller sees of a getMeetingInfo under each fault: a status, an error, or something about the text.
const SEEN: Record<Exclude<FaultKind, 'slow' | 'hang' | 'no-hooks'>, RegExp> = {
  reset: /^error/,
  'reset-after': /^error/,
  500: /^500 <!doctype html>/,
  502: /^502 <html>/,
  503: /^503 <html>/,
  truncated: /^200 <response><returncode>SUCCESS(?!.*<\/response>)/s,
  cut: /^error/,
  html: /^200 <!doctype html>/,
  'wrong-secret': /^200 .*checksumError/,
  'api-disabled': /^200 .*apiNotEnabled/,
  'unparsable-name': /^200 .*<bbb custom=1>/,
  // eslint-disable-next-line no-control-regex
  'control-character': /^200 .*<meetingName>\u0001Room/,
  thousands: /^200 .*<participantCount>1,000<.*<\/response>$/,
}

t.test('each kind of fault is seen by a caller, and then it is over', async (t) => {
  const { node } = await startNode(t)
  await call(node, 'create', room)
  node.meetings.addUser('room-1', { fullName: 'Ada' })
  const look = (): Promise<string> => call(node, 'getMeetingInfo', room)
    .then((reply) => `${reply.status} ${reply.text}`, (error: Error) => `error ${error.message}`)
  for (const [kind, seen] of Object.entries(SEEN)) {
    node.faults.add({ kind: kind as FaultKind, call: 'getMeetingInfo', times: 1 })
    t.equal((await call(node, 'isMeetingRunning', room)).field('running'), 'true', `${kind}: other calls are untouched`)
    t.match(await look(), seen, kind)
    t.match(await look(), /^200 .*<\/response>$/, `${kind} is over`)
  }
  t.strictSame([...Object.keys(SEEN), 'slow', 'hang', 'no-hooks'].sort(), Object.keys(faultKinds()).sort())
  t.not(XMLValidator.validate('<a><bbb custom=1>yes</bbb custom=1></a>'), true)
})

t.test('slow waits by the clock, hang for ever', async (t) => {
  const { node, clock } = await startNode(t)
  node.faults.add({ kind: 'slow', call: 'create', delayMs: 5_000 })
  let isAnswered = false
  const created = call(node, 'create', room).then((reply) => { isAnswered = true; return reply })
  while (node.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await clock.advance(4_999)
  t.notOk(isAnswered)
  await clock.advance(1)
  t.equal((await created).field('returncode'), 'SUCCESS')

  node.faults.add({ kind: 'hang', call: 'end' })
  const hung = call(node, 'end', room).then(() => 'answered', () => 'broken off')
  while (node.requests.length === 1) await new Promise((resolve) => setImmediate(resolve))
  await node.close()
  t.equal(await hung, 'broken off', 'closing the node frees the caller')
})

t.test('after reset-after the meeting exists, after reset it does not', async (t) => {
  const { node } = await startNode(t)
  for (const [kind, count] of [['reset', 0], ['reset-after', 1]] as const) {
    node.faults.add({ kind, call: 'create', times: 1 })
    await t.rejects(call(node, 'create', room), kind)
    t.equal(node.meetings.list().length, count, kind)
  }
})

t.test('no-hooks takes the web hooks away and nothing else', async (t) => {
  const { node } = await startNode(t)
  node.faults.add({ kind: 'no-hooks' })
  t.equal((await call(node, 'hooks/list')).status, 404)
  t.equal((await call(node, 'getMeetings')).status, 200)
})

t.test('faults, people and restarts over HTTP', async (t) => {
  const { node } = await startNode(t)
  const base = `http://127.0.0.1:${node.port}/simulator`
  const post = (what: string, value: unknown) => fetchReply(`${base}/${what}`, { method: 'POST', body: JSON.stringify(value) })
  t.equal((await post('faults', { kind: 'slowly' })).status, 400)
  t.equal((await post('faults', [{ kind: 503, call: 'create', times: 2 }, { kind: 'thousands' }])).status, 200)
  t.match(JSON.parse((await fetchReply(`${base}/faults`)).text), { faults: [{ kind: '503', times: 2 }, { kind: 'thousands' }] })
  t.equal((await call(node, 'create', room)).status, 503)
  await fetchReply(`${base}/faults`, { method: 'DELETE' })
  t.equal((await call(node, 'create', room)).status, 200)
  t.equal((await post('users', { meetingID: 'none' })).status, 404)
  t.equal(JSON.parse((await post('users', { meetingID: 'room-1', count: 7, hasVideo: true })).text).added.length, 7)
  t.match(JSON.parse((await fetchReply(`${base}/state`)).text), { meetings: [{ meetingID: 'room-1', participantCount: 7, videoCount: 7 }] })
  await post('restart', {})
  t.match(JSON.parse((await fetchReply(`${base}/state`)).text), { meetings: [] })
})

t.test('the command says where the node is and how to make it fail', async (t) => {
  const written = t.capture(process.stdout, 'write', () => true)
  const node = await simulateCommand({ secret: SECRET, version: '2.7' })
  written.restore()
  t.teardown(() => node.close())
  const lines = written().map(({ args }) => String(args[0])).join('').split('\n')
  t.match(lines[0], node.url)
  t.match(lines[1], /curl .*\/simulator\/faults$/)
})

t.test('a port that is taken is an error', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  t.teardown(() => other.close())
  const address = other.address()
  const port = typeof address === 'object' ? address?.port ?? 0 : 0
  await t.rejects(simulateCommand({ secret: SECRET, port }), { code: 'EADDRINUSE' })
})
