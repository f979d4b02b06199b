import type { Clock, Timer } from '../clock.js'
import { readMeetings, type MeetingsAnswer } from '../bbb/meetings-reader.js'
import { UnreadableAnswer } from '../bbb/unreadable-answer.js'
import { NodeUnreachable, type NodeClient } from './node-client.js'

/** Polls keep this share of their interval apart at random, so that many nodes are not asked at once. */
const JITTER_RATIO = 0.1

/** One poll: one getMeetings to one node. */
export interface Poll {
  readonly startedAtMs: number
  readonly endedAtMs: number
  /** What the node's list said when the poll began; see Node.changes. */
  readonly changesAtStart: number
  /** '' if it was good. */
  readonly error: string
  /** The node's clock from its answer; 0 if it told none. */
  readonly dateMs: number
  /** Whether it was due, not asked for by a gathered call: only those decide about health. */
  readonly due: boolean
  readonly body: Buffer
  readonly answer: MeetingsAnswer
}

export interface PollerOptions {
  readonly client: NodeClient
  readonly clock: Clock
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly random: () => number
  readonly changes: () => number
  /** Told of every poll, before those who wait for it. */
  readonly polled: (poll: Poll) => void
}

const NOTHING: MeetingsAnswer = { meetings: [], malformed: 0 }
const NO_BODY = Buffer.alloc(0)

interface InFlight {
  readonly changesAtStart: number
  due: boolean
  done: Promise<Poll>
}

const NEVER = new Promise<Poll>(() => {})

/** Polls one node, on its own, for as long as it runs. */
export class Poller {
  #next: Timer | undefined
  /** Which run the loop belongs to; undefined while stopped. A loop whose run is over ends, even if another has begun. */
  #run: symbol | undefined
  #inFlight: InFlight | undefined

  constructor (private readonly options: PollerOptions) {}

  /** Begins with a poll at once. */
  start (): void {
    if (this.#run !== undefined) return
    this.#run = Symbol('run')
    this.#loop(this.#run)
  }

  /** No poll begins any more; one under way is no longer told of. */
  stop (): void {
    this.#run = undefined
    this.#next?.cancel()
  }

  /**
   * A poll that nothing has changed under: the one under way, if nothing was changed through this gateway
   * since it began, else a new one.
   */
  poll (due = false): Promise<Poll> {
    const known = this.#inFlight
    if (known !== undefined && known.changesAtStart === this.options.changes()) {
      known.due ||= due
      return known.done
    }
    const inFlight: InFlight = { changesAtStart: this.options.changes(), due, done: NEVER }
    inFlight.done = this.#once(inFlight).finally(() => {
      if (this.#inFlight === inFlight) this.#inFlight = undefined
    })
    this.#inFlight = inFlight
    return inFlight.done
  }

  #loop (run: symbol): void {
    const { clock, intervalMs, random } = this.options
    const startedAtMs = clock.nowMs()
    this.poll(true).finally(() => {
      if (this.#run !== run) return
      const jitterMs = intervalMs * JITTER_RATIO * (2 * random() - 1)
      const delayMs = startedAtMs + intervalMs + jitterMs - clock.nowMs()
      this.#next = clock.after(Math.max(0, delayMs), () => this.#loop(run))
    })
  }

  async #once (inFlight: InFlight): Promise<Poll> {
    const { client, clock, timeoutMs } = this.options
    const { changesAtStart } = inFlight
    const startedAtMs = clock.nowMs()
    let poll: Poll
    try {
      const { statusCode, body, dateMs } = await client.request({ call: 'getMeetings', query: '', method: 'GET', timeoutMs, isDuePoll: inFlight.due })
      if (statusCode !== 200) throw new Error(`HTTP status ${statusCode}`)
      const answer = readMeetings(body)
      poll = { startedAtMs, endedAtMs: clock.nowMs(), changesAtStart, error: '', dateMs, due: inFlight.due, body, answer }
    } catch (error) {
      poll = { startedAtMs, endedAtMs: clock.nowMs(), changesAtStart, error: describe(error), dateMs: 0, due: inFlight.due, body: NO_BODY, answer: NOTHING }
    }
    if (this.#run !== undefined) this.options.polled(poll)
    return poll
  }
}

function describe (error: unknown): string {
  if (error instanceof UnreadableAnswer) {
    return error.messageKey === undefined ? `unreadable answer (${error.reason})` : `the node answered FAILED ${error.messageKey}`
  }
  if (error instanceof NodeUnreachable) return `${error.reason}: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}
