import type { Test } from 'tap'
import type { Clock } from '../../src/clock.js'
import { Cluster, type ClusterSettings, type Member } from '../../src/cluster/cluster.js'
import type { NodeSettings } from '../../src/cluster/node.js'
import { startSimulatedNode, type SimulatedNode } from '../../src/simulator/simulated-node.js'
import type { LogLine } from '../helpers/gateway.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { eventually } from './servers.js'

export const INTERVAL_MS = 5_000
/** How long an empty node is kept for calls that may be under way. */
export const LONGEST_CALL_MS = 70_000

export interface TestCluster {
  readonly cluster: Cluster
  readonly clock: ManualClock
  /** By the ids n1, n2 … */
  readonly nodes: SimulatedNode[]
  readonly logs: LogLine[]
  /** How often something was said to have changed that should survive a restart. */
  readonly changed: () => number
  member (id: string): Member
  /** Moves the clock on by an interval and waits until every node that is polled has been polled. */
  nextPolls (): Promise<void>
}

export interface TestClusterOptions {
  readonly nodes?: number
  /** Settings of each node, by its place. */
  readonly nodeSettings?: ReadonlyArray<Partial<NodeSettings>>
  readonly settings?: Partial<ClusterSettings['poll']>
  readonly forecast?: Partial<ClusterSettings['forecast']>
  /** How far the nodes' own clocks are ahead. */
  readonly nodesAheadMs?: number
}

/** A cluster over simulated nodes, on a clock that stands still; nothing is started yet. */
export async function createCluster (t: Test, options: TestClusterOptions = {}): Promise<TestCluster> {
  const clock = new ManualClock()
  const { nodesAheadMs = 0 } = options
  const nodesClock: Clock = { nowMs: () => clock.nowMs() + nodesAheadMs, after: (delayMs, run) => clock.after(delayMs, run) }
  const nodes = await Promise.all(Array.from({ length: options.nodes ?? 2 }, () => startSimulatedNode({ secret: 'a-secret', clock: nodesClock })))
  const logs: LogLine[] = []
  const write = (level: LogLine['level']) => (fields: object, event: string) => { logs.push({ level, event, fields: { ...fields } }) }
  let changes = 0
  const ignore = (): void => {}
  const cluster = new Cluster({
    nodes: nodes.map(({ url }, index) => ({
      id: `n${index + 1}`,
      url,
      secrets: ['a-secret'],
      weight: 1,
      tags: [],
      state: 'enabled',
      checksum: 'sha256',
      limits: { meetings: 0, participants: 0 },
      ...options.nodeSettings?.[index],
    })),
    poll: { interval: INTERVAL_MS, timeout: 4_000, downAfter: 3, upAfter: 2, lostAfter: 60_000, ...options.settings },
    isolation: { hold: 120_000 },
    connectTimeoutMs: 1_000,
    longestCallMs: LONGEST_CALL_MS,
    ca: undefined,
    forecast: { rooms: true, bookings: true, maxSampleAgeMs: 90_000, sampleWindowMs: 120_000, ...options.forecast },
  }, {
    clock,
    log: { info: write('info'), warn: write('warn'), error: write('error') },
    observer: { nodeRequest: ignore, pollFailed: ignore, malformedMeetings: ignore, placed: ignore, placementFailed: ignore, failedOver: ignore, nodeRemoved: ignore },
    random: () => 0.5,
    changed: () => { changes++ },
    learned: ignore,
    tenantOf: () => 'default',
  })
  t.teardown(async () => {
    await cluster.stop()
    await Promise.all(nodes.map((node) => node.close()))
  })
  return {
    cluster,
    clock,
    nodes,
    logs,
    changed: () => changes,
    member (id) {
      const member = cluster.members.get(id)
      if (member === undefined) throw new Error(`there is no node ${id}`)
      return member
    },
    async nextPolls () {
      await clock.advance(INTERVAL_MS)
      const polled = [...cluster.members.values()].filter(({ node }) => node.state !== 'disabled')
      await eventually(() => polled.every(({ node }) => node.lastPoll?.startedAtMs === clock.nowMs()), 'every node is polled')
    },
  }
}
