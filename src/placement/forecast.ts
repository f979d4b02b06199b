import { Bookings } from './bookings.js'
import { CostLearning } from './cost-learning.js'
import { START_COSTS, type Costs, type Crowd } from './costs.js'
import { Course } from './course.js'
import { addSurviving, flat, type Curve } from './horizon.js'
import { NodeOutlook, type Booking, type Profile } from './node-outlook.js'
import type { PlaceableNode } from './placement.js'
import { Rooms, type Expectation, type Opening } from './rooms.js'

/** A full node hides how much more is asked of it. */
const FULL_RATIO = 0.95

/** How much of what a sample leaves unexplained is believed at once. */
const BACKGROUND_STEP = 0.5

/** What stays unexplained for hours, such as the processing of recordings, is learned this slowly, and is no meeting's fault. */
const LASTING_STEP = 0.01

/** Less explained than this cannot tell which meeting is dear. */
const LEAST_EXPLAINED = 0.05

/** Costs are worked out anew so often. */
const LEARNING_MS = 3_600_000

/** What a forecast goes by; without a part it does with what is left. */
export interface ForecastParts {
  /** Whether rooms are remembered. */
  readonly rooms: boolean
  /** Whether places are held for the rooms that past weeks announce. */
  readonly bookings: boolean
  /** How old a sample of the CPU may be. */
  readonly maxSampleAgeMs: number
  /** The time a sample is a mean over. */
  readonly sampleWindowMs: number
}

/** A node as it is foreseen. */
export interface Look {
  /** Meetings on it, creates under way included. */
  readonly meetings: number
  readonly profile: Profile
  /** Places held there, the largest room first. */
  readonly bookings: readonly Booking[]
}

/**
 * What the nodes carry and will carry: from what is seen of their meetings, what is known of the rooms, what was
 * promised, which rooms are expected, and what the CPU says. It does no I/O and has no clock: it is told.
 */
export class Forecast {
  readonly rooms = new Rooms()
  readonly bookings = new Bookings(this.rooms)
  readonly learning = new CostLearning()
  costs: Costs = START_COSTS
  readonly #nodes = new Map<string, NodeOutlook>()
  /** Where places are held, by room. */
  readonly #booked = new Map<string, NodeOutlook>()
  #learnedAtMs = 0
  #backgroundElsewhere = 0

  constructor (private readonly parts: ForecastParts) {}

  addNode (id: string, weight: number): void {
    this.#nodes.set(id, new NodeOutlook(id, weight))
  }

  removeNode (id: string): void {
    this.#nodes.delete(id)
  }

  /** What such a meeting is expected to become. */
  expect (opening: Opening): Expectation {
    return this.rooms.expect(opening, this.costs)
  }

  /** What such a meeting may cost over the horizon: a room nobody knows is placed as if it were larger than most. */
  curveOf (expected: Expectation): Curve {
    const curve = flat()
    addSurviving(curve, expected.share + expected.surprise, 0, expected)
    return curve
  }

  /** Charges a node with a create under way, until the function it gives is called. */
  hold (nodeId: string, expected: Expectation): () => void {
    const node = this.#node(nodeId)
    // An object of its own: two creates may expect the same.
    const held = { ...expected }
    node.underWay.add(held)
    node.changed()
    this.#open(expected.room)
    return () => {
      if (!node.underWay.delete(held)) return
      node.changed()
      this.rooms.closed(expected.room)
    }
  }

  /** Notes that a meeting is on a node. `startedAtMs` is by our clock. */
  begin (nodeId: string, expected: Expectation, startedAtMs: number): Course {
    const course = new Course(expected, startedAtMs)
    const node = this.#node(nodeId)
    node.courses.add(course)
    node.changed()
    this.#open(expected.room)
    return course
  }

  /** Notes that something else is to be expected of a meeting than was thought. */
  reconsider (nodeId: string, course: Course, expected: Expectation): void {
    this.rooms.closed(course.expected.room)
    course.expected = expected
    this.#open(expected.room)
    this.#node(nodeId).changed()
  }

  /** Notes that a meeting is no longer on a node, and learns what it was like, unless it goes on in another `course`. */
  end (nodeId: string, course: Course, goesOnAs?: Course): void {
    const node = this.#node(nodeId)
    if (!node.courses.delete(course)) return
    node.changed()
    this.rooms.closed(course.expected.room)
    if (goesOnAs !== undefined) goesOnAs.continue(course)
    const outcome = this.parts.rooms && goesOnAs === undefined ? course.outcome() : undefined
    if (outcome !== undefined) this.rooms.learn(course.expected, outcome, this.costs)
  }

  /** Takes in what a poll shows of a meeting, and how many people are on their way to it. */
  see (nodeId: string, course: Course, present: Crowd, arriving: number, atMs: number): void {
    if (course.see(present, arriving, atMs)) this.#node(nodeId).changed()
  }

  /** Takes in how many people are on their way to a meeting. */
  expectArrivals (nodeId: string, course: Course, arriving: number): void {
    course.expectArrivals(arriving)
    this.#node(nodeId).changed()
  }

  /** Notes that nothing is known of a node's meetings for now: what its CPU does meanwhile has no explanation. */
  unwatched (nodeId: string): void {
    this.#node(nodeId).forgetMoments()
  }

  /** Works out what a node will carry, so that the next create finds it ready. */
  refresh (nodeId: string, nowMs: number): void {
    this.look(nodeId, nowMs)
  }

  /** Notes that everything a poll showed has been taken in. */
  polled (nodeId: string, atMs: number): void {
    this.#node(nodeId).note(atMs, this.costs, atMs - this.parts.maxSampleAgeMs - this.parts.sampleWindowMs)
  }

  /** Takes in that a node was busy to that ratio, on average over the time until `atMs`. */
  cpuSampled (nodeId: string, cpuRatio: number, atMs: number): void {
    const node = this.#node(nodeId)
    const explanation = node.explain(atMs - this.parts.sampleWindowMs, atMs)
    if (explanation === undefined) return
    const { causes, explained } = explanation
    const residual = cpuRatio - explained
    const known = node.background ?? 0
    if (cpuRatio < FULL_RATIO || residual > known) node.background = known + BACKGROUND_STEP * (residual - known)
    node.sampledAtMs = atMs
    this.learning.sample(causes, cpuRatio)
    node.lastingResidual += LASTING_STEP * (residual - node.lastingResidual)
    if (explained > LEAST_EXPLAINED && cpuRatio < FULL_RATIO) this.#blame(node, (residual - node.lastingResidual) / explained, explained, atMs)
  }

  /** What a node carries and will carry. */
  look (nodeId: string, nowMs: number): Look {
    const node = this.#node(nodeId)
    return {
      meetings: node.courses.size + node.underWay.size,
      profile: node.profile(nowMs, this.costs, this.#background(node, nowMs)),
      bookings: node.bookings,
    }
  }

  /**
   * What has to be done every few seconds: finds places for the rooms expected soon, on the nodes that may take
   * them, and once an hour works out costs and forgets old rooms. Yields often, so that others may run in between.
   */
  * prepare (nodes: Iterable<PlaceableNode>, nowMs: number, random: () => number): Generator<undefined, void> {
    this.#backgroundElsewhere = this.#medianBackground(nowMs)
    if (nowMs - this.#learnedAtMs >= LEARNING_MS) {
      this.#learnedAtMs = nowMs
      this.costs = this.learning.solveHourly() ?? this.costs
      yield * this.rooms.forgetOld(nowMs)
    }
    if (!this.parts.bookings) return
    const held = yield * this.bookings.pack(nodes, nowMs, this.costs, random)
    this.#booked.clear()
    for (const [id, node] of this.#nodes) {
      node.bookings = (held.get(id) ?? []).filter(({ room }) => !this.rooms.isOpen(room))
      for (const { room } of node.bookings) this.#booked.set(room, node)
    }
  }

  /** A room has a meeting, or will have as soon as its create answers: no place is held for it any longer. */
  #open (room: string): void {
    this.rooms.opened(room)
    const node = this.#booked.get(room)
    if (node === undefined) return
    node.bookings = node.bookings.filter((booking) => booking.room !== room)
    this.#booked.delete(room)
  }

  #blame (node: NodeOutlook, residual: number, explained: number, atMs: number): void {
    const parts: { course: Course, part: number }[] = []
    let squares = 0
    for (const course of node.courses) {
      // One that came in the middle of the window explains less of it than its share.
      if (!course.isSeen || course.startedAtMs > atMs - this.parts.sampleWindowMs) continue
      const part = Math.min(1, course.liveShare(this.costs) / node.weight / explained)
      parts.push({ course, part })
      squares += part * part
    }
    for (const { course, part } of parts) course.blame(residual, part, squares)
  }

  /** What no meeting explains on a node: as its CPU says, or while that is unknown as on most others. */
  #background (node: NodeOutlook, nowMs: number): number {
    return this.#isFresh(node, nowMs) ? node.background ?? 0 : this.#backgroundElsewhere
  }

  #isFresh (node: NodeOutlook, nowMs: number): boolean {
    return node.background !== undefined && nowMs - node.sampledAtMs <= this.parts.maxSampleAgeMs
  }

  #medianBackground (nowMs: number): number {
    const known: number[] = []
    for (const node of this.#nodes.values()) if (this.#isFresh(node, nowMs)) known.push(node.background ?? 0)
    known.sort((a, b) => a - b)
    return known[Math.floor(known.length / 2)] ?? 0
  }

  #node (id: string): NodeOutlook {
    const node = this.#nodes.get(id)
    if (node === undefined) throw new Error(`there is no node ${id}`)
    return node
  }
}
