import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { AnswerKind } from './cluster/answer-cache.js'
import type { Cluster } from './cluster/cluster.js'
import { CPU_RESULTS, type CpuResult } from './cluster/cpu-samples.js'
import { FAILURE_REASONS } from './cluster/node-client.js'
import { ADMINISTRATIVE_STATES, type Node } from './cluster/node.js'
import type { Observer } from './cluster/observer.js'
import type { PrometheusLink } from './cluster/prometheus-link.js'
import type { CallEnd } from './routes/api.js'

const CALL_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const NODE_SECONDS = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Everything the gateway counts, in a registry of its own; labels never hold a meeting id. */
export interface Metrics {
  readonly registry: Registry
  readonly observer: Observer
  callEnded (end: CallEnd): void
  cacheAnswered (call: string, kind: AnswerKind): void
  cpuSampled (result: CpuResult, count: number): void
  /** Adds the series that are read off the cluster, and off what it has from Prometheus, when Prometheus asks. */
  watch (cluster: Cluster, prometheus: PrometheusLink | undefined, nowMs: () => number): void
}

export function createMetrics (version: string): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry, prefix: 'ensemble_' })
  new Gauge({ name: 'ensemble_build_info', help: 'Always 1; the version is in the label.', labelNames: ['version', 'node_version'], registers })
    .set({ version, node_version: process.version }, 1)

  const requests = new Counter({ name: 'ensemble_requests_total', help: 'Calls of clients that were answered.', labelNames: ['call', 'tenant', 'result'], registers })
  const duration = new Histogram({ name: 'ensemble_request_duration_seconds', help: 'Time from a call\'s arrival to its answer.', labelNames: ['call'], buckets: CALL_SECONDS, registers })
  const cacheAnswers = new Counter({ name: 'ensemble_cache_answers_total', help: 'Where answers came from: asked of the node, shared with an equal question under way, or kept.', labelNames: ['call', 'kind'], registers })
  const nodeDuration = new Histogram({ name: 'ensemble_node_request_duration_seconds', help: 'Time a node took for a request, polls included.', labelNames: ['node'], buckets: NODE_SECONDS, registers })
  const nodeErrors = new Counter({ name: 'ensemble_node_request_errors_total', help: 'Requests to a node without a whole answer, or with a 5xx status.', labelNames: ['node', 'reason'], registers })
  const pollFailures = new Counter({ name: 'ensemble_poll_failures_total', help: 'Polls of a node that failed.', labelNames: ['node'], registers })
  const malformed = new Counter({ name: 'ensemble_poll_malformed_meetings_total', help: 'Meetings in polls with a part nobody could read.', labelNames: ['node'], registers })
  const placements = new Counter({ name: 'ensemble_placements_total', help: 'New meetings placed on a node.', labelNames: ['node'], registers })
  const placementFailures = new Counter({ name: 'ensemble_placement_failures_total', help: 'New meetings that no node took.', labelNames: ['reason'], registers })
  const failovers = new Counter({ name: 'ensemble_failovers_total', help: 'Meetings opened again on another node because theirs was down.', registers })

  const samples = new Counter({ name: 'ensemble_prometheus_samples_total', help: 'What became of the answers about the CPU of nodes.', labelNames: ['result'], registers })

  const durations = new Map<string, { observe (seconds: number): void }>()
  return {
    registry,
    observer: {
      nodeRequest (node, durationMs, error) {
        nodeDuration.observe({ node }, durationMs / 1000)
        if (error !== '') nodeErrors.inc({ node, reason: error })
      },
      pollFailed: (node) => pollFailures.inc({ node }),
      malformedMeetings: (node, count) => malformed.inc({ node }, count),
      placed: (node) => placements.inc({ node }),
      placementFailed: (reason) => placementFailures.inc({ reason }),
      failedOver: () => failovers.inc(),
      nodeRemoved (node) {
        for (const each of [nodeDuration, pollFailures, malformed, placements]) each.remove({ node })
        for (const reason of FAILURE_REASONS) nodeErrors.remove({ node, reason })
      },
    },
    callEnded ({ call, tenantId, durationMs, answer }) {
      requests.inc({ call, tenant: tenantId, result: answer.result })
      let ofCall = durations.get(call)
      if (ofCall === undefined) durations.set(call, ofCall = duration.labels({ call }))
      ofCall.observe(durationMs / 1000)
    },
    cacheAnswered: (call, kind) => cacheAnswers.inc({ call, kind }),
    cpuSampled: (result, count) => samples.inc({ result }, count),
    watch (cluster, prometheus, nowMs) {
      watchCluster(registry, cluster, nowMs)
      if (prometheus === undefined) return
      for (const result of CPU_RESULTS) samples.inc({ result }, 0)
      const up = new Gauge({
        name: 'ensemble_prometheus_up',
        help: '1 if Prometheus answered everything it was asked the last time.',
        registers,
        collect () { up.set(Number(prometheus.troubles.length === 0)) },
      })
    },
  }
}

function watchCluster (registry: Registry, cluster: Cluster, nowMs: () => number): void {
  const registers = [registry]

  function single (name: string, help: string, read: () => number): Gauge {
    return new Gauge({ name: `ensemble_${name}`, help, registers, collect () { this.set(read()) } })
  }

  /** A node of which it is not known has no series. */
  function perNode (name: string, help: string, read: (node: Node) => number | undefined): Gauge<'node'> {
    return new Gauge({
      name: `ensemble_${name}`,
      help,
      labelNames: ['node'],
      registers,
      collect () {
        this.reset()
        for (const { node } of cluster.members.values()) {
          const value = read(node)
          if (value !== undefined) this.set({ node: node.id }, value)
        }
      },
    })
  }

  single('directory_meetings', 'Meetings known.', () => cluster.directory.size)
  single('duplicate_meetings', 'Meetings known on more than one node.', () => cluster.directory.duplicates)
  single('isolated', '1 while most nodes fail at once.', () => Number(cluster.isolation.isIsolated))
  single('nodes_placeable', 'Nodes that may take a new meeting.', () =>
    Array.from(cluster.members.values()).filter(({ node }) => node.state === 'enabled' && node.health !== 'down').length)
  perNode('node_up', '1 if the node is up, 0 if it is suspect or down.', (node) => Number(node.health === 'up'))
  perNode('node_cpu_ratio', 'How busy the node is, from 0 to 1; none while no sample is fresh enough.', (node) => cluster.cpuOf(node))
  perNode('prometheus_sample_age_seconds', 'Age of the newest sample of the node\'s CPU.', ({ cpu }) => cpu === undefined ? undefined : (nowMs() - cpu.atMs) / 1000)
  perNode('node_meetings', 'Meetings on the node.', (node) => cluster.directory.onNode(node.id).size)
  perNode('node_participants', 'People on the node, those on their way included.', (node) => cluster.participantsOn(node))
  perNode('node_score', 'What the node carries, in parts of its own CPU, at the worst time of the coming hour and a half.', (node) => cluster.loadOf(node).score)
  perNode('poll_age_seconds', 'Time since the node last answered a poll; since the epoch if it never did.', (node) => (nowMs() - node.lastAnswerAtMs) / 1000)
  const state = new Gauge({
    name: 'ensemble_node_state',
    help: '1 for the state the operator wants of the node.',
    labelNames: ['node', 'state'],
    registers,
    collect () {
      state.reset()
      for (const { node } of cluster.members.values()) {
        for (const name of ADMINISTRATIVE_STATES) state.set({ node: node.id, state: name }, Number(node.state === name))
      }
    },
  })
}
