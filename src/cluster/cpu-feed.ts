import type { Clock } from '../clock.js'
import type { Log } from '../log.js'
import type { Cluster } from './cluster.js'
import { findCpuSamples, sampledNode, type CpuAnswers, type CpuFinding, type CpuResult } from './cpu-samples.js'
import { PrometheusError, type PrometheusClient, type PrometheusFailure } from './prometheus-client.js'
import { Rounds } from './rounds.js'

export interface CpuFeedOptions {
  readonly cluster: Cluster
  readonly client: PrometheusClient
  readonly clock: Clock
  readonly log: Log
  readonly intervalMs: number
  readonly maxAgeMs: number
  readonly cpuQuery: string
  /** '' takes every answer for new. */
  readonly ageQuery: string
  /** Told what became of the answers of a round. */
  readonly counted: (result: CpuResult, count: number) => void
}

/** Asks Prometheus how busy the nodes are and hands on what is good and new. Nothing in the gateway waits for it. */
export class CpuFeed {
  readonly #rounds: Rounds
  #trouble = 'it has not answered yet'
  /** Why the last round failed; 'none' if it did not, undefined before the first. */
  #failure: PrometheusFailure | 'none' | undefined
  /** By node: what was found the last time, and what was last logged. */
  readonly #results = new Map<string, { found: CpuFinding['result'], logged: CpuFinding['result'] }>()
  readonly #used = new Map<string, { scrapedAtMs: number, atMs: number }>()

  constructor (private readonly options: CpuFeedOptions) {
    this.#rounds = new Rounds({ ...options, name: 'reading the CPU of nodes', run: () => this.#round() })
  }

  /** Why the last question got no answer to work with; '' if it got one. */
  get trouble (): string { return this.#trouble }

  start (): void {
    this.#rounds.start()
  }

  async stop (): Promise<void> {
    await this.#rounds.stop()
  }

  async #round (): Promise<void> {
    const { cluster, maxAgeMs } = this.options
    let answers: CpuAnswers
    try {
      answers = await this.#ask()
    } catch (error) {
      if (!(error instanceof PrometheusError)) throw error
      if (!this.#rounds.isStopped) this.#failed(error)
      return
    }
    if (this.#rounds.isStopped) return
    this.#answered()
    const { findings: all, unmatched } = findCpuSamples(Array.from(cluster.members.values(), ({ node }) => sampledNode(node.settings)), answers, maxAgeMs)
    // Nobody wants to know of a disabled node, but its series are those of a node.
    const findings = all.filter(({ nodeId }) => cluster.members.get(nodeId)?.node.state !== 'disabled')
    for (const finding of findings) this.options.counted(this.#take(finding), 1)
    if (unmatched > 0) this.options.counted('unmatched', unmatched)
    this.#report(findings)
  }

  async #ask (): Promise<CpuAnswers> {
    const { client, clock, cpuQuery, ageQuery } = this.options
    const askedAtMs = clock.nowMs()
    const [cpu, ages] = await Promise.all([client.query(cpuQuery), ageQuery === '' ? undefined : client.query(ageQuery)])
    return { cpu, ages, askedAtMs }
  }

  /** Hands a good new sample on. */
  #take ({ nodeId, result, sample, scrapedAtMs = 0 }: CpuFinding): CpuResult {
    if (sample === undefined) return result
    const last = this.#used.get(nodeId)
    // Between two scrapes the same sample comes again; of two Prometheus side by side perhaps an older one.
    if (last !== undefined && (scrapedAtMs === last.scrapedAtMs || sample.atMs <= last.atMs)) return 'unchanged'
    this.#used.set(nodeId, { scrapedAtMs, atMs: sample.atMs })
    this.options.cluster.cpuSampled(nodeId, sample)
    return 'used'
  }

  #failed ({ reason, message }: PrometheusError): void {
    this.#trouble = message
    if (this.#failure === reason) return
    this.#failure = reason
    this.options.log.warn({ reason: message }, 'Prometheus does not tell the CPU of nodes')
  }

  #answered (): void {
    this.#trouble = ''
    if (this.#failure === 'none') return
    this.#failure = 'none'
    this.options.log.info({}, 'Prometheus tells the CPU of nodes')
  }

  /** Logs for which nodes it has changed whether and why their samples cannot be used, once that was found twice: one failed scrape is no news. */
  #report (findings: readonly CpuFinding[]): void {
    const known = new Set<string>()
    const changed = new Map<CpuFinding['result'], CpuFinding[]>()
    for (const finding of findings) {
      const { nodeId, result } = finding
      known.add(nodeId)
      const before = this.#results.get(nodeId)
      const logged = before?.logged ?? 'used'
      const isNews = before?.found === result && logged !== result
      if (isNews) changed.set(result, [...changed.get(result) ?? [], finding])
      this.#results.set(nodeId, { found: result, logged: isNews ? result : logged })
    }
    for (const [result, of] of changed) {
      const nodes = of.map(({ nodeId }) => nodeId)
      if (result === 'used') this.options.log.info({ nodes }, 'the CPU of nodes is known again')
      else this.options.log.warn({ nodes, result, reason: of[0]?.why }, 'the CPU of nodes is not known')
    }
    for (const each of [this.#results, this.#used]) {
      for (const nodeId of each.keys()) if (!known.has(nodeId)) each.delete(nodeId)
    }
  }
}
