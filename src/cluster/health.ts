/**
 * What the gateway sees of a node. `suspect`: its last poll or call failed, or it is just coming back;
 * it is chosen for a new meeting only when no `up` node is left.
 */
export type Health = 'up' | 'suspect' | 'down'

export interface HealthLimits {
  /** Polls in a row that must fail before a node is down. */
  readonly downAfter: number
  /** Polls in a row that must succeed before a node that was down is up. */
  readonly upAfter: number
}

/** The health of one node, with hysteresis: a single time-out does not take it out, a single answer does not bring it back. */
export class HealthState {
  #health: Health = 'suspect'
  #failedPolls = 0
  #goodPolls = 0
  #wasDown = false

  constructor (private readonly limits: HealthLimits) {}

  get health (): Health { return this.#health }

  /** Failed polls in a row. */
  get failedPolls (): number { return this.#failedPolls }

  pollSucceeded (): void {
    this.#failedPolls = 0
    this.#goodPolls++
    if (this.#wasDown && this.#goodPolls < this.limits.upAfter) {
      this.#health = 'suspect'
      return
    }
    this.#wasDown = false
    this.#health = 'up'
  }

  pollFailed (): void {
    this.#goodPolls = 0
    this.#failedPolls++
    if (this.#failedPolls >= this.limits.downAfter) {
      this.#wasDown = true
      this.#health = 'down'
    } else if (this.#health === 'up') {
      this.#health = 'suspect'
    }
  }

  /** A call that was not a poll failed; only polls decide what follows. */
  callFailed (): void {
    if (this.#health === 'up') this.#health = 'suspect'
  }
}
