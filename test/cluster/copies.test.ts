import t from 'tap'
import { Directory } from '../../src/cluster/directory.js'
import { create, withPeople } from './meetings.js'

/** A room that moved from n1 to n2 while n1 was away, with that many people in its copies. */
function moved (peopleOnFirst: number, peopleOnSecond: number): Directory {
  const directory = new Directory()
  directory.reconcile('n1', [withPeople('room', peopleOnFirst, 1_000)], 2_000)
  create(directory, 'room', 'n2', { createdAtMs: 5_000, answeredAtMs: 5_000 })
  directory.reconcile('n2', [withPeople('room', peopleOnSecond, 5_000)], 6_000)
  return directory
}

function nodesOf (directory: Directory): string[] {
  return directory.copiesOf('room').map(({ nodeId }) => nodeId)
}

t.test('the copy that was created last is the current one while it has people, or nobody has', async (t) => {
  t.strictSame(nodesOf(moved(0, 0)), ['n2', 'n1'])
  t.strictSame(nodesOf(moved(0, 3)), ['n2', 'n1'])
  t.strictSame(nodesOf(moved(20, 1)), ['n2', 'n1'], 'however many are in the other')
  t.strictSame(nodesOf(moved(20, 0)), ['n1', 'n2'], 'an empty one gives way to one with people')
  const directory = moved(0, 0)
  t.equal(directory.size, 1)
  t.equal(directory.duplicates, 1)
  t.equal([...directory.all()].length, 2)
})

t.test('the current copy changes only when it is empty and another is not', async (t) => {
  const directory = moved(0, 3)
  directory.reconcile('n1', [withPeople('room', 10, 1_000)], 7_000)
  t.strictSame(nodesOf(directory), ['n2', 'n1'], 'more people elsewhere change nothing')
  directory.reconcile('n2', [withPeople('room', 0, 5_000)], 8_000)
  t.strictSame(nodesOf(directory), ['n1', 'n2'])
  directory.reconcile('n2', [withPeople('room', 30, 5_000)], 9_000)
  t.strictSame(nodesOf(directory), ['n1', 'n2'])
  directory.reconcile('n1', [withPeople('room', 0, 1_000)], 10_000)
  directory.reconcile('n2', [withPeople('room', 0, 5_000)], 11_000)
  t.strictSame(nodesOf(directory), ['n2', 'n1'], 'when all are empty nothing changes any more')
})

t.test('somebody on the way keeps a copy current', async (t) => {
  const directory = moved(4, 1)
  const [current] = directory.copiesOf('room')
  if (current === undefined) return t.fail('no copy')
  directory.joined(current, 7_000)
  directory.reconcile('n2', [withPeople('room', 0, 5_000)], 8_000)
  t.strictSame(nodesOf(directory), ['n2', 'n1'])
  directory.reconcile('n2', [withPeople('room', 0, 5_000)], 18_000)
  t.strictSame(nodesOf(directory), ['n1', 'n2'], 'who did not arrive counts no more')
})

t.test('of several the one with most people takes over', async (t) => {
  const directory = moved(2, 1)
  directory.reconcile('n3', [withPeople('room', 8, 7_000)], 7_500)
  t.strictSame(nodesOf(directory), ['n2', 'n1', 'n3'], 'a copy that a poll finds is not the current one')
  directory.reconcile('n2', [], 8_000)
  directory.reconcile('n2', [], 9_000)
  t.strictSame(nodesOf(directory), ['n1', 'n3'], 'the next one follows, for it has people')
  directory.reconcile('n1', [withPeople('room', 0, 1_000)], 10_000)
  t.strictSame(nodesOf(directory), ['n3', 'n1'])
})

t.test('when the current copy goes, one with people follows before an empty one', async (t) => {
  const directory = moved(0, 1)
  directory.reconcile('n3', [withPeople('room', 8, 7_000)], 7_500)
  const [current] = directory.copiesOf('room')
  if (current === undefined) return t.fail('no copy')
  directory.remove(current, 8_000)
  t.strictSame(nodesOf(directory), ['n3', 'n1'])
})

t.test('a copy on a node that is down does not become the current one', async (t) => {
  const away = new Set<string>()
  const directory = new Directory((nodeId) => away.has(nodeId))
  directory.reconcile('n1', [withPeople('room', 9, 1_000)], 2_000)
  away.add('n1')
  create(directory, 'room', 'n2', { createdAtMs: 5_000, answeredAtMs: 5_000 })
  directory.reconcile('n2', [withPeople('room', 0, 5_000)], 6_000)
  t.strictSame(nodesOf(directory), ['n2', 'n1'], 'nobody knows who is still in it')
  away.delete('n1')
  directory.reconcile('n1', [withPeople('room', 9, 1_000)], 7_000)
  t.strictSame(nodesOf(directory), ['n1', 'n2'])
})

t.test('every copy is found by its own internal id', async (t) => {
  const directory = moved(0, 3)
  for (const copy of directory.copiesOf('room')) {
    t.equal(directory.byInternalId(copy.internalMeetingID), copy)
    t.equal(directory.isCurrent(copy), copy.nodeId === 'n2')
  }
  t.strictSame(directory.copiesOf('room').map(({ createdAtMs }) => createdAtMs), [5_000, 1_000])
})
