/** A node that answered within this time counts when it is judged whether most fail at once. */
const RECENT_ANSWER_MS = 60_000

/** Below this many failing nodes it is their own fault, whatever the share. */
const AT_LEAST_FAILING = 2

/** What isolation looks at in a node. */
export interface Witness {
  readonly id: string
  readonly carriesMeetings: boolean
  readonly lastAnswerAtMs: number
  /** Whether its latest poll failed. */
  readonly failing: boolean
}

/**
 * Whether most nodes fail at once. The gateway's own network is then the likelier cause, and meetings are
 * not moved off the failed nodes until `holdMs` has passed: they are most probably still going on.
 */
export class Isolation {
  /** Nodes that were answering when it began; undefined while there is none. */
  #members: ReadonlySet<string> | undefined
  #sinceMs = 0
  #endedByOperator = false

  constructor (private readonly holdMs: number) {}

  /** Looks again; to be called after a failed poll and, while there is isolation, after every poll. Returns whether isolation has begun or ended by it. */
  observe (witnesses: Iterable<Witness>, nowMs: number): boolean {
    const before = this.isIsolated
    if (this.#members === undefined) this.#begin(witnesses, nowMs)
    else this.#end(witnesses, this.#members)
    return before !== this.isIsolated
  }

  get isIsolated (): boolean { return this.#members !== undefined }

  /** Whether creates of ids on failed nodes are refused instead of moved. */
  holds (nowMs: number): boolean {
    return this.#members !== undefined && !this.#endedByOperator && nowMs - this.#sinceMs < this.holdMs
  }

  /** An operator says that the nodes are really gone: meetings move at once. */
  endHold (): void {
    this.#endedByOperator = this.#members !== undefined
  }

  #begin (witnesses: Iterable<Witness>, nowMs: number): void {
    const members = new Set<string>()
    let failing = 0
    for (const witness of witnesses) {
      if (!witness.carriesMeetings || witness.lastAnswerAtMs === 0 || nowMs - witness.lastAnswerAtMs > RECENT_ANSWER_MS) continue
      members.add(witness.id)
      if (witness.failing) failing++
    }
    if (failing < AT_LEAST_FAILING || failing * 2 <= members.size) return
    this.#members = members
    this.#sinceMs = nowMs
    this.#endedByOperator = false
  }

  #end (witnesses: Iterable<Witness>, members: ReadonlySet<string>): void {
    let present = 0
    let failing = 0
    for (const witness of witnesses) {
      if (!members.has(witness.id) || !witness.carriesMeetings) continue
      present++
      if (witness.failing) failing++
    }
    if (failing < AT_LEAST_FAILING || failing * 2 <= present) this.#members = undefined
  }
}
