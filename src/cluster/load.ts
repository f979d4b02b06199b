import { peopleIn, type Copy, type Directory } from './directory.js'
import type { Node } from './node.js'
import { shareNow } from './shares.js'

/** Adding up a node's meetings again after this long; until then only new creates are added. */
const LOAD_HOLDS_MS = 1_000

/**
 * What a node carries, as parts of its own CPU (1.0 = all of it, whatever its weight).
 * The terms add up.
 */
export interface NodeLoad {
  /** Load no meeting explains, such as the processing of recordings. 0 until the CPU is measured. */
  readonly background: number
  /** What is seen of the meetings now. */
  readonly live: number
  /** What is held for meetings that are still filling, and for creates under way. */
  readonly reserved: number
  /** What is held for rooms expected soon. 0 until the timetable of rooms is learned. */
  readonly booked: number
}

interface Summed {
  readonly atMs: number
  readonly live: number
  readonly filling: number
}

/** Keeps the sums of every node's meetings, so that choosing among many nodes does not add up every meeting each time. */
export class Loads {
  readonly #sums = new Map<string, Summed>()

  constructor (private readonly directory: Directory) {}

  of (node: Node, nowMs: number): NodeLoad {
    const sum = this.#sum(node, nowMs)
    let underWay = 0
    for (const share of node.reservations.values()) underWay += share
    const { weight } = node.settings
    return { background: 0, live: sum.live / weight, reserved: (sum.filling + underWay) / weight, booked: 0 }
  }

  /** Must be called when a meeting was added to, or taken from, a node. */
  changed (nodeId: string): void {
    this.#sums.delete(nodeId)
  }

  #sum (node: Node, nowMs: number): Summed {
    const known = this.#sums.get(node.id)
    if (known !== undefined && nowMs - known.atMs < LOAD_HOLDS_MS) return known
    let live = 0
    let filling = 0
    for (const copy of this.directory.onNode(node.id).values()) {
      const share = shareOfCopy(copy, node, nowMs)
      live += share.live
      filling += share.reserved
    }
    const summed = { atMs: nowMs, live, filling }
    this.#sums.set(node.id, summed)
    return summed
  }
}

function shareOfCopy (copy: Copy, node: Node, nowMs: number): { live: number, reserved: number } {
  const ageMs = nowMs + node.clockAheadMs - copy.createdAtMs
  const present = { people: peopleIn(copy), microphones: copy.microphones, cameras: copy.cameras }
  return shareNow(present, copy.expected, ageMs, copy.seenAtMs > 0)
}
