import t from 'tap'
import { Rounds } from '../../src/cluster/rounds.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { logBook } from '../store/keeping.js'

const INTERVAL_MS = 10_000

t.test('a round that fails is logged, and the next begins in time', async (t) => {
  const clock = new ManualClock()
  const { log, logs } = logBook()
  let begun = 0
  const rounds = new Rounds({
    clock,
    log,
    name: 'looking',
    intervalMs: INTERVAL_MS,
    async run () {
      begun++
      if (begun === 1) throw new Error('unforeseen')
      if (begun === 2) {
        await new Promise<void>((resolve) => { clock.after(1_000, resolve) })
        throw new Error('half-way')
      }
    },
  })
  t.teardown(() => rounds.stop())
  rounds.start()
  await clock.advance(INTERVAL_MS - 1)
  t.equal(begun, 1)
  t.match(logs, [{ level: 'error', event: 'looking failed', fields: { reason: /^Error: unforeseen\n +at / } }])
  await clock.advance(1)
  t.equal(begun, 2)
  await clock.advance(INTERVAL_MS - 1)
  t.equal(begun, 2)
  await clock.advance(1)
  t.equal(begun, 3)
  t.match(logs.map(({ fields }) => fields['reason']), [/unforeseen/, /^Error: half-way\n/])
  t.equal(logs.length, 2)
})

t.test('stopping waits for a round under way, also for one that fails', async (t) => {
  const clock = new ManualClock()
  const { log, logs } = logBook()
  const rounds = new Rounds({
    clock,
    log,
    name: 'looking',
    intervalMs: INTERVAL_MS,
    async run () {
      await new Promise<void>((resolve) => { clock.after(1_000, resolve) })
      throw new Error('too late')
    },
  })
  rounds.start()
  const state = { isStopped: false }
  const stopped = rounds.stop().then(() => { state.isStopped = true })
  await clock.advance(999)
  t.equal(state.isStopped, false)
  await clock.advance(1)
  await t.resolves(stopped)
  t.equal(logs.length, 1)
  t.equal(clock.pending, 0, 'no round is to follow')
})
