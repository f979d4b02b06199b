/**
 * Time as the rest of the code sees it. Production reads the machine's clock; tests pass one that
 * they move by hand, so that "ten minutes later" takes no time.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs (): number
  /** Runs `run` once, `delayMs` from now. */
  after (delayMs: number, run: () => void): Timer
}

/** Something that was scheduled and can still be called off. */
export interface Timer {
  cancel (): void
}

/**
 * The machine's clock: the time of day when the process began, and from there on without steps, because
 * the order of polls and calls must survive somebody setting the clock. Its timers never keep the
 * process alive on their own. (The deadlines of requests to nodes are not kept by it: sockets take real time.)
 */
export const systemClock: Clock = {
  nowMs: () => Math.trunc(performance.timeOrigin + performance.now()),
  after (delayMs, run) {
    const handle = setTimeout(run, delayMs)
    handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
}
