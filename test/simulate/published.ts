/** The load formulas of the systems in this field as they publish them, each with its own way of looking at nodes. */
import type { Random } from './random.js'
import { PROMETHEUS, type NewMeeting, type NodeFacts, type Sampling, type SeenMeeting, type Strategy } from './strategy.js'

const MINUTE_S = 60

/** The node with the smallest load; of equal ones the first, or any if `random` is given. */
export function smallest (load: (node: number) => number, allowed: readonly number[], random?: Random): number {
  let best = -1
  let least = Infinity
  let equals = 0
  for (const node of allowed) {
    const value = load(node)
    if (best === -1 || value < least) [best, least, equals] = [node, value, 1]
    else if (random !== undefined && value === least && random.whole(++equals) === 0) best = node
  }
  return best
}

/** Adds up the meetings of a node at each poll, and holds the sum until the next. */
abstract class ByPolls implements Strategy {
  readonly learns = false
  abstract readonly pollEveryS: number
  protected readonly load: Float64Array
  readonly #meetings: ReadonlyArray<Map<number, SeenMeeting>>

  constructor (protected readonly nodes: readonly NodeFacts[]) {
    this.load = new Float64Array(nodes.length)
    this.#meetings = nodes.map(() => new Map())
  }

  polled (node: number, atS: number, changed: readonly SeenMeeting[], ended: readonly number[]): void {
    const meetings = this.#meetings[node]
    if (meetings === undefined) return
    for (const id of ended) meetings.delete(id)
    for (const meeting of changed) meetings.set(meeting.id, meeting)
    this.load[node] = this.sum([...meetings.values()], this.weightOf(node), atS)
  }

  nodeDown (node: number): void {
    this.#meetings[node]?.clear()
    this.load[node] = 0
  }

  place (meeting: NewMeeting, _atS: number, allowed: readonly number[]): number {
    const node = this.choose(allowed)
    this.charge(node, this.chargeFor(meeting, this.weightOf(node)))
    return node
  }

  protected choose (allowed: readonly number[]): number {
    return smallest((node) => this.load[node] ?? 0, allowed)
  }

  /** What a node's meetings sum up to. */
  protected abstract sum (meetings: readonly SeenMeeting[], weight: number, atS: number): number

  /** What a create adds to its node until the next poll. */
  protected chargeFor (_meeting: NewMeeting, _weight: number): number {
    return 0
  }

  protected charge (node: number, by: number): void {
    this.load[node] = (this.load[node] ?? 0) + by
  }

  protected weightOf (node: number): number {
    return this.nodes[node]?.weight ?? 1
  }
}

function total (meetings: readonly SeenMeeting[], of: (meeting: SeenMeeting) => number): number {
  return meetings.reduce((sum, meeting) => sum + of(meeting), 0)
}

/** Moderators count twice, young meetings for at least 15; one for each create and join until the next poll. */
export class Scalelite extends ByPolls {
  readonly pollEveryS = 60

  joined (_id: number, node: number): void {
    this.charge(node, 1 / this.weightOf(node))
  }

  protected override chargeFor (_meeting: NewMeeting, weight: number): number {
    return 1 / weight
  }

  protected sum (meetings: readonly SeenMeeting[], weight: number, atS: number): number {
    return total(meetings, ({ people, moderators, createdAtS }) => {
      const users = people + moderators
      return atS - createdAtS < 15 * MINUTE_S ? Math.max(users, 15) : users
    }) / weight
  }
}

/** Ghosts stand for who is still to come; they fade over half an hour. Knows no weights. */
export class Bbblb extends ByPolls {
  readonly pollEveryS = 30

  protected override chargeFor ({ announced, maxParticipants }: NewMeeting): number {
    return Bbblb.#counts(0, 0, 0, Bbblb.#ghosts(announced === 0 ? maxParticipants : announced, 0))
  }

  protected sum (meetings: readonly SeenMeeting[], _weight: number, atS: number): number {
    return total(meetings, ({ people, microphones, cameras, createdAtS, announced, maxParticipants }) =>
      Bbblb.#counts(people, microphones, cameras, Bbblb.#ghosts(announced === 0 ? maxParticipants : announced, atS - createdAtS)))
  }

  static #ghosts (hint: number, ageS: number): number {
    return Math.max(20, Math.min(hint, 100)) * Math.max(0, 1 - ageS / (30 * MINUTE_S))
  }

  static #counts (users: number, voice: number, video: number, ghosts: number): number {
    return 5 + users + 0.5 * voice + 0.5 * video + ghosts * (1 + 0.5 + 0.05)
  }
}

/** People and meetings, and a steep polynomial of the CPU. */
export class B3lb extends ByPolls {
  readonly pollEveryS = 15
  readonly sampling: Sampling = { everyS: 15, windowS: 15, lateS: 15 }
  readonly #cpu: Float64Array

  constructor (nodes: readonly NodeFacts[], private readonly random: Random) {
    super(nodes)
    this.#cpu = new Float64Array(nodes.length)
  }

  sampled (node: number, cpu: number): void {
    this.#cpu[node] = [1, 2, 3, 4, 5].reduce((sum, power) => sum + cpu ** power, 0) * 5_000 / 6
  }

  protected override choose (allowed: readonly number[]): number {
    return smallest((node) => (this.load[node] ?? 0) + (this.#cpu[node] ?? 0), allowed, this.random)
  }

  protected override chargeFor (): number {
    return 31
  }

  protected sum (meetings: readonly SeenMeeting[]): number {
    return total(meetings, ({ people }) => people) + 30 * meetings.length
  }
}

/** People, or 15 for each meeting if that is more. Nothing for a create. */
export class B3scale extends ByPolls {
  readonly pollEveryS = 20

  protected sum (meetings: readonly SeenMeeting[], weight: number): number {
    return Math.max(15 * meetings.length, total(meetings, ({ people }) => people)) / weight
  }
}

/** People, at least 15 in young meetings that may have as many. Nothing for a create. */
export class Pilos extends ByPolls {
  readonly pollEveryS = 60

  protected sum (meetings: readonly SeenMeeting[], weight: number, atS: number): number {
    return total(meetings, ({ people, createdAtS, maxParticipants }) => {
      if (atS - createdAtS >= 15 * MINUTE_S) return people
      return Math.max(people, maxParticipants === 0 ? 15 : Math.min(15, maxParticipants))
    }) / weight
  }
}

/** Looks at nothing but what is measured on nodes. */
abstract class ByMeasurements implements Strategy {
  readonly pollEveryS = 60
  readonly learns = false
  abstract readonly sampling: Sampling
  protected readonly value: Float64Array

  constructor (nodes: readonly NodeFacts[]) {
    this.value = new Float64Array(nodes.length)
  }

  polled (): void {}
  abstract sampled (node: number, cpu: number, memory: number): void

  place (_meeting: NewMeeting, _atS: number, allowed: readonly number[]): number {
    return smallest((node) => this.value[node] ?? 0, allowed)
  }
}

export class LeastCpu extends ByMeasurements {
  readonly sampling = PROMETHEUS

  sampled (node: number, cpu: number): void {
    this.value[node] = cpu
  }
}

/** CPU and used memory, each the mean of five minutes; agents on the nodes send both every ten seconds. */
export class BigBlueSwarm extends ByMeasurements {
  readonly sampling: Sampling = { everyS: 10, windowS: 10, lateS: 10 }
  readonly #last: number[][]

  constructor (nodes: readonly NodeFacts[]) {
    super(nodes)
    this.#last = nodes.map(() => [])
  }

  sampled (node: number, cpu: number, memory: number): void {
    const last = this.#last[node] ?? []
    if (last.push(cpu + memory) > 5 * MINUTE_S / this.sampling.everyS) last.shift()
    this.value[node] = last.reduce((sum, value) => sum + value, 0) / last.length
  }
}

export class RoundRobin implements Strategy {
  readonly pollEveryS = 0
  readonly learns = false
  #last = -1

  polled (): void {}
  place (_meeting: NewMeeting, _atS: number, allowed: readonly number[]): number {
    this.#last = allowed.find((node) => node > this.#last) ?? allowed[0] ?? -1
    return this.#last
  }
}

export class AnyNode implements Strategy {
  readonly pollEveryS = 0
  readonly learns = false

  constructor (private readonly random: Random) {}

  polled (): void {}
  place (_meeting: NewMeeting, _atS: number, allowed: readonly number[]): number {
    return this.random.choice(allowed)
  }
}
