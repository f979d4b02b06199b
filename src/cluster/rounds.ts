import type { Clock, Timer } from '../clock.js'
import type { Log } from '../log.js'

export interface RoundsOptions {
  readonly clock: Clock
  readonly log: Log
  /** What a round does, as the log says it: `… failed`. */
  readonly name: string
  readonly intervalMs: number
  readonly run: () => Promise<void>
}

/** Does the same again and again, its beginnings an interval apart and never twice at once: a slow round delays the next. */
export class Rounds {
  #next: Timer | undefined
  #stopped = true
  #underWay: Promise<void> = Promise.resolve()

  constructor (private readonly options: RoundsOptions) {}

  /** Whether nobody wants to know any more what a round under way finds. */
  get isStopped (): boolean { return this.#stopped }

  /** Begins with a round at once. */
  start (): void {
    if (!this.#stopped) return
    this.#stopped = false
    this.#round()
  }

  /** No round begins any more; resolves when the one under way has ended. */
  async stop (): Promise<void> {
    this.#stopped = true
    this.#next?.cancel()
    await this.#underWay
  }

  #round (): void {
    const { clock, log, name, intervalMs, run } = this.options
    const startedAtMs = clock.nowMs()
    this.#underWay = run().catch((error: unknown) => {
      // The next round may find something else; without any, what is known would grow old unnoticed.
      log.error({ reason: error instanceof Error ? error.stack : String(error) }, `${name} failed`)
    }).then(() => {
      if (this.#stopped) return
      this.#next = clock.after(Math.max(0, startedAtMs + intervalMs - clock.nowMs()), () => this.#round())
    })
  }
}
