import { readFileSync } from 'node:fs'
import { findCpuSamples, sampledNode, type CpuFinding } from '../cluster/cpu-samples.js'
import { instancesOf } from '../cluster/discovery.js'
import { readNodeList, secretsOf, settingsOf } from '../cluster/node-list.js'
import type { NodeSettings } from '../cluster/node.js'
import { PrometheusClient, PrometheusError, withoutPassword, type Series } from '../cluster/prometheus-client.js'
import { queryTimeoutMs } from '../cluster/prometheus-link.js'
import type { Config } from '../config/schema.js'
import { readSecretFile } from '../config/secrets.js'
import { printable, table } from './table.js'

const LONGEST_LABELS = 80

/** What Prometheus told. */
export interface PrometheusCheck {
  /** Nodes that it lists, besides those of the configuration. */
  readonly listed: readonly NodeSettings[]
  /** Whether every query was answered. */
  readonly isFine: boolean
  /** What was found, for people. */
  readonly lines: readonly string[]
}

/** Asks Prometheus everything that the gateway would ask it, and says what the gateway would make of it. */
export async function checkPrometheus (config: Config, settings: NonNullable<Config['prometheus']>, ca: string | undefined): Promise<PrometheusCheck> {
  const { url, interval, cpuQuery, ageQuery, maxAge, discover } = settings
  const lines: string[] = []
  const say = (line: string): void => { lines.push(printable(line)) }
  const client = new PrometheusClient({
    url,
    timeoutMs: queryTimeoutMs(interval),
    ca,
    log: { info: () => {}, warn: (fields) => say(`Prometheus warns: ${JSON.stringify(fields)}`), error: () => {} },
  })
  let isFine = true
  const ask = async (key: string, query: string): Promise<Series[] | undefined> => {
    try {
      return await client.query(query)
    } catch (error) {
      if (!(error instanceof PrometheusError)) throw error
      isFine = false
      say(`prometheus.${key}: ${error.message}`)
      return undefined
    }
  }
  try {
    say(`Prometheus at ${withoutPassword(url)}`)
    const askedAtMs = Date.now()
    const [list, cpu, ages] = await Promise.all([
      discover === undefined ? undefined : ask('discover.query', discover.query),
      ask('cpuQuery', cpuQuery),
      ageQuery === '' ? undefined : ask('ageQuery', ageQuery),
    ])
    const listed = list === undefined || discover === undefined ? [] : nodesOn(list, discover, config.nodes, say)
    if (cpu !== undefined && (ageQuery === '' || ages !== undefined)) {
      const nodes = [...config.nodes, ...listed]
      const { findings, unmatched } = findCpuSamples(nodes.map(sampledNode), { cpu, ages, askedAtMs }, maxAge)
      const disabled = new Set(nodes.filter(({ state }) => state === 'disabled').map(({ id }) => id))
      lines.push(table(['node', 'cpu', 'scraped', 'series', 'answer'], findings.filter(({ nodeId }) => !disabled.has(nodeId)).map(row)))
      if (unmatched > 0) say(`${unmatched} more series belong to no node`)
    }
    return { listed, isFine, lines }
  } finally {
    await client.close()
  }
}

function nodesOn (list: readonly Series[], discover: NonNullable<NonNullable<Config['prometheus']>['discover']>, configured: readonly NodeSettings[], say: (line: string) => void): NodeSettings[] {
  const { nodes, refused } = readNodeList(instancesOf(list), discover, configured, () => undefined)
  say(`prometheus.discover.query lists ${list.length} instances`)
  for (const [instance, reason] of refused) say(`${instance === '' ? 'a series' : instance} is no node: ${reason}`)
  return nodes.flatMap((node) => {
    const { secrets, trouble } = secretsOf(node, discover, (path) => readSecretFile(path, { directory: '/', read: (file) => readFileSync(file, 'utf8') }))
    if (trouble === '') return [settingsOf(node, secrets, discover)]
    say(`${node.instance} is no node: ${trouble}`)
    return []
  })
}

function row ({ nodeId, sample, ageMs, series, why }: CpuFinding): Array<string | number> {
  const [first] = series
  const labels = first === undefined ? '' : inShort(first.labels)
  return [
    nodeId,
    sample === undefined ? '' : `${Math.round(sample.ratio * 100)} %`,
    ageMs === undefined ? '' : `${Math.round(ageMs / 1000)} s ago`,
    series.length > 1 ? `${labels} and ${series.length - 1} more` : labels,
    why === '' ? 'fine' : why,
  ]
}

function inShort (labels: Series['labels']): string {
  const text = `{${Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`
  return text.length > LONGEST_LABELS ? `${text.slice(0, LONGEST_LABELS - 1)}…` : text
}
