import t from 'tap'
import { CostLearning } from '../../src/placement/cost-learning.js'
import { camerasReceived, CAUSES, shareOf, START_COSTS, type Costs, type Crowd } from '../../src/placement/costs.js'
import { draws } from './parts.js'

const IDLE = 0.04
const PERSON = 0.0031

/** Counts of the causes on a node with those meetings. */
function causesOf (meetings: readonly Crowd[], weight = 1): number[] {
  const causes = CAUSES.map(() => 0)
  for (const crowd of meetings) {
    for (const [index, count] of [1, crowd.people, crowd.microphones, crowd.cameras, camerasReceived(crowd)].entries()) causes[index] = (causes[index] ?? 0) + count / weight
  }
  return causes
}

function cpuOf (causes: readonly number[], costs: Costs): number {
  return causes.reduce((sum, count, index) => sum + count * (costs[index] ?? 0), IDLE)
}

/** Takes in samples of nodes on which meetings of all kinds take place, until so many were of use. */
function teach (learning: CostLearning, costs: Costs, samples: number, seed: number, noise = 0.02): void {
  const random = draws(seed)
  for (let taken = 0; taken < samples;) {
    const meetings: Crowd[] = []
    for (let count = 1 + Math.floor(random() * 12); count > 0; count--) {
      const people = Math.ceil(60 * random() ** 3) + 2
      meetings.push({ people, microphones: Math.floor(people * random() ** 2), cameras: Math.floor(people * random() ** 3) })
    }
    const causes = causesOf(meetings, random() < 0.5 ? 1 : 2)
    const cpu = cpuOf(causes, costs) + noise * (random() + random() + random() + random() - 2)
    if (cpu > 0.1 && cpu < 0.9) taken++
    learning.sample(causes, cpu)
  }
}

t.test('costs are found although all start values are four times off', async (t) => {
  for (const [what, costs] of [
    ['cheaper', START_COSTS.map((cost) => cost / 4)],
    ['dearer', START_COSTS.map((cost) => cost * 4)],
  ] as const) {
    const learning = new CostLearning()
    teach(learning, costs, 20_000, 1)
    const learned = learning.solveHourly()
    for (const [index, cost] of costs.entries()) {
      const ratio = (learned?.[index] ?? 0) / cost
      t.ok(ratio > 0.75 && ratio < 1.25, `${what}: ${CAUSES[index]} ${ratio.toFixed(2)}`)
    }
  }
})

t.test('meetings cost what they cost, also where nodes differ from the start values in kind', async (t) => {
  const costs = START_COSTS.map((cost, index) => cost / 4 * (index % 2 === 0 ? 1.5 : 0.7))
  const learning = new CostLearning()
  teach(learning, costs, 20_000, 1)
  const learned = learning.solveHourly() ?? []
  for (const crowd of [{ people: 20, microphones: 3, cameras: 1 }, { people: 20, microphones: 10, cameras: 20 }, { people: 60, microphones: 2, cameras: 2 }]) {
    const ratio = shareOf(crowd, learned) / shareOf(crowd, costs)
    t.ok(ratio > 0.93 && ratio < 1.07, `${JSON.stringify(crowd)}: ${ratio.toFixed(3)}`)
  }
})

t.test('too few samples tell nothing', async (t) => {
  const learning = new CostLearning()
  t.equal(learning.solveHourly(), undefined)
  teach(learning, START_COSTS, 499, 2)
  t.equal(learning.solveHourly(), undefined)
  teach(learning, START_COSTS, 10, 3)
  t.ok(learning.solveHourly())
})

t.test('nodes that are idle or full tell nothing', async (t) => {
  const learning = new CostLearning()
  const causes = causesOf([{ people: 50, microphones: 5, cameras: 5 }])
  for (const cpu of [0, 0.1, 0.9, 0.95, 1]) for (let i = 0; i < 1_000; i++) learning.sample(causes, cpu)
  t.equal(learning.sums.samples, 0)
  learning.sample(causes, 0.11)
  learning.sample(causes, 0.89)
  t.equal(learning.sums.samples, 2)
})

t.test('nodes without any meeting tell nothing about meetings', async (t) => {
  const learning = new CostLearning()
  for (let i = 0; i < 1_000; i++) learning.sample(causesOf([]), 0.3)
  t.equal(learning.solveHourly(), undefined)
})

t.test('a cause that never occurred keeps its start value, as strong as the nodes are', async (t) => {
  const learning = new CostLearning()
  const random = draws(4)
  for (let i = 0; i < 1_000; i++) {
    const people = 20 + Math.floor(200 * random())
    const causes = causesOf([{ people, microphones: 0, cameras: 0 }])
    learning.sample(causes, cpuOf(causes, START_COSTS.map((cost) => cost / 2)))
  }
  const [meeting = 0, person = 0, microphone = 0, cameraSent = 0, cameraReceived = 0] = learning.solveHourly() ?? []
  t.ok(Math.abs(person / PERSON - 0.5) < 0.05, `a person ${person}`)
  for (const [name, cost, start] of [['meeting', meeting, 0.010], ['microphone', microphone, 0.0019], ['camera sent', cameraSent, 0.00125], ['camera received', cameraReceived, 0.0005]] as const) {
    t.ok(Math.abs(cost / start - 0.5) < (name === 'meeting' ? 0.6 : 0.05), `${name} ${cost}`)
  }
})

t.test('no cost leaves its bounds, whatever the samples say', async (t) => {
  for (const seed of [5, 6, 7, 8]) {
    const learning = new CostLearning()
    const random = draws(seed)
    for (let i = 0; i < 2_000; i++) {
      const people = Math.floor(100 * random())
      // Of nothing but a meeting's cameras the CPU depends, and on them the wrong way round.
      const crowd = { people, microphones: Math.floor(10 * random()), cameras: Math.floor(10 * random()) }
      learning.sample(causesOf([crowd]), 0.8 - 0.06 * crowd.cameras)
    }
    const learned = learning.solveHourly() ?? []
    t.equal(learned.length, CAUSES.length)
    const ratios = learned.map((cost, index) => cost / (START_COSTS[index] ?? 0))
    // All start values are scaled by one factor, so what lies between the bounds of all is within 20 times.
    t.ok(ratios.every((ratio) => ratio > 0 && Number.isFinite(ratio)), ratios.join(' '))
    t.ok(Math.max(...ratios) / Math.min(...ratios) <= 20.000001, ratios.join(' '))
    t.ok((ratios[3] ?? 0) / Math.max(...ratios) < 0.5, 'cameras are held to be cheap')
  }
})

t.test('what was learned long ago fades', async (t) => {
  const learning = new CostLearning()
  teach(learning, START_COSTS.map((cost) => cost / 2), 5_000, 9)
  const before = learning.solveHourly() ?? []
  t.ok(Math.abs((before[1] ?? 0) / PERSON - 0.5) < 0.1)
  for (let hour = 1; hour < 24; hour++) learning.solveHourly()
  t.equal(learning.sums.samples.toFixed(3), (5_000 * 0.9).toFixed(3), 'to nine tenths within a day')
  for (let day = 0; day < 50; day++) for (let hour = 0; hour < 24; hour++) learning.solveHourly()
  t.equal(learning.solveHourly(), undefined, 'until there is too little left')
  teach(learning, START_COSTS.map((cost) => cost * 2), 5_000, 10)
  const after = learning.solveHourly() ?? []
  t.ok(Math.abs((after[1] ?? 0) / PERSON - 2) < 0.3, `new samples outweigh the old: ${after[1]}`)
})

t.test('what was learned goes on after a restart', async (t) => {
  const learning = new CostLearning()
  teach(learning, START_COSTS, 1_000, 11)
  const restored = new CostLearning()
  restored.restore(structuredClone(learning.sums))
  t.strictSame(restored.sums, learning.sums)
  t.strictSame(restored.solveHourly(), learning.solveHourly())
})
