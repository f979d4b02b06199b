import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import t, { type Test } from 'tap'
import type { Log } from '../../src/log.js'
import { readRoomsFile, RoomsFile, type SavedRooms } from '../../src/store/rooms-file.js'
import { eventually } from '../cluster/servers.js'
import type { LogLine } from '../helpers/gateway.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { logBook, written } from './keeping.js'

const MINUTE_MS = 60_000

interface Kept {
  /** Of the state file. */
  readonly path: string
  readonly file: RoomsFile
  readonly clock: ManualClock
  readonly log: Log
  readonly logs: LogLine[]
  saved: SavedRooms
  readonly snapshots: () => number
  /** What is read back, undefined if nothing is. */
  readonly read: () => Promise<{ learned: unknown, rooms: unknown[] } | undefined>
}

function keep (t: Test): Kept {
  const path = join(t.testdir(), 'ensemble.state')
  const clock = new ManualClock()
  const { log, logs } = logBook()
  let count = 0
  const kept: Kept = {
    path,
    clock,
    log,
    logs,
    saved: { learned: {}, rooms: [] },
    snapshots: () => count,
    file: new RoomsFile(path, () => {
      count++
      return kept.saved
    }, clock, log),
    async read () {
      let read: { learned: unknown, rooms: unknown[] } | undefined
      await readRoomsFile(path, log, ({ learned, rooms }) => { read = { learned, rooms: [...rooms] } })
      return read
    },
  }
  t.teardown(() => kept.file.stop())
  return kept
}

function room (number: number): readonly unknown[] {
  return [`default\u0000Room ${number} "ä"`, 20_000 + number, 1_467_000, 3, 940, 17, number % 1_000, 29_454_000 + number, 9, 'gpu']
}

t.test('what was learned comes back as it was', async (t) => {
  const kept = keep(t)
  t.equal(await kept.read(), undefined, 'there is nothing at first')
  const saved = { learned: { costs: [0.1, 2.5e-7], tags: ['gpu'] }, rooms: [room(1), ['bare'], room(2)] }
  kept.saved = saved
  kept.file.changed()
  await kept.file.stop()
  t.strictSame(await kept.read(), saved)
  t.equal(readFileSync(`${kept.path}.rooms`, 'utf8'), '{"ensembleRooms":1,"learned":{"costs":[0.1,2.5e-7],"tags":["gpu"]}}\n' +
    '["default\\u0000Room 1 \\"ä\\"",20001,1467000,3,940,17,1,29454001,9,"gpu"]\n["bare"]\n["default\\u0000Room 2 \\"ä\\"",20002,1467000,3,940,17,2,29454002,9,"gpu"]\n{"end":3}\n')
  t.equal(statSync(`${kept.path}.rooms`).mode & 0o777, 0o600)
  t.strictSame(readdirSync(t.testdirName), ['ensemble.state.rooms'], 'next to the state file')
  t.strictSame(kept.logs, [])
})

t.test('it is written every five minutes at most, and at the end', async (t) => {
  const kept = keep(t)
  const { file, clock, path } = kept
  for (let meetings = 0; meetings < 299; meetings++) {
    file.changed()
    await clock.advance(1_000)
  }
  t.equal(kept.snapshots(), 0)
  kept.saved = { learned: {}, rooms: [['first']] }
  await clock.advance(1_000)
  await written(`${path}.rooms`, 'first')
  file.changed()
  kept.saved = { learned: {}, rooms: [['second']] }
  await eventually(() => clock.pending === 1, 'the next write is due')
  await clock.advance(5 * MINUTE_MS - 1)
  t.equal(kept.snapshots(), 1)
  await clock.advance(1)
  await written(`${path}.rooms`, 'second')
  file.changed()
  kept.saved = { learned: {}, rooms: [['third']] }
  await file.stop()
  t.match(readFileSync(`${path}.rooms`, 'utf8'), 'third')
  t.equal(kept.snapshots(), 3)
})

t.test('a file that cannot be understood is set aside, and the state file is not', async (t) => {
  const table: Array<[string, string, string | RegExp]> = [
    ['not JSON', 'x\n', /JSON/],
    ['a state file', '{"ensembleState":1,"overrides":[]}\n{"end":0}\n', 'layout undefined is not layout 1'],
    ['a later layout', '{"ensembleRooms":2,"learned":{}}\n{"end":0}\n', 'layout 2 is not layout 1'],
    ['cut off', '{"ensembleRooms":1,"learned":{}}\n["a",1]\n', 'first or last line is missing'],
    ['a line that is no room', '{"ensembleRooms":1,"learned":{}}\n{"a":1}\n{"end":1}\n', 'a line is not a room'],
    ['a room that the placement refuses', '{"ensembleRooms":1,"learned":{}}\n["a",1]\n["refuse"]\n{"end":2}\n', 'this is no room'],
    ['learned values that the placement refuses', '{"ensembleRooms":1}\n["a",1]\n{"end":1}\n', 'nothing was learned'],
  ]
  for (const [what, text, reason] of table) {
    await t.test(what, async (t) => {
      const { path, log, logs } = keep(t)
      writeFileSync(path, 'the state')
      writeFileSync(`${path}.rooms`, text)
      let taken = false
      await readRoomsFile(path, log, ({ learned, rooms }) => {
        if (learned === undefined) throw new Error('nothing was learned')
        for (const [key] of rooms) if (key === 'refuse') throw new Error('this is no room')
        taken = true
      })
      t.equal(taken, false)
      t.match(logs, [{ level: 'warn', event: 'rooms file cannot be understood and was set aside', fields: { path: `${path}.rooms`, reason } }])
      t.equal(logs.length, 1)
      t.equal(readFileSync(String(logs[0]?.fields['setAside']), 'utf8'), text)
      t.equal(readFileSync(path, 'utf8'), 'the state')
      t.equal(readdirSync(t.testdirName).length, 2)
    })
  }
})

t.test('two hundred thousand rooms hold up nobody', async (t) => {
  const ROOMS = 200_000
  const kept = keep(t)
  function * rooms (): Generator<readonly unknown[]> {
    for (let i = 0; i < ROOMS; i++) yield room(i)
  }
  // The machine may be busy with something else: the best of a few counts.
  const attempts: Array<{ readonly longestMs: number, readonly wholeMs: number }> = []
  const isShort = (): boolean => attempts.some(({ longestMs, wholeMs }) => longestMs < 60 && longestMs < wholeMs / 4)
  while (attempts.length < 8 && !isShort()) {
    kept.saved = { learned: {}, rooms: rooms() }
    kept.file.changed()
    const delays = monitorEventLoopDelay({ resolution: 1 })
    const startedAtMs = performance.now()
    delays.enable()
    await kept.file.stop()
    const { count } = delays
    await eventually(() => delays.count > count, 'the last turn is measured')
    delays.disable()
    attempts.push({ longestMs: Math.round(delays.max / 1e6), wholeMs: Math.round(performance.now() - startedAtMs) })
  }
  t.ok(isShort(), `the event loop's longest turn while they were written: ${JSON.stringify(attempts)}`)

  const cpuMs: number[] = []
  for (let attempt = 0; attempt < 2; attempt++) {
    let count = 0
    let last: readonly unknown[] = []
    const before = process.cpuUsage()
    await readRoomsFile(kept.path, kept.log, (saved) => { for (last of saved.rooms) count++ })
    const { user, system } = process.cpuUsage(before)
    cpuMs.push((user + system) / 1000)
    t.equal(count, ROOMS)
    t.strictSame(last, room(ROOMS - 1))
  }
  t.ok(Math.min(...cpuMs) < 1_500, `read in ${cpuMs.map(Math.round).join(', ')} ms of CPU`)
  t.strictSame(kept.logs, [])
})
