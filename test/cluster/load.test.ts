import t, { type Test } from 'tap'
import { Directory } from '../../src/cluster/directory.js'
import { Loads, type NodeLoad } from '../../src/cluster/load.js'
import { Node } from '../../src/cluster/node.js'
import { create, listed } from './meetings.js'

/** As milliseconds are: with seconds in their place a reservation would never fade. */
const CREATED_AT_MS = 1_767_225_600_000
const EMPTY_SHARE = 0.010
const FIRST_SHARE = 0.0844

function parts (weight = 1): { directory: Directory, node: Node, loads: Loads } {
  const directory = new Directory()
  const node = new Node({
    id: 'n1', url: 'http://127.0.0.1:1', secrets: ['s'], weight, tags: [], state: 'enabled', checksum: 'sha256', limits: { meetings: 0, participants: 0 },
  }, { downAfter: 3, upAfter: 2 })
  return { directory, node, loads: new Loads(directory) }
}

function same (t: Test, found: NodeLoad, wanted: Partial<NodeLoad>, what: string): void {
  const rounded = (load: NodeLoad): string[] => [load.background, load.live, load.reserved, load.booked].map((share) => share.toFixed(9))
  t.strictSame(rounded(found), rounded({ background: 0, live: 0, reserved: 0, booked: 0, ...wanted }), what)
}

t.test('an idle node carries nothing', async (t) => {
  const { node, loads } = parts()
  same(t, loads.of(node, CREATED_AT_MS), {}, 'no meetings')
})

t.test('a young meeting\'s reservation fades within ten minutes of its createTime', async (t) => {
  const { directory, node, loads } = parts()
  directory.reconcile('n1', [listed('room', { createdAtMs: CREATED_AT_MS })], CREATED_AT_MS)
  const gap = FIRST_SHARE - EMPTY_SHARE
  same(t, loads.of(node, CREATED_AT_MS), { live: EMPTY_SHARE, reserved: gap }, 'new')
  same(t, loads.of(node, CREATED_AT_MS + 300_000), { live: EMPTY_SHARE, reserved: gap / 2 }, 'five minutes')
  same(t, loads.of(node, CREATED_AT_MS + 600_000), { live: EMPTY_SHARE }, 'ten minutes')
})

t.test('the age is corrected by how far the node\'s clock is ahead', async (t) => {
  const gap = FIRST_SHARE - EMPTY_SHARE
  for (const aheadMs of [3_600_000, -3_600_000]) {
    const { directory, node, loads } = parts()
    node.clockAheadMs = aheadMs
    directory.reconcile('n1', [listed('room', { createdAtMs: CREATED_AT_MS + aheadMs })], CREATED_AT_MS)
    same(t, loads.of(node, CREATED_AT_MS + 150_000), { live: EMPTY_SHARE, reserved: gap * 0.75 }, `${aheadMs} ms ahead`)
  }
})

t.test('meetings add up, in parts of the node\'s own CPU', async (t) => {
  const { directory, node, loads } = parts(2)
  const old = CREATED_AT_MS - 3_600_000
  directory.reconcile('n1', [
    listed('one', { createdAtMs: old, counts: { participants: 100 } }),
    listed('two', { createdAtMs: old, counts: { participants: 2, voices: 2, videos: 2 } }),
  ], CREATED_AT_MS)
  directory.reconcile('n2', [listed('elsewhere', { createdAtMs: old, counts: { participants: 500 } })], CREATED_AT_MS)
  const one = 0.010 + 100 * 0.0031
  const two = 0.010 + 2 * (0.0025 + 0.0025 + 0.00125) + 2 * 0.0005
  same(t, loads.of(node, CREATED_AT_MS), { live: (one + two) / 2 }, 'halved on a node of weight 2')
})

t.test('creates under way are reserved at once', async (t) => {
  const { node, loads } = parts(2)
  loads.of(node, CREATED_AT_MS)
  const key = Symbol('create')
  node.reservations.set(key, 0.08)
  node.reservations.set(Symbol('another'), 0.02)
  same(t, loads.of(node, CREATED_AT_MS), { reserved: 0.05 }, 'within the same millisecond')
  node.reservations.delete(key)
  same(t, loads.of(node, CREATED_AT_MS), { reserved: 0.01 }, 'and taken back at once')
})

t.test('a meeting that was created counts for what is expected until a poll shows it', async (t) => {
  const { directory, node, loads } = parts()
  create(directory, 'room', 'n1', { createdAtMs: CREATED_AT_MS, answeredAtMs: CREATED_AT_MS })
  same(t, loads.of(node, CREATED_AT_MS + 900_000), { reserved: FIRST_SHARE }, 'not seen yet')
})

t.test('sums hold for a second, unless they are told of a change', async (t) => {
  const { directory, node, loads } = parts()
  loads.of(node, CREATED_AT_MS)
  directory.reconcile('n1', [listed('room', { createdAtMs: 1_000 })], CREATED_AT_MS)
  same(t, loads.of(node, CREATED_AT_MS + 999), {}, 'still the old sum')
  same(t, loads.of(node, CREATED_AT_MS + 1_000), { live: EMPTY_SHARE }, 'added up again')
  directory.reconcile('n1', [listed('room', { createdAtMs: 1_000 }), listed('other', { createdAtMs: 1_000 })], CREATED_AT_MS + 1_001)
  loads.changed('n2')
  same(t, loads.of(node, CREATED_AT_MS + 1_002), { live: EMPTY_SHARE }, 'a change of another node')
  loads.changed('n1')
  same(t, loads.of(node, CREATED_AT_MS + 1_003), { live: 2 * EMPTY_SHARE }, 'a change of this node')
})

t.test('somebody who was sent there counts before a poll shows them', async (t) => {
  const { directory, node, loads } = parts()
  directory.reconcile('n1', [listed('room', { createdAtMs: 1_000 })], CREATED_AT_MS)
  const [copy] = directory.copiesOf('room')
  if (copy === undefined) return t.fail('no copy')
  directory.joined(copy, CREATED_AT_MS)
  same(t, loads.of(node, CREATED_AT_MS), { live: EMPTY_SHARE + 0.0031 }, 'one listener')
})
