import t from 'tap'
import { algorithmOf, CHECKSUM_ALGORITHMS, sign, verify, type ChecksumAlgorithm } from '../../src/bbb/checksum.js'

const SECRET = 's3cr3tForDocsOnly'

/** Call, query, secret, algorithm, checksum; the first stands in BBB's documentation, the others were made with sha*sum. */
const VECTORS: Array<[string, string, string, ChecksumAlgorithm, string]> = [
  ['create', 'name=Test+Meeting&meetingID=abc123&attendeePW=111222&moderatorPW=333444', '639259d4-9dd8-4b25-bf01-95f9567eaf4b', 'sha1', '1fcbb0c4fc1f039f73aa6d697d2db9ba7f803f17'],
  ['getMeetings', '', SECRET, 'sha1', 'd608424f3db7fcea5fba1727700cdd14593dd1d8'],
  ['getMeetings', '', SECRET, 'sha256', '12b2a24676ada1fcf54880ef66d74cdaa718379ffe50930933c00321a32f3ba7'],
  ['getMeetings', '', SECRET, 'sha384', '107078d0e00a8f84d6ee62beda87fec1c5edf76b7659c87b2ed4b8e49dabb8cc7e00ef49c14591d60fea573c0ef7ea15'],
  ['getMeetings', '', SECRET, 'sha512', '4d46d3e727c79c9a91354a75820e88354cc5b0486da0012addc6f97af754f5befa0594e85a3b3df7a671355eb66772accd224624cbe3d676e95102cbae59cb11'],
  ['hooks/list', 'meetingID=room-1', SECRET, 'sha1', 'bdbe1d28db17e8c2844c68beed3b5d70127fb081'],
  ['create', 'name=A+B&meetingID=r%2D1', SECRET, 'sha256', 'd6ded25ceda58b9ed6214c5da0dbc5d8283271277cf4f92159103435e7adaa12'],
]

t.test('known checksums are made and recognised', async (t) => {
  for (const [call, query, secret, algorithm, checksum] of VECTORS) {
    const what = `${algorithm} of ${call}?${query}`
    t.equal(sign(call, query, secret, algorithm), checksum, what)
    t.equal(algorithmOf(checksum), algorithm, what)
    t.equal(verify(call, query, checksum, secret, CHECKSUM_ALGORITHMS), true, what)
    t.equal(verify(call, query, checksum.toUpperCase(), secret, CHECKSUM_ALGORITHMS), true, `${what} in upper case`)
  }
})

t.test('everything that is hashed counts, byte for byte', async (t) => {
  const checksum = sign('create', 'name=A+B&meetingID=r%2D1', SECRET, 'sha256')
  const changed: Array<[string, string, string, string]> = [
    ['call', 'Create', 'name=A+B&meetingID=r%2D1', SECRET],
    ['space', 'create', 'name=A%20B&meetingID=r%2D1', SECRET],
    ['case of an escape', 'create', 'name=A+B&meetingID=r%2d1', SECRET],
    ['order', 'create', 'meetingID=r%2D1&name=A+B', SECRET],
    ['ampersand behind', 'create', 'name=A+B&meetingID=r%2D1&', SECRET],
    ['ampersand in front', 'create', '&name=A+B&meetingID=r%2D1', SECRET],
    ['secret', 'create', 'name=A+B&meetingID=r%2D1', SECRET.toUpperCase()],
  ]
  for (const [what, call, query, secret] of changed) {
    t.equal(verify(call, query, checksum, secret, CHECKSUM_ALGORITHMS), false, what)
  }
})

t.test('a checksum of any other length, or with other characters, is wrong and no error', async (t) => {
  for (let length = 0; length <= 140; length++) {
    const algorithm = new Map<number, ChecksumAlgorithm>([[40, 'sha1'], [64, 'sha256'], [96, 'sha384'], [128, 'sha512']]).get(length)
    t.equal(algorithmOf('a'.repeat(length)), algorithm, `${length} characters`)
    t.equal(verify('getMeetings', '', 'a'.repeat(length), SECRET, CHECKSUM_ALGORITHMS), false, `${length} characters`)
  }
  const right = sign('getMeetings', '', SECRET, 'sha1')
  for (const wrong of [` ${right.slice(1)}`, `${right.slice(0, -1)} `, `%${right.slice(1)}`, `ä${right.slice(1)}`, `\u0130${right.slice(1)}`, '\ud83d\ude00'.repeat(20)]) {
    t.equal(verify('getMeetings', '', wrong, SECRET, CHECKSUM_ALGORITHMS), false, wrong)
  }
})

t.test('an algorithm that is not allowed makes no right checksum', async (t) => {
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const checksum = sign('getMeetings', '', SECRET, algorithm)
    const others = CHECKSUM_ALGORITHMS.filter((other) => other !== algorithm)
    t.equal(verify('getMeetings', '', checksum, SECRET, [algorithm]), true, algorithm)
    t.equal(verify('getMeetings', '', checksum, SECRET, others), false, `all but ${algorithm}`)
    t.equal(verify('getMeetings', '', checksum, SECRET, []), false, 'none')
  }
})

t.test('a text outside ASCII is hashed as UTF-8', async (t) => {
  // printf 'createname=Ürsecret' | sha1sum
  t.equal(sign('create', 'name=Ü', 'rsecret', 'sha1'), 'ab4a8e375ec5472ffb80f8c83c045842a7ed1477')
})
