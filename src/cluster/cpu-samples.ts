import { isInstance, parseInstance } from './instance.js'
import type { CpuSample, NodeSettings } from './node.js'
import type { Series } from './prometheus-client.js'

/** rate() extrapolates to the ends of its window, so an idle node may be a little below 0, and a full one above 1. */
const EXCESS = 0.05

/** What became of the answer about a node, or of a series. */
export const CPU_RESULTS = ['used', 'unchanged', 'stale', 'nan', 'range', 'several', 'missing', 'unmatched'] as const
export type CpuResult = typeof CPU_RESULTS[number]

/** A node as its series are looked for. */
export interface SampledNode {
  readonly id: string
  /** As in the configuration: a host, or a host with a port. */
  readonly prometheusInstance: string
}

export function sampledNode ({ id, url, prometheusInstance }: NodeSettings): SampledNode {
  return { id, prometheusInstance: prometheusInstance ?? new URL(url).hostname }
}

/** One round's answers. */
export interface CpuAnswers {
  readonly cpu: readonly Series[]
  /** When what is behind `cpu` was scraped; undefined where nobody asked: then it counts as new. */
  readonly ages: readonly Series[] | undefined
  /** When the question was asked, by our clock. */
  readonly askedAtMs: number
}

/** What was found about one node. */
export interface CpuFinding {
  readonly nodeId: string
  readonly result: Exclude<CpuResult, 'unchanged' | 'unmatched'>
  /** Those with its instance. */
  readonly series: readonly Series[]
  /** '' if the sample can be used; else why not. */
  readonly why: string
  /** Where there is one that can be used. */
  readonly sample?: CpuSample
  /** When it was scraped by Prometheus' clock: the same again is the same sample. */
  readonly scrapedAtMs?: number
  /** How long ago that was; undefined where it is not known. */
  readonly ageMs?: number | undefined
}

/** Finds each node's sample in a round's answers, and how many series belong to no node. */
export function findCpuSamples (nodes: Iterable<SampledNode>, answers: CpuAnswers, maxAgeMs: number): { findings: CpuFinding[], unmatched: number } {
  const byHost = new Map<string, Series[]>()
  for (const series of answers.cpu) {
    const { host } = parseInstance(series.labels['instance'] ?? '')
    const known = byHost.get(host)
    if (known === undefined) byHost.set(host, [series])
    else known.push(series)
  }
  const matched = new Set<Series>()
  const scrapes = scrapeTimes(answers.ages ?? [])
  const findings = Array.from(nodes, ({ id, prometheusInstance }): CpuFinding => {
    const wanted = parseInstance(prometheusInstance)
    const series = (byHost.get(wanted.host) ?? []).filter(({ labels }) => isInstance(parseInstance(labels['instance'] ?? ''), wanted))
    for (const each of series) matched.add(each)
    return { nodeId: id, series, ...judge(series, prometheusInstance, scrapes, answers, maxAgeMs) }
  })
  return { findings, unmatched: answers.cpu.length - matched.size }
}

/** What a finding says besides its node and series. */
type Judgement = Omit<CpuFinding, 'nodeId' | 'series'>

interface Scrape {
  readonly atMs: number
  readonly ageMs: number
}

function judge (found: readonly Series[], instance: string, scrapes: ReadonlyMap<string, Scrape>, { ages, askedAtMs }: CpuAnswers, maxAgeMs: number): Judgement {
  const [series] = found
  if (series === undefined) return { result: 'missing', why: `no series has the instance ${instance}` }
  // Which of them is the node's CPU only an operator can tell.
  if (found.length > 1) return { result: 'several', why: `${found.length} series have the instance ${instance}: cpuQuery must give one, or prometheusInstance name one with its port` }
  const scrape = ages === undefined ? { atMs: series.atMs, ageMs: 0 } : scrapes.get(series.labels['instance'] ?? '')
  const ageMs = scrape?.ageMs
  const { value } = series
  if (!Number.isFinite(value)) return { result: 'nan', why: 'its value is not a number', ageMs }
  if (value < -EXCESS || value > 1 + EXCESS) return { result: 'range', why: `its value is ${shortened(value)}: cpuQuery must give 0 to 1`, ageMs }
  if (scrape === undefined) {
    // A failed scrape takes the series out of what ageQuery sees at once, while rate() goes on with what it has.
    return { result: 'stale', why: 'its last scrape failed, or ageQuery gives no series with its instance' }
  }
  if (scrape.ageMs > maxAgeMs) return { result: 'stale', why: `it was scraped ${Math.round(scrape.ageMs / 1000)} s ago`, ageMs }
  return {
    result: 'used',
    why: '',
    // By our clock, which may differ from the one of Prometheus.
    sample: { ratio: Math.min(1, Math.max(0, value)), atMs: askedAtMs - scrape.ageMs },
    scrapedAtMs: scrape.atMs,
    ageMs,
  }
}

/** Instance → when it was last scraped. */
function scrapeTimes (ages: readonly Series[]): ReadonlyMap<string, Scrape> {
  const scrapes = new Map<string, Scrape>()
  for (const { labels, value, atMs } of ages) {
    const scrapedAtMs = Math.round(value * 1000)
    const instance = labels['instance'] ?? ''
    if (!Number.isFinite(scrapedAtMs) || scrapedAtMs <= (scrapes.get(instance)?.atMs ?? -Infinity)) continue
    scrapes.set(instance, { atMs: scrapedAtMs, ageMs: Math.max(0, atMs - scrapedAtMs) })
  }
  return scrapes
}

function shortened (value: number): string {
  return String(Math.round(value * 1000) / 1000)
}
