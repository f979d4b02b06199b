import t from 'tap'
import { SECRET, startGateway, type TestGateway } from '../helpers/gateway.js'
import { nodeAt } from './cluster-of-nodes.js'
import { head, sendRaw } from './raw-request.js'

const OWN_ID = /^[0-9a-f]{10}-[0-9a-z]+$/

function lastLogged ({ logs }: TestGateway): unknown {
  return logs.filter(({ event }) => event === 'call answered').at(-1)?.fields['requestId']
}

t.test('a client\'s request id is kept, given back, logged and sent to the node', async (t) => {
  const started = await startGateway(t, { nodes: 1 })
  const { call, nodes } = started
  await call('create', { meetingID: 'room-1', name: 'Room one' })
  const calls = [
    ['create', { meetingID: 'room-2', name: 'Room two' }], ['getMeetingInfo', { meetingID: 'room-1' }], ['end', { meetingID: 'room-2' }], ['getRecordings', {}], ['getSessions', {}],
    ['join', { meetingID: 'room-1', fullName: 'Ada', role: 'VIEWER', redirect: 'false' }],
  ] as const
  for (const [index, [name, params]] of calls.entries()) {
    const id = `Client_id.${index}-x`
    const answer = await call(name, params, { headers: { 'x-request-id': id } })
    t.equal(answer.headers['x-request-id'], id, name)
    t.equal(lastLogged(started), id, name)
    t.equal(nodeAt(nodes, 0).requests.filter((received) => received.call === name).at(-1)?.headers['x-request-id'], id, name)
  }
})

t.test('a call without an id gets one of its own', async (t) => {
  const started = await startGateway(t, { nodes: 1 })
  const ids = new Set<unknown>()
  for (let i = 0; i < 50; i++) {
    const answer = await started.call('getMeetingInfo', { meetingID: 'nobody' })
    t.match(answer.headers['x-request-id'], OWN_ID)
    t.equal(answer.headers['x-request-id'], lastLogged(started))
    ids.add(answer.headers['x-request-id'])
  }
  t.equal(ids.size, 50)
  const refused = await started.call('getMeetings', {}, { secret: 'wrong' })
  t.match(refused.headers['x-request-id'], OWN_ID, 'a refused one too')
  t.equal(lastLogged(started), refused.headers['x-request-id'])
})

t.test('an id that could break a log or pass for another is replaced', async (t) => {
  const started = await startGateway(t, { nodes: 1 })
  const hostile = [
    '', 'x'.repeat(65), 'a b', 'a,b', '{"level":60}', '"', '\\n', '<script>', '../../etc', 'a;b', 'id\x1b[31m', 'ä', 'a\tb', '%0a', '$(reboot)', 'a=b',
  ]
  for (const id of hostile) {
    const answer = await sendRaw(started.origin, [Buffer.from(head('GET', '/bigbluebutton/api', [`X-Request-Id: ${id}`]), 'latin1')]).catch(() => undefined)
    if (answer?.status === 400) continue
    t.match(answer?.headers['x-request-id'], OWN_ID, JSON.stringify(id))
    t.match(lastLogged(started), OWN_ID)
  }
  const twice = await sendRaw(started.origin, [head('GET', '/bigbluebutton/api', ['X-Request-Id: one', 'X-Request-Id: two'])])
  t.match(twice.headers['x-request-id'], OWN_ID, 'two at once are none')
  for (const id of ['x'.repeat(64), 'A-1_b.c', '0']) {
    t.equal((await sendRaw(started.origin, [head('GET', '/bigbluebutton/api', [`X-Request-Id: ${id}`])])).headers['x-request-id'], id)
  }
})

t.test('a call is logged once, with what operators look for', async (t) => {
  const { call, logs } = await startGateway(t, { nodes: 1 })
  await call('create', { meetingID: 'room-1', name: 'Room one' })
  await call('getMeetingInfo', { meetingID: 'nobody' })
  await call('getMeetingInfo', { meetingID: 'room-1' }, { secret: 'wrong' })
  await call('no-such-call')
  await call('join', { meetingID: 'room-1', fullName: 'Ada', role: 'VIEWER' })
  const lines = logs.filter(({ event }) => event === 'call answered')
  t.strictSame(lines.map(({ fields: { requestId, durationMs, ...fields } }) => fields), [
    { call: 'create', tenant: 'default', result: 'success', messageKey: undefined, node: 'bbb-01', status: 200 },
    { call: 'getMeetingInfo', tenant: 'default', result: 'failed', messageKey: 'notFound', node: undefined, status: 200 },
    { call: 'getMeetingInfo', tenant: '', result: 'refused', messageKey: 'checksumError', node: undefined, status: 200 },
    { call: 'unknown', tenant: '', result: 'refused', messageKey: 'unsupportedRequest', node: undefined, status: 200 },
    { call: 'join', tenant: 'default', result: 'success', messageKey: undefined, node: 'bbb-01', status: 302 },
  ])
  t.ok(lines.every(({ level, fields }) => level === 'info' && typeof fields['durationMs'] === 'number' && fields['durationMs'] >= 0))
})

t.test('no line of the log holds a secret, a checksum, a password or a link that lets somebody in', async (t) => {
  const TOKEN = 'a-token-for-operators'
  const started = await startGateway(t, {
    nodes: 3,
    config: { management: { tokens: [TOKEN] }, metrics: { token: 'a-token-for-prometheus' }, timeouts: { create: '500ms', call: '500ms', total: '1s' }, poll: { interval: '150ms', timeout: '140ms' } },
  })
  const { call, nodes, origin, logs } = started
  const passwords = { attendeePW: 'pw-of-attendees', moderatorPW: 'pw-of-moderators' }
  const session = async (round: string): Promise<void> => {
    const about = { meetingID: `room-${round}` }
    await call('create', { ...about, name: 'name-of-the-room', ...passwords, meta_endCallbackUrl: 'https://portal.example.org/end?key=key-of-callback' })
    await call('create', { ...about, name: 'name-of-the-room' }, { method: 'POST', body: '<modules>text-of-a-slide</modules>', headers: { 'content-type': 'application/xml' } })
    await call('join', { ...about, fullName: 'name-of-a-person', password: 'pw-of-attendees', userID: 'id-of-a-person' })
    await call('join', { ...about, fullName: 'name-of-a-person', password: 'pw-of-moderators', redirect: 'false' })
    await call('join', { ...about, fullName: 'name-of-a-person', password: 'pw-of-nobody', redirect: 'false' })
    await call('join', { meetingID: 'nobody', fullName: 'name-of-a-person', errorRedirectUrl: 'https://portal.example.org/?key=key-of-portal' })
    await call('isMeetingRunning', about)
    await call('getMeetingInfo', about)
    await call('insertDocument', about, { method: 'POST', body: '<modules>text-of-a-slide</modules>', headers: { 'content-type': 'application/xml' } })
    await call('sendChatMessage', { ...about, message: 'text-of-a-message' })
    await call('getMeetings')
    await call('getSessions')
    await call('getRecordings', about)
    await call('end', { ...about, password: 'pw-of-moderators' })
    await call('getMeetingInfo', about, { secret: 'secret-of-somebody-else' })
    await call('unknown-call', passwords)
    for (const path of ['/api/v1/nodes', '/api/v1/meetings', '/metrics', '/readyz', '/nowhere?password=pw-of-nobody', '/bigbluebutton/api/%zz?password=pw-of-nobody']) {
      await (await fetch(`${origin}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } })).text()
    }
  }
  await session('good')
  for (const kind of ['reset', 'reset-after', '500', '503', 'html', 'truncated', 'cut', 'wrong-secret', 'api-disabled', 'hang'] as const) {
    for (const node of nodes) node.faults.add({ kind })
    if (kind === 'hang') await Promise.all([call('create', { meetingID: 'hanging', name: 'name-of-the-room', ...passwords }), call('getMeetings'), call('getMeetingInfo', { meetingID: 'room-good' })])
    else await session(kind)
    for (const node of nodes) node.faults.clear()
  }
  await fetch(`${origin}/api/v1/nodes/bbb-01`, { method: 'PATCH', headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }, body: '{"state":"draining"}' })
  await nodeAt(nodes, 2).close()
  await session('closed')

  t.ok(logs.length > 150, `${logs.length} lines`)
  const checksums = nodes.flatMap(({ requests }) => requests.map(({ query }) => /checksum=([0-9a-f]+)/.exec(query)?.[1] ?? 'none'))
  t.ok(checksums.length > 30)
  const forbidden: ReadonlyArray<string | RegExp> = [
    SECRET, 'secret-of', 'a-key-for-tests-only', TOKEN, 'a-token-for-prometheus', 'pw-of', 'name-of', 'id-of-a-person', 'key-of', 'text-of', 'sessionToken', 'checksum=', '/join?', 'fullName', 'password',
    /[0-9a-f]{64}/, /\b[0-9a-f]{96}\b/, ...new Set(checksums),
  ]
  for (const { level, event, fields } of logs) {
    const line = JSON.stringify({ level, event, ...fields })
    const found = forbidden.filter((each) => typeof each === 'string' ? line.includes(each) : each.test(line))
    if (found.length > 0) t.fail(`${line} holds ${found.join(' and ')}`)
  }
  t.notOk(logs.some(({ event }) => event === 'call failed by a fault of the gateway'), 'and the gateway made no fault of its own')
})
