import t from 'tap'
import { Isolation, type Witness } from '../../src/cluster/isolation.js'

const NOW = 1_000_000
const HOLD_MS = 120_000

/** Nodes by what they do: `+` answers, `-` failed its latest poll, `?` never answered, `o` failed and answered too long ago, `x` carries no meetings and failed. */
function nodes (pattern: string, nowMs = NOW): Witness[] {
  return [...pattern].map((kind, index) => ({
    id: `n${index}`,
    carriesMeetings: kind !== 'x',
    lastAnswerAtMs: kind === '?' ? 0 : kind === 'o' ? nowMs - 60_001 : nowMs - 5_000,
    failing: kind !== '+',
  }))
}

t.test('it begins when at least two, and more than half of those that answered within the last minute, fail', async (t) => {
  const table: Array<[string, boolean]> = [
    ['', false],
    ['+++', false],
    ['-', false],
    ['-+', false],
    ['--', true],
    ['--+', true],
    ['--++', false],
    ['---++', true],
    ['---+++', false],
    ['-oooo', false],
    ['--oooo', true],
    ['--++oooo', false],
    ['-xxx', false],
    ['--xx', true],
    ['-?', false],
    ['????', false],
  ]
  for (const [pattern, isIsolated] of table) {
    const isolation = new Isolation(HOLD_MS)
    t.equal(isolation.observe(nodes(pattern), NOW), isIsolated, `${pattern}: whether it changed`)
    t.equal(isolation.isIsolated, isIsolated, pattern)
    t.equal(isolation.holds(NOW), isIsolated, pattern)
  }
})

t.test('a node counts for exactly a minute after its answer', async (t) => {
  const witness = (id: string, lastAnswerAtMs: number): Witness => ({ id, carriesMeetings: true, lastAnswerAtMs, failing: true })
  const isolation = new Isolation(HOLD_MS)
  isolation.observe([witness('a', NOW - 60_001), witness('b', NOW)], NOW)
  t.equal(isolation.isIsolated, false)
  isolation.observe([witness('a', NOW - 60_000), witness('b', NOW)], NOW)
  t.equal(isolation.isIsolated, true)
})

t.test('at a start nothing has answered, so that nothing is isolated', async (t) => {
  const isolation = new Isolation(HOLD_MS)
  isolation.observe(nodes('?????'), NOW)
  isolation.observe(nodes('+????'), NOW + 5_000)
  isolation.observe(nodes('-????'), NOW + 10_000)
  t.equal(isolation.isIsolated, false)
})

t.test('it lasts until the nodes return, however long that is', async (t) => {
  const isolation = new Isolation(HOLD_MS)
  t.equal(isolation.observe(nodes('---+'), NOW), true)
  const later = NOW + 600_000
  t.equal(isolation.observe(nodes('ooo+', later), later), false)
  t.equal(isolation.isIsolated, true, 'although nobody answered within the last minute')
  t.equal(isolation.observe(nodes('oo++', later), later), true, 'half have returned')
  t.equal(isolation.isIsolated, false)
})

t.test('it ends when fewer than two of its nodes fail, or they no longer carry meetings', async (t) => {
  const isolation = new Isolation(HOLD_MS)
  isolation.observe(nodes('--'), NOW)
  isolation.observe(nodes('-+'), NOW)
  t.equal(isolation.isIsolated, false)
  isolation.observe(nodes('--'), NOW)
  isolation.observe(nodes('-x'), NOW)
  t.equal(isolation.isIsolated, false, 'an operator disabled one')
})

t.test('a node that comes new does not end it', async (t) => {
  const isolation = new Isolation(HOLD_MS)
  isolation.observe(nodes('--'), NOW)
  isolation.observe([...nodes('--'), { id: 'new-1', carriesMeetings: true, lastAnswerAtMs: NOW, failing: false }, { id: 'new-2', carriesMeetings: true, lastAnswerAtMs: NOW, failing: false }], NOW + 5_000)
  t.equal(isolation.isIsolated, true)
})

t.test('creates are held for as long as configured, from its beginning', async (t) => {
  const isolation = new Isolation(HOLD_MS)
  t.equal(isolation.holds(NOW), false)
  isolation.observe(nodes('--'), NOW)
  isolation.observe(nodes('--', NOW + 60_000), NOW + 60_000)
  t.equal(isolation.holds(NOW + HOLD_MS - 1), true)
  t.equal(isolation.holds(NOW + HOLD_MS), false)
  t.equal(isolation.isIsolated, true, 'it is not over, only nothing is held any more')
})

t.test('an operator can end the hold, for this time only', async (t) => {
  const isolation = new Isolation(HOLD_MS)
  isolation.endHold()
  isolation.observe(nodes('--'), NOW)
  t.equal(isolation.holds(NOW), true, 'what was said before it began does not count')
  isolation.endHold()
  t.equal(isolation.holds(NOW), false)
  t.equal(isolation.isIsolated, true)
  isolation.observe(nodes('++'), NOW)
  isolation.observe(nodes('--'), NOW)
  t.equal(isolation.holds(NOW), true)
})
