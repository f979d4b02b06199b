import t from 'tap'
import type { Wish } from '../../src/cluster/cluster.js'
import { wish } from './meetings.js'
import { createCluster } from './start-cluster.js'

const WISH = wish()
const NONE: ReadonlySet<string> = new Set()

t.test('a node is charged in the step that chooses it, so that a burst is spread evenly', async (t) => {
  const { cluster } = await createCluster(t, { nodes: 4, nodeSettings: [{ weight: 2 }] })
  const burst = (wanted: Wish): Array<[string, number]> => {
    const placements = Array.from({ length: 50 }, () => cluster.place(wanted, NONE))
    const counts = new Map<string, number>()
    for (const placement of placements) counts.set(placement?.member.node.id ?? '', (counts.get(placement?.member.node.id ?? '') ?? 0) + 1)
    for (const placement of placements) placement?.release()
    for (const { node } of cluster.members.values()) t.equal(cluster.loadOf(node).reserved, 0, 'a charge that is taken back is gone')
    return [...counts].sort()
  }
  t.strictSame(burst({ ...WISH, opening: { ...WISH.opening, announced: 15 } }), [['n1', 20], ['n2', 10], ['n3', 10], ['n4', 10]])
  t.strictSame(burst(WISH), [['n1', 21], ['n2', 10], ['n3', 10], ['n4', 9]], 'one of a size nobody knows rather goes to the strong one')
})

t.test('a charge is taken back once', async (t) => {
  const { cluster, member } = await createCluster(t, { nodes: 1 })
  const one = cluster.place(WISH, NONE)
  cluster.place(WISH, NONE)
  one?.release()
  one?.release()
  t.equal(cluster.loadOf(member('n1').node).reserved.toFixed(6), '0.084400')
})

t.test('a meeting that was created is charged until polls show it, and then as it is', async (t) => {
  const { cluster, clock, member } = await createCluster(t, { nodes: 1 })
  const { node } = member('n1')
  const placement = cluster.place(WISH, NONE)
  const copy = cluster.created({ meetingID: 'room', internalMeetingID: 'internal', nodeId: 'n1', createdAtMs: clock.nowMs(), voiceBridge: '1' })
  placement?.release()
  t.equal(cluster.loadOf(node).reserved.toFixed(6), '0.084400', 'not a moment without')
  t.equal(copy.answeredAtMs, clock.nowMs())
  t.equal(copy.changes, 1)
  t.equal(node.changes, 1)
  cluster.gone(copy)
  t.equal(cluster.loadOf(node).reserved, 0)
  t.equal(cluster.resolve('room'), undefined)
  t.equal(node.changes, 2)
})

t.test('a node has one meeting of an id: the older one there has ended', async (t) => {
  const { cluster, clock, member } = await createCluster(t)
  const created = (nodeId: string, internalMeetingID: string): string[] => {
    cluster.created({ meetingID: 'room', internalMeetingID, nodeId, createdAtMs: clock.nowMs(), voiceBridge: '1' })
    return cluster.directory.copiesOf('room').map((copy) => `${copy.nodeId} ${copy.internalMeetingID}`)
  }
  t.strictSame(created('n1', 'first'), ['n1 first'])
  t.strictSame(created('n2', 'other'), ['n2 other', 'n1 first'])
  t.strictSame(created('n1', 'second'), ['n1 second', 'n2 other'])
  t.equal(cluster.directory.byInternalId('first'), undefined)
  const before = member('n1').node.changes
  t.strictSame(created('n1', 'second'), ['n1 second', 'n2 other'])
  t.equal(member('n1').node.changes, before, 'a repeated create changes nothing')
})

t.test('limits count creates under way, and meetings and people that are there', async (t) => {
  const { cluster, nodes } = await createCluster(t, { nodes: 2, nodeSettings: [{ limits: { meetings: 2, participants: 0 } }, { limits: { meetings: 0, participants: 10 } }] })
  nodes[0]?.meetings.create({ meetingID: 'one', name: 'One' })
  nodes[1]?.meetings.create({ meetingID: 'two', name: 'Two' })
  nodes[1]?.meetings.addUsers('two', 9)
  cluster.start()
  await cluster.firstRound
  const only = (id: string): ReadonlySet<string> => new Set(['n1', 'n2'].filter((other) => other !== id))
  t.equal(cluster.place(WISH, only('n1'))?.member.node.id, 'n1')
  t.equal(cluster.place(WISH, only('n1')), undefined, 'one meeting and one under way')
  t.equal(cluster.place(WISH, only('n2'))?.member.node.id, 'n2')
  const [copy] = cluster.directory.copiesOf('two')
  if (copy === undefined) return t.fail('no copy')
  cluster.directory.joined(copy, 0)
  t.equal(cluster.place(WISH, only('n2')), undefined, 'nine people and one on the way')
})

t.test('candidates are what placing chooses from', async (t) => {
  const { cluster, member } = await createCluster(t, { nodes: 3, nodeSettings: [{ state: 'draining' }, { tags: ['gpu!'] }, { weight: 2 }] })
  t.strictSame(cluster.candidates(WISH).candidates.map(({ node, obstacle }) => [node.id, obstacle]), [['n3', ''], ['n1', 'state'], ['n2', 'tags']])
  t.strictSame(cluster.candidates(wish('room', 'gpu!')).candidates.map(({ node, obstacle }) => [node.id, obstacle]), [['n2', ''], ['n3', 'tags'], ['n1', 'state']])
  t.match(cluster.candidates(WISH).expected, { people: 15, microphones: 6, cameras: 2, isNew: true })
  t.equal(cluster.mayTake(member('n3'), WISH), true)
  t.equal(cluster.mayTake(member('n2'), WISH), false)
  t.equal(cluster.mayTake(member('n2'), wish('room', 'gpu')), true)
  t.equal(cluster.mayTake(member('n1'), WISH), false)
})
