import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { Log } from '../../src/log.js'
import { KeptFile, readKeptFile, type KeptContents, type KeptFormat, type ReadContents } from '../../src/store/kept-file.js'
import { eventually } from '../cluster/servers.js'
import type { LogLine } from '../helpers/gateway.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { busyFor, logBook, written } from './keeping.js'

const FORMAT: KeptFormat = { kind: 'test', schema: 1, name: 'test file' }
const DELAY_MS = 3_000

interface Kept {
  readonly path: string
  readonly file: KeptFile
  readonly clock: ManualClock
  readonly log: Log
  readonly logs: LogLine[]
  contents: KeptContents
  /** How often the contents were asked for, that is, written or tried to. */
  readonly asked: () => number
  readonly read: () => Promise<ReadContents | undefined>
}

function keep (t: Test, path = join(t.testdir(), 'test.kept')): Kept {
  const clock = new ManualClock()
  const { log, logs } = logBook()
  let count = 0
  const kept: Kept = {
    path,
    clock,
    log,
    logs,
    contents: { head: {}, lines: [] },
    asked: () => count,
    read: async () => await readKeptFile(path, FORMAT, log, (contents) => contents),
    file: new KeptFile({
      path,
      format: FORMAT,
      delayMs: DELAY_MS,
      contents: () => {
        count++
        return kept.contents
      },
      clock,
      log,
    }),
  }
  t.teardown(() => kept.file.stop())
  return kept
}

/** Changes something once the write before is over; the next one is due then. */
async function change ({ file, clock }: Kept): Promise<void> {
  await eventually(() => {
    file.changed()
    return clock.pending === 1
  }, 'the next write is due')
}

async function writtenInTime (kept: Kept, text: string): Promise<void> {
  await change(kept)
  await kept.clock.advance(3_600_000)
  await written(kept.path, text)
}

t.test('a file is a line for the head, one for each of the rest, and one for the end', async (t) => {
  const kept = keep(t)
  t.equal(await kept.read(), undefined, 'there is none at first')
  kept.contents = { head: { a: 'ä', b: [1] }, lines: [['line\nbreak', 1.5, true, null], { c: '\u2028' }, [], ['\ud800']] }
  kept.file.changed()
  await kept.file.stop()
  t.equal(readFileSync(kept.path, 'utf8'), '{"test":1,"a":"ä","b":[1]}\n["line\\nbreak",1.5,true,null]\n{"c":"\u2028"}\n[]\n["\\ud800"]\n{"end":4}\n')
  t.strictSame(await kept.read(), { head: { test: 1, a: 'ä', b: [1] }, lines: [['line\nbreak', 1.5, true, null], { c: '\u2028' }, [], ['\ud800']] })
  t.strictSame(kept.logs, [])
})

t.test('a change is on the disk after the delay, with all that changed by then', async (t) => {
  const kept = keep(t)
  const { file, clock } = kept
  file.changed()
  await clock.advance(DELAY_MS - 500)
  file.changed()
  kept.contents = { head: {}, lines: [['first']] }
  await clock.advance(499)
  t.equal(kept.asked(), 0)
  await clock.advance(1)
  await written(kept.path, 'first')
  t.equal(kept.asked(), 1)
  await clock.advance(3_600_000)
  t.equal(kept.asked(), 1, 'without a change nothing is written')
  t.equal(clock.pending, 0)
})

t.test('a change during a write is written after it', async (t) => {
  const kept = keep(t)
  const { file, clock } = kept
  function * lines (): Generator<object> {
    kept.contents = { head: {}, lines: [['second']] }
    file.changed()
    yield ['first']
  }
  kept.contents = { head: {}, lines: lines() }
  file.changed()
  await clock.advance(DELAY_MS)
  await written(kept.path, 'first')
  await eventually(() => clock.pending === 1, 'the next write is due')
  await clock.advance(DELAY_MS)
  await written(kept.path, 'second')
  t.equal(kept.asked(), 2)
})

t.test('a file that takes long is written less often', async (t) => {
  const kept = keep(t)
  const { file, clock } = kept
  function * slowly (word: string): Generator<object> {
    busyFor(200)
    yield [word]
  }
  await t.test('when it changes while it is written', async (t) => {
    kept.contents = { head: {}, lines: slowly('first') }
    file.changed()
    await clock.advance(DELAY_MS)
    file.changed()
    await written(kept.path, 'first')
    kept.contents = { head: {}, lines: slowly('second') }
    await eventually(() => clock.pending === 1, 'the next write is due')
    await clock.advance(3_999)
    t.equal(clock.pending, 1, 'not before twenty times the 200 ms')
    await clock.advance(60_000)
    await written(kept.path, 'second')
  })
  await t.test('and when it changes after that', async (t) => {
    await change(kept)
    await clock.advance(3_900)
    t.equal(clock.pending, 1)
    await clock.advance(60_000)
    await eventually(() => kept.asked() === 3, 'it is written in the end')
  })
})

t.test('stopping writes what is unwritten, and nothing more', async (t) => {
  const kept = keep(t)
  const { file, clock, path } = kept
  file.changed()
  kept.contents = { head: {}, lines: [['last']] }
  await Promise.all([file.stop().then(() => t.match(readFileSync(path, 'utf8'), 'last')), file.stop().then(() => t.match(readFileSync(path, 'utf8'), 'last'))])
  t.equal(clock.pending, 0)
  file.changed()
  t.equal(clock.pending, 0)
  t.equal(kept.asked(), 1)

  const idle = keep(t, join(t.testdirName, 'idle.kept'))
  await idle.file.stop()
  t.equal(idle.asked(), 0, 'nothing had changed')
  idle.file.changed()
  t.equal(idle.clock.pending, 0)
})

t.test('stopping during a write waits for it, and writes what changed since', async (t) => {
  const kept = keep(t)
  const { file, clock, path } = kept
  let stopped: Promise<void> | undefined
  function * lines (): Generator<object> {
    stopped = file.stop()
    kept.contents = { head: {}, lines: [['second']] }
    file.changed()
    yield ['first']
  }
  kept.contents = { head: {}, lines: lines() }
  file.changed()
  await clock.advance(DELAY_MS)
  await eventually(() => stopped !== undefined, 'the write has begun')
  await stopped
  t.match(readFileSync(path, 'utf8'), 'second')
  t.equal(kept.asked(), 2)
  t.equal(clock.pending, 0)
})

t.test('nobody but the gateway may read it', async (t) => {
  const directory = t.testdir({ 'left.kept.new': 'half', 'linked.kept': 'linked' })
  for (const name of ['new.kept', 'left.kept', 'linked.kept']) {
    const kept = keep(t, join(directory, name))
    if (name === 'linked.kept') symlinkSync(kept.path, `${kept.path}.new`)
    kept.file.changed()
    await kept.file.stop()
    t.equal(statSync(kept.path).mode & 0o777, 0o600, name)
    t.equal(readFileSync(kept.path, 'utf8'), '{"test":1}\n{"end":0}\n', name)
    t.equal(existsSync(`${kept.path}.new`), false, name)
  }
})

t.test('the old file stays whole while a new one is written', async (t) => {
  const kept = keep(t)
  const { file, path } = kept
  kept.contents = { head: { is: 'old' }, lines: [] }
  file.changed()
  await file.stop()
  const old = readFileSync(path, 'utf8')

  const seen: string[] = []
  function * lines (): Generator<object> {
    for (let i = 0; i < 50; i++) {
      busyFor(0.5)
      // What a gateway that is killed here leaves behind.
      if (i % 10 === 9) seen.push(readFileSync(path, 'utf8'))
      yield [i]
    }
  }
  kept.contents = { head: { is: 'new' }, lines: lines() }
  file.changed()
  await file.stop()
  t.strictSame(seen, [old, old, old, old, old])
  t.equal((await kept.read())?.lines.length, 50)
  t.strictSame(readdirSync(dirname(path)), ['test.kept'], 'nothing else is left')
})

t.test('whoever reads it while it is written again and again finds one whole version', async (t) => {
  const kept = keep(t)
  const VERSIONS = 30
  function * lines (version: number): Generator<object> {
    for (let i = 0; i < 2_000; i++) yield [version, 'x'.repeat(50)]
  }
  const seen = new Set<unknown>()
  const writing = (async () => {
    for (let version = 1; version <= VERSIONS; version++) {
      kept.contents = { head: { version }, lines: lines(version) }
      await writtenInTime(kept, `"version":${version}}`)
    }
  })()
  let isOver = false
  const over = writing.finally(() => { isOver = true })
  const look = async (): Promise<void> => {
    const contents = await kept.read()
    if (contents !== undefined) {
      const version = contents.head['version']
      seen.add(version)
      if (contents.lines.length !== 2_000) t.fail(`${contents.lines.length} lines`)
      if (contents.lines.some((line) => Array.isArray(line) && line[0] !== version)) t.fail('two versions in one file')
    }
    if (!isOver) await look()
  }
  await Promise.all([over, look()])
  t.strictSame(kept.logs, [], 'none was taken for damaged')
  t.ok(seen.size > 3, `${seen.size} versions were seen`)
})

t.test('a directory that is not there is logged once, and again when it is', async (t) => {
  const directory = join(t.testdir(), 'not-there')
  const kept = keep(t, join(directory, 'test.kept'))
  const { file, clock, logs, path } = kept
  kept.contents = { head: {}, lines: [['kept']] }
  file.changed()
  for (let attempt = 1; attempt <= 3; attempt++) {
    await clock.advance(DELAY_MS)
    await eventually(() => clock.pending === 1, `attempt ${attempt} has failed`)
  }
  t.match(logs, [{ level: 'error', event: 'test file cannot be written', fields: { path, reason: /ENOENT/ } }])
  t.equal(logs.length, 1)
  mkdirSync(directory)
  await clock.advance(DELAY_MS)
  await written(path, 'kept')
  await eventually(() => logs.length === 2, 'it is logged')
  t.match(logs[1], { level: 'info', event: 'test file is written again', fields: { path } })

  kept.contents = { head: {}, lines: [['another']] }
  await writtenInTime(kept, 'another')
  rmSync(directory, { recursive: true })
  await change(kept)
  await clock.advance(3_600_000)
  await eventually(() => logs.length === 3, 'the next failure is logged')
  t.match(logs[2], { level: 'error', event: 'test file cannot be written' })
})

t.test('what could not be written is written when the gateway stops', async (t) => {
  const directory = join(t.testdir(), 'not-there')
  const kept = keep(t, join(directory, 'test.kept'))
  kept.file.changed()
  await kept.clock.advance(DELAY_MS)
  await eventually(() => kept.clock.pending === 1, 'it has failed')
  mkdirSync(directory)
  await kept.file.stop()
  await kept.file.stop()
  t.equal(readFileSync(kept.path, 'utf8'), '{"test":1}\n{"end":0}\n')
  t.equal(kept.asked(), 1, 'once')
})

t.test('a disk that is full in the middle of a write costs neither the old file nor the next one', async (t) => {
  const path = join(t.testdir(), 'test.kept')
  // A limit of two or four megabytes, as the shell counts, stands for the end of the disk. The test runner adds code of its own to every Node it sees.
  const child = spawn('sh', ['-c', 'ulimit -f 4096; exec env -u NODE_OPTIONS "$0" --import tsx "$@"', process.execPath,
    fileURLToPath(new URL('full-disk.ts', import.meta.url)), path], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [first, during, again, mended]: unknown[] = JSON.parse(await textOf(child.stdout))
  const old = '{"test":1,"step":1}\n["a"]\n{"end":1}\n'
  const failure = { level: 'error', event: 'test file cannot be written', reason: 'Error: EFBIG: file too large, write' }
  t.strictSame(first, { attempts: 1, files: ['test.kept'], text: old, logs: [] })
  t.strictSame(during, { attempts: 2, files: ['test.kept'], text: old, logs: [failure] }, 'the unfinished file gives back its room')
  t.strictSame(again, { attempts: 3, files: ['test.kept'], text: old, logs: [failure] }, 'one line in the log, however often it is tried')
  t.strictSame(mended, {
    attempts: 4,
    files: ['test.kept'],
    text: '{"test":1,"step":3}\n["b"]\n{"end":1}\n',
    logs: [failure, { level: 'info', event: 'test file is written again' }],
  })
})

t.test('a file that cannot be understood is set aside with a warning', async (t) => {
  const head = '{"test":1}'
  const table: Array<[string, string | Buffer, string | RegExp]> = [
    ['empty', '', /JSON/],
    ['blank', '\n\n', /JSON/],
    ['no text of ours', 'PK\u0003\u0004', /JSON/],
    ['zeros, as after a power cut', Buffer.alloc(4096), /JSON/],
    ['other JSON', '{}', 'layout undefined is not layout 1'],
    ['a list', '[]', 'first or last line is missing'],
    ['head alone', `${head}\n`, 'lines are missing'],
    ['end alone', '{"end":0}\n', 'layout undefined is not layout 1'],
    ['no end', `${head}\n["a"]\n`, 'first or last line is missing'],
    ['a line that is not JSON', `${head}\n["a"\n{"end":1}\n`, /JSON/],
    ['an empty line', `${head}\n\n{"end":1}\n`, /JSON/],
    ['a line too few', `${head}\n["a"]\n{"end":2}\n`, 'lines are missing'],
    ['a line too many', `${head}\n["a"]\n["a"]\n{"end":1}\n`, 'lines are missing'],
    ['two files in one', `${head}\n{"end":0}\n${head}\n{"end":0}\n`, 'lines are missing'],
    ['a later layout', '{"test":2}\n{"end":0}\n', 'layout 2 is not layout 1'],
    ['an earlier layout', '{"test":0}\n{"end":0}\n', 'layout 0 is not layout 1'],
    ['a layout in words', '{"test":"1"}\n{"end":0}\n', 'layout "1" is not layout 1'],
    ['another kind', '{"other":1}\n{"end":0}\n', 'layout undefined is not layout 1'],
  ]
  for (const [what, content, reason] of table) {
    await t.test(what, async (t) => {
      const { path, read, logs } = keep(t)
      writeFileSync(path, content)
      t.equal(await read(), undefined)
      t.match(logs, [{ level: 'warn', event: 'test file cannot be understood and was set aside', fields: { path, reason } }])
      t.equal(logs.length, 1)
      const setAside = String(logs[0]?.fields['setAside'])
      t.ok(setAside.startsWith(`${path}.`), setAside)
      t.strictSame(readFileSync(setAside), Buffer.from(content), 'as it was')
      t.equal(existsSync(path), false)
      t.equal(await read(), undefined, 'the next start finds none')
      t.equal(logs.length, 1)
    })
  }
})

t.test('so is one whose contents nobody can take, and one of another version, in both directions', async (t) => {
  const { path, file, log, logs } = keep(t)
  file.changed()
  await file.stop()
  t.equal(await readKeptFile(path, FORMAT, log, () => { throw new Error('line 7 makes no sense') }), undefined)
  t.match(logs, [{ fields: { reason: 'line 7 makes no sense' } }])
  t.equal(readFileSync(String(logs[0]?.fields['setAside']), 'utf8'), '{"test":1}\n{"end":0}\n')

  const later = new KeptFile({ path, format: { ...FORMAT, schema: 2 }, delayMs: DELAY_MS, contents: () => ({ head: { from: 'later' }, lines: [] }), clock: new ManualClock(), log })
  later.changed()
  await later.stop()
  t.equal(await readKeptFile(path, FORMAT, log, () => 'taken'), undefined, 'a version that was taken back')
  t.match(readFileSync(String(logs[1]?.fields['setAside']), 'utf8'), 'later', 'it is there for the later version again')
  writeFileSync(path, '{"test":1}\n{"end":0}\n')
  t.equal(await readKeptFile(path, { ...FORMAT, schema: 2 }, log, () => 'taken'), undefined, 'a layout that was given up')
  t.equal(logs.length, 3)
  t.equal(readdirSync(dirname(path)).length, 3, 'nothing is overwritten')
})

t.test('a file that cannot be read at all is nobody\'s to set aside', async (t) => {
  const { path, read, logs } = keep(t)
  mkdirSync(path)
  await t.rejects(read(), { code: 'EISDIR' })
  t.ok(statSync(path).isDirectory())
  t.strictSame(logs, [])
})

t.test('a file that was cut off anywhere is noticed', async (t) => {
  const kept = keep(t)
  const { path, read } = kept
  kept.contents = { head: { a: 1 }, lines: [['line', 1], ['ä', 22]] }
  kept.file.changed()
  await kept.file.stop()
  const whole = readFileSync(path)
  for (let length = 0; length < whole.length - 1; length++) {
    writeFileSync(path, whole.subarray(0, length))
    if (await read() !== undefined) t.fail(`cut at ${length}`)
  }
  writeFileSync(path, whole.subarray(0, whole.length - 1))
  t.strictSame(await read(), { head: { test: 1, a: 1 }, lines: [['line', 1], ['ä', 22]] }, 'the last line break is no loss')
})

t.test('others get their turn every few milliseconds, however long a line takes', async (t) => {
  const kept = keep(t)
  let turns = 0
  let isOver = false
  const count = (): void => {
    turns++
    if (!isOver) setImmediate(count)
  }
  const linesOfTurn = new Map<number, number>()
  function * lines (): Generator<object> {
    for (let i = 0; i < 60; i++) {
      busyFor(1)
      linesOfTurn.set(turns, (linesOfTurn.get(turns) ?? 0) + 1)
      yield [i]
    }
  }
  kept.contents = { head: {}, lines: lines() }
  kept.file.changed()
  count()
  await kept.file.stop()
  isOver = true
  t.equal((await kept.read())?.lines.length, 60)
  t.ok(Math.max(...linesOfTurn.values()) <= 10, `${Math.max(...linesOfTurn.values())} lines of 1 ms without a turn of the event loop`)
})
