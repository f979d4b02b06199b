import t from 'tap'
import { parseConfig } from '../../src/config/read.js'
import { createGateway, type Gateway } from '../../src/gateway.js'
import { startSimulatedNode } from '../../src/simulator/simulated-node.js'
import { SECRET, signedQuery, startGateway } from '../helpers/gateway.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { healths, nodeAt, pollRound, steady } from './cluster-of-nodes.js'

async function get (url: string, headers: Record<string, string> = {}): Promise<{ status: number, type: string | null, body: string }> {
  const response = await fetch(url, { headers })
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() }
}

const JSON_TYPE = 'application/json; charset=utf-8'

t.test('it is not ready before every node has been polled, answered or not', async (t) => {
  const clock = new ManualClock()
  const good = await startSimulatedNode({ name: 'bbb-01', secret: 'secret-of-node-1', clock })
  const slow = await startSimulatedNode({ name: 'bbb-02', secret: 'secret-of-node-2', clock })
  slow.faults.add({ kind: 'slow', delayMs: 2_000, times: 1 })
  const { config } = parseConfig(JSON.stringify({
    listen: { host: '127.0.0.1', port: 0 },
    secrets: [SECRET],
    keys: ['a-key-for-tests-only'],
    stateFile: '',
    nodes: [{ id: 'bbb-01', url: good.url, secret: good.secret }, { id: 'bbb-02', url: slow.url, secret: slow.secret }],
  }), { path: 'test.yaml', env: {}, readFile: () => '' })
  const quiet = (): void => {}
  const gateway: Gateway = await createGateway({ config, clock, log: { info: quiet, warn: quiet, error: quiet }, version: '0.0.0-test', random: steady })
  t.teardown(async () => {
    await gateway.close()
    await Promise.all([good.close(), slow.close()])
  })
  const { url } = await gateway.start()
  t.match(await get(`${url}/healthz`), { status: 200, type: JSON_TYPE, body: '{"status":"ok"}' })
  const early = await get(`${url}/readyz`)
  t.equal(early.status, 503)
  t.equal(early.type, JSON_TYPE)
  const { missing } = JSON.parse(early.body) as { missing: string[] }
  t.ok(missing.includes('node bbb-02 has not been polled yet'))
  const waiting = fetch(`${url}/bigbluebutton/api/getMeetingInfo?${signedQuery('getMeetingInfo', { meetingID: 'room-1' })}`)
  const known = slow.meetings.create({ meetingID: 'room-1', name: 'Room one' })

  while (!gateway.cluster.isReady) await clock.advance(100)
  t.match(await (await waiting).text(), known.internalMeetingID, 'calls wait for it: the meeting was there all the time')
  t.strictSame(await get(`${url}/readyz`), { status: 200, type: JSON_TYPE, body: '{"ready":true,"missing":[],"degraded":[]}' })
})

t.test('calls wait three seconds for the first round, and no longer', async (t) => {
  const clock = new ManualClock()
  const node = await startSimulatedNode({ name: 'bbb-01', secret: 'secret-of-node-1', clock })
  node.faults.add({ kind: 'hang' })
  const { config } = parseConfig(JSON.stringify({
    listen: { host: '127.0.0.1', port: 0 },
    secrets: [SECRET],
    keys: ['a-key-for-tests-only'],
    stateFile: '',
    nodes: [{ id: 'bbb-01', url: node.url, secret: node.secret }],
  }), { path: 'test.yaml', env: {}, readFile: () => '' })
  const quiet = (): void => {}
  const gateway = await createGateway({ config, clock, log: { info: quiet, warn: quiet, error: quiet }, version: '0.0.0-test', random: steady })
  t.teardown(async () => {
    await gateway.close()
    await node.close()
  })
  const { url } = await gateway.start()
  const answer = fetch(`${url}/bigbluebutton/api/isMeetingRunning?${signedQuery('isMeetingRunning', { meetingID: '0' })}`)
  let answered = false
  answer.then(() => { answered = true }, () => undefined)
  await clock.advance(2_999)
  await get(`${url}/healthz`)
  t.equal(answered, false)
  await clock.advance(1)
  t.match(await (await answer).text(), '<running>false</running>')
  t.equal((await get(`${url}/readyz`)).status, 503, 'but it is not ready')
})

t.test('nodes in trouble make it degraded and not unready', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, { nodes: 4, random: steady, clock, nodeConfig: [{}, {}, {}, { state: 'disabled' }] })
  const { origin, nodes, gateway } = started
  nodeAt(nodes, 1).faults.add({ kind: 'reset' })
  await pollRound(clock, started)
  t.match(JSON.parse((await get(`${origin}/readyz`)).body), { ready: true, missing: [], degraded: ['node bbb-02 is suspect'] })
  await pollRound(clock, started)
  await pollRound(clock, started)
  nodeAt(nodes, 2).faults.add({ kind: 'reset' })
  await pollRound(clock, started)
  t.strictSame(healths(started).slice(0, 3), ['up', 'down', 'suspect'])
  t.strictSame(await get(`${origin}/readyz`), {
    status: 200,
    type: JSON_TYPE,
    body: '{"ready":true,"missing":[],"degraded":["node bbb-02 is down","node bbb-03 is suspect","most nodes fail at once: the gateway itself may be cut off"]}',
  })

  gateway.announceShutdown()
  const last = await get(`${origin}/readyz`)
  t.equal(last.status, 503)
  t.match(JSON.parse(last.body), { ready: false, shuttingDown: true })
  t.equal((await get(`${origin}/healthz`)).status, 200, 'the process still lives')
})

/** Names and labels that DESIGN promises and this version has. */
const SERIES: ReadonlyArray<readonly [name: string, labels: readonly string[]]> = [
  ['requests_total', ['call', 'result', 'tenant']],
  ['request_duration_seconds_bucket', ['call', 'le']],
  ['request_duration_seconds_count', ['call']],
  ['node_up', ['node']],
  ['node_state', ['node', 'state']],
  ['node_meetings', ['node']],
  ['node_participants', ['node']],
  ['node_score', ['node']],
  ['node_request_duration_seconds_bucket', ['le', 'node']],
  ['node_request_errors_total', ['node', 'reason']],
  ['poll_age_seconds', ['node']],
  ['poll_failures_total', ['node']],
  ['placements_total', ['node']],
  ['placement_failures_total', ['reason']],
  ['nodes_placeable', []],
  ['directory_meetings', []],
  ['duplicate_meetings', []],
  ['failovers_total', []],
  ['isolated', []],
  ['cache_answers_total', ['call', 'kind']],
  ['build_info', ['node_version', 'version']],
]

t.test('metrics say what happened, by name and label, and never by meeting', async (t) => {
  const clock = new ManualClock()
  const started = await startGateway(t, { nodes: 3, random: steady, clock })
  const { call, nodes, origin } = started
  const meetingID = 'a-room-nobody-should-read-of'
  await call('create', { meetingID, name: 'A name nobody should read' })
  nodeAt(nodes, 0).meetings.addUsers(meetingID, 2)
  await call('getMeetingInfo', { meetingID })
  await call('getMeetingInfo', { meetingID })
  await call('getMeetingInfo', { meetingID: 'another-room' })
  await call('join', { meetingID, fullName: 'Ada', role: 'VIEWER' })
  await call('nonsense/../call', {})
  await call('', {})
  await call('getMeetings', {}, { secret: 'wrong' })
  await call('create', { meetingID: 'tagged', name: 'Tagged', 'meta_server-tag': 'nowhere!' })
  nodeAt(nodes, 1).faults.add({ kind: '500' })
  await pollRound(clock, started)
  await pollRound(clock, started)
  await pollRound(clock, started)
  nodeAt(nodes, 1).meetings.create({ meetingID, name: 'A copy' })

  const { status, type, body } = await get(`${origin}/metrics`)
  t.equal(status, 200)
  t.equal(type, 'text/plain; version=0.0.4; charset=utf-8')
  const samples = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  t.ok(samples.every((line) => line.startsWith('ensemble_')), 'every name starts with ensemble_')
  for (const [name, labels] of SERIES) {
    const sample = samples.find((line) => new RegExp(`^ensemble_${name}[ {]`).test(line))
    t.ok(sample, `${name} is there`)
    t.strictSame(Array.from(sample?.matchAll(/(\w+)="/g) ?? [], ([, label]) => label).sort(), labels, `${name} has its labels`)
  }
  t.match(body, '# TYPE ensemble_poll_malformed_meetings_total counter\n', 'announced, though nothing was malformed')
  const value = (sample: string): number | undefined => {
    const line = samples.find((each) => each.startsWith(`ensemble_${sample} `))
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1))
  }
  t.equal(value('requests_total{call="create",tenant="default",result="success"}'), 1)
  t.equal(value('requests_total{call="create",tenant="default",result="error"}'), 1)
  t.equal(value('requests_total{call="getMeetingInfo",tenant="default",result="success"}'), 2)
  t.equal(value('requests_total{call="getMeetingInfo",tenant="default",result="failed"}'), 1)
  t.equal(value('requests_total{call="join",tenant="default",result="success"}'), 1)
  t.equal(value('requests_total{call="unknown",tenant="",result="refused"}'), 1)
  t.equal(value('requests_total{call="getMeetings",tenant="",result="refused"}'), 1)
  t.equal(value('requests_total{call="index",tenant="",result="success"}'), 1, 'the index has a name of its own')
  t.equal(value('request_duration_seconds_count{call="getMeetingInfo"}'), 3)
  t.equal(value('node_up{node="bbb-01"}'), 1)
  t.equal(value('node_up{node="bbb-02"}'), 0)
  t.equal(value('node_state{node="bbb-01",state="enabled"}'), 1)
  t.equal(value('node_state{node="bbb-01",state="draining"}'), 0)
  t.equal(value('node_meetings{node="bbb-01"}'), 1)
  t.equal(value('node_participants{node="bbb-01"}'), 2)
  t.equal(value('poll_failures_total{node="bbb-02"}'), 3)
  t.equal(value('node_request_errors_total{node="bbb-02",reason="status"}'), 3)
  t.equal(value('poll_age_seconds{node="bbb-02"}'), 15)
  t.equal(value('poll_age_seconds{node="bbb-01"}'), 0)
  t.equal(value('placements_total{node="bbb-01"}'), 1)
  t.equal(value('placement_failures_total{reason="tags"}'), 1)
  t.equal(value('nodes_placeable'), 2)
  t.equal(value('directory_meetings'), 1)
  t.equal(value('failovers_total'), 0)
  t.equal(value('isolated'), 0)
  t.notMatch(body, /nobody should read|another-room|tagged/, 'nothing of a meeting')
  t.notMatch(body, /a-room-nobody/)
})

t.test('metrics can be kept for those with a token', async (t) => {
  const { origin } = await startGateway(t, { nodes: 1, config: { metrics: { token: 'a-token-for-prometheus' } } })
  for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: 'a-token-for-prometheus' }, { authorization: 'Basic a-token-for-prometheus' }] as Array<Record<string, string>>) {
    const refused = await fetch(`${origin}/metrics`, { headers })
    t.equal(refused.status, 401)
    t.equal(refused.headers.get('www-authenticate'), 'Bearer')
    t.notMatch(await refused.text(), 'ensemble_')
  }
  t.equal((await get(`${origin}/metrics`, { authorization: 'Bearer a-token-for-prometheus' })).status, 200)
})
