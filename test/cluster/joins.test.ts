import t from 'tap'
import { Directory, peopleIn, type Copy } from '../../src/cluster/directory.js'
import { create, listed, withPeople } from './meetings.js'

const START = 100_000

function room (): { directory: Directory, copy: Copy, poll: (afterS: number, people: number) => number, join: (afterS: number) => number } {
  const directory = new Directory()
  const copy = create(directory, 'room', 'n1', { answeredAtMs: START - 1 })
  return {
    directory,
    copy,
    poll (afterS, people) {
      directory.reconcile('n1', [withPeople('room', people)], START + afterS * 1_000)
      return peopleIn(copy)
    },
    join (afterS) {
      directory.joined(copy, START + afterS * 1_000)
      return peopleIn(copy)
    },
  }
}

t.test('people who were sent there count at once', async (t) => {
  const { poll, join } = room()
  t.equal(join(0), 1, 'before any poll')
  t.equal(join(0), 2)
  t.equal(poll(1, 0), 2, 'a poll too early to show them changes nothing')
  t.equal(join(2), 3)
})

t.test('they are not counted twice when the poll shows them', async (t) => {
  const { poll, join } = room()
  t.equal(poll(0, 20), 20)
  join(1)
  t.equal(join(2), 22)
  t.equal(poll(5, 21), 22, 'one has arrived, one is on the way')
  t.equal(poll(6, 22), 22, 'both have arrived')
  t.equal(poll(12, 22), 22)
  t.equal(join(13), 23)
})

t.test('who does not arrive within ten seconds counts no more', async (t) => {
  const { poll, join } = room()
  join(0)
  join(5)
  t.equal(poll(9, 0), 2)
  t.equal(poll(10, 0), 1, 'the first had ten seconds')
  t.equal(poll(15, 0), 0)
})

t.test('people who leave make room while others are on the way', async (t) => {
  const { poll, join } = room()
  poll(0, 30)
  join(1)
  t.equal(poll(5, 3), 4, 'three who are there and one who comes')
})

t.test('a lesson that fills is counted right all along', async (t) => {
  const { poll, join } = room()
  for (let second = 0; second < 20; second++) {
    join(second)
    // Everybody needs three seconds to arrive.
    if (second % 5 === 4) t.equal(poll(second, Math.max(0, second - 2)), second + 1, `after ${second} s`)
  }
})

t.test('joins count on while polls say nothing of the meeting\'s people', async (t) => {
  const { directory, copy, poll, join } = room()
  poll(0, 2)
  join(1)
  directory.reconcile('n1', [listed('room', { counts: undefined })], START + 5_000)
  t.equal(peopleIn(copy), 3)
})

t.test('a join makes earlier answers about the meeting untrue', async (t) => {
  const { copy, join } = room()
  const before = copy.changes
  join(0)
  t.equal(copy.changes, before + 1)
})

t.test('joins to a node that is never polled again do not pile up', (t) => {
  const directory = new Directory()
  const copy = create(directory, 'room', 'n1')
  for (let minute = 0; minute < 100; minute++) directory.joined(copy, START + minute * 60_000)
  t.equal(peopleIn(copy), 10, 'those of the last ten minutes')
  t.end()
})
