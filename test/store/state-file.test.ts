import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readStateFile, StateFile, type SavedMeeting, type SavedState } from '../../src/store/state-file.js'
import { eventually } from '../cluster/servers.js'
import { startGateway, type LogLine } from '../helpers/gateway.js'
import { ManualClock } from '../helpers/manual-clock.js'

const OVERRIDE = { nodeId: 'n1', state: 'draining', overrides: 'enabled', by: 'ada', atMs: 1_767_225_600_000 } as const

function meeting (number: number): SavedMeeting {
  return {
    meetingID: `Room ${number} "ä"\n`,
    internalMeetingID: `internal-${number}`,
    nodeId: `n${number % 300}`,
    createdAtMs: 1_767_225_600_000 + number,
    voiceBridge: String(10_000 + number),
    current: number % 2 === 0,
  }
}

interface Kept {
  readonly path: string
  readonly file: StateFile
  readonly clock: ManualClock
  readonly logs: LogLine[]
  readonly log: { info: (fields: object, event: string) => void, warn: (fields: object, event: string) => void, error: (fields: object, event: string) => void }
  state: SavedState
  /** How often the state was asked for, that is, written or tried to. */
  readonly snapshots: () => number
}

function keep (t: Test, options: { readonly path?: string } = {}): Kept {
  const path = options.path ?? join(t.testdir(), 'ensemble.state')
  const clock = new ManualClock()
  const logs: LogLine[] = []
  const write = (level: LogLine['level']) => (fields: object, event: string) => { logs.push({ level, event, fields: { ...fields } }) }
  const log = { info: write('info'), warn: write('warn'), error: write('error') }
  let count = 0
  const kept: Kept = {
    path,
    clock,
    logs,
    log,
    state: { overrides: [], meetings: [] },
    snapshots: () => count,
    file: new StateFile(path, () => {
      count++
      return kept.state
    }, clock, log),
  }
  t.teardown(() => kept.file.stop())
  return kept
}

/** Waits until what was due has been written. */
async function written ({ path }: Kept, text: string): Promise<void> {
  await eventually(() => existsSync(path) && readFileSync(path, 'utf8').includes(text), `the file holds ${text}`)
}

t.test('a change is on the disk a second later, with all that changed by then', async (t) => {
  const kept = keep(t)
  const { file, clock, path, log } = kept
  t.equal(await readStateFile(path, log), undefined, 'there is none at first')
  file.changed()
  kept.state = { overrides: [OVERRIDE], meetings: [meeting(1)] }
  await clock.advance(500)
  file.changed()
  kept.state = { overrides: [OVERRIDE], meetings: [meeting(1), meeting(2)] }
  await clock.advance(499)
  t.equal(kept.snapshots(), 0)
  await clock.advance(1)
  await written(kept, '"end":2')
  t.equal(kept.snapshots(), 1)
  t.strictSame(await readStateFile(path, log), { overrides: [OVERRIDE], meetings: [meeting(1), meeting(2)] })
  t.strictSame(kept.logs, [])
  await clock.advance(3_600_000)
  t.equal(kept.snapshots(), 1, 'without a change nothing is written')
})

t.test('nobody but the gateway may read it', async (t) => {
  const kept = keep(t)
  kept.file.changed()
  await kept.file.stop()
  t.equal(statSync(kept.path).mode & 0o777, 0o600)
})

t.test('the old file stays whole while a new one is written', async (t) => {
  const kept = keep(t)
  const { file, clock, path, log } = kept
  kept.state = { overrides: [OVERRIDE], meetings: [meeting(1)] }
  file.changed()
  await file.stop()
  const old = readFileSync(path, 'utf8')

  const seen: string[] = []
  function * meetings (): Generator<SavedMeeting> {
    for (let i = 0; i < 5_000; i++) {
      // What a gateway that is killed here leaves behind.
      if (i % 1_000 === 500) seen.push(readFileSync(path, 'utf8'))
      yield meeting(i)
    }
  }
  const another = new StateFile(path, () => ({ overrides: [], meetings: meetings() }), clock, log)
  another.changed()
  await another.stop()
  t.strictSame(seen, [old, old, old, old, old])
  t.equal([...(await readStateFile(path, log))?.meetings ?? []].length, 5_000)
  t.strictSame(readdirSync(join(path, '..')), ['ensemble.state'], 'nothing else is left')
})

t.test('what a killed gateway left half-written is in nobody\'s way', async (t) => {
  const kept = keep(t)
  writeFileSync(`${kept.path}.new`, 'half')
  kept.state = { overrides: [OVERRIDE], meetings: [] }
  kept.file.changed()
  await kept.file.stop()
  t.strictSame(await readStateFile(kept.path, kept.log), kept.state)
})

t.test('a change during a write is written after it', async (t) => {
  const kept = keep(t)
  const { file, clock } = kept
  function * meetings (): Generator<SavedMeeting> {
    kept.state = { overrides: [], meetings: [meeting(7)] }
    file.changed()
    yield meeting(6)
  }
  kept.state = { overrides: [], meetings: meetings() }
  file.changed()
  await clock.advance(1_000)
  await written(kept, 'internal-6')
  await eventually(() => clock.pending === 1, 'the next write is due')
  await clock.advance(1_000)
  await written(kept, 'internal-7')
  t.equal(kept.snapshots(), 2)
})

t.test('a file that takes long is written less often', async (t) => {
  const kept = keep(t)
  const { file, clock } = kept
  function * meetings (): Generator<SavedMeeting> {
    const untilMs = performance.now() + 100
    while (performance.now() < untilMs) { /* a large file on a slow disk */ }
    kept.state = { overrides: [], meetings: [] }
    file.changed()
    yield meeting(1)
  }
  kept.state = { overrides: [], meetings: meetings() }
  file.changed()
  await clock.advance(1_000)
  await written(kept, 'internal-1')
  await eventually(() => clock.pending === 1, 'the next write is due')
  await clock.advance(1_999)
  t.equal(kept.snapshots(), 1, 'twenty times the 100 ms')
  await clock.advance(60_000)
  await written(kept, '"end":0')
})

t.test('stopping writes what is unwritten, and nothing more', async (t) => {
  const kept = keep(t)
  const { file, clock, path } = kept
  file.changed()
  kept.state = { overrides: [], meetings: [meeting(1)] }
  await file.stop()
  t.match(readFileSync(path, 'utf8'), 'internal-1')
  t.equal(clock.pending, 0)
  await file.stop()
  file.changed()
  await clock.advance(10_000)
  t.equal(kept.snapshots(), 1)

  const idle = keep(t, { path: join(t.testdirName, 'idle.state') })
  await idle.file.stop()
  t.equal(idle.snapshots(), 0, 'nothing had changed')
})

t.test('a directory that cannot be written to is logged once, and again when it can', async (t) => {
  const directory = join(t.testdir(), 'not-there')
  const kept = keep(t, { path: join(directory, 'ensemble.state') })
  const { file, clock, logs } = kept
  kept.state = { overrides: [OVERRIDE], meetings: [] }
  file.changed()
  for (let attempt = 1; attempt <= 3; attempt++) {
    await clock.advance(1_000)
    await eventually(() => clock.pending === 1, `attempt ${attempt} has failed`)
  }
  t.match(logs, [{ level: 'error', event: 'state file cannot be written', fields: { path: kept.path, reason: /ENOENT/ } }])
  t.equal(logs.length, 1)
  mkdirSync(directory)
  await clock.advance(1_000)
  await written(kept, 'ada')
  await eventually(() => logs.length === 2, 'it is logged')
  t.match(logs[1], { level: 'info', event: 'state file is written again' })
  t.strictSame(await readStateFile(kept.path, kept.log), kept.state)
})

t.test('a file that cannot be understood is set aside with a warning', async (t) => {
  const head = '{"ensembleState":1,"overrides":[]}'
  const line = JSON.stringify(['room', 'internal', 'n1', 1, '123', true])
  const override = (change: object): string => JSON.stringify({ ensembleState: 1, overrides: [{ ...OVERRIDE, ...change }] }) + '\n{"end":0}\n'
  const table: Array<[string, string]> = [
    ['empty', ''],
    ['blank', '\n\n'],
    ['no text of ours', 'PK\u0003\u0004'],
    ['other JSON', '{}'],
    ['a list', '[]'],
    ['head alone', `${head}\n`],
    ['no end', `${head}\n${line}\n`],
    ['a line too few', `${head}\n${line}\n{"end":2}\n`],
    ['a line too many', `${head}\n${line}\n${line}\n{"end":1}\n`],
    ['two files in one', `${head}\n{"end":0}\n${head}\n{"end":0}\n`],
    ['a later layout', '{"ensembleState":2,"overrides":[]}\n{"end":0}\n'],
    ['no overrides', '{"ensembleState":1}\n{"end":0}\n'],
    ['a state that does not exist', override({ state: 'cordoned' })],
    ['an overridden state that does not exist', override({ overrides: '' })],
    ['an override of nobody', override({ by: undefined })],
    ['an override of no node', override({ nodeId: 1 })],
    ['a meeting with a field too few', `${head}\n["room","internal","n1",1,"123"]\n{"end":1}\n`],
    ['a meeting with a wrong field', `${head}\n["room","internal","n1","1","123",true]\n{"end":1}\n`],
    ['a meeting that is none', `${head}\n{}\n{"end":1}\n`],
  ]
  for (const [what, text] of table) {
    await t.test(what, async (t) => {
      const { path, log, logs } = keep(t)
      writeFileSync(path, text)
      t.equal(await readStateFile(path, log), undefined)
      t.equal(logs.length, 1)
      t.match(logs[0], { level: 'warn', event: 'state file cannot be understood and was set aside', fields: { path, reason: String } })
      const setAside = String(logs[0]?.fields['setAside'])
      t.ok(setAside.startsWith(`${path}.`), setAside)
      t.equal(readFileSync(setAside, 'utf8'), text, 'as it was')
      t.equal(existsSync(path), false)
      t.equal(await readStateFile(path, log), undefined, 'the next start finds none')
    })
  }
})

t.test('a file that was cut off anywhere is noticed', async (t) => {
  const kept = keep(t)
  kept.state = { overrides: [OVERRIDE], meetings: [meeting(1), meeting(2)] }
  kept.file.changed()
  await kept.file.stop()
  const whole = readFileSync(kept.path)
  for (let length = 0; length < whole.length - 1; length++) {
    writeFileSync(kept.path, whole.subarray(0, length))
    if (await readStateFile(kept.path, kept.log) !== undefined) t.fail(`cut at ${length}`)
  }
  writeFileSync(kept.path, whole.subarray(0, whole.length - 1))
  t.strictSame(await readStateFile(kept.path, kept.log), kept.state, 'the last line break is no loss')
})

t.test('a large file is written in pieces, so that calls are answered meanwhile', async (t) => {
  const kept = keep(t)
  let turns = 0
  let longest = 0
  let isOver = false
  const count = (): void => {
    turns++
    if (!isOver) setImmediate(count)
  }
  let lastTurns = 0
  let since = 0
  function * meetings (): Generator<SavedMeeting> {
    for (let i = 0; i < 20_000; i++) {
      if (turns !== lastTurns) since = 0
      lastTurns = turns
      longest = Math.max(longest, ++since)
      yield meeting(i)
    }
  }
  kept.state = { overrides: [], meetings: meetings() }
  kept.file.changed()
  count()
  await kept.file.stop()
  isOver = true
  t.ok(longest <= 1_000, `${longest} lines without a turn of the event loop`)
})

t.test('the meetings of three hundred nodes are written and read in a moment', async (t) => {
  const kept = keep(t)
  kept.state = { overrides: [], meetings: Array.from({ length: 9_000 }, (_, i) => meeting(i)) }
  kept.file.changed()
  const startedAtMs = performance.now()
  await kept.file.stop()
  const writtenAtMs = performance.now()
  const read = await readStateFile(kept.path, kept.log)
  const readAtMs = performance.now()
  t.equal([...read?.meetings ?? []].length, 9_000)
  t.ok(writtenAtMs - startedAtMs < 1_000, `written in ${Math.round(writtenAtMs - startedAtMs)} ms`)
  t.ok(readAtMs - writtenAtMs < 500, `read in ${Math.round(readAtMs - writtenAtMs)} ms`)
})

t.test('a gateway writes down where meetings are, and nothing about people', async (t) => {
  const path = join(t.testdir(), 'ensemble.state')
  const { call, gateway, nodes, close } = await startGateway(t, { nodes: 1, config: { stateFile: path } })
  await call('create', { meetingID: 'room-1', name: 'Secret Title', attendeePW: 'attendee-pw', moderatorPW: 'moderator-pw', welcome: 'Hello all', meta_owner: 'Grace', voiceBridge: 71234 })
  await call('join', { meetingID: 'room-1', fullName: 'Ada Lovelace', password: 'moderator-pw', userID: 'ada-1' })
  const member = gateway.cluster.members.get('bbb-01')
  if (member === undefined) return t.fail('no node')
  gateway.cluster.setState(member, 'draining', 'operator-1')
  await close()
  const internalMeetingID = nodes[0]?.meetings.get('room-1')?.internalMeetingID ?? ''
  const text = readFileSync(path, 'utf8')
  const [head, line, foot, rest] = text.split('\n').map((each): unknown => each === '' ? '' : JSON.parse(each))
  t.match(head, { ensembleState: 1, overrides: [{ nodeId: 'bbb-01', state: 'draining', overrides: 'enabled', by: 'operator-1' }] })
  t.strictSame(line, ['room-1', internalMeetingID, 'bbb-01', nodes[0]?.meetings.get('room-1')?.createdAtMs, '71234', true])
  t.strictSame([foot, rest], [{ end: 1 }, ''])
  for (const secret of ['Secret Title', 'Lovelace', 'ada-1', 'pw', 'Hello', 'Grace', 'secret']) t.notMatch(text, secret)
})
