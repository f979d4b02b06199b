import { setImmediate } from 'node:timers/promises'
import type { Clock, Timer } from '../clock.js'
import type { Log } from '../log.js'

/** Planning begins so often. */
const PLANNING_MS = 10_000

/** Calls wait no longer than this for planning: then it goes on after them. */
const SLICE_MS = 2

/** Runs what has to be worked out every few seconds, in slices so short that no call notices. */
export class Planner {
  #timer: Timer | undefined
  #stopped = false
  /** Resolves when the planning under way is over. */
  planned: Promise<void> = Promise.resolve()

  /** `plan` gives the work, which yields often. */
  constructor (private readonly clock: Clock, private readonly log: Log, private readonly plan: () => Generator<undefined, void>) {}

  start (): void {
    this.#timer = this.clock.after(PLANNING_MS, () => {
      this.planned = this.#run().catch((error: unknown) => {
        // The next plan starts from what is known then; without any, placement would go by ever older ones.
        this.log.error({ reason: error instanceof Error ? error.stack : String(error) }, 'planning failed')
      })
      this.planned.then(() => { if (!this.#stopped) this.start() })
    })
  }

  /** No planning begins any more, and one under way breaks off. */
  async stop (): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.planned
  }

  async #run (): Promise<void> {
    const work = this.plan()
    let sliceEndsAtMs = performance.now() + SLICE_MS
    while (!this.#stopped && work.next().done !== true) {
      if (performance.now() < sliceEndsAtMs) continue
      await setImmediate()
      sliceEndsAtMs = performance.now() + SLICE_MS
    }
  }
}
