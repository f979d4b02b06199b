import type { Clock } from '../clock.js'
import type { Log } from '../log.js'
import type { Cluster } from './cluster.js'
import { CpuFeed, type CpuFeedOptions } from './cpu-feed.js'
import { Discovery } from './discovery.js'
import type { NodeSettings } from './node.js'
import type { NodeTemplate, ReadSecret } from './node-list.js'
import { PrometheusClient } from './prometheus-client.js'

/** A query that takes longer is given up: nothing waits for it, but it keeps Prometheus busy. */
const LONGEST_QUERY_MS = 10_000

export interface PrometheusSettings {
  readonly url: string
  readonly interval: number
  readonly cpuQuery: string
  readonly ageQuery: string
  readonly maxAge: number
  readonly discover?: (NodeTemplate & { readonly query: string }) | undefined
}

export interface PrometheusLinkOptions {
  readonly settings: PrometheusSettings
  readonly cluster: Cluster
  readonly clock: Clock
  readonly log: Log
  readonly ca: string | undefined
  readonly configured: readonly NodeSettings[]
  readonly readSecret: ReadSecret
  readonly counted: CpuFeedOptions['counted']
}

/** Everything that the gateway has from Prometheus: the CPU of nodes, and perhaps the nodes themselves. */
export class PrometheusLink {
  readonly discovery: Discovery | undefined
  readonly #feed: CpuFeed
  readonly #client: PrometheusClient

  constructor ({ settings, cluster, clock, log, ca, configured, readSecret, counted }: PrometheusLinkOptions) {
    const { url, interval, cpuQuery, ageQuery, maxAge, discover } = settings
    const client = this.#client = new PrometheusClient({ url, timeoutMs: queryTimeoutMs(interval), ca, log })
    const asking = { cluster, client, clock, log, intervalMs: interval }
    this.#feed = new CpuFeed({ ...asking, maxAgeMs: maxAge, cpuQuery, ageQuery, counted })
    this.discovery = discover === undefined ? undefined : new Discovery({ ...asking, query: discover.query, template: discover, configured, readSecret })
  }

  /** What was not answered the last time it was asked, in words. */
  get troubles (): string[] {
    return [
      ...saying('Prometheus does not tell the CPU of nodes', this.#feed.trouble),
      ...saying('Prometheus does not list the nodes', this.discovery?.trouble ?? ''),
    ]
  }

  start (): void {
    this.#feed.start()
    this.discovery?.start()
  }

  async stop (): Promise<void> {
    const stopped = Promise.all([this.#feed.stop(), this.discovery?.stop()])
    // What is under way would else be waited for.
    await this.#client.close()
    await stopped
  }
}

/** How long a query may take. */
export function queryTimeoutMs (intervalMs: number): number {
  return Math.min(intervalMs, LONGEST_QUERY_MS)
}

function saying (what: string, trouble: string): string[] {
  return trouble === '' ? [] : [`${what}: ${trouble}`]
}
