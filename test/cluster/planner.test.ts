import t, { type Test } from 'tap'
import { Planner } from '../../src/cluster/planner.js'
import type { LogLine } from '../helpers/gateway.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { eventually } from './servers.js'

interface Planning {
  readonly planner: Planner
  readonly clock: ManualClock
  readonly logs: LogLine[]
}

/** A planner that has been started; the test stops it. */
function startPlanner (t: Test, plan: () => Generator<undefined, void>): Planning {
  const clock = new ManualClock()
  const logs: LogLine[] = []
  const write = (level: LogLine['level']) => (fields: object, event: string) => { logs.push({ level, event, fields: { ...fields } }) }
  const planner = new Planner(clock, { info: write('info'), warn: write('warn'), error: write('error') }, plan)
  t.teardown(() => planner.stop())
  planner.start()
  return { planner, clock, logs }
}

/** Keeps the process busy. */
function work (ms: number): void {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}

t.test('planning begins every ten seconds, and never while it is under way', async (t) => {
  let begun = 0
  const gate = { closed: false }
  const { planner, clock, logs } = startPlanner(t, function * () {
    begun++
    while (gate.closed) {
      work(1)
      yield
    }
  })
  await clock.advance(9_999)
  t.equal(begun, 0)
  await clock.advance(1)
  t.equal(begun, 1)
  await planner.planned
  await clock.advance(10_000)
  t.equal(begun, 2)

  gate.closed = true
  await clock.advance(10_000)
  t.equal(begun, 3)
  await clock.advance(60_000)
  t.equal(begun, 3, 'it is still at it')
  gate.closed = false
  await planner.planned
  await clock.advance(9_999)
  t.equal(begun, 3)
  await clock.advance(1)
  t.equal(begun, 4, 'ten seconds after its end')
  t.strictSame(logs, [])
})

t.test('long planning is done in slices, between which others run', async (t) => {
  let stepsDone = 0
  const turns: number[] = []
  const { planner, clock } = startPlanner(t, function * () {
    for (let step = 0; step < 30; step++) {
      work(1)
      stepsDone++
      yield
    }
  })
  clock.advanceSync(10_000)
  const end = { reached: false }
  planner.planned.then(() => { end.reached = true })
  while (!end.reached) {
    turns.push(stepsDone)
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.equal(stepsDone, 30)
  const slices = turns.map((steps, index) => steps - (turns[index - 1] ?? 0))
  t.ok(Math.max(...slices) <= 3, `steps of a millisecond in each slice: ${slices.join(' ')}`)
})

t.test('short planning is done in one go', async (t) => {
  let stepsDone = 0
  const { clock } = startPlanner(t, function * () {
    for (; stepsDone < 10; stepsDone++) yield
  })
  clock.advanceSync(10_000)
  t.equal(stepsDone, 10)
})

t.test('planning breaks off when the planner is stopped', async (t) => {
  let stepsDone = 0
  const { planner, clock } = startPlanner(t, function * () {
    for (;;) {
      work(1)
      stepsDone++
      yield
    }
  })
  clock.advanceSync(10_000)
  await eventually(() => stepsDone > 5, 'planning is under way')
  await planner.stop()
  const before = stepsDone
  await new Promise((resolve) => setImmediate(resolve))
  await clock.advance(60_000)
  t.equal(stepsDone, before)
  t.equal(clock.pending, 0, 'no timer is left')
})

t.test('a planner that is stopped while it waits never plans', async (t) => {
  let begun = 0
  const { planner, clock } = startPlanner(t, function * () { begun++ })
  await planner.stop()
  t.equal(clock.pending, 0)
  await clock.advance(60_000)
  t.equal(begun, 0)
})

t.test('planning goes on after a plan that failed', async (t) => {
  let begun = 0
  let done = 0
  const plan = function * (): Generator<undefined, void> {
    yield
    if (begun === 1) throw new Error('half-way')
    done++
  }
  const { planner, clock, logs } = startPlanner(t, () => {
    begun++
    if (begun === 2) throw new Error('at once')
    return plan()
  })
  for (const event of ['half-way', 'at once']) {
    await clock.advance(10_000)
    await planner.planned
    t.match(logs.at(-1), { level: 'error', event: 'planning failed', fields: { reason: new RegExp(`^Error: ${event}\n`) } })
  }
  t.equal(done, 0)
  await clock.advance(10_000)
  await planner.planned
  t.equal(done, 1)
  t.equal(logs.length, 2)
  await t.resolves(planner.stop())
})
