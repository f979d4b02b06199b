import { POINTS, STEP_MS, type Curve } from './horizon.js'
import type { Booking, Profile } from './node-outlook.js'
import { matchTags, type TagMatch, type TagWish } from './tags.js'

/** Scores closer than this are the same: they differ by rounding, not by load. */
const TIE = 1e-9

/** How much the mean over the meeting's life counts beside the maximum: enough to tell nodes with the same maximum apart. */
const MEAN_WEIGHT = 0.1

/** A node as placement sees it. */
export interface PlaceableNode {
  readonly id: string
  /** What the operator wants: only `enabled` nodes get new meetings. */
  readonly state: string
  readonly health: 'up' | 'suspect' | 'down'
  readonly weight: number
  readonly tags: readonly string[]
  /** 0 means no limit. */
  readonly limits: { readonly meetings: number, readonly participants: number }
  /** Meetings on it, creates under way included, and people in them. */
  readonly meetings: number
  readonly participants: number
  readonly profile: Profile
  /** Places held there, the largest room first. */
  readonly bookings: readonly Booking[]
}

/** The meeting to be placed. */
export interface Placing {
  /** What it will cost, in CPU of a node of weight 1. */
  readonly curve: Curve
  /** Its expected share; rooms expected soon that are larger go first. */
  readonly share: number
  /** Its room, whose own booking does not stand in its way; '' for none. */
  readonly room: string
  readonly tags: TagWish
  /** Nodes that have already refused this create. */
  readonly except: ReadonlySet<string>
}

/** Why a node cannot take the meeting; '' if it can. */
export type Obstacle = '' | 'state' | 'down' | 'tags' | 'meetings-limit' | 'participants-limit' | 'refused'

/** What a node would carry with the meeting on it, in CPU of this node. */
export interface Score {
  /** The highest load over the meeting's life, and a little of the mean: the smallest takes the meeting. */
  readonly score: number
  /** The highest load alone. */
  readonly peak: number
  /** How far from now the highest load is. */
  readonly peakInMs: number
  /** What is held at that time for rooms that are larger. */
  readonly booked: number
}

export interface Candidate<N extends PlaceableNode> extends Score {
  readonly node: N
  readonly obstacle: Obstacle
  /** What the new meeting would add to it at first, in CPU of this node. */
  readonly share: number
  /** Candidates of a lower rank are taken only when no better rank is left: 0 up and as wished, 1 up, 2 and 3 the same while suspect. */
  readonly rank: number
}

/** Every node as a candidate, the best first, those that cannot take the meeting last. */
export function rankNodes<N extends PlaceableNode> (nodes: Iterable<N>, placing: Placing): Candidate<N>[] {
  return Array.from(nodes, (node) => candidate(node, placing)).sort((a, b) => compare(a, b))
}

/**
 * The node for a new meeting: of those that may take it, the one whose highest load over the meeting's life
 * is smallest. Equal ones are drawn by `random` (0 ≤ r < 1), evenly. Undefined if none may take it.
 */
export function chooseNode<N extends PlaceableNode> (nodes: Iterable<N>, placing: Placing, random: () => number): Candidate<N> | undefined {
  let best: Candidate<N> | undefined
  let equals = 0
  for (const node of nodes) {
    const match = matchTags(node.tags, placing.tags)
    if (obstacleOf(node, placing.except, match) !== '') continue
    const rank = rankOf(node, match)
    if (best !== undefined && rank > best.rank) continue
    const score = scoreOf(node, placing)
    const order = best === undefined || rank < best.rank ? -1 : compareScores(score, best)
    if (order > 0) continue
    equals = order < 0 ? 1 : equals + 1
    if (order < 0 || random() * equals < 1) best = candidateOf(node, '', rank, score, placing)
  }
  return best
}

/** The highest load over the horizon that a node is expected to carry without any new meeting. */
export function peakOf ({ profile, bookings }: Pick<PlaceableNode, 'profile' | 'bookings'>): Score {
  let peak = -Infinity
  let peakInMs = 0
  let bookedThen = 0
  for (const [point, load] of profile.curve.entries()) {
    let booked = 0
    for (const { curve } of bookings) booked += curve[point] ?? 0
    if (load + booked <= peak) continue
    peak = load + booked
    peakInMs = point * STEP_MS
    bookedThen = booked
  }
  return { score: peak, peak, peakInMs, booked: bookedThen }
}

/** What the node would carry with such a meeting on it. */
export function scoreOf ({ profile, bookings, weight }: Pick<PlaceableNode, 'profile' | 'bookings' | 'weight'>, { curve, share, room }: Pick<Placing, 'curve' | 'share' | 'room'>): Score {
  const larger = bookings.length === 0 ? bookings : bookings.filter((booking) => booking.share > share && booking.room !== room)
  let most = -Infinity
  let mostAt = 0
  let bookedThen = 0
  let weighted = 0
  let sum = 0
  for (let point = 0; point < POINTS; point++) {
    const own = curve[point] ?? 0
    if (own <= 0) continue
    let booked = 0
    for (const booking of larger) booked += booking.curve[point] ?? 0
    const load = (profile.curve[point] ?? 0) + booked + own / weight
    weighted += load * own
    sum += own
    if (load > most) {
      most = load
      mostAt = point
      bookedThen = booked
    }
  }
  // A meeting that costs nothing, such as one without people, goes by what is there now.
  if (sum === 0) return { score: profile.curve[0] ?? 0, peak: profile.curve[0] ?? 0, peakInMs: 0, booked: 0 }
  return { score: most + MEAN_WEIGHT * weighted / sum, peak: most, peakInMs: mostAt * STEP_MS, booked: bookedThen }
}

function candidate<N extends PlaceableNode> (node: N, placing: Placing): Candidate<N> {
  const match = matchTags(node.tags, placing.tags)
  return candidateOf(node, obstacleOf(node, placing.except, match), rankOf(node, match), scoreOf(node, placing), placing)
}

function candidateOf<N extends PlaceableNode> (node: N, obstacle: Obstacle, rank: number, { score, peak, peakInMs, booked }: Score, { curve }: Placing): Candidate<N> {
  return { node, obstacle, rank, score, peak, peakInMs, booked, share: (curve[0] ?? 0) / node.weight }
}

function rankOf ({ health }: PlaceableNode, match: TagMatch): number {
  return (health === 'up' ? 0 : 2) + (match === 'wished' ? 0 : 1)
}

/** Why a node cannot take such a meeting; '' if it can. */
export function obstacleTo (node: Unscored, { tags, except }: Pick<Placing, 'tags' | 'except'>): Obstacle {
  return obstacleOf(node, except, matchTags(node.tags, tags))
}

/** A node as far as it decides whether it may take a meeting at all. */
type Unscored = Omit<PlaceableNode, 'profile' | 'bookings'>

function obstacleOf (node: Unscored, except: ReadonlySet<string>, match: TagMatch): Obstacle {
  if (node.state !== 'enabled') return 'state'
  if (node.health === 'down') return 'down'
  if (except.has(node.id)) return 'refused'
  if (match === 'no') return 'tags'
  if (node.limits.meetings > 0 && node.meetings >= node.limits.meetings) return 'meetings-limit'
  if (node.limits.participants > 0 && node.participants >= node.limits.participants) return 'participants-limit'
  return ''
}

function compare (a: Candidate<PlaceableNode>, b: Candidate<PlaceableNode>): number {
  const obstructed = Number(a.obstacle !== '') - Number(b.obstacle !== '')
  if (obstructed !== 0) return obstructed
  return a.rank !== b.rank ? a.rank - b.rank : compareScores(a, b)
}

function compareScores (a: Score, b: Score): number {
  return Math.abs(a.score - b.score) <= TIE ? 0 : a.score - b.score
}
