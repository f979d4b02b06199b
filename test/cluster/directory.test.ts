import t from 'tap'
import { Directory, peopleIn, type DirectoryWatcher } from '../../src/cluster/directory.js'
import { create, internalID, listed, withPeople } from './meetings.js'

/** The ids on a node, for short. */
function idsOn (directory: Directory, nodeId: string): string[] {
  return [...directory.onNode(nodeId).keys()].sort()
}

t.test('a meeting that a poll lists is known, with what the poll says of it', async (t) => {
  const directory = new Directory()
  const { added, removed } = directory.reconcile('n1', [listed('room', {
    maxParticipants: 4,
    expectedParticipants: 7,
    isBreakout: false,
    parentMeetingID: 'parent-internal',
    counts: { participants: 9, moderators: 2, voices: 5, videos: 3 },
  })], 2_000)
  t.equal(added.length, 1)
  t.equal(removed.length, 0)
  t.match(directory.copiesOf('room')[0], {
    meetingID: 'room',
    internalMeetingID: internalID('room'),
    nodeId: 'n1',
    createdAtMs: 1_000,
    voiceBridge: '12345',
    name: 'Name of room',
    parentMeetingID: 'parent-internal',
    maxParticipants: 4,
    announced: 7,
    expected: undefined,
    participants: 9,
    moderators: 2,
    microphones: 5,
    cameras: 3,
    answeredAtMs: 0,
    seenAtMs: 2_000,
  })
  t.equal(directory.size, 1)
  t.strictSame(directory.reconcile('n1', [listed('room')], 3_000), { added: [], removed: [] }, 'the next time it is not new')
})

t.test('an id is resolved exactly, outside and inside', async (t) => {
  const directory = new Directory()
  const copy = create(directory, 'room', 'n1')
  t.equal(directory.copiesOf('room')[0], copy)
  t.equal(directory.byInternalId(internalID('room')), copy)
  for (const wrong of ['Room', 'roo', 'room ', '', internalID('room'), '__proto__', 'constructor']) t.strictSame(directory.copiesOf(wrong), [], wrong)
  for (const wrong of ['room', internalID('room').slice(0, 10), '', internalID('room').toUpperCase()]) t.equal(directory.byInternalId(wrong), undefined, wrong)
})

t.test('a poll that started before the create answered decides nothing', async (t) => {
  const directory = new Directory()
  const copy = create(directory, 'room', 'n1', { answeredAtMs: 10_000 })
  for (const startedAtMs of [9_000, 9_500, 9_999, 10_000]) {
    t.strictSame(directory.reconcile('n1', [], startedAtMs).removed, [], `started at ${startedAtMs}`)
    t.equal(copy.absences, 0)
  }
  t.equal(directory.size, 1)
})

t.test('two polls that started later must not list it', async (t) => {
  const directory = new Directory()
  const copy = create(directory, 'room', 'n1', { answeredAtMs: 10_000 })
  t.strictSame(directory.reconcile('n1', [], 11_000).removed, [])
  t.equal(directory.copiesOf('room')[0], copy, 'one is not enough')
  t.strictSame(directory.reconcile('n1', [], 12_000).removed, [copy])
  t.equal(directory.size, 0)
  t.equal(directory.byInternalId(copy.internalMeetingID), undefined)
  t.strictSame(idsOn(directory, 'n1'), [])
})

t.test('being listed in between starts the count again', async (t) => {
  const directory = new Directory()
  const copy = create(directory, 'room', 'n1', { answeredAtMs: 10_000 })
  directory.reconcile('n1', [], 11_000)
  directory.reconcile('n1', [listed('room')], 12_000)
  t.strictSame(directory.reconcile('n1', [], 13_000).removed, [])
  t.strictSame(directory.reconcile('n1', [], 14_000).removed, [copy])
})

t.test('a create that the node answers for the same meeting starts the count again', async (t) => {
  const directory = new Directory()
  const copy = create(directory, 'room', 'n1', { answeredAtMs: 10_000 })
  directory.reconcile('n1', [], 11_000)
  t.equal(create(directory, 'room', 'n1', { answeredAtMs: 12_000 }), copy)
  t.strictSame(directory.reconcile('n1', [], 11_500).removed, [], 'this poll started before that answer')
  t.strictSame(directory.reconcile('n1', [], 13_000).removed, [])
  t.strictSame(directory.reconcile('n1', [], 14_000).removed, [copy])
})

t.test('polls of other nodes decide nothing', async (t) => {
  const directory = new Directory()
  create(directory, 'room', 'n1', { answeredAtMs: 10_000 })
  directory.reconcile('n2', [], 11_000)
  directory.reconcile('n2', [], 12_000)
  t.equal(directory.size, 1)
})

t.test('a meeting out of the state file needs two absences as well', async (t) => {
  const directory = new Directory()
  const copy = create(directory, 'room', 'n1')
  t.equal(copy.answeredAtMs, 0)
  t.strictSame(directory.reconcile('n1', [], 1_000_000).removed, [])
  t.strictSame(directory.reconcile('n1', [], 1_005_000).removed, [copy])
})

t.test('a removed meeting is not brought back by a poll under way, but by a later one', async (t) => {
  const directory = new Directory()
  const copy = create(directory, 'room', 'n1', { answeredAtMs: 10_000 })
  directory.remove(copy, 20_000)
  t.strictSame(directory.reconcile('n1', [listed('room')], 19_000).added, [], 'started before')
  t.strictSame(directory.reconcile('n1', [listed('room')], 20_000).added, [], 'started in the same millisecond')
  t.equal(directory.size, 0)
  t.equal(directory.reconcile('n1', [listed('room')], 20_001).added.length, 1, 'started later')
  t.equal(directory.copiesOf('room')[0]?.nodeId, 'n1')
})

t.test('a removal on one node says nothing of another', async (t) => {
  const directory = new Directory()
  directory.remove(create(directory, 'room', 'n1'), 20_000)
  t.equal(directory.reconcile('n2', [listed('room', { createdAtMs: 2_000 })], 19_000).added.length, 1)
})

t.test('a removed meeting is removed once', async (t) => {
  const directory = new Directory()
  const copy = create(directory, 'room', 'n1')
  directory.remove(copy, 20_000)
  const again = create(directory, 'room', 'n1', { answeredAtMs: 21_000 })
  directory.remove(copy, 22_000)
  t.equal(directory.copiesOf('room')[0], again)
  t.equal(directory.byInternalId(copy.internalMeetingID), again)
})

t.test('a node that is taken out takes its meetings along', async (t) => {
  const directory = new Directory()
  create(directory, 'one', 'n1')
  create(directory, 'two', 'n1')
  create(directory, 'three', 'n2')
  directory.removeNode('n1', 20_000)
  t.strictSame([...directory.all()].map(({ meetingID }) => meetingID), ['three'])
  t.strictSame(idsOn(directory, 'n1'), [])
  directory.removeNode('n3', 20_000)
  t.equal(directory.size, 1)
})

t.test('what a poll could not read stays as it was', async (t) => {
  const directory = new Directory()
  directory.reconcile('n1', [listed('room', { counts: { participants: 7, moderators: 1, voices: 2, videos: 3 } })], 2_000)
  directory.reconcile('n1', [listed('room', { counts: undefined, name: 'New name' })], 3_000)
  t.match(directory.copiesOf('room')[0], { participants: 7, moderators: 1, microphones: 2, cameras: 3, name: 'New name', seenAtMs: 3_000 })
})

t.test('of two polls that overlap the later one counts, whichever ends last', async (t) => {
  const directory = new Directory()
  directory.reconcile('n1', [withPeople('room', 9)], 3_000)
  directory.reconcile('n1', [withPeople('room', 2)], 2_000)
  t.match(directory.copiesOf('room')[0], { participants: 9, seenAtMs: 3_000 })
  t.strictSame(directory.reconcile('n1', [], 2_500).removed, [])
  t.equal(directory.copiesOf('room')[0]?.absences, 0, 'nor does an earlier one count as an absence')
})

t.test('who watches the directory is told what happens to copies', async (t) => {
  const told: string[] = []
  const watcher: DirectoryWatcher = {
    added: ({ meetingID }) => { told.push(`${meetingID} added`) },
    reconsidered: ({ meetingID, maxParticipants, isBreakout }) => { told.push(`${meetingID} reconsidered ${maxParticipants} ${isBreakout}`) },
    seen: ({ meetingID, participants }, atMs) => { told.push(`${meetingID} seen with ${participants} at ${atMs}`) },
    awaited: (copy) => { told.push(`${copy.meetingID} awaits ${peopleIn(copy)}`) },
    removed: ({ meetingID }) => { told.push(`${meetingID} removed`) },
  }
  const since = (): string[] => told.splice(0)
  const directory = new Directory(() => false, watcher)
  const copy = create(directory, 'room', 'n1', { maxParticipants: 3 })
  t.strictSame(since(), ['room added'])
  create(directory, 'room', 'n1')
  t.strictSame(since(), [], 'a repeated create')
  directory.reconcile('n1', [listed('room', { maxParticipants: 3 }), withPeople('other', 4)], 2_000)
  t.strictSame(since(), ['room seen with 0 at 2000', 'other added', 'other seen with 4 at 2000'])
  directory.reconcile('n1', [listed('room'), withPeople('other', 4)], 3_000)
  t.strictSame(since(), ['room reconsidered 0 false', 'room seen with 0 at 3000', 'other seen with 4 at 3000'])
  directory.reconcile('n1', [listed('room', { isBreakout: true }), withPeople('other', 5)], 2_500)
  t.strictSame(since(), [], 'an earlier poll that ends last')
  directory.joined(copy, 4_000)
  t.strictSame(since(), ['room awaits 1'])
  directory.reconcile('n1', [listed('room', { isBreakout: true })], 5_000)
  t.strictSame(since(), ['room reconsidered 0 true', 'room seen with 0 at 5000'])
  directory.reconcile('n1', [], 6_000)
  directory.remove(copy, 7_000)
  directory.remove(copy, 8_000)
  t.strictSame(since(), ['other removed', 'room removed'])
})

t.test('the parent that a client named stays, whatever the node calls it', async (t) => {
  const directory = new Directory()
  const copy = create(directory, 'room', 'n1', { parentMeetingID: 'parent' })
  directory.reconcile('n1', [listed('room', { parentMeetingID: 'parent-internal' })], 2_000)
  t.equal(copy.parentMeetingID, 'parent')
})
