import t from 'tap'
import { BIN_S, MINUTES } from './calendar.js'
import { smallTrace, tenOnDay } from './hand-made.js'
import { measure } from './measures.js'
import { EventQueue } from './queue.js'
import { replay } from './replay.js'
import type { NewMeeting, SeenMeeting, Strategy } from './strategy.js'
import type { Trace } from './trace.js'

const TEN = tenOnDay(0)
/** Ten o'clock, in minutes since half past seven. */
const TEN_MINUTE = 150

/** Writes down what it is told, from ten on, and puts everything where it is told to. */
class Witness implements Strategy {
  readonly learns = false
  readonly polls: Array<{ node: number, atS: number, changed: readonly SeenMeeting[], ended: readonly number[] }> = []
  readonly samples: Array<[node: number, cpu: number, sampledAtS: number]> = []
  readonly told: string[] = []
  constructor (readonly pollEveryS: number, private readonly node: (id: number) => number, readonly sampling = { everyS: 30, windowS: 120, lateS: 15 }) {}

  polled (node: number, atS: number, changed: readonly SeenMeeting[], ended: readonly number[]): void {
    if (changed.length > 0 || ended.length > 0) this.polls.push({ node, atS: atS - TEN, changed, ended })
  }

  joined (id: number, node: number, atS: number): void { this.told.push(`${atS - TEN} join ${id} on ${node}`) }
  sampled (node: number, cpu: number, _memory: number, sampledAtS: number): void { this.samples.push([node, cpu, sampledAtS - TEN]) }
  nodeDown (node: number, atS: number): void { this.told.push(`${atS - TEN} down ${node}`) }
  nodeUp (node: number): void { this.told.push(`up ${node}`) }
  before (tickAtS: number): void { this.told.push(`${tickAtS - TEN} tick`) }
  place ({ id }: NewMeeting, atS: number, allowed: readonly number[]): number {
    this.told.push(`${atS - TEN} create ${id} of ${allowed.join()}`)
    return this.node(id)
  }
}

const TWO_NODES = [{ cores: 8 }, { cores: 8 }]

t.test('polls tell what has changed since the last one, each node in its own phase', async (t) => {
  const trace: Trace = smallTrace(TWO_NODES, [{ createdAtS: TEN + 5, minutes: 10, people: 7 }, { createdAtS: TEN + 9, minutes: 20, people: 3 }])
  const late: Trace = { ...trace, nodes: trace.nodes.map((node, index) => ({ ...node, phase: index / 2 })) }
  const witness = new Witness(60, (id) => id)
  replay(late, witness)
  t.strictSame(witness.polls.map(({ node, atS, changed, ended }) => [node, atS, changed.map(({ id, people, moderators }) => [id, people, moderators]), ended]), [
    [1, 30, [[1, 3, 1]], []],
    [0, 60, [[0, 7, 1]], []],
    [0, 660, [[0, 0, 0]], []],
    [0, 720, [], [0]],
    [1, 1_230, [[1, 0, 0]], []],
    [1, 1_290, [], [1]],
  ])
})

t.test('ticks come once, at the last ten seconds before a create; joins as they happen', async (t) => {
  const witness = new Witness(60, () => 1)
  replay(smallTrace(TWO_NODES, [{ createdAtS: TEN + 13, minutes: 10, people: 1 }, { createdAtS: TEN + 18, minutes: 10, people: 1 }, { createdAtS: TEN + 20, minutes: 10, people: 2 }]), witness)
  t.strictSame(witness.told, ['10 tick', '13 create 0 of 0,1', '14 join 0 on 1', '18 create 1 of 0,1', '19 join 1 on 1', '20 tick', '20 create 2 of 0,1', '21 join 2 on 1', '21 join 2 on 1'])
})

t.test('samples are means over their window, come late, and never show more than the node has', async (t) => {
  const trace = smallTrace([{ cores: 4 }, { cores: 4 }], [{ createdAtS: TEN, minutes: 10, people: 100 }, { createdAtS: TEN, minutes: 10, people: 500 }])
  const witness = new Witness(60, (id) => id)
  replay(trace, witness)
  const of = (node: number): Array<[number, string]> => witness.samples.filter(([one, cpu]) => one === node && cpu > 0).map(([, cpu, atS]) => [atS, cpu.toFixed(4)])
  const steady = (0.05 + 100 * 0.019) / 4
  const all = of(0)
  t.strictSame(all.find(([atS]) => atS === 180), [180, steady.toFixed(4)], 'two minutes in which nothing changes')
  t.strictSame(all.at(-1), [780, (0.05 / 4 / 120).toFixed(4)], 'two minutes of which the last second of the empty meeting is one')
  t.strictSame(of(1).find(([atS]) => atS === 180), [180, '1.0000'])
  const first = all[0] ?? [0, '']
  const joins = 100 * 0.05 / 4
  t.equal(first[0], 30)
  t.equal(first[1], ((1 + 1 + Math.min(1, steady + 0.1 * joins)) * BIN_S / 120 - (1 - Math.min(1, 0.1 * 0.05 / 4 + 0.9 * (steady + joins))) * BIN_S / 120).toFixed(4))
})

t.test('what is asked of nodes is added up per minute, and what comes of it measured', async (t) => {
  const trace = smallTrace([{ cores: 1 }, { cores: 3, weight: 3 }], [{ createdAtS: TEN - 60, minutes: 58, people: 100 }, { createdAtS: TEN - 60, minutes: 58, people: 60 }])
  const outcome = replay(trace, new Witness(60, (id) => id))
  const [first, second] = [0.05 + 100 * 0.019, (0.05 + 60 * 0.019) / 3]
  const at = (node: number, minute: number): string => (outcome.cpu[node * MINUTES + minute] ?? 0).toFixed(4)
  t.strictSame([at(0, TEN_MINUTE + 10), at(1, TEN_MINUTE + 10)], [first.toFixed(4), second.toFixed(4)])
  t.strictSame([at(0, TEN_MINUTE - 2), at(0, TEN_MINUTE + 60)], ['0.0000', '0.0000'])
  t.strictSame([outcome.people[TEN_MINUTE + 10], outcome.people[MINUTES + TEN_MINUTE + 10]], [100, 60])
  const measured = measure(trace, outcome)
  t.ok(measured.peak > first, 'people who come cost more')
  t.equal(measured.p99.toFixed(3), first.toFixed(3), '36 of 3600 minutes are more')
  t.equal(measured.p95, 0, 'not so 180')
  t.ok(measured.minutesOver80 >= 58 && measured.minutesOver80 <= 60, `${measured.minutesOver80} minutes`)
  t.equal(measured.minutesOver95, measured.minutesOver80)
  const mean = (first + 3 * second) / 4
  const sd = Math.sqrt((first ** 2 + 3 * second ** 2) / 4 - mean ** 2)
  t.ok(Math.abs(measured.unevenness / sd - 1) < 0.03, `${measured.unevenness} around ${sd}`)
  t.ok(Math.abs(measured.lostUserMinutes / (58 * 100 * (1 - 1 / first)) - 1) < 0.03, `${measured.lostUserMinutes} lost`)
})

t.test('a lost node takes its meetings with it, and the next ones are created elsewhere', async (t) => {
  const [lost, other, again] = smallTrace(TWO_NODES, [
    { createdAtS: TEN, minutes: 40, people: 10 }, { createdAtS: TEN, minutes: 40, people: 20 }, { createdAtS: TEN + 620, minutes: 30, people: 10 },
  ]).meetings
  if (lost === undefined || other === undefined || again === undefined) throw new Error('three meetings were wanted')
  const trace: Trace = {
    ...smallTrace(TWO_NODES, []),
    meetings: [{ ...lost, replacedBy: 2 }, { ...other, replacedBy: 2 }, { ...again, isReplacement: true }],
    losses: [{ node: 0, atS: TEN + 600, backAtS: TEN + 9 * 3_600 }],
  }
  const witness = new Witness(60, (id) => id === 0 ? 0 : 1)
  const outcome = replay(trace, witness)
  t.strictSame(witness.told.filter((line) => !line.includes('join') && !line.includes('tick')), ['0 create 0 of 0,1', '0 create 1 of 0,1', '600 down 0', '620 create 2 of 1', 'up 0'])
  t.strictSame([...outcome.nodeOf], [0, 1, 1])
  const people = (node: number, minute: number): number => outcome.people[node * MINUTES + TEN_MINUTE + minute] ?? -1
  t.strictSame([people(0, 9), people(0, 10), people(1, 9), people(1, 11)], [10, 0, 20, 30])
  t.equal(outcome.cpu[TEN_MINUTE + 11], 0)
  t.notOk(witness.samples.some(([node, , atS]) => node === 0 && atS > 600 && atS < 9 * 3_600), 'a lost node tells nothing')
  const unmoved = replay({ ...trace, losses: [] }, new Witness(60, (id) => id === 0 ? 0 : 1))
  t.strictSame([...unmoved.nodeOf], [0, 1, -1], 'without a loss nothing is created again')
})

t.test('a strategy may take only the nodes that are there', async (t) => {
  t.throws(() => replay(smallTrace(TWO_NODES, [{ createdAtS: TEN, minutes: 5, people: 1 }]), new Witness(60, () => 2)), /meeting 0 was placed on 2/)
})

t.test('events come in the order of time, kind and arrival', async (t) => {
  const queue = new EventQueue<{ atS: number, kind: number, name: string }>()
  for (const [atS, kind, name] of [[5, 1, 'e'], [1, 2, 'b'], [9, 0, 'g'], [5, 1, 'f'], [1, 1, 'a'], [5, 0, 'd'], [2, 9, 'c']] as const) queue.add({ atS, kind, name })
  let order = ''
  for (let event = queue.next(); event !== undefined; event = queue.next()) {
    order += event.name
    if (event.name === 'd') queue.add({ atS: 5, kind: 1, name: '+' })
  }
  t.equal(order, 'abcdef+g')
})
