import { shareOf, type Costs, type Crowd } from './costs.js'
import { addSurviving, type Curve } from './horizon.js'
import type { Expectation, Outcome } from './rooms.js'

/** A meeting fills for about ten minutes: late joiners, cameras switched on. Until then it counts for what is expected of it. */
const FILLING_MS = 600_000

/** What a meeting was like is told by the time in which it was at least this full, not by its coming and going. */
const FULL_RATIO = 0.7

/** A meeting that goes on for days was forgotten: how long others take must not be judged by it. */
const LONGEST_MS = 12 * 3_600_000

/** Fewer samples of the CPU say nothing about the cost of a room. */
const LEAST_SAMPLES = 10

/** Variance of the cost of rooms against that of everything else on a node; it makes a room alone on a node learn fast. */
const COST_DOUBT = 0.05

/** How much of what the CPU says about a room is believed at the end of one meeting, and within which bounds. */
const COST_BELIEF = 0.7
const LEAST_SURCHARGE = -0.4
const MOST_SURCHARGE = 0.6

/** A share in its two parts: what is seen of the meeting, and what is held for what is still expected of it. */
export interface Share {
  readonly live: number
  readonly reserved: number
}

/** One meeting on its way from create to end: what was expected of it, what is seen of it, and what it turns out to be. */
export class Course {
  #present: Crowd = NOBODY
  /** People sent there whom no poll has shown yet. */
  #arriving = 0
  /** Since when the present crowd is the same; 0 before a poll has shown the meeting. */
  #sinceMs = 0
  #watchedSinceMs = Infinity
  #seenAtMs = 0
  /** When it began, perhaps on another node. */
  #lessonStartedAtMs = Infinity
  #peak = 0
  // Sums over the time in which the meeting was full.
  #fullMs = 0
  #people = 0
  #microphones = 0
  #cameras = 0
  // What samples of the CPU said of its cost; see `blame`.
  #samples = 0
  #blame = 0
  #presence = 0

  /** `startedAtMs` by this machine's clock; it may be put right while no poll has shown the meeting. */
  constructor (public expected: Expectation, public startedAtMs: number) {}

  /** Whether a poll has shown it. */
  get isSeen (): boolean { return this.#seenAtMs > 0 }

  get present (): Crowd { return this.#present }

  /** Takes in what a poll shows, and how many people are still on their way. Returns whether anything has changed. */
  see (present: Crowd, arriving: number, atMs: number): boolean {
    const before = this.#present
    const isSame = this.isSeen && this.#arriving === arriving &&
      before.people === present.people && before.microphones === present.microphones && before.cameras === present.cameras
    // What a poll shows has begun, whatever the clock of its node says.
    if (!this.isSeen) {
      this.startedAtMs = Math.min(this.startedAtMs, atMs)
      this.#watchedSinceMs = Math.min(this.#watchedSinceMs, atMs)
    }
    this.#seenAtMs = atMs
    if (isSame) return false
    this.#keepCount(atMs)
    this.#present = present
    this.#arriving = arriving
    return true
  }

  /** Takes in how many people are on their way. */
  expectArrivals (arriving: number): void {
    this.#arriving = arriving
  }

  /** What the crowd that was seen costs, people on their way included. */
  liveShare (costs: Costs): number {
    const { people, microphones, cameras } = this.#present
    return this.expected.factor * shareOf({ people: people + this.#arriving, microphones, cameras }, costs)
  }

  /** What the meeting counts for now. The reservation fades in a straight line while the meeting fills. */
  shareNow (nowMs: number, costs: Costs): Share {
    const { expected } = this
    if (!this.isSeen) return { live: 0, reserved: Math.max(expected.share, this.#arriving > 0 ? this.liveShare(costs) : 0) }
    const live = this.liveShare(costs)
    const young = 1 - (nowMs - this.startedAtMs) / FILLING_MS
    if (young <= 0) return { live, reserved: 0 }
    const full = expected.factor * shareOf({
      people: Math.max(this.#present.people + this.#arriving, expected.people),
      microphones: Math.max(this.#present.microphones, expected.microphones),
      cameras: Math.max(this.#present.cameras, expected.cameras),
    }, costs)
    return { live, reserved: Math.min(1, young) * Math.max(0, full - live) }
  }

  /** Adds what it will cost over the horizon. */
  addTo (curve: Curve, share: Share, nowMs: number): void {
    addSurviving(curve, share.live + share.reserved, Math.max(0, nowMs - this.startedAtMs), this.expected)
  }

  /**
   * Takes in that its node was busier than explained by `residual`, in parts of what was explained, while this
   * meeting was `part` of that: the larger its part, the likelier it is the cause. `squares` is the sum of the
   * squares of all meetings' parts there: many small ones can each be the cause of little.
   */
  blame (residual: number, part: number, squares: number): void {
    this.#samples++
    this.#blame += part * residual
    this.#presence += squares
  }

  /** Takes over the lesson of another meeting of the room, such as one whose node was lost: the two are one lesson. */
  continue (other: Course): void {
    other.#keepCount(other.#seenAtMs)
    this.#lessonStartedAtMs = Math.min(this.#lessonStartedAtMs, other.#lessonStartedAtMs, other.startedAtMs)
    if (!other.isSeen) return
    this.#watchedSinceMs = Math.min(this.#watchedSinceMs, other.#watchedSinceMs)
    this.#peak = Math.max(this.#peak, other.#peak)
    this.#fullMs += other.#fullMs
    this.#people += other.#people
    this.#microphones += other.#microphones
    this.#cameras += other.#cameras
  }

  /** What it turned out to be; undefined if nobody ever came, or if only its end was watched, such as after a restart. */
  outcome (): Outcome | undefined {
    this.#keepCount(this.#seenAtMs)
    if (this.#peak === 0 || this.#fullMs === 0) return undefined
    const startedAtMs = Math.min(this.startedAtMs, this.#lessonStartedAtMs)
    const lastedMs = this.#seenAtMs - startedAtMs
    const missedMs = this.#watchedSinceMs - startedAtMs
    if (missedMs > FILLING_MS && missedMs > lastedMs / 2) return undefined
    return {
      typical: {
        people: this.#people / this.#fullMs,
        microphones: this.#microphones / this.#fullMs,
        cameras: this.#cameras / this.#fullMs,
        durationMs: Math.min(LONGEST_MS, lastedMs),
      },
      startedAtMs,
      surcharge: this.#surcharge(),
    }
  }

  /** Adds the time up to `atMs`, in which the present crowd stayed the same, to what is known of the full meeting. */
  #keepCount (atMs: number): void {
    const heldMs = this.#sinceMs === 0 ? 0 : atMs - this.#sinceMs
    this.#sinceMs = atMs
    const { people, microphones, cameras } = this.#present
    if (people > this.#peak) {
      this.#peak = people
      // What was full until now is not any more.
      if (this.#people < FULL_RATIO * people * this.#fullMs) this.#fullMs = this.#people = this.#microphones = this.#cameras = 0
    }
    if (heldMs <= 0 || people < FULL_RATIO * this.#peak) return
    this.#fullMs += heldMs
    this.#people += people * heldMs
    this.#microphones += microphones * heldMs
    this.#cameras += cameras * heldMs
  }

  #surcharge (): number {
    if (this.#samples < LEAST_SAMPLES) return 0
    const cause = this.#blame / (this.#presence + COST_DOUBT * this.#samples)
    return COST_BELIEF * Math.min(MOST_SURCHARGE, Math.max(LEAST_SURCHARGE, cause))
  }
}

const NOBODY: Crowd = { people: 0, microphones: 0, cameras: 0 }
