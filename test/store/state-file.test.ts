import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Log } from '../../src/log.js'
import { readStateFile, StateFile, type SavedMeeting, type SavedState } from '../../src/store/state-file.js'
import { startGateway, type LogLine } from '../helpers/gateway.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { logBook, written } from './keeping.js'

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
  readonly log: Log
  readonly logs: LogLine[]
  state: SavedState
}

function keep (t: Test): Kept {
  const path = join(t.testdir(), 'ensemble.state')
  const clock = new ManualClock()
  const { log, logs } = logBook()
  const kept: Kept = {
    path,
    clock,
    log,
    logs,
    state: { overrides: [], discovered: [], withdrawn: [], meetings: [] },
    file: new StateFile(path, () => kept.state, clock, log),
  }
  t.teardown(() => kept.file.stop())
  return kept
}

t.test('operators\' changes, found nodes and live meetings come back as they were', async (t) => {
  const kept = keep(t)
  const { file, clock, path, log, logs } = kept
  t.equal(await readStateFile(path, log), undefined, 'there is none at first')
  const state = { overrides: [OVERRIDE, { ...OVERRIDE, nodeId: 'n2', absentSinceMs: 1_767_225_600_001 }], discovered: ['bbb-7.example.org:9100', '[2001:db8::7]:9100'], withdrawn: ['bbb-8.example.org:9100'], meetings: [meeting(1), meeting(2)] }
  kept.state = state
  file.changed()
  await clock.advance(999)
  t.strictSame(readdirSync(t.testdirName), [])
  await clock.advance(1)
  await written(path, '"end":2')
  t.strictSame(await readStateFile(path, log), state)
  t.strictSame(logs, [])
})

t.test('the layout', async (t) => {
  const kept = keep(t)
  kept.state = { overrides: [OVERRIDE], discovered: ['bbb-7:9100'], withdrawn: ['bbb-8:9100'], meetings: [{ ...meeting(1), title: 'Secret Title' } as SavedMeeting] }
  kept.file.changed()
  await kept.file.stop()
  t.equal(readFileSync(kept.path, 'utf8'), '{"ensembleState":1,"overrides":[{"nodeId":"n1","state":"draining","overrides":"enabled","by":"ada","atMs":1767225600000}],' +
    '"discovered":["bbb-7:9100"],"withdrawn":["bbb-8:9100"]}\n["Room 1 \\"ä\\"\\n","internal-1","n1",1767225600001,"10001",false]\n{"end":1}\n')
})

t.test('a file of a version that knew no found nodes', async (t) => {
  const { path, log, logs } = keep(t)
  writeFileSync(path, '{"ensembleState":1,"overrides":[{"nodeId":"n1","state":"draining","overrides":"enabled","by":"ada","atMs":1767225600000}]}\n' +
    '["Room 1 \\"ä\\"\\n","internal-1","n1",1767225600001,"10001",false]\n{"end":1}\n')
  t.strictSame(await readStateFile(path, log), { overrides: [OVERRIDE], discovered: [], withdrawn: [], meetings: [meeting(1)] })
  t.strictSame(logs, [])
})

t.test('a file whose lines make no sense is set aside with a warning', async (t) => {
  const head = '{"ensembleState":1,"overrides":[],"discovered":[]}'
  const withHead = (change: object): string => JSON.stringify({ ensembleState: 1, overrides: [], discovered: [], ...change }) + '\n{"end":0}\n'
  const override = (change: object): string => withHead({ overrides: [{ ...OVERRIDE, ...change }] })
  const table: Array<[string, string, string]> = [
    ['a later layout', '{"ensembleState":2,"overrides":[]}\n{"end":0}\n', 'layout 2 is not layout 1'],
    ['a rooms file', '{"ensembleRooms":1,"learned":{}}\n{"end":0}\n', 'layout undefined is not layout 1'],
    ['no overrides', '{"ensembleState":1,"discovered":[]}\n{"end":0}\n', 'overrides are missing'],
    ['a state that does not exist', override({ state: 'cordoned' }), 'an override is unreadable'],
    ['an overridden state that does not exist', override({ overrides: '' }), 'an override is unreadable'],
    ['an override of nobody', override({ by: undefined }), 'an override is unreadable'],
    ['an override of no node', override({ nodeId: 1 }), 'an override is unreadable'],
    ['an override of no time', override({ atMs: '1' }), 'an override is unreadable'],
    ['an override of a node absent since no time', override({ absentSinceMs: '1' }), 'an override is unreadable'],
    ['an override that is none', withHead({ overrides: ['n1'] }), 'an override is unreadable'],
    ['found nodes that are no list', withHead({ discovered: 'bbb-7' }), 'the list of found nodes is unreadable'],
    ['found nodes that are none', withHead({ discovered: ['bbb-7', 7] }), 'the list of found nodes is unreadable'],
    ['found nodes of nothing', withHead({ discovered: null }), 'the list of found nodes is unreadable'],
    ['withdrawn nodes that are none', withHead({ withdrawn: [7] }), 'the list of found nodes is unreadable'],
    ['a meeting with a field too few', `${head}\n["room","internal","n1",1,"123"]\n{"end":1}\n`, 'a line is not a meeting'],
    ['a meeting with a wrong field', `${head}\n["room","internal","n1","1","123",true]\n{"end":1}\n`, 'a line is not a meeting'],
    ['a meeting that is none', `${head}\n{}\n{"end":1}\n`, 'a line is not a meeting'],
  ]
  for (const [what, text, reason] of table) {
    await t.test(what, async (t) => {
      const { path, log, logs } = keep(t)
      writeFileSync(path, text)
      t.equal(await readStateFile(path, log), undefined)
      t.match(logs, [{ level: 'warn', event: 'state file cannot be understood and was set aside', fields: { path, reason } }])
      t.equal(logs.length, 1)
      t.equal(readFileSync(String(logs[0]?.fields['setAside']), 'utf8'), text)
    })
  }
})

t.test('the meetings of three hundred nodes are written and read in a moment', async (t) => {
  const kept = keep(t)
  kept.state = { overrides: [], discovered: [], withdrawn: [], meetings: Array.from({ length: 9_000 }, (_, i) => meeting(i)) }
  kept.file.changed()
  const startedAtMs = performance.now()
  await kept.file.stop()
  const writtenAtMs = performance.now()
  const read = await readStateFile(kept.path, kept.log)
  const readAtMs = performance.now()
  t.strictSame([...read?.meetings ?? []].at(-1), meeting(8_999))
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
  t.match(head, { ensembleState: 1, overrides: [{ nodeId: 'bbb-01', state: 'draining', overrides: 'enabled', by: 'operator-1' }], discovered: [], withdrawn: [] })
  t.strictSame(line, ['room-1', internalMeetingID, 'bbb-01', nodes[0]?.meetings.get('room-1')?.createdAtMs, '71234', true])
  t.strictSame([foot, rest], [{ end: 1 }, ''])
  for (const secret of ['Secret Title', 'Lovelace', 'ada-1', 'pw', 'Hello', 'Grace', 'secret']) t.notMatch(text, secret)
})
