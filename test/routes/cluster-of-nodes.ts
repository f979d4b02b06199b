import { field, type CallAnswer, type TestGateway } from '../helpers/gateway.js'
import type { ManualClock } from '../helpers/manual-clock.js'
import type { Gateway } from '../../src/gateway.js'
import type { SimulatedNode } from '../../src/simulator/simulated-node.js'

/** The node at that place; the test says how many there are. */
export function nodeAt (nodes: readonly SimulatedNode[], index: number): SimulatedNode {
  const node = nodes[index]
  if (node === undefined) throw new Error(`there is no node ${index}`)
  return node
}

/** Names of the nodes that have a meeting of that id. */
export function having (nodes: readonly SimulatedNode[], meetingID: string): string[] {
  return nodes.filter((node) => node.meetings.get(meetingID) !== undefined).map(({ name }) => name)
}

/** The one node that has the meeting. */
export function holder (nodes: readonly SimulatedNode[], meetingID: string): SimulatedNode {
  const [node, ...more] = nodes.filter((each) => each.meetings.get(meetingID) !== undefined)
  if (node === undefined || more.length > 0) throw new Error(`${more.length + Number(node !== undefined)} nodes have ${meetingID}`)
  return node
}

/** What clients decide on: the return code and, if there is one, the key. */
export function outcome ({ body }: CallAnswer): string {
  return `${field(body, 'returncode') ?? 'no BBB answer'} ${field(body, 'messageKey') ?? ''}`.trim()
}

/** Calls of clients that a node received, polls left out. */
export function callsTo (node: SimulatedNode): string[] {
  return node.requests.filter(({ headers }) => headers['x-request-id'] !== undefined).map(({ call }) => call)
}

/** Waits until something holds; throws after the deadline. */
export async function eventually (what: string, holds: () => boolean, deadlineMs = 5_000): Promise<void> {
  const untilMs = performance.now() + deadlineMs
  while (!holds()) {
    if (performance.now() > untilMs) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Without jitter, and lets the first of equal nodes be taken: what polls and placements of a test should depend on. */
export const steady = (): number => 0.5

/** The default interval of polls. */
const POLL_MS = 5_000

/** Moves the clock on by one round of polls and waits for their answers; for gateways whose `random` is `steady`. */
export async function pollRound (clock: ManualClock, { gateway }: TestGateway): Promise<void> {
  const beforeMs = clock.nowMs()
  await clock.advance(POLL_MS)
  await eventually('every node was polled', () => Array.from(gateway.cluster.members.values())
    .every(({ node }) => node.state === 'disabled' || (node.lastPoll !== undefined && node.lastPoll.endedAtMs > beforeMs)), 10_000)
}

/** The health of every node, in their order. */
export function healths ({ gateway }: TestGateway): string[] {
  return Array.from(gateway.cluster.members.values(), ({ node }) => node.health)
}

/** Creates under way on each node, as placement counts them. */
export function creating ({ cluster }: Pick<Gateway, 'cluster'>): number[] {
  return Array.from(cluster.members.keys(), (id) => cluster.forecast.look(id, 0).meetings - cluster.directory.onNode(id).size)
}
