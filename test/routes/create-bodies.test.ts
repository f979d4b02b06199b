import { createHash, randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import t from 'tap'
import { request } from 'undici'
import { sign } from '../../src/bbb/checksum.js'
import { sortedForm, paramsOf } from '../../src/bbb/query.js'
import { field, SECRET, startGateway } from '../helpers/gateway.js'
import { callsTo, eventually, having, nodeAt, outcome } from './cluster-of-nodes.js'
import { chunked, head } from './raw-request.js'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const XML = { 'content-type': 'application/xml' }

function sha256 (bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A presentation of about so many bytes, as Moodle sends one in a create. */
function slides (byteLength: number): Buffer {
  return Buffer.from('<modules><module name="presentation"><document name="slides.pdf">' +
    randomBytes(Math.floor(byteLength * 3 / 4)).toString('base64') + '</document></module></modules>')
}

t.test('a create by GET and by POST without a body', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 1 })
  const node = nodeAt(nodes, 0)
  for (const [meetingID, options] of [
    ['get', { method: 'GET' }], ['post', { method: 'POST' }], ['typed', { method: 'POST', headers: XML }],
  ] as const) {
    t.equal(outcome(await call('create', { meetingID, name: 'Räume & mehr' }, options)), 'SUCCESS', meetingID)
    t.equal(node.meetings.get(meetingID)?.name, 'Räume & mehr')
  }
  const received = node.requests.filter(({ call }) => call === 'create')
  t.strictSame(received.map(({ method, bodyBytes }) => [method, bodyBytes]), [['GET', 0], ['POST', 0], ['POST', 0]])
})

t.test('a create whose parameters are all in a form', async (t) => {
  // Not in order, so that signing it as it stands would be another checksum.
  const form = (meetingID: string): string => `name=R%C3%A4ume+%26+mehr%21&meetingID=${meetingID}&meta_origin=a*b~c&attendeePW=a1&moderatorPW=m1`

  for (const version of ['2.4', '3.0'] as const) {
    t.test(`signed by the sorted rule, over a node of ${version}`, async (t) => {
      const { origin, nodes: [node] } = await startGateway(t, { nodes: [{ version }] })
      for (const [meetingID, place] of [['in-body', 'body'], ['in-url', 'url']] as const) {
        const text = form(meetingID)
        const checksum = `checksum=${sign('create', sortedForm(paramsOf(text)) ?? '', SECRET, 'sha1')}`
        const { statusCode, body } = await request(`${origin}/bigbluebutton/api/create${place === 'url' ? `?${checksum}` : ''}`, {
          method: 'POST', headers: FORM, body: place === 'body' ? `${text}&${checksum}` : text,
        })
        t.equal(statusCode, 200)
        t.equal(field(await body.text(), 'returncode'), 'SUCCESS', `checksum in the ${place}`)
        const meeting = node?.meetings.get(meetingID)
        t.match(meeting, { name: 'Räume & mehr!', attendeePW: 'a1', moderatorPW: 'm1', metadata: { origin: 'a*b~c' } })
      }
    })
  }

  t.test('signed by nothing but the call is refused, unless that is allowed', async (t) => {
    const checksum = sign('create', '', SECRET, 'sha256')
    const send = async (origin: string, where: string): Promise<string> => {
      const { body } = await request(`${origin}/bigbluebutton/api/create${where === 'url' ? `?checksum=${checksum}` : ''}`, {
        method: 'POST', headers: FORM, body: form(`by-${where}`) + (where === 'url' ? '' : `&checksum=${checksum}`),
      })
      return outcome({ status: 200, headers: {}, body: await body.text() })
    }
    const strict = await startGateway(t, { nodes: 1 })
    const lax = await startGateway(t, { nodes: 1, config: { unsignedForms: true } })
    for (const where of ['url', 'body']) {
      t.equal(await send(strict.origin, where), 'FAILED checksumError', `checksum in the ${where}`)
      t.equal(await send(lax.origin, where), 'SUCCESS', `checksum in the ${where}`)
    }
    t.strictSame(callsTo(nodeAt(strict.nodes, 0)), [])
    t.strictSame(nodeAt(lax.nodes, 0).meetings.list().map(({ meetingID }) => meetingID), ['by-url', 'by-body'])
  })

  t.test('bytes that may not stand in a URL arrive as the characters they are', async (t) => {
    const { origin, nodes: [node] } = await startGateway(t, { nodes: 1, config: { unsignedForms: true } })
    const { body } = await request(`${origin}/bigbluebutton/api/create?checksum=${sign('create', '', SECRET, 'sha256')}`, {
      method: 'POST', headers: FORM, body: 'meetingID=raw-bytes&name=Räume für alle',
    })
    t.equal(field(await body.text(), 'returncode'), 'SUCCESS')
    t.equal(node?.meetings.get('raw-bytes')?.name, 'Räume für alle')
  })
})

/** Lets the first of equal nodes be taken. */
const firstOfEquals = (): number => 0.999

for (const [size, byteLength] of [['1 KB', 1_000], ['300 KB', 300_000], ['30 MB', 30_000_000]] as const) {
  t.test(`an XML body of ${size} arrives byte for byte, and again at the next node`, async (t) => {
    const { call, nodes } = await startGateway(t, { nodes: 3, random: firstOfEquals })
    const body = slides(byteLength)
    nodeAt(nodes, 0).faults.add({ kind: '503', call: 'create' })
    nodeAt(nodes, 1).faults.add({ kind: 'reset', call: 'create' })
    t.equal(outcome(await call('create', { meetingID: 'room-1', name: 'Room one' }, { method: 'POST', body, headers: XML })), 'SUCCESS')
    t.strictSame(having(nodes, 'room-1'), ['bbb-03'])
    t.strictSame(nodes.map(callsTo), [['create'], ['create', 'getMeetingInfo'], ['create']], 'all three were tried in turn')
    for (const index of [0, 2]) {
      const received = nodeAt(nodes, index).requests.find(({ call }) => call === 'create')
      t.match(received, { method: 'POST', bodyBytes: body.length, bodySha256: sha256(body), headers: { 'content-type': 'application/xml', 'content-length': String(body.length) } })
      t.equal(received?.headers['transfer-encoding'], undefined)
    }
  })
}

t.test('the body is sent to the next node after a connection was refused', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 2 })
  const body = slides(300_000)
  await nodeAt(nodes, 0).close()
  for (const meetingID of ['room-1', 'room-2', 'room-3']) {
    t.equal(outcome(await call('create', { meetingID, name: 'A room' }, { method: 'POST', body, headers: XML })), 'SUCCESS')
    const received = nodeAt(nodes, 1).requests.filter(({ call }) => call === 'create').at(-1)
    t.match(received, { bodyBytes: body.length, bodySha256: sha256(body) })
  }
  t.equal(nodeAt(nodes, 1).meetings.list().length, 3)
})

t.test('a client that leaves does not cancel its create', async (t) => {
  const { origin, nodes, logs, call } = await startGateway(t, { nodes: 1 })
  const node = nodeAt(nodes, 0)
  node.faults.add({ kind: 'slow', call: 'create', delayMs: 150 })
  const query = 'meetingID=room-1&name=Room+one'
  const target = `/bigbluebutton/api/create?${query}&checksum=${sign('create', query, SECRET, 'sha256')}`
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.write(head('GET', target))
  await eventually('the node has been asked', () => callsTo(node).length === 1)
  socket.destroy()
  await eventually('the create is over', () => logs.some(({ event, fields }) => event === 'call answered' && fields['call'] === 'create'))
  t.match(logs.find(({ fields }) => fields['call'] === 'create')?.fields, { result: 'success', node: 'bbb-01' })
  t.strictSame(having(nodes, 'room-1'), ['bbb-01'])
  t.equal(outcome(await call('create', { meetingID: 'room-1', name: 'Room one' })), 'SUCCESS duplicateWarning', 'the gateway knows of it')
})

t.test('a client that leaves in the middle of its body creates nothing', async (t) => {
  const { origin, nodes, logs } = await startGateway(t, { nodes: 1 })
  const query = 'meetingID=room-1&name=Room+one'
  const target = `/bigbluebutton/api/create?${query}&checksum=${sign('create', query, SECRET, 'sha256')}`
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.write(head('POST', target, ['Content-Type: application/xml', 'Transfer-Encoding: chunked']))
  await new Promise<void>((resolve) => socket.write(chunked(['<modules>']).slice(0, -'0\r\n\r\n'.length), () => resolve()))
  socket.end()
  await eventually('the create is over', () => logs.some(({ fields }) => fields['call'] === 'create'))
  t.match(logs.find(({ fields }) => fields['call'] === 'create')?.fields, { result: 'refused' })
  t.strictSame(callsTo(nodeAt(nodes, 0)), [])
})
