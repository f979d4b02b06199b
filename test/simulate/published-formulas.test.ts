import t, { type Test } from 'tap'
import { seen } from './hand-made.js'
import { AnyNode, B3lb, B3scale, Bbblb, BigBlueSwarm, LeastCpu, Pilos, RoundRobin, Scalelite } from './published.js'
import { Random } from './random.js'
import type { NewMeeting, SeenMeeting, Strategy } from './strategy.js'

const EQUAL = [{ weight: 1 }, { weight: 1 }, { weight: 1 }]
const BOTH = [0, 1]
const ALL = [0, 1, 2]
const MINUTE = 60
const NEW: NewMeeting = { id: 99, room: 99, maxParticipants: 0, announced: 0 }

/** Shows each node its meetings at the same second. */
function show (strategy: Strategy, atS: number, ...nodes: ReadonlyArray<readonly SeenMeeting[]>): void {
  for (const [node, meetings] of nodes.entries()) strategy.polled(node, atS, meetings, [])
}

/**
 * Asserts where a strategy's measure of the first node lies: below `people` old listeners on the second, who count
 * one each with every formula here, it takes the meeting; above it does not.
 */
function weighs (t: Test, what: string, make: () => Strategy, first: readonly SeenMeeting[], between: readonly [number, number], atS = 0, ofOthers = (people: number): SeenMeeting => seen(50, { people, createdAtS: -3_600 })): void {
  for (const [people, node] of [[between[0], 1], [between[1], 0]] as const) {
    const strategy = make()
    show(strategy, atS, first, [ofOthers(people)])
    t.equal(strategy.place(NEW, atS, BOTH), node, `${what}, against ${people}`)
  }
}

t.test('Scalelite counts moderators twice, and young meetings as fifteen', async (t) => {
  const make = (): Strategy => new Scalelite(EQUAL)
  weighs(t, '20 people, 3 of them moderators', make, [seen(1, { people: 20, moderators: 3, createdAtS: -3_600 })], [22, 24])
  weighs(t, 'an empty meeting of 14 minutes', make, [seen(1)], [14, 16], 14 * MINUTE)
  weighs(t, 'two people after 15 minutes', make, [seen(1, { people: 2 })], [1, 3], 15 * MINUTE)
  weighs(t, '16 people after a minute', make, [seen(1, { people: 16 })], [15, 17], MINUTE)
})

t.test('Scalelite adds one for each create and join until the next poll', async (t) => {
  const strategy = new Scalelite(EQUAL)
  t.strictSame(ALL.map(() => strategy.place(NEW, 0, ALL)), [0, 1, 2], 'each create weighs one, the lowest node wins a tie')
  strategy.joined(99, 0)
  strategy.joined(99, 1)
  t.equal(strategy.place(NEW, 0, ALL), 2)
  show(strategy, 60, [], [], [])
  t.equal(strategy.place(NEW, 60, ALL), 0, 'a poll forgets them')
  t.equal(strategy.pollEveryS, 60)
})

t.test('Scalelite divides by the weight', async (t) => {
  const strategy = new Scalelite([{ weight: 1 }, { weight: 2 }])
  show(strategy, 0, [], [])
  t.strictSame([1, 2, 3].map(() => strategy.place(NEW, 0, BOTH)), [0, 1, 1], 'a create weighs half on a node of weight two')
})

t.test('bbblb adds ghosts that fade over half an hour', async (t) => {
  const make = (): Strategy => new Bbblb(EQUAL)
  // One meeting of n people without anything else, an hour old: 5 + n.
  weighs(t, 'a new meeting: 5 + 20 × 1.55', make, [seen(1)], [30, 32])
  weighs(t, 'after 15 minutes: 5 + 10 × 1.55', make, [seen(1)], [15, 16], 15 * MINUTE)
  weighs(t, '10 people, 4 speak, 2 show themselves, an hour ago', make, [seen(1, { people: 10, microphones: 4, cameras: 2, createdAtS: -3_600 })], [12, 14])
  weighs(t, 'a hint of 60: 60 × 1.55', make, [seen(1, { announced: 60 })], [92, 94])
  weighs(t, 'a hint of 500 counts as 100', make, [seen(1, { maxParticipants: 500 })], [154, 156])
})

t.test('bbblb charges the whole sum at create, and knows no weights', async (t) => {
  const strategy = new Bbblb([{ weight: 9 }, { weight: 1 }])
  show(strategy, 0, [], [seen(1, { people: 30, createdAtS: -3_600 })])
  t.equal(strategy.place(NEW, 0, BOTH), 0)
  t.equal(strategy.place(NEW, 0, BOTH), 1, '36 against 35')
  t.equal(strategy.pollEveryS, 30)
})

t.test('b3lb weighs people, meetings, and the CPU steeply', async (t) => {
  const make = (cpu: number) => (): Strategy => {
    const strategy = new B3lb(EQUAL, new Random('b3lb'))
    strategy.sampled(0, cpu)
    return strategy
  }
  // One meeting on each: 30 either way.
  weighs(t, '20 people', make(0), [seen(1, { people: 20 })], [19, 21])
  weighs(t, 'a CPU of a half: 5000/6 × 0.96875 = 807', make(0.5), [seen(1)], [807, 808])
  weighs(t, 'a CPU of one: 5000/6 × 5', make(1), [seen(1)], [4_166, 4_167])
  const strategy = new B3lb(EQUAL, new Random('b3lb'))
  show(strategy, 0, [], [seen(1, { people: 0 })])
  t.strictSame([0, 1, 2].map(() => strategy.place(NEW, 0, BOTH)), [0, 1, 0], '31 at create against 30 and none')
  t.strictSame([strategy.pollEveryS, strategy.sampling.lateS], [15, 15])
})

t.test('b3lb draws between equals', async (t) => {
  const drawn = Array.from({ length: 300 }, (_, seed) => new B3lb(EQUAL, new Random(seed)).place(NEW, 0, ALL))
  for (const node of ALL) t.ok(drawn.filter((other) => other === node).length > 70, `node ${node}`)
})

t.test('b3scale takes people or fifteen per meeting, whichever is more, and charges nothing', async (t) => {
  const make = (): Strategy => new B3scale(EQUAL)
  weighs(t, 'two empty meetings', make, [seen(1), seen(2)], [29, 31])
  weighs(t, '40 in two meetings', make, [seen(1, { people: 25 }), seen(2, { people: 15 })], [39, 41])
  const strategy = new B3scale([{ weight: 1 }, { weight: 2 }])
  show(strategy, 0, [seen(1)], [seen(2, { people: 31 })])
  t.strictSame([0, 1, 2].map(() => strategy.place(NEW, 0, BOTH)), [0, 0, 0], '15 against 31 / 2')
  show(strategy, 20, [], [seen(2, { people: 29 })])
  t.equal(strategy.place(NEW, 20, BOTH), 1)
  t.equal(strategy.pollEveryS, 20)
})

t.test('PILOS counts young meetings as fifteen, unless they may hold fewer, and charges nothing', async (t) => {
  const make = (): Strategy => new Pilos(EQUAL)
  weighs(t, 'an empty meeting of 14 minutes', make, [seen(1)], [14, 16], 14 * MINUTE)
  weighs(t, 'one for at most 8', make, [seen(1, { maxParticipants: 8 })], [7, 9], MINUTE)
  weighs(t, 'one for at most 80', make, [seen(1, { maxParticipants: 80 })], [14, 16], MINUTE)
  weighs(t, '9 people after a quarter of an hour', make, [seen(1, { people: 9, moderators: 2 })], [8, 10], 15 * MINUTE)
  const strategy = new Pilos([{ weight: 1 }, { weight: 3 }])
  show(strategy, 0, [seen(1, { people: 21 })], [seen(2, { people: 60 })])
  t.strictSame([0, 1, 2].map(() => strategy.place(NEW, 0, BOTH)), [1, 1, 1], '21 against 20')
  t.equal(strategy.pollEveryS, 60)
})

t.test('least CPU takes the last sample, BigBlueSwarm five minutes of CPU and memory', async (t) => {
  const least = new LeastCpu(EQUAL)
  for (const [node, cpu] of [0.5, 0.3, 0.4].entries()) least.sampled(node, cpu)
  t.equal(least.place(NEW, 0, ALL), 1)
  least.sampled(1, 0.6)
  t.equal(least.place(NEW, 0, ALL), 2)
  t.strictSame(least.sampling, { everyS: 30, windowS: 120, lateS: 15 })

  const swarm = new BigBlueSwarm(EQUAL)
  for (const [node, cpu] of [0.3, 0.5].entries()) swarm.sampled(node, cpu, 0.5)
  t.equal(swarm.place(NEW, 0, BOTH), 0)
  for (let times = 0; times < 9; times++) swarm.sampled(0, 0.55, 0.5)
  t.equal(swarm.place(NEW, 0, BOTH), 1, 'a mean of 0.525 against 0.5')
  swarm.sampled(1, 0.5, 0.7)
  t.equal(swarm.place(NEW, 0, BOTH), 0, 'memory counts as much')
  for (let times = 0; times < 30; times++) for (const node of BOTH) swarm.sampled(node, node === 0 ? 0.9 : 0.1, 0.5)
  t.equal(swarm.place(NEW, 0, BOTH), 1, 'what is older is forgotten')
})

t.test('round robin and chance', async (t) => {
  const robin = new RoundRobin()
  t.strictSame([ALL, ALL, ALL, ALL, [0, 2], ALL].map((allowed) => robin.place(NEW, 0, allowed)), [0, 1, 2, 0, 2, 0])
  const any = new AnyNode(new Random('any'))
  const drawn = Array.from({ length: 300 }, () => any.place(NEW, 0, [0, 2]))
  t.strictSame([...new Set(drawn)].sort(), [0, 2])
})

t.test('a meeting that has ended counts no more, nor do those of a node that is lost', async (t) => {
  const strategy = new B3scale(EQUAL)
  show(strategy, 0, [seen(1)], [seen(2)], [seen(3)])
  strategy.polled(1, 20, [], [2])
  t.equal(strategy.place(NEW, 20, ALL), 1)
  strategy.polled(1, 40, [seen(4)], [])
  strategy.nodeDown(2)
  t.equal(strategy.place(NEW, 40, ALL), 2)
})
