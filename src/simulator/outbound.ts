import { Agent, interceptors, request } from 'undici'
import type { Dispatcher } from 'undici'
import type { Clock, Timer } from '../clock.js'

/** What one request to somebody else's server came to. */
export interface Delivery {
  status: number
}

const TIMEOUT_MS = 5_000
const REDIRECTIONS = 5

/** Requests that the node makes by itself, repeated by the clock until they succeed or the node closes. */
export class Outbound {
  readonly #clock: Clock
  readonly #agent: Agent
  readonly #dispatcher: Dispatcher
  readonly #timers = new Set<Timer>()
  #isClosed = false

  constructor (clock: Clock) {
    this.#clock = clock
    this.#agent = new Agent({ headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS, connectTimeout: TIMEOUT_MS })
    this.#dispatcher = this.#agent.compose(interceptors.redirect({ maxRedirections: REDIRECTIONS }))
  }

  /** One GET, redirects followed; status 0 where no answer came. */
  get (url: string): Promise<Delivery> {
    return this.#send(url, { method: 'GET' })
  }

  /** One POST; status 0 where no answer came. */
  post (url: string, body: string, headers: Record<string, string>): Promise<Delivery> {
    return this.#send(url, { method: 'POST', body, headers })
  }

  /** Runs `attempt` now, and again after each of these delays for as long as it gives false. */
  repeat (attempt: () => Promise<boolean>, retryDelaysMs: readonly number[]): void {
    const tryOnce = async (retries: number): Promise<void> => {
      if (this.#isClosed || await attempt()) return
      const delayMs = retryDelaysMs[retries]
      if (delayMs !== undefined) this.later(delayMs, () => { tryOnce(retries + 1).catch(nobodyWaits) })
    }
    tryOnce(0).catch(nobodyWaits)
  }

  /** Runs `run` once, `delayMs` from now by the node's clock, unless the node closes before. */
  later (delayMs: number, run: () => void): void {
    if (this.#isClosed) return
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer)
      run()
    })
    this.#timers.add(timer)
  }

  /** Calls everything off. */
  async close (): Promise<void> {
    this.#isClosed = true
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    await this.#agent.destroy()
  }

  async #send (url: string, options: { method: 'GET' | 'POST', body?: string, headers?: Record<string, string> }): Promise<Delivery> {
    if (this.#isClosed) return { status: 0 }
    try {
      const answer = await request(url, { ...options, dispatcher: this.#dispatcher })
      await answer.body.dump()
      return { status: answer.statusCode }
    } catch {
      return { status: 0 }
    }
  }
}

// A delivery that cannot even be attempted has nobody to be reported to.
function nobodyWaits (): void {}
