import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { check } from '../../src/commands/check.js'
import { startSimulatedNode } from '../../src/simulator/simulated-node.js'
import { PROMETHEUS_NOW_S, startFakePrometheus, vector } from '../cluster/fake-prometheus.js'

const CPU = 'how busy'
const AGE = 'how old'
const LIST = 'the list'
const NOWHERE = 'http://127.0.0.1:1/bigbluebutton/api'

/** Runs `ensemble check` on such nodes and such a Prometheus; gives its exit code and what it printed. */
async function checked (t: Test, nodes: readonly object[], prometheus: object, strict = false): Promise<{ code: number, lines: string[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'ensemble-check-'))
  t.teardown(() => { rmSync(directory, { recursive: true, force: true }) })
  mkdirSync(join(directory, 'secrets'))
  writeFileSync(join(directory, 'secrets/localhost'), 'a-secret\n')
  const path = join(directory, 'ensemble.yaml')
  writeFileSync(path, JSON.stringify({ secrets: ['a'], keys: ['b'], nodes, prometheus: { cpuQuery: CPU, ageQuery: AGE, ...prometheus } }))
  const lines: string[] = []
  const code = await check(path, { offline: false, strict }, (text) => lines.push(...text.split('\n')))
  return { code, lines: lines.map((line) => line.replaceAll(/ {2,}/g, ' | ').replace(directory, '')) }
}

t.test('of every node it says which sample would be used, or why none', async (t) => {
  const prometheus = await startFakePrometheus(t)
  prometheus.answers.set(CPU, vector([['good:9100', 0.125], ['nan:9100', 'NaN'], ['percent', 12.5], ['old', 0.5], ['dead', 0.5], ['two:1', 0.1], ['two:2', 0.1], ['web-01', 0.1], ['off', 0.1]]))
  prometheus.answers.set(AGE, vector(['good:9100', 'nan:9100', 'percent', 'old', 'two:1', 'two:2'].map((name) => [name, PROMETHEUS_NOW_S - (name === 'old' ? 300 : 7)])))
  const names = ['good', 'nan', 'percent', 'old', 'dead', 'two', 'none', 'off']
  const nodes = names.map((id) => ({ id, url: `${NOWHERE}/${id}`, secret: 's', prometheusInstance: id, state: id === 'off' ? 'disabled' : 'enabled' }))
  const { code, lines } = await checked(t, nodes, { url: prometheus.origin.replace('//', '//gateway:hunter2@') })
  t.equal(code, 0, 'a node without a sample is none that cannot be reached')
  const from = lines.findIndex((line) => line.startsWith('Prometheus at'))
  t.strictSame(lines.slice(from), [
    `Prometheus at ${prometheus.origin}`,
    'node | cpu | scraped | series | answer',
    'good | 13 % | 7 s ago | {instance="good:9100"} | fine',
    'nan | 7 s ago | {instance="nan:9100"} | its value is not a number',
    'percent | 7 s ago | {instance="percent"} | its value is 12.5: cpuQuery must give 0 to 1',
    'old | 300 s ago | {instance="old"} | it was scraped 300 s ago',
    'dead | {instance="dead"} | its last scrape failed, or ageQuery gives no series with its instance',
    'two | {instance="two:1"} and 1 more | 2 series have the instance two: cpuQuery must give one, or prometheusInstance name one with its port',
    'none | no series has the instance none',
    '1 more series belong to no node',
  ])
  t.notMatch(lines.join('\n'), 'hunter2')
})

t.test('nodes on the list are asked as well, and it says what on it is no node', async (t) => {
  const prometheus = await startFakePrometheus(t)
  const node = await startSimulatedNode({ secret: 'a-secret' })
  t.teardown(() => node.close())
  const instance = `localhost:${node.port}`
  prometheus.answers.set(LIST, vector([[instance, 1], ['127.1:80', 1], ['https://probed.example.org/\u001b[2J', 1]], { fields: { warnings: ['one store is away'] } }))
  prometheus.answers.set(CPU, vector([[instance, 0.5]]))
  prometheus.answers.set(AGE, vector([[instance, PROMETHEUS_NOW_S]]))
  const { code, lines } = await checked(t, [], { url: prometheus.origin, discover: { query: LIST, url: 'http://{instance}/bigbluebutton/api', secretFile: 'secrets/{host}' } }, true)
  t.equal(code, 0)
  t.equal(lines[0], '/ensemble.yaml: 0 nodes and those that Prometheus lists, no errors')
  t.match(lines[2], /^localhost \| enabled \| 0 \| 0 \| \d+ \| fine$/)
  const from = lines.findIndex((line) => line.startsWith('Prometheus at'))
  t.strictSame(lines.slice(from), [
    `Prometheus at ${prometheus.origin}`,
    'Prometheus warns: {"query":"the list","warning":"one store is away"}',
    'prometheus.discover.query lists 3 instances',
    'https://probed.example.org/\ufffd[2J is no node: its host cannot be the name of a node',
    '127.1:80 is no node: the file with its secret cannot be read: there is no such file',
    'node | cpu | scraped | series | answer',
    `localhost | 50 % | 0 s ago | {instance="${instance}"} | fine`,
  ])
})

t.test('a query that is not answered counts with --strict, whichever it is', async (t) => {
  const prometheus = await startFakePrometheus(t)
  const node = await startSimulatedNode({ secret: 'a-secret' })
  t.teardown(() => node.close())
  const nodes = [{ id: 'bbb-01', url: node.url, secret: 'a-secret' }]
  const settings = { url: prometheus.origin, discover: { query: LIST, url: 'http://{instance}/x', secret: 's' } }
  t.equal((await checked(t, nodes, settings, true)).code, 0)
  for (const [query, key] of [[CPU, 'cpuQuery'], [AGE, 'ageQuery'], [LIST, 'discover.query']] as const) {
    prometheus.answers.clear()
    prometheus.answers.set(query, '{}')
    for (const strict of [true, false]) {
      const { code, lines } = await checked(t, nodes, settings, strict)
      t.equal(code, strict ? 1 : 0)
      t.ok(lines.includes(`prometheus.${key}: the answer is not that of a Prometheus: is this its address?`), key)
      t.ok(lines.includes('every node answered'))
    }
  }
})
