import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { check } from '../../src/commands/check.js'
import { startSimulatedNode, type SimulatedNode } from '../../src/simulator/simulated-node.js'
import { startGateway, SECRET, type TestGateway } from '../helpers/gateway.js'
import { startNodeExporter, startPrometheus } from '../helpers/prometheus.js'
import { findProgram } from '../helpers/server.js'
import { eventually } from '../helpers/process.js'

const prometheusProgram = findProgram('prometheus')
const exporterProgram = findProgram('prometheus-node-exporter')
const skip = prometheusProgram.skip !== false ? prometheusProgram.skip : exporterProgram.skip

/** For scrapes twice a second: what is gone is to show soon. */
const CPU_QUERY = '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[3s]))'
const ASKING = { interval: '1s', cpuQuery: CPU_QUERY, maxAge: '3s' }
const CREATES = 60
const TOKEN = 'a-token-for-operators'
const LISTED_SECRET = 'secret-of-all-nodes-on-the-list'

/** A node that Prometheus is to list. */
async function startListed (port = 0): Promise<SimulatedNode> {
  return await startSimulatedNode({ secret: LISTED_SECRET, port })
}

/** What a gateway says of itself: the value of every series whose name begins like that. */
async function metrics ({ origin }: TestGateway, start: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${origin}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith(`ensemble_${start}`))
  return Object.fromEntries(lines.map((line) => [line.slice('ensemble_'.length, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}

/** Waits until the gateway says that Prometheus is up, 1, or not, 0. */
async function saysUp (gateway: TestGateway, up: number): Promise<void> {
  await eventually(`prometheus_up ${up}`, async () => (await metrics(gateway, 'prometheus_up'))['prometheus_up'] === up || undefined)
}

async function degradedOf ({ origin }: TestGateway): Promise<string[]> {
  const answer = await fetch(`${origin}/readyz`)
  return (await answer.json() as { degraded: string[] }).degraded
}

async function nodesOf ({ origin }: TestGateway): Promise<Array<{ id: string, state: string, listed: boolean, cpu: number | null }>> {
  const answer = await fetch(`${origin}/api/v1/nodes`, { headers: { authorization: `Bearer ${TOKEN}` } })
  return (await answer.json() as { nodes: Array<{ id: string, state: string, listed: boolean, cpu: number | null }> }).nodes
}

async function cpuOf (gateway: TestGateway, id: string): Promise<number | undefined> {
  return (await metrics(gateway, 'node_cpu_ratio'))[`node_cpu_ratio{node="${id}"}`]
}

/** Runs `ensemble check`; gives its exit code and what it printed. */
async function checked (path: string, strict: boolean): Promise<{ code: number, text: string }> {
  const lines: string[] = []
  const code = await check(path, { offline: false, strict }, (line) => { lines.push(line) })
  return { code, text: lines.join('\n') }
}

t.test('a real Prometheus', { skip }, async (t) => {
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => startSimulatedNode({ secret: `secret-of-${name}`, name })))
  if (a === undefined || b === undefined || c === undefined) throw new Error('nodes are missing')
  const nodes = [a, b, c]
  t.teardown(async () => { await Promise.all(nodes.map((node) => node.close())) })
  a.meetings.create({ meetingID: 'busy', name: 'Busy' })
  a.meetings.addUsers('busy', 60, { hasVideo: false, isListeningOnly: true })
  const onList = await Promise.all([startListed(), startListed()])
  t.teardown(async () => { await Promise.all(onList.map((node) => node.close())) })
  const [first, second] = onList
  const exporter = await startNodeExporter(t, exporterProgram.path)
  const prometheus = await startPrometheus(t, prometheusProgram.path, {
    simulated: [{ target: `127.0.0.1:${a.port}`, instance: 'bbb-01.example.org:9100' }, { target: `127.0.0.1:${b.port}`, instance: 'BBB-02.example.org:9100' }],
    node: [{ target: `127.0.0.1:${exporter.port}`, instance: 'bbb-03.example.org:9100' }],
    bbb: [{ target: `127.0.0.1:${first.port}` }, { target: `localhost:${second.port}` }],
  })
  const config = {
    management: { tokens: [TOKEN] },
    prometheus: { url: prometheus.origin, ...ASKING },
    poll: { interval: '1s', timeout: '1s' },
  }
  const nodeConfig = [{ prometheusInstance: 'bbb-01.example.org:9100' }, { prometheusInstance: 'bbb-02.example.org' }, { prometheusInstance: 'bbb-03.example.org' }]
  const gateway = await startGateway(t, { running: nodes, nodeConfig, config })
  const directory = mkdtempSync(join(tmpdir(), 'ensemble-check-'))
  t.teardown(() => { rmSync(directory, { recursive: true, force: true }) })
  const configPath = join(directory, 'ensemble.yaml')
  writeFileSync(configPath, JSON.stringify({
    secrets: [SECRET],
    keys: ['a-key-for-tests-only'],
    ...config,
    nodes: nodes.map(({ url, secret }, index) => ({ id: `bbb-0${index + 1}`, url, secret, ...nodeConfig[index] })),
  }))

  await t.test('samples arrive and are those of their nodes', async (t) => {
    const expected = a.cpuUtilisation
    t.ok(expected > 0.1, 'the busy one is busy')
    await eventually('the CPU of all to be known', async () => Object.keys(await metrics(gateway, 'node_cpu_ratio')).length === 3 || undefined)
    await eventually('the CPU of the busy one', async () => Math.abs((await cpuOf(gateway, 'bbb-01') ?? 0) - expected) < 0.02 || undefined)
    await eventually('the CPU of the idle one', async () => Math.abs((await cpuOf(gateway, 'bbb-02') ?? 1) - b.cpuUtilisation) < 0.02 || undefined)
    const real = await cpuOf(gateway, 'bbb-03') ?? -1
    t.ok(real >= 0 && real <= 1, `${real} is a share`)
    for (const [name, ageS] of Object.entries(await metrics(gateway, 'prometheus_sample_age_seconds'))) t.ok(ageS >= 0 && ageS < 5, `${name}: ${ageS} s`)
    await saysUp(gateway, 1)
    const { 'prometheus_samples_total{result="used"}': used = 0, 'prometheus_samples_total{result="unmatched"}': unmatched = 0 } = await metrics(gateway, 'prometheus_samples_total')
    t.ok(used >= 3 && unmatched >= 2, 'and others belong to no node')
    t.ok((await nodesOf(gateway)).every(({ cpu }) => cpu !== null))
    await eventually('nothing to be degraded', async () => (await degradedOf(gateway)).length === 0 || undefined)
  })

  await t.test('ensemble check shows them', async (t) => {
    const { code, text } = await checked(configPath, true)
    t.equal(code, 0)
    t.match(text, 'every node answered')
    t.match(text, `Prometheus at ${prometheus.origin}`)
    t.match(text, /^bbb-01 +\d+ % +[01234] s ago +\{instance="bbb-01.example.org:9100"\} +fine$/m)
    t.match(text, /^bbb-02 +\d+ % +[01234] s ago +\{instance="BBB-02.example.org:9100"\} +fine$/m)
    t.match(text, /^bbb-03 +\d+ % +[01234] s ago +\{instance="bbb-03.example.org:9100"\} +fine$/m)
    t.match(text, '2 more series belong to no node')
  })

  await t.test('the sample of a node whose exporter has stopped is not used any more', async (t) => {
    await exporter.stop()
    const { 'prometheus_samples_total{result="stale"}': before = 0 } = await metrics(gateway, 'prometheus_samples_total')
    await eventually('its sample to be stale', async () => ((await metrics(gateway, 'prometheus_samples_total'))['prometheus_samples_total{result="stale"}'] ?? 0) > before || undefined)
    const lastAgeS = async (): Promise<number> => (await metrics(gateway, 'prometheus_sample_age_seconds'))['prometheus_sample_age_seconds{node="bbb-03"}'] ?? -1
    const ageS = await lastAgeS()
    t.match((await checked(configPath, true)).text, /^bbb-03 .*(its last scrape failed, or ageQuery gives no series with its instance|no series has the instance bbb-03\.example\.org)$/m)
    t.ok(await lastAgeS() > ageS, 'rate() still tells the same for a while, and is not taken for new')
    await eventually('its CPU to be unknown', async () => await cpuOf(gateway, 'bbb-03') === undefined || undefined)
    t.equal((await nodesOf(gateway)).find(({ id }) => id === 'bbb-03')?.cpu, null)
    t.type(await cpuOf(gateway, 'bbb-01'), 'number', 'the others are not concerned')
    await eventually('it to be logged', () => gateway.logs.some(({ event, fields }) => event === 'the CPU of nodes is not known' && String(fields['nodes']) === 'bbb-03') || undefined)
    await saysUp(gateway, 1)
    await exporter.start()
    await eventually('it to be known again', async () => await cpuOf(gateway, 'bbb-03') !== undefined || undefined)
  })

  await t.test('while it hangs or is gone, placing goes on as fast as before', async (t) => {
    /** How long the middle one of so many creates takes. */
    let created = 0
    const medianMs = async (): Promise<number> => {
      const durations: number[] = []
      for (let i = 0; i < CREATES; i++) {
        const startedAtMs = performance.now()
        const { body } = await gateway.call('create', { meetingID: `room-${++created}`, name: 'Room' })
        durations.push(performance.now() - startedAtMs)
        if (!body.includes('<returncode>SUCCESS</returncode>')) t.fail('a create failed', { body })
      }
      return durations.sort((x, y) => x - y)[CREATES / 2] ?? Infinity
    }
    const usualMs = await medianMs()
    prometheus.freeze()
    await saysUp(gateway, 0)
    const frozenMs = await medianMs()
    t.ok(frozenMs < 3 * usualMs + 20, `${frozenMs} ms while it hangs, ${usualMs} ms before`)
    await prometheus.stop('SIGKILL')
    const refused = `cannot reach it: connect ECONNREFUSED 127.0.0.1:${prometheus.port}`
    await eventually('it to be refused', async () => String(await degradedOf(gateway)) === `Prometheus does not tell the CPU of nodes: ${refused}` || undefined)
    const goneMs = await medianMs()
    t.ok(goneMs < 3 * usualMs + 20, `${goneMs} ms while it is gone, ${usualMs} ms before`)
    t.equal((await metrics(gateway, 'prometheus_up'))['prometheus_up'], 0)
    await eventually('every CPU to be unknown', async () => Object.keys(await metrics(gateway, 'node_cpu_ratio')).length === 0 || undefined)
    t.equal((await fetch(`${gateway.origin}/readyz`)).status, 200, 'that is no reason to send nobody here')
    for (const [strict, code] of [[false, 0], [true, 1]] as const) {
      const result = await checked(configPath, strict)
      t.equal(result.code, code, strict ? 'with --strict' : 'without --strict')
      t.match(result.text, `prometheus.cpuQuery: ${refused}`)
    }
  })

  await t.test('once it is back so is the CPU', async () => {
    await prometheus.start()
    await eventually('the CPU of all to be known', async () => Object.keys(await metrics(gateway, 'node_cpu_ratio')).length === 3 || undefined)
    await saysUp(gateway, 1)
  })

  await t.test('it lists the nodes: one that it cannot scrape is drained, and comes back', async (t) => {
    const config = {
      management: { tokens: [TOKEN] },
      poll: { interval: '500ms', timeout: '400ms' },
      prometheus: {
        url: prometheus.origin,
        ...ASKING,
        discover: { query: 'up{job="bbb"} == 1', url: 'http://{instance}/bigbluebutton/api', secret: LISTED_SECRET },
      },
    }
    const gateway = await startGateway(t, { running: [], config })
    const states = async (): Promise<Record<string, string>> =>
      Object.fromEntries((await nodesOf(gateway)).map(({ id, state, listed }) => [id, listed ? state : `${state}, off the list`]))
    const become = async (expected: Record<string, string>): Promise<void> => {
      await eventually(`the nodes to be ${JSON.stringify(expected)}`, async () => JSON.stringify(Object.entries(await states()).sort()) === JSON.stringify(Object.entries(expected).sort()) || undefined)
    }

    await become({ '127.0.0.1': 'enabled', localhost: 'enabled' })
    await eventually('all to be ready', async () => (await fetch(`${gateway.origin}/readyz`)).status === 200 || undefined)
    await eventually('their CPU to be known', async () => Object.keys(await metrics(gateway, 'node_cpu_ratio')).length === 2 || undefined)
    const configPath = join(directory, 'listed.yaml')
    writeFileSync(configPath, JSON.stringify({ secrets: [SECRET], keys: ['a-key-for-tests-only'], ...config }))
    const { code, text } = await checked(configPath, true)
    t.equal(code, 0)
    t.match(text, `${configPath}: 0 nodes and those that Prometheus lists, no errors`)
    t.match(text, /^localhost +enabled +0 +0 +\d+ +fine$/m)
    t.match(text, 'prometheus.discover.query lists 2 instances')
    t.match(text, new RegExp(`^localhost +\\d+ % +\\d+ s ago +\\{instance="localhost:${second.port}"\\} +fine$`, 'm'))

    second.meetings.create({ meetingID: 'room', name: 'Room' })
    await eventually('its meeting to be known', async () => (await gateway.call('getMeetingInfo', { meetingID: 'room' })).body.includes('<meetingID>room</meetingID>') || undefined)
    await second.close()
    await become({ '127.0.0.1': 'enabled', localhost: 'draining, off the list' })
    for (let i = 0; i < 5; i++) await gateway.call('create', { meetingID: `new-${i}`, name: 'New' })
    t.equal(first.meetings.list().length, 5, 'new meetings go to the other')

    onList[1] = await startListed(second.port)
    await become({ '127.0.0.1': 'enabled', localhost: 'enabled' })
  })
})
