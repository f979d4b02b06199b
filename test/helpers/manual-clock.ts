import type { Clock, Timer } from '../../src/clock.js'

interface Scheduled {
  dueMs: number
  order: number
  run: () => void
}

/** 2026-01-01T00:00:00Z: a round moment, so that expected dates are easy to write down. */
export const MANUAL_CLOCK_START_MS = 1_767_225_600_000

/** A clock that stands still until it is moved by hand. */
export class ManualClock implements Clock {
  #nowMs: number
  #order = 0
  readonly #scheduled = new Set<Scheduled>()

  constructor (startMs = MANUAL_CLOCK_START_MS) {
    this.#nowMs = startMs
  }

  /** Milliseconds since the epoch, as far as the clock was moved. */
  nowMs (): number {
    return this.#nowMs
  }

  /** Runs `run` once the clock has been moved `delayMs` on; at the next `advance` when that is 0 or less. */
  after (delayMs: number, run: () => void): Timer {
    const scheduled: Scheduled = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run }
    this.#scheduled.add(scheduled)
    return { cancel: () => { this.#scheduled.delete(scheduled) } }
  }

  /** How many timers are waiting; a stopped thing leaves none. */
  get pending (): number {
    return this.#scheduled.size
  }

  /**
   * Moves the clock `ms` on and runs, in order, every timer due on the way with the clock at its time;
   * also the timers that those set. Between timers it lets promises go on, so that code which awaits
   * something already at hand has set its next timer in time.
   */
  async advance (ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await letPromisesRun()
    for (let due = this.#nextDue(untilMs); due !== undefined; due = this.#nextDue(untilMs)) {
      this.#scheduled.delete(due)
      this.#nowMs = Math.max(this.#nowMs, due.dueMs)
      due.run()
      await letPromisesRun()
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  /** Moves the clock `ms` on without letting anything asynchronous happen in between. */
  advanceSync (ms: number): void {
    const untilMs = this.#nowMs + ms
    for (let due = this.#nextDue(untilMs); due !== undefined; due = this.#nextDue(untilMs)) {
      this.#scheduled.delete(due)
      this.#nowMs = Math.max(this.#nowMs, due.dueMs)
      due.run()
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  #nextDue (untilMs: number): Scheduled | undefined {
    let next: Scheduled | undefined
    for (const candidate of this.#scheduled) {
      if (candidate.dueMs > untilMs) continue
      if (next === undefined || candidate.dueMs < next.dueMs ||
        (candidate.dueMs === next.dueMs && candidate.order < next.order)) next = candidate
    }
    return next
  }
}

function letPromisesRun (): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
