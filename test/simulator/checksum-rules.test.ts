import t from 'tap'
import { CHECKSUM_ALGORITHMS, sign } from '../../src/bbb/checksum.js'
import { call, fetchReply, SECRET, startNode } from './caller.js'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

t.test('all four lengths, the checksum anywhere in the query', async (t) => {
  const { node } = await startNode(t)
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const checksum = sign('getMeetings', 'a=x+y&b=%2d', SECRET, algorithm)
    for (const query of [`a=x+y&b=%2d&checksum=${checksum}`, `checksum=${checksum}&a=x+y&b=%2d`, `a=x+y&checksum=${checksum}&b=%2d`]) {
      t.equal((await fetchReply(`${node.url}/getMeetings?${query}`)).field('returncode'), 'SUCCESS', query)
    }
  }
  const upper = sign('getMeetings', '', SECRET, 'sha1').toUpperCase()
  t.equal((await fetchReply(`${node.url}/getMeetings?checksum=${upper}`)).field('returncode'), 'SUCCESS', 'upper case')
})

t.test('wrong and missing checksums, and algorithms that are switched off', async (t) => {
  const { node } = await startNode(t, { checksumAlgorithms: ['sha512'] })
  for (const query of ['', 'checksum=', 'checksum=abc', `checksum=${sign('getMeetings', '', SECRET, 'sha1')}`]) {
    t.equal((await fetchReply(`${node.url}/getMeetings?${query}`)).field('messageKey'), 'checksumError', query)
  }
  const open = await startNode(t, { secret: '' })
  t.equal((await fetchReply(`${open.node.url}/getMeetings`)).field('returncode'), 'SUCCESS', 'an empty secret takes everything')
})

t.test('what a POST is hashed over depends on the release', async (t) => {
  const body = 'name=Room+one&meetingID=room-1'
  const overBody = sign('create', 'meetingID=room-1&name=Room+one', SECRET, 'sha256')
  const overNothing = sign('create', '', SECRET, 'sha256')
  const table = [
    { version: '2.4', checksum: overBody, result: 'SUCCESS' },
    { version: '2.5', checksum: overBody, result: 'SUCCESS' },
    { version: '2.5', checksum: overNothing, result: 'FAILED' },
    { version: '2.6', checksum: overBody, result: 'FAILED' },
    { version: '2.6', checksum: overNothing, result: 'SUCCESS' },
    { version: '3.0', checksum: overNothing, result: 'SUCCESS' },
  ] as const
  for (const { version, checksum, result } of table) {
    const { node } = await startNode(t, { version })
    const reply = await fetchReply(`${node.url}/create`, { method: 'POST', body: `${body}&checksum=${checksum}`, headers: FORM })
    t.equal(reply.field('returncode'), result, `${version} ${checksum === overBody ? 'over the body' : 'over nothing'}`)
  }
})

t.test('a doubled checksum is refused by the newest release only', async (t) => {
  const checksum = sign('getMeetings', '', SECRET, 'sha256')
  for (const [version, result] of [['2.7', 'SUCCESS'], ['3.0', 'FAILED']] as const) {
    const { node } = await startNode(t, { version })
    const reply = await fetchReply(`${node.url}/getMeetings?checksum=${checksum}&checksum=${checksum}`)
    t.equal(reply.field('returncode'), result, version)
  }
})

t.test('a body needs a content type of the list, to the letter, from 2.6', async (t) => {
  const xml = '<modules/>'
  for (const [version, contentType, result] of [
    ['2.5', 'application/xml; charset=utf-8', 'SUCCESS'],
    ['2.6', 'application/xml; charset=utf-8', 'FAILED'],
    ['3.0', 'application/xml; charset=utf-8', 'FAILED'],
    ['3.0', 'application/json', 'FAILED'],
    ['3.0', 'application/xml', 'SUCCESS'],
    ['3.0', 'text/xml', 'SUCCESS'],
  ] as const) {
    const { node } = await startNode(t, { version })
    const reply = await call(node, 'create', { meetingID: 'room-1', name: 'One' },
      { method: 'POST', body: xml, headers: { 'content-type': contentType } })
    t.equal(reply.field('returncode'), result, `${version} ${contentType}`)
    if (result === 'FAILED') t.equal(reply.field('messageKey'), 'unsupportedContentType')
  }
})

t.test('recordings and hooks have their own checkers', async (t) => {
  const { node } = await startNode(t)
  t.equal((await fetchReply(`${node.url}/getRecordings?checksum=x`)).field('message'), 'You did not pass the checksum security check')
  t.equal((await fetchReply(`${node.url}/hooks/list?checksum=x`)).field('message'), 'You did not pass the checksum security check.')
  const upper = sign('hooks/list', '', SECRET, 'sha1').toUpperCase()
  t.equal((await fetchReply(`${node.url}/hooks/list?checksum=${upper}`)).field('messageKey'), 'checksumError')
  t.equal((await fetchReply(`${node.url}/hooks/ping`)).text, 'bbb-webhooks API up!')
})
