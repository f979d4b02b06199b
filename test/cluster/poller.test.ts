import t, { type Test } from 'tap'
import { NodeClient } from '../../src/cluster/node-client.js'
import { Poller, type Poll, type PollerOptions } from '../../src/cluster/poller.js'
import { startSimulatedNode, type SimulatedNode } from '../../src/simulator/simulated-node.js'
import { ManualClock, MANUAL_CLOCK_START_MS as START } from '../helpers/manual-clock.js'
import { eventually, startHttp } from './servers.js'

const INTERVAL_MS = 5_000
const MIDDLE = 0.5

interface Polled {
  readonly node: SimulatedNode
  readonly poller: Poller
  readonly clock: ManualClock
  /** Every poll that was told of. */
  readonly polls: Poll[]
  /** What Node.changes would be. */
  readonly changes: { count: number }
  /** Moves the clock to that many ms after the start, and lets the poll that is due there end. */
  pollAt (afterMs: number): Promise<void>
}

async function start (t: Test, options: Partial<PollerOptions> & { readonly clock?: ManualClock } = {}): Promise<Polled> {
  const clock = options.clock ?? new ManualClock()
  const node = await startSimulatedNode({ secret: 'a-secret', clock })
  const client = new NodeClient({ url: node.url, secret: 'a-secret', checksum: 'sha256', connectTimeoutMs: 1_000, ca: undefined, observe: () => {} })
  const polls: Poll[] = []
  const changes = { count: 0 }
  const poller = new Poller({
    client,
    clock,
    intervalMs: INTERVAL_MS,
    timeoutMs: 4_000,
    random: () => MIDDLE,
    changes: () => changes.count,
    polled: (poll) => polls.push(poll),
    ...options,
  })
  t.teardown(async () => {
    poller.stop()
    await client.close()
    await node.close()
  })
  return {
    node,
    poller,
    clock,
    polls,
    changes,
    async pollAt (afterMs) {
      const before = polls.length
      await clock.advance(START + afterMs - clock.nowMs())
      await eventually(() => polls.length > before, `a poll at ${afterMs} ms`)
    },
  }
}

t.test('a node is polled at once and then at every interval', async (t) => {
  const { node, poller, clock, polls, pollAt } = await start(t)
  node.meetings.create({ meetingID: 'room', name: 'Room' })
  poller.start()
  poller.start()
  await pollAt(0)
  t.match(polls, [{ startedAtMs: START, endedAtMs: START, error: '', due: true, answer: { meetings: [{ meetingID: 'room' }], malformed: 0 } }])
  t.match(polls[0]?.body.toString(), '<meetingID>room</meetingID>')
  await pollAt(5_000)
  await pollAt(10_000)
  await clock.advance(4_999)
  t.equal(clock.pending > 0, true)
  t.strictSame(node.requests.map(({ call, atMs }) => [call, atMs - START]), [['getMeetings', 0], ['getMeetings', 5_000], ['getMeetings', 10_000]])
})

t.test('intervals differ by at most a tenth, so that many nodes are not asked at once', async (t) => {
  for (const [random, delayMs] of [[0, 4_500], [MIDDLE, 5_000], [0.999_999, 5_500]] as const) {
    const { node, poller, clock, polls, pollAt } = await start(t, { random: () => random })
    poller.start()
    await pollAt(0)
    await clock.advance(delayMs - 1)
    t.equal(node.requests.length, 1, `${random}: not before ${delayMs} ms`)
    await pollAt(delayMs)
    t.equal(polls.length, 2)
    poller.stop()
  }
})

t.test('an interval is counted from the beginning of the last poll', async (t) => {
  const { node, poller, clock, polls, pollAt } = await start(t)
  node.faults.add({ kind: 'slow', delayMs: 3_000, times: 1 })
  poller.start()
  await eventually(() => node.requests.length === 1, 'the first poll has arrived')
  await clock.advance(3_000)
  await eventually(() => polls.length === 1, 'the first poll has ended')
  t.match(polls[0], { startedAtMs: START, endedAtMs: START + 3_000 })
  await pollAt(5_000)
  t.equal(polls[1]?.startedAtMs, START + 5_000)
})

t.test('a poll that takes longer than the interval is followed by the next one at once, never overtaken', async (t) => {
  const { node, poller, clock, polls, pollAt } = await start(t)
  node.faults.add({ kind: 'slow', delayMs: 12_000, times: 1 })
  poller.start()
  await eventually(() => node.requests.length === 1, 'the first poll has arrived')
  await clock.advance(11_999)
  t.equal(node.requests.length, 1)
  await clock.advance(1)
  await eventually(() => polls.length === 1, 'the first poll has ended')
  await pollAt(12_000)
  t.equal(node.requests.length, 2)
})

t.test('a hanging node does not delay another', async (t) => {
  const clock = new ManualClock()
  const hanging = await start(t, { clock, timeoutMs: 60_000 })
  const good = await start(t, { clock })
  hanging.node.faults.add({ kind: 'hang' })
  hanging.poller.start()
  good.poller.start()
  for (const afterMs of [0, 5_000, 10_000, 15_000]) await good.pollAt(afterMs)
  t.equal(good.polls.length, 4)
  t.equal(hanging.node.requests.length, 1)
  t.equal(hanging.polls.length, 0)
})

t.test('a poll that fails says why and is followed by the next', async (t) => {
  const { node, poller, polls, pollAt } = await start(t, { timeoutMs: 200 })
  const table = [
    ['reset', /^reset: /],
    ['hang', /^timeout: no answer within 200 ms$/],
    ['503', /^HTTP status 503$/],
    ['html', /^unreadable answer \(not-xml\)$/],
    ['truncated', /^unreadable answer \(cut-off\)$/],
    ['wrong-secret', /^the node answered FAILED checksumError$/],
    ['api-disabled', /^the node answered FAILED apiNotEnabled$/],
  ] as const
  poller.start()
  await pollAt(0)
  for (const [index, [kind, error]] of table.entries()) {
    node.faults.add({ kind, times: 1 })
    await pollAt((index + 1) * 5_000)
    t.match(polls.at(-1)?.error, error, kind)
    t.match(polls.at(-1), { due: true, answer: { meetings: [] } })
  }
  await pollAt((table.length + 1) * 5_000)
  t.equal(polls.at(-1)?.error, '')
})

t.test('who asks while a poll is under way shares it, unless something changed since it began', async (t) => {
  const { node, poller, clock, polls, changes } = await start(t)
  node.faults.add({ kind: 'slow', delayMs: 1_000 })
  const first = poller.poll()
  await eventually(() => node.requests.length === 1, 'the poll has arrived')
  t.equal(poller.poll(), first)
  changes.count++
  const second = poller.poll()
  t.not(second, first)
  t.equal(poller.poll(), second)
  await eventually(() => node.requests.length === 2, 'another has arrived')
  await clock.advance(1_000)
  t.equal((await first).changesAtStart, 0)
  t.equal((await second).changesAtStart, 1)
  node.faults.clear()
  t.not(poller.poll(), second, 'when it is over the next one asks anew')
  t.strictSame(polls, [], 'a poller that was not started tells nobody')
})

t.test('only polls that were due say so, also when they share one that was asked for', async (t) => {
  const { node, poller, clock, polls, pollAt } = await start(t)
  poller.start()
  await pollAt(0)
  await poller.poll()
  node.faults.add({ kind: 'slow', delayMs: 1_000, times: 1 })
  await clock.advance(4_500)
  const asked = poller.poll()
  await eventually(() => node.requests.length === 3, 'the poll that was asked for has arrived')
  await clock.advance(500)
  await clock.advance(1_000)
  t.equal((await asked).due, true)
  t.strictSame(polls.map(({ due }) => due), [true, false, true])
  t.equal(node.requests.length, 3, 'the one that was due was not sent besides')
})

t.test('a poller that was stopped polls no more, and what is under way is not told of', async (t) => {
  const { node, poller, clock, polls, pollAt } = await start(t)
  poller.start()
  await pollAt(0)
  node.faults.add({ kind: 'slow', delayMs: 1_000, times: 1 })
  await clock.advance(5_000)
  await eventually(() => node.requests.length === 2, 'the second poll has arrived')
  const underWay = poller.poll()
  poller.stop()
  await clock.advance(1_000)
  t.equal((await underWay).error, '')
  await clock.advance(20_000)
  t.equal(polls.length, 1)
  t.equal(node.requests.length, 2)
  t.equal(clock.pending, 0, 'no timer is left')
})

t.test('a poller that is started again while a poll is under way still polls once an interval', async (t) => {
  const { node, poller, clock, polls, pollAt } = await start(t)
  node.faults.add({ kind: 'slow', delayMs: 1_000, times: 1 })
  poller.start()
  await eventually(() => node.requests.length === 1, 'the poll has arrived')
  poller.stop()
  poller.start()
  await clock.advance(1_000)
  await eventually(() => polls.length === 1, 'the poll has ended')
  await pollAt(5_000)
  await pollAt(10_000)
  t.equal(node.requests.length, 3)
  poller.stop()
  t.equal(clock.pending, 0, 'and stops altogether')
})

t.test('the node\'s clock is read from its answer', async (t) => {
  const clock = new ManualClock()
  const origin = await startHttp(t, (_request, response) => {
    response.setHeader('date', 'Thu, 01 Jan 2026 00:01:00 GMT')
    response.end('<response><returncode>SUCCESS</returncode><meetings></meetings></response>')
  })
  const client = new NodeClient({ url: `${origin}/api`, secret: 'a-secret', checksum: 'sha256', connectTimeoutMs: 1_000, ca: undefined, observe: () => {} })
  t.teardown(() => client.close())
  const { poller } = await start(t, { clock, client })
  t.match(await poller.poll(), { error: '', dateMs: START + 60_000 })
})
