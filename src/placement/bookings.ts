import type { Costs } from './costs.js'
import { addCurve, addSurviving, flat } from './horizon.js'
import type { Booking } from './node-outlook.js'
import { chooseNode, type PlaceableNode } from './placement.js'
import type { Announced, Rooms } from './rooms.js'
import { parseTagWish } from './tags.js'

/** Rooms expected up to so long ago or ahead hold their place. */
const LATE_MS = 15 * 60_000
const AHEAD_MS = 60 * 60_000

/** The list of announced rooms is made anew so often, and reaches that much further ahead. */
const LIST_HOLDS_MS = 5 * 60_000

/** A room that is open so much before its time has come. */
const EARLY_MS = 25 * 60_000

/** A room smaller than this is no trouble wherever it goes. */
const LEAST_SHARE = 0.02

/** Places held at most: the largest matter, and packing them takes time. */
const MOST_BOOKINGS = 200

/** How likely an announced room comes, to begin with: one that came once, and one that came oftener. */
const TRUST_ONCE = 0.5
const TRUST_REGULAR = 0.8

/** How much one room that came, or did not, changes that. */
const TRUST_STEP = 0.02

/** How far announced rooms can be trusted to come, 0..1; what a state file keeps. */
export interface Trust {
  readonly once: number
  readonly regular: number
}

/** Holds places for the rooms that past weeks announce for the coming hour, the largest first. */
export class Bookings {
  /** By room and time. */
  readonly #due = new Map<string, Announced>()
  /** Rooms whose meeting was taken for a lesson already: while it goes on, it is not the next one as well. */
  readonly #counted = new Set<string>()
  #listedUntilMs = 0
  #listedAtMs = 0
  trust: Trust = { once: TRUST_ONCE, regular: TRUST_REGULAR }

  constructor (private readonly rooms: Rooms) {}

  /**
   * Finds a node for every room that is due and gives the places held, by node. Yields undefined often, so that
   * others may run in between.
   */
  * pack (nodes: Iterable<PlaceableNode>, nowMs: number, costs: Costs, random: () => number): Generator<undefined, Map<string, Booking[]>> {
    yield * this.#list(nowMs, costs)
    this.#judgeAll(nowMs)
    const held = new Map<string, Booking[]>()
    const working: PlaceableNode[] = []
    for (const node of nodes) {
      working.push({ ...node, profile: { ...node.profile, curve: node.profile.curve.slice() }, bookings: [] })
      yield undefined
    }
    const largest = this.#next()
      .filter(({ room, atMs, expectation }) => atMs - nowMs <= AHEAD_MS && expectation.share >= LEAST_SHARE && !this.rooms.isOpen(room))
      .sort((one, other) => other.expectation.share - one.expectation.share)
      .slice(0, MOST_BOOKINGS)
    for (const due of largest) {
      const { expectation, room, atMs } = due
      const curve = flat()
      addSurviving(curve, this.#trustIn(due) * expectation.share, nowMs - atMs, expectation)
      const chosen = chooseNode(working, { curve, share: expectation.share, room, tags: parseTagWish(due.tags), except: NOWHERE }, random)
      if (chosen !== undefined) {
        const { node } = chosen
        const onNode = flat()
        addCurve(onNode, curve, node.weight)
        addCurve(node.profile.curve, onNode)
        const bookings = held.get(node.id) ?? []
        bookings.push({ room, share: expectation.share, curve: onNode })
        held.set(node.id, bookings)
      }
      yield undefined
    }
    return held
  }

  * #list (nowMs: number, costs: Costs): Generator<undefined> {
    if (nowMs - this.#listedAtMs < LIST_HOLDS_MS) return
    const untilMs = nowMs + AHEAD_MS + LIST_HOLDS_MS
    const fromMs = Math.max(this.#listedUntilMs, nowMs - LATE_MS)
    this.#listedAtMs = nowMs
    this.#listedUntilMs = untilMs
    for (const announced of this.rooms.announced(fromMs, untilMs, costs)) {
      if (announced === undefined) yield undefined
      else this.#due.set(keyOf(announced), announced)
    }
  }

  #trustIn ({ isRegular }: Announced): number {
    return isRegular ? this.trust.regular : this.trust.once
  }

  /** The next lesson of every room. */
  #next (): Announced[] {
    const next = new Map<string, Announced>()
    for (const due of this.#due.values()) if (due.atMs < (next.get(due.room)?.atMs ?? Infinity)) next.set(due.room, due)
    return [...next.values()]
  }

  #judgeAll (nowMs: number): void {
    for (const room of this.#counted) if (!this.rooms.isOpen(room)) this.#counted.delete(room)
    for (const due of this.#due.values()) {
      const isOpen = this.rooms.isOpen(due.room)
      if (nowMs - due.atMs > LATE_MS) this.#judge(due, isOpen ? 1 : 0)
      else if (isOpen && due.atMs - nowMs <= EARLY_MS && !this.#counted.has(due.room)) {
        this.#counted.add(due.room)
        this.#judge(due, 1)
      }
    }
  }

  #judge (due: Announced, came: 0 | 1): void {
    this.#due.delete(keyOf(due))
    const learnt = this.#trustIn(due) + TRUST_STEP * (came - this.#trustIn(due))
    this.trust = due.isRegular ? { ...this.trust, regular: learnt } : { ...this.trust, once: learnt }
  }
}

function keyOf ({ room, atMs }: Announced): string {
  return `${room} ${atMs}`
}

const NOWHERE: ReadonlySet<string> = new Set()
