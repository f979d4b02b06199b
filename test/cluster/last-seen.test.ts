import t from 'tap'
import { LastSeen } from '../../src/cluster/last-seen.js'

const MEBIBYTE = 1024 * 1024

t.test('the last list of each node and call is at hand as it came', async (t) => {
  const lastSeen = new LastSeen()
  t.equal(lastSeen.of('n1', 'getMeetings'), undefined)
  const body = Buffer.from('<response/>')
  lastSeen.keep('n1', 'getMeetings', Buffer.from('older'))
  lastSeen.keep('n1', 'getMeetings', body)
  lastSeen.keep('n1', 'getSessions', Buffer.from('other call'))
  lastSeen.keep('n2', 'getMeetings', Buffer.from('other node'))
  t.equal(lastSeen.of('n1', 'getMeetings'), body)
  t.equal(lastSeen.of('n2', 'getMeetings')?.toString(), 'other node')
  t.equal(lastSeen.of('n3', 'getMeetings'), undefined)
})

t.test('an empty list is one as well', async (t) => {
  const lastSeen = new LastSeen()
  lastSeen.keep('n1', 'getMeetings', Buffer.alloc(0))
  t.equal(lastSeen.of('n1', 'getMeetings')?.length, 0)
})

t.test('memory is bounded: the longest unread lists go first', async (t) => {
  const lastSeen = new LastSeen()
  const body = Buffer.alloc(MEBIBYTE)
  for (let i = 0; i < 47; i++) lastSeen.keep(`n${i}`, 'getMeetings', body)
  t.equal(lastSeen.of('n0', 'getMeetings'), body, '47 MiB have room')
  lastSeen.keep('n47', 'getMeetings', body)
  t.equal(lastSeen.of('n1', 'getMeetings'), undefined, 'n1 was not read since')
  t.equal(lastSeen.of('n0', 'getMeetings'), body)
  const kept = Array.from({ length: 48 }, (_, i) => lastSeen.of(`n${i}`, 'getMeetings')).filter((found) => found !== undefined)
  t.equal(kept.length, 47)
})

t.test('a list larger than the whole memory is not kept, and neither is the one before it', async (t) => {
  const lastSeen = new LastSeen()
  lastSeen.keep('n1', 'getMeetings', Buffer.from('small'))
  lastSeen.keep('n2', 'getMeetings', Buffer.from('small'))
  lastSeen.keep('n1', 'getMeetings', Buffer.alloc(49 * MEBIBYTE))
  t.equal(lastSeen.of('n1', 'getMeetings'), undefined)
  t.equal(lastSeen.of('n2', 'getMeetings')?.toString(), 'small')
})
