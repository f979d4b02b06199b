import t, { type Test } from 'tap'
import { CpuFeed } from '../../src/cluster/cpu-feed.js'
import { findCpuSamples, sampledNode, type CpuFinding, type CpuResult } from '../../src/cluster/cpu-samples.js'
import type { Series } from '../../src/cluster/prometheus-client.js'
import { startGateway } from '../helpers/gateway.js'
import { MANUAL_CLOCK_START_MS as START, ManualClock } from '../helpers/manual-clock.js'
import { clientOf, hang, PROMETHEUS_NOW_S, startFakePrometheus, vector, type FakePrometheus } from './fake-prometheus.js'
import { createCluster, type TestCluster, type TestClusterOptions } from './start-cluster.js'
import { eventually } from './servers.js'

const CPU = 'how busy'
const AGE = 'how old'
const INTERVAL_MS = 30_000
const MAX_AGE_MS = 90_000

function series (instance: string, value: number): Series {
  return { labels: { instance }, value, atMs: PROMETHEUS_NOW_S * 1000 }
}

/** The finding about one node whose instance was scraped eight seconds ago. */
function findingOf (prometheusInstance: string, cpu: readonly Series[], ages: readonly Series[] | undefined = cpu.map(({ labels }) => series(labels['instance'] ?? '', PROMETHEUS_NOW_S - 8))): CpuFinding {
  const { findings: [finding] } = findCpuSamples([{ id: 'n1', prometheusInstance }], { cpu, ages, askedAtMs: START }, MAX_AGE_MS)
  if (finding === undefined) throw new Error('nothing was found out')
  return finding
}

t.test('a node is found by its host, or by host and port where both are given', async (t) => {
  const table: Array<[wanted: string, instance: string, found: boolean]> = [
    ['bbb-01.example.org', 'bbb-01.example.org:9100', true],
    ['bbb-01.example.org', 'bbb-01.example.org', true],
    ['bbb-01.example.org', 'BBB-01.Example.org:9100', true],
    ['BBB-01.example.org', 'bbb-01.example.org:9100', true],
    ['bbb-01.example.org', 'bbb-01:9100', false],
    ['bbb-01', 'bbb-01.example.org:9100', false],
    ['bbb-1', 'bbb-11:9100', false],
    ['bbb-01:9100', 'bbb-01:9100', true],
    ['bbb-01:9100', 'bbb-01:9101', false],
    ['bbb-01:9100', 'bbb-01', false],
    ['10.0.0.1', '10.0.0.1:9100', true],
    ['[2001:db8::1]', '[2001:db8::1]:9100', true],
    ['2001:db8::1', '[2001:DB8::1]:9100', true],
    ['[2001:db8::1]', '2001:db8::1', true],
    ['[2001:db8::1]:9100', '[2001:db8::1]:9101', false],
    ['::1', '[::1]:9100', true],
    ['Server in the cellar', 'server in the cellar', true],
  ]
  for (const [wanted, instance, found] of table) {
    t.equal(findingOf(wanted, [series(instance, 0.5)]).result, found ? 'used' : 'missing', `${wanted} and ${instance}`)
  }
  const settings = { id: 'n1', url: 'https://BBB-01.example.org:8443/bigbluebutton/api', secrets: ['s'], weight: 1, tags: [], state: 'enabled', checksum: 'sha256', limits: { meetings: 0, participants: 0 } } as const
  t.strictSame(sampledNode(settings), { id: 'n1', prometheusInstance: 'bbb-01.example.org' }, 'by default the host of its URL')
  t.equal(sampledNode({ ...settings, url: 'https://[2001:db8::1]/x' }).prometheusInstance, '[2001:db8::1]')
  t.equal(sampledNode({ ...settings, prometheusInstance: 'cellar' }).prometheusInstance, 'cellar')
})

t.test('what is used of a series, and why others are not', async (t) => {
  const scraped = (secondsAgo: number): Series[] => [series('a', PROMETHEUS_NOW_S - secondsAgo)]
  const table: Array<[value: number, ages: readonly Series[] | undefined, expected: Partial<CpuFinding>]> = [
    [0.5, scraped(8), { result: 'used', why: '', sample: { ratio: 0.5, atMs: START - 8_000 }, scrapedAtMs: (PROMETHEUS_NOW_S - 8) * 1000, ageMs: 8_000 }],
    [0, scraped(0), { result: 'used', sample: { ratio: 0, atMs: START } }],
    [1.05, scraped(0), { result: 'used', sample: { ratio: 1, atMs: START } }],
    [-0.05, scraped(0), { result: 'used', sample: { ratio: 0, atMs: START } }],
    [1.051, scraped(0), { result: 'range', why: 'its value is 1.051: cpuQuery must give 0 to 1' }],
    [-0.0511, scraped(0), { result: 'range', why: 'its value is -0.051: cpuQuery must give 0 to 1' }],
    [34.25, scraped(0), { result: 'range', why: 'its value is 34.25: cpuQuery must give 0 to 1' }],
    [NaN, scraped(0), { result: 'nan', why: 'its value is not a number' }],
    [Infinity, scraped(0), { result: 'nan' }],
    [0.5, scraped(90), { result: 'used', sample: { ratio: 0.5, atMs: START - 90_000 } }],
    [0.5, scraped(90.001), { result: 'stale', why: 'it was scraped 90 s ago', ageMs: 90_001 }],
    [0.5, scraped(-3), { result: 'used', sample: { ratio: 0.5, atMs: START } }],
    [0.5, [], { result: 'stale', why: 'its last scrape failed, or ageQuery gives no series with its instance' }],
    [0.5, [series('b', PROMETHEUS_NOW_S)], { result: 'stale' }],
    [0.5, [series('a', NaN)], { result: 'stale' }],
    [0.5, [...scraped(200), ...scraped(5), ...scraped(100)], { result: 'used', ageMs: 5_000 }],
    [0.5, undefined, { result: 'used', sample: { ratio: 0.5, atMs: START }, scrapedAtMs: PROMETHEUS_NOW_S * 1000 }],
  ]
  for (const [value, ages, expected] of table) {
    const finding = findCpuSamples([{ id: 'n1', prometheusInstance: 'a' }], { cpu: [series('a', value)], ages, askedAtMs: START }, MAX_AGE_MS).findings[0]
    t.match(finding, expected, `${value} ${JSON.stringify(ages?.map((age) => age.value))}`)
    t.equal(finding?.sample !== undefined, expected.result === 'used', 'only a good one is there to be used')
  }
  t.match(findingOf('a', []), { result: 'missing', why: 'no series has the instance a', series: [] })
  t.match(findingOf('a', [series('a:1', 0.5), series('a:2', 0.5)]), { result: 'several', why: '2 series have the instance a: cpuQuery must give one, or prometheusInstance name one with its port' })
  t.match(findingOf('a:2', [series('a:1', 0.5), series('a:2', 0.25)]), { result: 'used', sample: { ratio: 0.25 } })

  const two = [{ id: 'n1', prometheusInstance: 'a' }, { id: 'n2', prometheusInstance: 'a' }]
  const { findings, unmatched } = findCpuSamples(two, { cpu: [series('a', 0.5), series('b', 0.5), series('c', 0.5), { labels: {}, value: 1, atMs: 0 }], ages: undefined, askedAtMs: START }, MAX_AGE_MS)
  t.strictSame(findings.map(({ result }) => result), ['used', 'used'], 'two nodes on one host are as busy as it is')
  t.equal(unmatched, 3)
})

interface TestFeed extends TestCluster {
  readonly feed: CpuFeed
  readonly prometheus: FakePrometheus
  readonly counts: Map<CpuResult, number>
  /** Sets what is answered from now on: instance, ratio and seconds since the scrape. */
  tell (...nodes: Array<readonly [instance: string, ratio: number | string, scrapedSecondsAgo: number]>): void
  /** Waits until that many rounds are over. */
  rounds (count: number): Promise<void>
}

/** A feed for the nodes a, b … of a cluster that is not polled. */
async function startFeed (t: Test, nodes: number, { ageQuery = AGE, timeoutMs, ...options }: TestClusterOptions & { ageQuery?: string, timeoutMs?: number } = {}): Promise<TestFeed> {
  const nodeSettings = Array.from({ length: nodes }, (_, index) => ({ prometheusInstance: String.fromCharCode(97 + index), ...options.nodeSettings?.[index] }))
  const started = await createCluster(t, { ...options, nodes, nodeSettings })
  const { cluster, clock, logs } = started
  const write = (level: 'info' | 'warn' | 'error') => (fields: object, event: string) => { logs.push({ level, event, fields: { ...fields } }) }
  const prometheus = await startFakePrometheus(t)
  const { client } = clientOf(t, prometheus.origin, timeoutMs === undefined ? {} : { timeoutMs })
  const counts = new Map<CpuResult, number>()
  const feed = new CpuFeed({
    cluster,
    client,
    clock,
    log: { info: write('info'), warn: write('warn'), error: write('error') },
    intervalMs: INTERVAL_MS,
    maxAgeMs: MAX_AGE_MS,
    cpuQuery: CPU,
    ageQuery,
    counted: (result, count) => { counts.set(result, (counts.get(result) ?? 0) + count) },
  })
  t.teardown(async () => {
    await client.close()
    await feed.stop()
  })
  return {
    ...started,
    feed,
    prometheus,
    counts,
    tell (...nodes) {
      const nowS = PROMETHEUS_NOW_S + (clock.nowMs() - START) / 1000
      prometheus.answers.set(CPU, vector(nodes.map(([instance, ratio]) => [instance, ratio]), { nowS }))
      prometheus.answers.set(AGE, vector(nodes.map(([instance, , scrapedSecondsAgo]) => [instance, nowS - scrapedSecondsAgo]), { nowS }))
    },
    async rounds (count) {
      const queries = ageQuery === '' ? 1 : 2
      await eventually(() => prometheus.asked.length >= count * queries && clock.pending > 0, `${count} rounds`)
      t.equal(prometheus.asked.length, count * queries, 'and no more')
    },
  }
}

t.test('every interval the samples go to the nodes, each sample once', async (t) => {
  const { feed, tell, rounds, clock, counts, prometheus, member, cluster, logs } = await startFeed(t, 2)
  tell(['a', 0.25, 3], ['b', 0.5, 20], ['c', 0.75, 1])
  t.equal(feed.trouble, 'it has not answered yet')
  feed.start()
  feed.start()
  await rounds(1)
  t.equal(feed.trouble, '')
  t.strictSame(prometheus.asked.map(({ query }) => query).sort(), [CPU, AGE])
  t.strictSame(member('n1').node.cpu, { ratio: 0.25, atMs: START - 3_000 })
  t.strictSame(member('n2').node.cpu, { ratio: 0.5, atMs: START - 20_000 })
  t.same(Object.fromEntries(counts), { used: 2, unmatched: 1 })
  await clock.advance(INTERVAL_MS - 1)
  await rounds(1)
  await clock.advance(1)
  await rounds(2)
  t.same(Object.fromEntries(counts), { used: 2, unmatched: 2, unchanged: 2 }, 'the same scrape tells nothing new')
  t.equal(member('n1').node.cpu?.atMs, START - 3_000)

  // Another Prometheus of two side by side, which scraped a little earlier.
  tell(['a', 0.3, 65], ['b', 0.6, 2])
  await clock.advance(INTERVAL_MS)
  await rounds(3)
  t.same(Object.fromEntries(counts), { used: 3, unmatched: 2, unchanged: 3 })
  t.equal(member('n1').node.cpu?.ratio, 0.25, 'an older sample does not replace a newer one')
  t.strictSame(member('n2').node.cpu, { ratio: 0.6, atMs: START + 58_000 })
  t.equal(cluster.cpuOf(member('n1').node), 0.25)
  await clock.advance(27_000)
  t.equal(cluster.cpuOf(member('n1').node), 0.25, 'ninety seconds after its scrape')
  clock.advanceSync(1)
  t.equal(cluster.cpuOf(member('n1').node), undefined, 'no longer fresh')
  t.equal(cluster.cpuOf(member('n2').node), 0.6)
  t.strictSame(logs.filter(({ event }) => /CPU/.test(event)), [{ level: 'info', event: 'Prometheus tells the CPU of nodes', fields: {} }])
})

t.test('a disabled node is asked for nothing, and its series still belong to a node', async (t) => {
  const { feed, tell, rounds, clock, counts, cluster, member } = await startFeed(t, 2, { nodeSettings: [{}, { state: 'disabled' }] })
  tell(['a', 0.25, 3], ['b', 0.5, 3], ['c', 0.75, 3])
  feed.start()
  await rounds(1)
  t.same(Object.fromEntries(counts), { used: 1, unmatched: 1 })
  t.equal(member('n2').node.cpu, undefined)
  cluster.setState(member('n1'), 'disabled', 'ada')
  await clock.advance(INTERVAL_MS)
  await rounds(2)
  t.same(Object.fromEntries(counts), { used: 1, unmatched: 2 }, 'also one that an operator has disabled')
})

t.test('without ageQuery every answer is new', async (t) => {
  const { feed, tell, rounds, member, prometheus, clock, counts } = await startFeed(t, 1, { ageQuery: '' })
  tell(['a', 0.5, 0])
  feed.start()
  await rounds(1)
  t.strictSame(prometheus.asked.map(({ query }) => query), [CPU])
  t.strictSame(member('n1').node.cpu, { ratio: 0.5, atMs: START })
  await clock.advance(1_000)
  tell(['a', 0.5, 0])
  await clock.advance(INTERVAL_MS - 1_000)
  await rounds(2)
  t.strictSame(member('n1').node.cpu, { ratio: 0.5, atMs: START + INTERVAL_MS })
  t.same(Object.fromEntries(counts), { used: 2 })
})

t.test('a node whose sample cannot be used is logged once, not at its first failure, and again when it is known', async (t) => {
  const { feed, tell, rounds, clock, logs, counts, cluster, member } = await startFeed(t, 4, { nodeSettings: [{}, {}, {}, { state: 'disabled' }] })
  const told = (): unknown[] => logs.filter(({ event }) => /^the CPU of nodes/.test(event)).map(({ level, event, fields }) => [level, event, fields])
  const round = async (count: number): Promise<void> => {
    if (count === 1) feed.start()
    else await clock.advance(INTERVAL_MS)
    await rounds(count)
  }
  tell(['a', 0.1, 1], ['b', 'NaN', 1])
  await round(1)
  t.strictSame(told(), [], 'one answer is none')
  await round(2)
  const reasons = [
    ['warn', 'the CPU of nodes is not known', { nodes: ['n2'], result: 'nan', reason: 'its value is not a number' }],
    ['warn', 'the CPU of nodes is not known', { nodes: ['n3'], result: 'missing', reason: 'no series has the instance c' }],
  ]
  t.strictSame(told(), reasons, 'nothing of the disabled one')
  await round(3)
  await round(4)
  t.strictSame(told(), reasons, 'once')
  tell(['a', 0.1, 1], ['c', 0.1, 1])
  await round(5)
  tell(['a', 0.1, 1], ['b', 0.1, 1], ['c', 0.1, 1])
  await round(6)
  t.strictSame(told().slice(2), [['info', 'the CPU of nodes is known again', { nodes: ['n3'] }]])
  await round(7)
  t.strictSame(told().slice(3), [['info', 'the CPU of nodes is known again', { nodes: ['n2'] }]])
  t.same(Object.fromEntries(counts), { used: 6, unchanged: 6, nan: 4, missing: 5 })
  t.equal(cluster.cpuOf(member('n4').node), undefined)
})

t.test('while Prometheus fails nodes keep their samples as long as those are fresh; what failed is logged once', async (t) => {
  const { feed, tell, rounds, clock, logs, prometheus, cluster, member, counts } = await startFeed(t, 1, { timeoutMs: 1_000 })
  const told = (): unknown[] => logs.map(({ level, event, fields }) => [level, event, fields])
  tell(['a', 0.5, 0])
  feed.start()
  await rounds(1)
  prometheus.answers.set(AGE, 'nonsense')
  await clock.advance(INTERVAL_MS)
  await rounds(2)
  t.equal(feed.trouble, 'the answer is not that of a Prometheus: is this its address?', 'one of its two queries is enough')
  await clock.advance(INTERVAL_MS)
  await rounds(3)
  prometheus.answers.set(CPU, hang)
  prometheus.answers.set(AGE, hang)
  await clock.advance(INTERVAL_MS)
  await rounds(4)
  t.equal(feed.trouble, 'no answer within 1000 ms')
  t.equal(cluster.cpuOf(member('n1').node), 0.5)
  clock.advanceSync(1)
  t.equal(cluster.cpuOf(member('n1').node), undefined)
  tell(['a', 0.7, 0])
  await clock.advance(INTERVAL_MS)
  await rounds(5)
  t.equal(feed.trouble, '')
  t.equal(cluster.cpuOf(member('n1').node), 0.7)
  t.strictSame(told(), [
    ['info', 'Prometheus tells the CPU of nodes', {}],
    ['warn', 'Prometheus does not tell the CPU of nodes', { reason: 'the answer is not that of a Prometheus: is this its address?' }],
    ['warn', 'Prometheus does not tell the CPU of nodes', { reason: 'no answer within 1000 ms' }],
    ['info', 'Prometheus tells the CPU of nodes', {}],
  ])
  t.same(Object.fromEntries(counts), { used: 2 }, 'a failure is no sample')
})

t.test('a slow round delays the next one, and none begins after the stop', async (t) => {
  const { feed, tell, clock, prometheus, member, counts } = await startFeed(t, 1)
  const late: { answer: () => void } = { answer: () => t.fail('it was not asked') }
  tell(['a', 0.5, 0])
  prometheus.answers.set(CPU, (response) => { late.answer = () => response.end(vector([['a', 0.5]])) })
  feed.start()
  await eventually(() => prometheus.waiting() === 1 && prometheus.asked.length === 2, 'one answer is waited for')
  await clock.advance(10 * INTERVAL_MS)
  t.equal(prometheus.asked.length, 2)
  const stop = { isOver: false }
  const stopped = feed.stop().then(() => { stop.isOver = true })
  await clock.advance(INTERVAL_MS)
  t.equal(stop.isOver, false, 'it waits for what is under way')
  late.answer()
  await stopped
  t.equal(member('n1').node.cpu, undefined, 'of which nothing is taken')
  t.equal(counts.size, 0)
  t.equal(clock.pending, 0)
  t.equal(prometheus.asked.length, 2)
})

t.test('the gateway shows what it knows, and works without', async (t) => {
  const clock = new ManualClock()
  const prometheus = await startFakePrometheus(t)
  prometheus.answers.set(CPU, vector([['127.0.0.1:9100', 0.123456]]))
  prometheus.answers.set(AGE, vector([['127.0.0.1:9100', PROMETHEUS_NOW_S - 7]]))
  const token = 'a-token-for-operators'
  const started = await startGateway(t, {
    nodes: 1,
    clock,
    config: { prometheus: { url: prometheus.origin, cpuQuery: CPU, ageQuery: AGE, interval: '2s', maxAge: '90s' }, management: { tokens: [token] } },
  })
  const text = async (path: string): Promise<string> => await (await fetch(`${started.origin}${path}`, { headers: { authorization: `Bearer ${token}` } })).text()
  const cpu = async (): Promise<unknown> => (JSON.parse(await text('/api/v1/nodes/bbb-01')) as Record<string, unknown>)['cpu']
  const samples = async (): Promise<string[]> => (await text('/metrics')).split('\n').filter((line) => /^ensemble_(node_cpu|prometheus)_/.test(line))
  await eventually(() => prometheus.asked.length === 2 && started.gateway.cluster.members.get('bbb-01')?.node.cpu !== undefined, 'it is asked at once')
  t.equal(await cpu(), 0.1235)
  t.strictSame(await samples(), [
    'ensemble_prometheus_samples_total{result="used"} 1',
    ...['unchanged', 'stale', 'nan', 'range', 'several', 'missing', 'unmatched'].map((result) => `ensemble_prometheus_samples_total{result="${result}"} 0`),
    'ensemble_node_cpu_ratio{node="bbb-01"} 0.123456',
    'ensemble_prometheus_sample_age_seconds{node="bbb-01"} 7',
    'ensemble_prometheus_up 1',
  ])
  t.equal(await text('/readyz'), '{"ready":true,"missing":[],"degraded":[]}')

  prometheus.answers.clear()
  prometheus.answers.set('', hang)
  await clock.advance(2_000)
  await eventually(() => prometheus.waiting() === 2, 'it is asked again')
  t.match((await started.call('create', { meetingID: 'room', name: 'Room' })).body, '<returncode>SUCCESS</returncode>')
  t.match((await started.call('getMeetings')).body, '<meetingID>room</meetingID>', 'nobody waits for Prometheus')
  await eventually(() => prometheus.waiting() === 0, 'it is no longer waited for')
  await eventually(() => started.logs.some(({ event }) => event === 'Prometheus does not tell the CPU of nodes'), 'it is logged')
  t.match(await text('/readyz'), '"ready":true,"missing":[],"degraded":["Prometheus does not tell the CPU of nodes: no answer within 2000 ms"]}')
  clock.advanceSync(81_001)
  t.equal(await cpu(), null)
  t.strictSame((await samples()).slice(-2), ['ensemble_prometheus_sample_age_seconds{node="bbb-01"} 90.001', 'ensemble_prometheus_up 0'], 'and no ratio')
})
