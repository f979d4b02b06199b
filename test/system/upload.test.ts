import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import t from 'tap'
import { request } from 'undici'
import { startSimulatedNode } from '../../src/simulator/simulated-node.js'
import { configFor, directoryFor, field, outcome, signedQuery, startServe, writeConfig } from '../helpers/process.js'

const MEGABYTE = 1024 * 1024
const UPLOAD_MEGABYTES = 60
const UPLOADS = 3
const GROWTH_LIMIT_MEGABYTES = 40
const XML = 'application/xml'

const HEAD = Buffer.from('<modules><module name="presentation"><document name="slides.pdf">')
const TAIL = Buffer.from('</document></module></modules>')
/** Base64 with an odd length, so that the pieces do not fall on the borders of anybody's buffers. */
const PIECE = Buffer.alloc(MEGABYTE - 7, Buffer.from(Array.from({ length: 997 }, (_, index) => 65 + index * 7 % 26)))

function * document (): Generator<Buffer> {
  yield HEAD
  for (let count = 0; count < UPLOAD_MEGABYTES; count++) yield PIECE
  yield TAIL
}

const byteLength = HEAD.length + UPLOAD_MEGABYTES * PIECE.length + TAIL.length

t.test('a large document passes through the gateway without filling its memory', async (t) => {
  const node = await startSimulatedNode({ secret: 'secret-of-node-1' })
  t.teardown(() => node.close())
  const gateway = await startServe(t, writeConfig(directoryFor(t), configFor([node], { poll: { interval: '2s' } })))
  t.equal(outcome(await gateway.call('create', { meetingID: 'room', name: 'Room', attendeePW: 'a-pw', moderatorPW: 'm-pw' })), 'SUCCESS')
  const hash = createHash('sha256')
  for (const piece of document()) hash.update(piece)
  const sha256 = hash.digest('hex')

  async function upload (call: string, params: Record<string, string>, headers: Record<string, string>): Promise<string> {
    const answer = await request(`${gateway.origin}/bigbluebutton/api/${call}?${signedQuery(call, params)}`, {
      method: 'POST', headers: { 'content-type': XML, ...headers }, body: Readable.from(document()),
    })
    return await answer.body.text()
  }

  const small = await gateway.call('insertDocument', { meetingID: 'room' }, { method: 'POST', headers: { 'content-type': XML }, body: Buffer.concat([HEAD, Buffer.from('QUJD'), TAIL]) })
  t.equal(outcome(small), 'SUCCESS')
  const before = residentMegabytes(gateway.program.pid)
  let highest = before
  const watch = setInterval(() => { highest = Math.max(highest, residentMegabytes(gateway.program.pid)) }, 50)
  t.teardown(() => clearInterval(watch))
  node.clearRequests()

  const length = { 'content-length': String(byteLength) }
  t.equal(field(await upload('insertDocument', { meetingID: 'room' }, length), 'returncode'), 'SUCCESS')
  t.equal(field(await upload('insertDocument', { meetingID: 'room' }, { 'content-type': `${XML}; charset=utf-8` }), 'returncode'), 'SUCCESS', 'in chunks, too')
  t.equal(field(await upload('create', { meetingID: 'room-2', name: 'Room two' }, length), 'returncode'), 'SUCCESS')
  clearInterval(watch)
  const after = residentMegabytes(gateway.program.pid)

  const arrived = node.requests.filter(({ method }) => method === 'POST')
  t.same(arrived.map(({ call, bodyBytes, bodySha256, headers }) => [call, bodyBytes, bodySha256, headers['content-length'], headers['content-type']]), [
    ['insertDocument', byteLength, sha256, String(byteLength), XML],
    ['insertDocument', byteLength, sha256, String(byteLength), XML],
    ['create', byteLength, sha256, String(byteLength), XML],
  ], 'every byte arrives')
  t.equal(arrived.length, UPLOADS)
  const rounded = [before, highest, after].map(Math.round)
  t.comment(`resident memory in MB before, at most and after: ${rounded.join(', ')}`)
  t.ok(highest - before < GROWTH_LIMIT_MEGABYTES, `it grows by less than ${GROWTH_LIMIT_MEGABYTES} MB while ${UPLOADS} × ${UPLOAD_MEGABYTES} MB pass`)
})

function residentMegabytes (pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  if (kilobytes === undefined) throw new Error('the system does not tell the memory of a process')
  return Number(kilobytes) / 1024
}
