import t from 'tap'
import { readItems } from '../../src/bbb/list-walk.js'
import { readField } from '../../src/bbb/envelope.js'
import type { SimulatedNode, SimulatedNodeOptions } from '../../src/simulator/simulated-node.js'
import { startGateway, type CallAnswer } from '../helpers/gateway.js'
import { nodeAt } from './cluster-of-nodes.js'

const NO_RECORDINGS = '<messageKey>noRecordings</messageKey><message>There are no recordings for the meeting(s).</message>'
const NO_SESSIONS = '<response><returncode>SUCCESS</returncode><sessions></sessions><messageKey>noSessions</messageKey><message>no sessions were found on this server</message></response>'
const MIXED: ReadonlyArray<Partial<SimulatedNodeOptions>> = [{ version: '2.4' }, { version: '2.6' }, { version: '3.0' }]
const START_MS = 1_767_225_600_000

/** The items of a list, each as a document of its own. */
function items ({ body }: CallAnswer, list: string, item: string): Buffer[] {
  const bytes = Buffer.from(body)
  return readItems(bytes, list, item).map(({ start, end }) =>
    Buffer.from(bytes.toString('utf8', start, end).replace(`<${item}>`, '<response>').replace(new RegExp(`</${item}>$`), '</response>')))
}

function names (answer: CallAnswer): Array<string | undefined> {
  return items(answer, 'recordings', 'recording').map((recording) => readField(recording, 'name'))
}

/** Twelve recordings R01 … R12, the first the oldest, dealt out to the nodes in turn. */
function record (nodes: readonly SimulatedNode[]): void {
  for (let i = 0; i < 12; i++) {
    nodeAt(nodes, i % nodes.length).recordings.add({
      meetingID: `room-${i % 4}`,
      name: `R${String(i + 1).padStart(2, '0')}`,
      metadata: { 'gl-listed': i % 2 === 0 ? 'true' : 'false' },
      startTimeMs: START_MS + i * 60_000,
      endTimeMs: START_MS + i * 60_000 + 30_000,
    })
  }
}

const NEWEST_FIRST = ['R12', 'R11', 'R10', 'R09', 'R08', 'R07', 'R06', 'R05', 'R04', 'R03', 'R02', 'R01']

t.test('recordings of all nodes are one list, the newest first', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: MIXED })
  t.equal((await call('getRecordings')).body, `<response><returncode>SUCCESS</returncode><recordings></recordings>${NO_RECORDINGS}</response>`)
  record(nodes)
  const all = await call('getRecordings')
  t.strictSame(names(all), NEWEST_FIRST)
  t.notMatch(all.body, 'totalElements', 'only where a page was asked for')
  for (const recording of items(all, 'recordings', 'recording')) {
    t.match(recording.toString(), /<metadata>[\s\S]*<playback>[\s\S]*<format>/)
  }
  t.strictSame(names(await call('getRecordings', { meetingID: 'room-0,room-1' })), ['R10', 'R09', 'R06', 'R05', 'R02', 'R01'])
  t.strictSame(names(await call('getRecordings', { meetingID: 'room-0', 'meta_gl-listed': 'false' })), [])
  t.strictSame(names(await call('getRecordings', {}, { method: 'POST' })), NEWEST_FIRST)
})

t.test('pages are cut out of the whole cluster\'s list', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: MIXED })
  record(nodes)
  const rows: ReadonlyArray<readonly [params: Record<string, string | number>, names: readonly string[], total: string]> = [
    [{ limit: 5 }, NEWEST_FIRST.slice(0, 5), '12'],
    [{ offset: 5, limit: 5 }, NEWEST_FIRST.slice(5, 10), '12'],
    [{ offset: 10, limit: 5 }, NEWEST_FIRST.slice(10), '12'],
    [{ offset: 12, limit: 5 }, [], '12'],
    [{ offset: 2 }, NEWEST_FIRST.slice(2), '12'],
    [{ limit: 1000 }, NEWEST_FIRST, '12'],
    [{ limit: 0 }, NEWEST_FIRST.slice(0, 1), '12'],
    [{ offset: -3, limit: 2 }, NEWEST_FIRST.slice(0, 2), '12'],
    [{ limit: 2, meetingID: 'room-1' }, ['R10', 'R06'], '3'],
    [{ limit: 2, meetingID: 'nobody' }, [], '0'],
  ]
  for (const [params, expected, total] of rows) {
    const answer = await call('getRecordings', params)
    t.strictSame(names(answer), expected, JSON.stringify(params))
    t.equal(readField(Buffer.from(answer.body), 'totalElements'), total, JSON.stringify(params))
    if (expected.length === 0) t.ok(answer.body.includes(`<recordings></recordings>${NO_RECORDINGS}`))
  }
  const asked = nodes.flatMap(({ requests }) => requests.filter(({ call }) => call === 'getRecordings'))
  t.notOk(asked.some(({ query }) => /offset|limit/.test(query)), 'nodes are asked for everything')
})

t.test('a silent node\'s recordings are listed as they were last seen for that question', async (t) => {
  for (const kind of ['500', 'html', 'truncated', 'cut', 'reset', 'wrong-secret'] as const) {
    const { call, nodes } = await startGateway(t, { nodes: MIXED })
    record(nodes)
    t.strictSame(names(await call('getRecordings', { meetingID: 'room-0,room-1' })).length, 6)
    nodeAt(nodes, 1).faults.add({ kind })
    t.strictSame(names(await call('getRecordings', { meetingID: 'room-0,room-1' })), ['R10', 'R09', 'R06', 'R05', 'R02', 'R01'], kind)
  }
})

t.test('nodes that only keep recordings are asked for them', async (t) => {
  const states = ['enabled', 'draining', 'archive', 'disabled'] as const
  const { call, nodes } = await startGateway(t, { nodes: 4, nodeConfig: states.map((state) => ({ state })) })
  states.forEach((state, index) => nodeAt(nodes, index).recordings.add({ meetingID: 'room-1', name: state, startTimeMs: START_MS + index }))
  t.strictSame(names(await call('getRecordings')), ['archive', 'draining', 'enabled'])
  t.equal(nodeAt(nodes, 3).requests.length, 0)
})

t.test('getSessions lists the people of all nodes', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: MIXED })
  t.equal((await call('getSessions')).body, NO_SESSIONS)
  nodes.forEach((node, index) => {
    node.meetings.create({ meetingID: `room-${index}`, name: `Room ${index}` })
    node.meetings.addUser(`room-${index}`, { fullName: `Person <${index}>` })
  })
  const sessions = async (): Promise<Array<string | undefined>> =>
    items(await call('getSessions'), 'sessions', 'meeting').map((session) => readField(session, 'userName')).sort()
  t.strictSame(await sessions(), ['Person <0>', 'Person <1>', 'Person <2>'])
  nodeAt(nodes, 2).faults.add({ kind: '502' })
  t.strictSame(await sessions(), ['Person <0>', 'Person <1>', 'Person <2>'], 'a silent node\'s as they were')
  const [session] = items(await call('getSessions'), 'sessions', 'meeting')
  t.match(session?.toString(), /^<response><meetingID>[0-9a-f]{40}-\d+<\/meetingID><meetingName>Room 0<\/meetingName><userName>/)
})

t.test('where no node answers and nothing was seen before, nobody says that there is nothing', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 2 })
  for (const node of nodes) node.faults.add({ kind: '502' })
  for (const name of ['getRecordings', 'getSessions']) {
    t.equal((await call(name)).body, '<response><returncode>FAILED</returncode><messageKey>internalError</messageKey><message>Unable to access meeting on server.</message></response>', name)
  }
  const [first] = nodes
  first?.faults.clear()
  t.match((await call('getRecordings')).body, /noRecordings/, 'one that answers speaks for all')
})
