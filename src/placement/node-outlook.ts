import { camerasReceived, type Costs } from './costs.js'
import type { Course } from './course.js'
import { addSurviving, flat, type Curve } from './horizon.js'
import type { Expectation } from './rooms.js'

/** A profile is made anew after so long even where nothing has changed: reservations fade and meetings end. */
const PROFILE_HOLDS_MS = 10_000

/** What a node is expected to carry, in parts of its own CPU (1.0 = all of it, whatever its weight). */
export interface Profile {
  /** Load no meeting explains, such as the processing of recordings. */
  readonly background: number
  /** What is seen of the meetings now. */
  readonly live: number
  /** What is held for meetings that are still filling, and for creates under way. */
  readonly reserved: number
  /** All of it together, over the horizon: meetings end. */
  readonly curve: Curve
}

/** A place held for a room that is expected soon. */
export interface Booking {
  readonly room: string
  /** Expected share of the room, in CPU of a node of weight 1. */
  readonly share: number
  /** What it is expected to cost this node, as far as its coming can be trusted. */
  readonly curve: Curve
}

/** What caused load on a node from a moment on, until the next. */
interface Moment {
  readonly fromMs: number
  /** Numbers of CAUSES, in parts of the node's weight. */
  readonly causes: readonly number[]
  /** What they explain, in parts of the node's CPU. */
  readonly explained: number
}

/** What explains the CPU of a node in a window of time: means over it. */
export interface Explanation {
  readonly causes: readonly number[]
  readonly explained: number
}

/** The meetings on one node and what they will cost it. */
export class NodeOutlook {
  readonly courses = new Set<Course>()
  /** Creates under way. */
  readonly underWay = new Set<Expectation>()
  /** Places held there, the largest room first. */
  bookings: readonly Booking[] = []
  /** Load that no meeting explains, from the CPU; undefined while none is known. */
  background: number | undefined
  /** What stays unexplained for hours. It is nobody's fault. */
  lastingResidual = 0
  /** When `background` was learned. */
  sampledAtMs = 0
  #profile: Profile | undefined
  #profileMadeAtMs = 0
  #moments: Moment[] = []

  constructor (readonly id: string, readonly weight: number) {}

  /** Must be called when a meeting came, changed or went. */
  changed (): void {
    this.#profile = undefined
  }

  /** What the node will carry, with a background of `backgroundRatio`. */
  profile (nowMs: number, costs: Costs, backgroundRatio: number): Profile {
    const known = this.#profile
    if (known !== undefined && nowMs - this.#profileMadeAtMs < PROFILE_HOLDS_MS && known.background === backgroundRatio) return known
    const curve = flat()
    let live = 0
    let reserved = 0
    for (const course of this.courses) {
      const share = course.shareNow(nowMs, costs)
      course.addTo(curve, share, nowMs)
      live += share.live
      reserved += share.reserved
    }
    for (const expected of this.underWay) {
      addSurviving(curve, expected.share, 0, expected)
      reserved += expected.share
    }
    for (let point = 0; point < curve.length; point++) curve[point] = backgroundRatio + (curve[point] ?? 0) / this.weight
    this.#profileMadeAtMs = nowMs
    this.#profile = { background: backgroundRatio, live: live / this.weight, reserved: reserved / this.weight, curve }
    return this.#profile
  }

  /** Notes what causes load from now on, and forgets what was before `keptFromMs`. */
  note (nowMs: number, costs: Costs, keptFromMs: number): void {
    // Polls may overlap, and the earlier one end last.
    if (nowMs < (this.#moments.at(-1)?.fromMs ?? 0)) return
    const causes = [0, 0, 0, 0, 0]
    let explained = 0
    for (const course of this.courses) {
      if (!course.isSeen) continue
      const { people, microphones, cameras } = course.present
      const ofMeeting = [1, people, microphones, cameras, camerasReceived(course.present)]
      for (let cause = 0; cause < causes.length; cause++) causes[cause] = (causes[cause] ?? 0) + (ofMeeting[cause] ?? 0) / this.weight
      explained += course.liveShare(costs) / this.weight
    }
    // The one that held when the window began is still needed.
    while ((this.#moments[1]?.fromMs ?? Infinity) <= keptFromMs) this.#moments.shift()
    this.#moments.push({ fromMs: nowMs, causes, explained })
  }

  /** Forgets what caused load: nobody watches the node any more. */
  forgetMoments (): void {
    this.#moments = []
  }

  /** What explains the CPU between two times; undefined if the node was not watched for all of it. */
  explain (fromMs: number, untilMs: number): Explanation | undefined {
    if ((this.#moments[0]?.fromMs ?? Infinity) > fromMs) return undefined
    const causes = [0, 0, 0, 0, 0]
    let explained = 0
    for (const [index, moment] of this.#moments.entries()) {
      const endsAtMs = Math.min(this.#moments[index + 1]?.fromMs ?? Infinity, untilMs)
      const part = (endsAtMs - Math.max(moment.fromMs, fromMs)) / (untilMs - fromMs)
      if (part <= 0) continue
      for (let cause = 0; cause < causes.length; cause++) causes[cause] = (causes[cause] ?? 0) + part * (moment.causes[cause] ?? 0)
      explained += part * moment.explained
    }
    return { causes, explained }
  }
}
