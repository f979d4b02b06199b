import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startSimulatedNode } from '../../src/simulator/simulated-node.js'
import { field, SECRET, startGateway } from '../helpers/gateway.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { having, nodeAt, outcome, pollRound, steady } from './cluster-of-nodes.js'

const OPERATE = 'a-token-for-operators'
const READ = 'a-token-for-readers-only'
const TOKENS = { management: { tokens: [{ name: 'alice', token: OPERATE }, { name: 'bob', role: 'read', token: READ }] } }

/** Each term and the score are rounded to a ten-thousandth on their own. */
const ROUNDING = 0.0003

type Json = Record<string, unknown>

interface Reply { readonly status: number, readonly body: Json, readonly text: string }

async function send (origin: string, path: string, { method = 'GET', token = OPERATE, body }: { method?: string, token?: string, body?: unknown } = {}): Promise<Reply> {
  const response = await fetch(`${origin}/api/v1${path}`, {
    method,
    headers: { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, text, body: text === '' ? {} : JSON.parse(text) as Json }
}

t.test('nobody gets in without a token, and nobody changes anything with a reader\'s', async (t) => {
  const { origin, gateway } = await startGateway(t, { nodes: 1, config: TOKENS })
  const UNKNOWN = { error: 'send a management token as Authorization: Bearer TOKEN' }
  for (const path of ['/nodes', '/nodes/bbb-01', '/meetings', '/meetings/x', '/placement', '/isolation']) {
    for (const token of ['', 'wrong-token-of-some-length', SECRET, OPERATE.toUpperCase(), OPERATE.slice(0, -1), `${OPERATE}x`]) {
      const reply = await send(origin, path, { token })
      t.strictSame([reply.status, reply.body], [401, UNKNOWN], path)
    }
    t.notSame((await send(origin, path, { token: READ })).status, 401, path)
  }
  const change = { method: 'PATCH', body: { state: 'disabled' } }
  t.strictSame(await send(origin, '/nodes/bbb-01', { ...change, token: '' }).then(({ status, body }) => [status, body]), [401, UNKNOWN])
  t.strictSame(await send(origin, '/nodes/bbb-01', { ...change, token: READ }).then(({ status, body }) => [status, body]),
    [403, { error: 'this token may read only: use one with the role operate' }])
  t.equal((await send(origin, '/isolation', { method: 'DELETE', token: READ })).status, 403)
  t.equal(gateway.cluster.members.get('bbb-01')?.node.state, 'enabled')
  for (const body of [{}, { state: 'off' }, { state: 'draining', weight: 3 }]) {
    t.equal((await send(origin, '/nodes/bbb-01', { ...change, body, token: OPERATE })).status, 400, JSON.stringify(body))
  }
  for (const path of ['/meetings?nod=bbb-01', '/placement?participants=many']) t.equal((await send(origin, path, { token: READ })).status, 400, path)
  t.equal(gateway.cluster.members.get('bbb-01')?.node.state, 'enabled', 'and nothing is half done')
  const off = await startGateway(t, { nodes: 1 })
  t.equal((await send(off.origin, '/nodes')).status, 404, 'without tokens there is no such API')
})

t.test('nodes are shown with their state, health and load', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, {
    nodes: 2, random: steady, clock, config: TOKENS, nodeConfig: [{ weight: 2, tags: ['eu', 'gpu!'], limits: { meetings: 5, participants: 100 } }, { state: 'draining' }],
  })
  const { call, nodes, origin } = started
  await call('create', { meetingID: 'room-1', name: 'Room one', 'meta_server-tag': 'gpu' })
  nodeAt(nodes, 0).meetings.addUsers('room-1', 3)
  nodeAt(nodes, 1).faults.add({ kind: '502' })
  await pollRound(clock, started)
  const { status, body } = await send(origin, '/nodes', { token: READ })
  t.equal(status, 200)
  const [one, two] = body['nodes'] as Json[]
  t.match(one, {
    id: 'bbb-01',
    url: nodeAt(nodes, 0).url,
    weight: 2,
    tags: ['eu', 'gpu!'],
    state: 'enabled',
    override: null,
    health: 'up',
    cpu: null,
    meetings: 1,
    participants: 3,
    limits: { meetings: 5, participants: 100 },
    lastPoll: { startedAt: '2026-01-01T00:00:05.000Z', durationMs: 0 },
    lastError: null,
    failedPolls: 0,
    malformedMeetings: 0,
    clockAheadMs: Number,
  })
  t.match(two, { id: 'bbb-02', state: 'draining', health: 'suspect', meetings: 0, participants: 0, lastError: 'HTTP status 502', failedPolls: 1 })
  const load = one?.['load'] as Record<string, number>
  const sum = Object.values(load).reduce((total, term) => total + term, 0)
  t.ok(sum > 0 && Math.abs(sum - Number(one?.['score'])) <= ROUNDING, `the score is the sum of its terms: ${sum}`)
  t.strictSame((await send(origin, '/nodes/bbb-02')).body, two)
  t.strictSame(await send(origin, '/nodes/nobody').then(({ status, body }) => [status, body]), [404, { error: 'there is no node "nobody"' }])
  t.match(await send(origin, '/nowhere'), { status: 404, body: { error: 'there is no such path in the management API: see /api/v1/openapi.json' } })
})

t.test('an operator drains a node and takes it back', async (t) => {
  const { call, nodes, origin, logs } = await startGateway(t, { nodes: 2, random: steady, config: TOKENS })
  await call('create', { meetingID: 'room-1', name: 'Room one' })
  t.strictSame(having(nodes, 'room-1'), ['bbb-01'])
  const drained = await send(origin, '/nodes/bbb-01', { method: 'PATCH', body: { state: 'draining' } })
  t.equal(drained.status, 200)
  t.match(drained.body, { id: 'bbb-01', state: 'draining', override: { overrides: 'enabled', by: 'alice', at: /^\d{4}-/ } })
  t.match(logs.find(({ event }) => event === 'node state changed by an operator'), { level: 'warn', fields: { node: 'bbb-01', from: 'enabled', to: 'draining', by: 'alice' } })
  for (const id of ['room-2', 'room-3', 'room-4']) await call('create', { meetingID: id, name: 'A room' })
  t.strictSame(nodes.map(({ meetings }) => meetings.list().length), [1, 3])
  t.equal(outcome(await call('getMeetingInfo', { meetingID: 'room-1' })), 'SUCCESS', 'what is there goes on')
  const back = await send(origin, '/nodes/bbb-01', { method: 'PATCH', body: { state: 'enabled' } })
  t.match(back.body, { state: 'enabled', override: null }, 'what the file says is no override')

  for (const [body, status] of [[{ state: 'gone' }, 400], [{}, 400], [{ state: 1 }, 400], ['draining', 400]] as const) {
    const reply = await send(origin, '/nodes/bbb-02', { method: 'PATCH', body })
    t.equal(reply.status, status, JSON.stringify(body))
    t.type(reply.body['message'], 'string', 'and says why')
  }
  t.equal((await send(origin, '/nodes/nobody', { method: 'PATCH', body: { state: 'draining' } })).status, 404)
})

t.test('an operator\'s change outlives a restart, until the file says something else', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'ensemble-test-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const stateFile = join(directory, 'state')
  const node = await startSimulatedNode({ name: 'bbb-01', secret: 'secret-of-node-1' })
  t.teardown(() => node.close())
  const start = (t: Test, state: string): ReturnType<typeof startGateway> =>
    startGateway(t, { running: [node], config: { ...TOKENS, stateFile }, nodeConfig: [{ state }] })
  const shown = async (origin: string): Promise<unknown[]> => {
    const { body } = await send(origin, '/nodes/bbb-01')
    return [body['state'], (body['override'] as Json | null)?.['by'] ?? null]
  }

  const first = await start(t, 'enabled')
  await first.call('create', { meetingID: 'room-1', name: 'A name for nobody', attendeePW: 'pw-for-nobody', moderatorPW: 'mpw-for-nobody' })
  await send(first.origin, '/nodes/bbb-01', { method: 'PATCH', body: { state: 'draining' } })
  await first.close()
  const saved = await readFile(stateFile, 'utf8')
  t.match(saved, 'room-1')
  t.notMatch(saved, /for-nobody|for nobody|secret/, 'no names, passwords or secrets')

  const second = await start(t, 'enabled')
  t.strictSame(await shown(second.origin), ['draining', 'alice'])
  t.equal(outcome(await second.call('getMeetingInfo', { meetingID: 'room-1' })), 'SUCCESS')
  await second.close()

  const third = await start(t, 'archive')
  t.strictSame(await shown(third.origin), ['archive', null], 'the file changed its mind')
  await third.close()
  const fourth = await start(t, 'enabled')
  t.strictSame(await shown(fourth.origin), ['enabled', null], 'and the change does not come back')
  await fourth.close()
})

t.test('meetings are found by id and node, without names of people and passwords', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, { nodes: 2, random: steady, clock, config: TOKENS })
  const { call, nodes, origin } = started
  const created = await call('create', { meetingID: 'room-1', name: 'Room one', attendeePW: 'pw-1', moderatorPW: 'pw-2', voiceBridge: '71234' })
  await call('create', { meetingID: 'room-2', name: 'Room two' })
  await clock.advance(1)
  const other = nodeAt(nodes, 1).meetings.create({ meetingID: 'room-1', name: 'Room one again' })
  nodeAt(nodes, 0).meetings.addUsers('room-1', 2, { hasVideo: true, hasJoinedVoice: true })
  await pollRound(clock, started)
  const list = async (query: string): Promise<Json[]> => (await send(origin, `/meetings${query}`)).body['meetings'] as Json[]
  const where = (meetings: Json[]): string[] => meetings.map(({ meetingID, node }) => `${String(meetingID)} ${String(node)}`).sort()
  t.strictSame(where(await list('')), ['room-1 bbb-01', 'room-1 bbb-02', 'room-2 bbb-02'])
  t.strictSame(where(await list('?meetingID=room-1')), ['room-1 bbb-01', 'room-1 bbb-02'])
  t.strictSame(where(await list('?node=bbb-02')), ['room-1 bbb-02', 'room-2 bbb-02'])
  t.strictSame(where(await list('?node=bbb-02&meetingID=room-1')), ['room-1 bbb-02'])
  t.strictSame(await list('?meetingID=nobody'), [])
  t.strictSame(await list('?node=nobody'), [])
  t.strictSame(where(await list('?tenant=default&node=bbb-02&meetingID=room-1')), ['room-1 bbb-02'])
  t.strictSame(await list('?tenant=other'), [])
  t.strictSame(await list('?tenant=other&meetingID=room-1'), [])
  const internalMeetingID = field(created.body, 'internalMeetingID')
  const one = await send(origin, `/meetings/${internalMeetingID}`)
  t.strictSame(one.body, {
    meetingID: 'room-1',
    internalMeetingID,
    name: 'Room one',
    node: 'bbb-01',
    current: true,
    lost: false,
    ending: false,
    createdAt: '2026-01-01T00:00:00.000Z',
    voiceBridge: '71234',
    participants: 2,
    moderators: 0,
    microphones: 2,
    cameras: 2,
    isBreakout: false,
    lastSeenAt: '2026-01-01T00:00:05.000Z',
  })
  t.match((await send(origin, `/meetings/${other.internalMeetingID}`)).body, { node: 'bbb-02', current: false })
  t.match(await send(origin, '/meetings/room-1'), { status: 404, body: { error: 'no node has a meeting with the internal id "room-1"' } })
  await call('end', { meetingID: 'room-2' })
  t.match(await list('?meetingID=room-2'), [{ ending: true }])
})

t.test('placement shows where a meeting would go, and every term adds up', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, {
    nodes: 5, random: steady, clock, config: TOKENS, nodeConfig: [{ weight: 2 }, {}, { tags: ['gpu!'] }, { state: 'draining' }, { limits: { meetings: 1 } }],
  })
  const { call, nodes, origin } = started
  for (let i = 0; i < 6; i++) await call('create', { meetingID: `room-${i}`, name: 'A room' })
  for (const node of nodes) for (const { meetingID } of node.meetings.list()) node.meetings.addUsers(meetingID, 8, { hasVideo: true })
  await pollRound(clock, started)
  for (const query of ['', '?participants=2', '?tags=gpu', '?tags=gpu!&participants=500']) {
    const { body } = await send(origin, `/placement${query}`)
    const candidates = body['candidates'] as Array<Record<string, number> & { node: string, mayTakeIt: boolean, obstacle: string | null }>
    t.equal(candidates.length, 5)
    for (const each of candidates) {
      const terms = ['background', 'live', 'reserved', 'booked', 'meeting'].map((name) => each[name] ?? Number.NaN)
      const sum = terms.reduce((total, term) => total + term, 0)
      t.equal(String(each['peakAt']), body['at'], 'nothing is expected to come, so the load is highest now')
      const peak = each['peak'] ?? Number.NaN
      t.ok(Math.abs(sum - peak) <= ROUNDING, `${each.node}${query}: ${terms.join(' + ')} = ${peak}`)
      const score = each['score'] ?? Number.NaN
      t.ok(score > peak && score < 1.1 * peak + ROUNDING, `and a little of the mean: ${score}`)
      t.equal(each.mayTakeIt, each.obstacle === null)
    }
    const able = candidates.filter(({ mayTakeIt }) => mayTakeIt)
    t.strictSame(candidates.slice(0, able.length), able, 'those that may take it come first')
  }
  const obstacles = async (query: string): Promise<Record<string, unknown>> =>
    Object.fromEntries(((await send(origin, `/placement${query}`)).body['candidates'] as Json[]).map(({ node, obstacle }) => [node, obstacle]))
  t.match(await obstacles(''), { 'bbb-01': null, 'bbb-02': null, 'bbb-03': 'tags', 'bbb-04': 'state', 'bbb-05': 'meetings-limit' })
  t.match(await obstacles('?tags=gpu!'), { 'bbb-01': 'tags', 'bbb-03': null })
  const [best] = (await send(origin, '/placement')).body['candidates'] as Json[]
  await call('create', { meetingID: 'the-next', name: 'A room' })
  t.strictSame(having(nodes, 'the-next'), [best?.['node']], 'and there it goes')
  t.equal((await send(origin, '/placement?participants=many')).status, 400)

  const plain = (await send(origin, '/placement')).body
  t.equal(plain['known'], null)
  for (const [query, known] of [['tenant=default', null], ['meetingID=the-next', best?.['node']], ['tenant=default&meetingID=the-next', best?.['node']], ['tenant=other&meetingID=the-next', null], ['meetingID=nobody', null]]) {
    t.strictSame((await send(origin, `/placement?${query}`)).body, { ...plain, known }, `${query} changes nothing else`)
  }
})

t.test('an operator has the meetings of failed nodes moved without waiting', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, { nodes: 3, random: steady, clock, config: TOKENS })
  const { call, nodes, origin, logs } = started
  const ended = (): unknown[] => logs.filter(({ fields }) => fields['by'] !== undefined)
  const isolation = async (options = {}): Promise<unknown[]> => {
    const { status, body } = await send(origin, '/isolation', options)
    return [status, body]
  }
  await call('create', { meetingID: 'room-1', name: 'Room one' })
  t.strictSame(await isolation({ token: READ }), [200, { isolated: false, holding: false }])
  for (const node of nodes.slice(0, 2)) node.faults.add({ kind: 'reset' })
  for (let round = 0; round < 3; round++) await pollRound(clock, started)
  t.strictSame(await isolation(), [200, { isolated: true, holding: true }])
  t.equal((await isolation({ method: 'DELETE', token: READ }))[0], 403)
  t.match(outcome(await call('create', { meetingID: 'room-1', name: 'Room one' })), /^FAILED/)
  t.strictSame(ended(), [])

  t.strictSame(await isolation({ method: 'DELETE' }), [200, { isolated: true, holding: false }])
  t.match(ended(), [{ level: 'warn', fields: { by: 'alice' } }])
  t.equal(ended().length, 1)
  t.equal(outcome(await call('create', { meetingID: 'room-1', name: 'Room one' })), 'SUCCESS')
  t.strictSame(having(nodes, 'room-1'), ['bbb-01', 'bbb-03'])
  t.strictSame(await isolation(), [200, { isolated: true, holding: false }])

  for (const node of nodes) node.faults.clear()
  await pollRound(clock, started)
  t.strictSame(await isolation(), [200, { isolated: false, holding: false }])
})

t.test('the API describes itself', async (t) => {
  const { origin } = await startGateway(t, { nodes: 1, config: TOKENS })
  const { status, body } = await send(origin, '/openapi.json', { token: '' })
  t.equal(status, 200)
  t.match(body['openapi'], /^3\./)
  t.match(body['info'], { title: 'Ensemble management', version: '0.0.0-test' })
  const paths = body['paths'] as Record<string, Record<string, { summary?: string, responses?: Json, parameters?: Json[] }>>
  t.strictSame(Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`)).sort(), [
    'delete /api/v1/isolation', 'get /api/v1/isolation', 'get /api/v1/meetings', 'get /api/v1/meetings/{id}', 'get /api/v1/nodes', 'get /api/v1/nodes/{id}', 'get /api/v1/placement', 'patch /api/v1/nodes/{id}',
  ])
  t.match(paths['/api/v1/nodes/{id}']?.['patch'], {
    requestBody: { content: { 'application/json': { schema: { properties: { state: { enum: ['enabled', 'draining', 'archive', 'disabled'] } } } } } },
  })
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      t.type(operation.summary, 'string', `${method} ${path} has a summary`)
      t.ok(operation.responses?.['200'], `${method} ${path} describes its answer`)
      for (const [, name] of path.matchAll(/\{(\w+)\}/g)) {
        t.match(operation.parameters, [{ name, in: 'path', required: true }], `${method} ${path} describes ${name}`)
      }
    }
  }
})

t.test('with an address of its own it is not on the clients\' one', async (t) => {
  const config = { management: { ...TOKENS.management, listen: { host: '127.0.0.1', port: 0 } } }
  const { origin, managementOrigin } = await startGateway(t, { nodes: 1, config })
  t.not(managementOrigin, origin)
  t.equal((await send(origin, '/nodes')).status, 404)
  t.equal((await fetch(`${origin}/metrics`)).status, 404)
  t.equal((await send(managementOrigin, '/nodes')).status, 200)
  t.equal((await fetch(`${managementOrigin}/metrics`)).status, 200)
  t.equal((await fetch(`${managementOrigin}/bigbluebutton/api`)).status, 404)
  for (const each of [origin, managementOrigin]) {
    t.equal((await fetch(`${each}/healthz`)).status, 200)
    t.equal((await fetch(`${each}/readyz`)).status, 200)
  }
})

t.test('no answer holds a secret or a password', async (t) => {
  const { call, nodes, origin } = await startGateway(t, { nodes: 2, config: { ...TOKENS, metrics: { token: 'a-token-for-prometheus' } } })
  await call('create', { meetingID: 'room-1', name: 'Room one', attendeePW: 'pw-of-attendees', moderatorPW: 'pw-of-moderators' })
  await call('join', { meetingID: 'room-1', fullName: 'Ada', password: 'pw-of-attendees' })
  const hidden = [SECRET, OPERATE, READ, 'a-key-for-tests-only', 'a-token-for-prometheus', 'pw-of', ...nodes.map(({ secret }) => secret)]
  for (const path of ['/nodes', '/nodes/bbb-01', '/meetings', '/placement', '/openapi.json', '/nowhere']) {
    const { text } = await send(origin, path)
    for (const each of hidden) t.notOk(text.includes(each), `${path} does not hold ${each}`)
  }
})
