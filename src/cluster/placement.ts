import type { AdministrativeState } from './node.js'
import type { Health } from './health.js'
import type { NodeLoad } from './load.js'
import { matchTags, type TagWish } from './tags.js'

/** Scores closer than this are the same: they differ by rounding, not by load. */
const TIE = 1e-9

/** A node as placement sees it. */
export interface PlaceableNode {
  readonly id: string
  readonly state: AdministrativeState
  readonly health: Health
  readonly weight: number
  readonly tags: readonly string[]
  /** 0 means no limit. */
  readonly limits: { readonly meetings: number, readonly participants: number }
  /** Meetings on it, creates under way included, and people in them. */
  readonly meetings: number
  readonly participants: number
  readonly load: NodeLoad
}

/** The meeting to be placed. */
export interface Placing {
  /** Its expected share, in CPU of a node of weight 1. */
  readonly share: number
  readonly tags: TagWish
  /** Nodes that have already refused this create. */
  readonly except: ReadonlySet<string>
}

/** Why a node cannot take the meeting; '' if it can. */
export type Obstacle = '' | 'state' | 'down' | 'tags' | 'meetings-limit' | 'participants-limit' | 'refused'

export interface Candidate<N extends PlaceableNode> {
  readonly node: N
  readonly obstacle: Obstacle
  /** Its load with the new meeting on it, in CPU of this node: the smallest takes the meeting. */
  readonly score: number
  /** What the new meeting would add to it, in CPU of this node. */
  readonly share: number
  /** Candidates of a lower rank are taken only when no better rank is left: 0 up and as wished, 1 up, 2 and 3 the same while suspect. */
  readonly rank: number
}

/** Every node as a candidate, the best first, those that cannot take the meeting last. */
export function rankNodes<N extends PlaceableNode> (nodes: Iterable<N>, placing: Placing): Candidate<N>[] {
  return Array.from(nodes, (node) => candidate(node, placing)).sort((a, b) => compare(a, b))
}

/**
 * The node for a new meeting: of those that may take it, the one whose load with the meeting on it is
 * smallest. Equal ones are drawn by `random` (0 ≤ r < 1), evenly. Undefined if none may take it.
 */
export function chooseNode<N extends PlaceableNode> (nodes: Iterable<N>, placing: Placing, random: () => number): Candidate<N> | undefined {
  let best: Candidate<N> | undefined
  let equals = 0
  for (const node of nodes) {
    const next = candidate(node, placing)
    if (next.obstacle !== '') continue
    const order = best === undefined ? -1 : compare(next, best)
    if (order < 0) {
      best = next
      equals = 1
    } else if (order === 0) {
      equals++
      if (random() * equals < 1) best = next
    }
  }
  return best
}

function candidate<N extends PlaceableNode> (node: N, placing: Placing): Candidate<N> {
  const match = matchTags(node.tags, placing.tags)
  const { background, live, reserved, booked } = node.load
  const share = placing.share / node.weight
  return {
    node,
    obstacle: obstacleOf(node, placing, match === 'no'),
    score: background + live + reserved + booked + share,
    share,
    rank: (node.health === 'up' ? 0 : 2) + (match === 'wished' ? 0 : 1),
  }
}

function obstacleOf (node: PlaceableNode, placing: Placing, tagsForbid: boolean): Obstacle {
  if (node.state !== 'enabled') return 'state'
  if (node.health === 'down') return 'down'
  if (placing.except.has(node.id)) return 'refused'
  if (tagsForbid) return 'tags'
  if (node.limits.meetings > 0 && node.meetings >= node.limits.meetings) return 'meetings-limit'
  if (node.limits.participants > 0 && node.participants >= node.limits.participants) return 'participants-limit'
  return ''
}

function compare (a: Candidate<PlaceableNode>, b: Candidate<PlaceableNode>): number {
  const obstructed = Number(a.obstacle !== '') - Number(b.obstacle !== '')
  if (obstructed !== 0) return obstructed
  if (a.rank !== b.rank) return a.rank - b.rank
  return Math.abs(a.score - b.score) <= TIE ? 0 : a.score - b.score
}
