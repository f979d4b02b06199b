import { BIN_S, CLOSES_S, DAYS, dayOf, FIRST_MEASURED_DAY, OPENS_S, timeOf } from './calendar.js'
import { Demand, peoplePerMinute } from './demand.js'
import { EventQueue } from './queue.js'
import type { SeenMeeting, Strategy } from './strategy.js'
import type { Loss, Meeting, Trace } from './trace.js'

/** Where a strategy put the meetings, and what came of it in the measured week. */
export interface Outcome {
  /** The node of every meeting; −1 for those that were not placed. */
  readonly nodeOf: Int16Array
  /** Part of each node in use per measured minute: the minutes of the first node, then those of the second, … */
  readonly cpu: Float32Array
  /** People on each node, laid out the same. */
  readonly people: Float32Array
}

/** What happens at the same second happens in this order. */
const KIND = { loss: 0, poll: 1, sample: 2, tick: 3, create: 4, join: 5 } as const
const TICK_S = 10
/** In the weeks that are not measured it does not matter to the second what a strategy plans. */
const TICK_WHILE_LEARNING_S = 60
/** Memory in use on a node: that of the system, and of as many people per core as usually fill a node. */
const MEMORY = { system: 0.2, full: 0.5, peoplePerCore: 25 } as const

/** `of` is a node for polls and losses, a meeting for creates and joins. */
interface Event { readonly atS: number, readonly kind: number, readonly of: number }

/** A meeting on its node. */
interface Running {
  readonly meeting: Meeting
  endsAtS: number
  /** The last of its changes that a poll has shown; −1 before the first poll. */
  shown: number
  nextJoin: number
}

/** Runs one strategy over a trace. */
export function replay (trace: Trace, strategy: Strategy): Outcome {
  return new Replay(trace, strategy).run()
}

/** What comes of nodes that were chosen for the meetings without a strategy. */
export function outcomeOf (trace: Trace, nodeOf: Int16Array): Outcome {
  const demand = new Demand(trace)
  for (const meeting of trace.meetings) {
    const node = nodeOf[meeting.index] ?? -1
    if (node >= 0) demand.add(node, meeting)
  }
  return { nodeOf, cpu: demand.perMinute(), people: peoplePerMinute(trace, nodeOf, Float64Array.from(trace.meetings, ({ endedAtS }) => endedAtS)) }
}

class Replay {
  readonly #demand: Demand
  readonly #queue = new EventQueue<Event>()
  readonly #nodeOf: Int16Array
  readonly #endedAtS: Float64Array
  readonly #running: Running[][]
  readonly #byMeeting = new Map<number, Running>()
  readonly #down = new Set<number>()
  #allowed: number[]
  #lastTickS = -1

  constructor (private readonly trace: Trace, private readonly strategy: Strategy) {
    this.#demand = new Demand(trace)
    this.#nodeOf = new Int16Array(trace.meetings.length).fill(-1)
    this.#endedAtS = Float64Array.from(trace.meetings, ({ endedAtS }) => endedAtS)
    this.#running = trace.nodes.map(() => [])
    this.#allowed = trace.nodes.map((_, node) => node)
  }

  run (): Outcome {
    for (let day = this.strategy.learns ? 0 : FIRST_MEASURED_DAY; day < DAYS; day++) this.#day(day)
    return { nodeOf: this.#nodeOf, cpu: this.#demand.perMinute(), people: peoplePerMinute(this.trace, this.#nodeOf, this.#endedAtS) }
  }

  #day (day: number): void {
    const opensAtS = timeOf(day, OPENS_S)
    const closesAtS = timeOf(day, CLOSES_S)
    const { pollEveryS, sampling } = this.strategy
    if (pollEveryS > 0) this.trace.nodes.forEach(({ phase }, node) => this.#queue.add({ atS: opensAtS + phase * pollEveryS, kind: KIND.poll, of: node }))
    if (sampling !== undefined) this.#queue.add({ atS: opensAtS + sampling.lateS, kind: KIND.sample, of: 0 })
    for (const { createdAtS, index } of certain(this.trace, day)) this.#announce(createdAtS, index)
    const loss = this.trace.losses.find(({ atS }) => dayOf(atS) === day)
    if (loss !== undefined) this.#queue.add({ atS: loss.atS, kind: KIND.loss, of: loss.node })
    for (let event = this.#queue.next(); event !== undefined; event = this.#queue.next()) this.#happen(event, closesAtS)
    if (loss !== undefined) this.#comeBack(loss)
  }

  #announce (atS: number, index: number): void {
    const tickS = dayOf(atS) < FIRST_MEASURED_DAY ? TICK_WHILE_LEARNING_S : TICK_S
    if (this.strategy.before !== undefined) this.#queue.add({ atS: Math.floor(atS / tickS) * tickS, kind: KIND.tick, of: 0 })
    this.#queue.add({ atS, kind: KIND.create, of: index })
  }

  #happen ({ atS, kind, of }: Event, closesAtS: number): void {
    switch (kind) {
      case KIND.loss: return this.#lose(of, atS)
      case KIND.poll: {
        if (!this.#down.has(of)) this.#poll(of, atS)
        return this.#again({ atS: atS + this.strategy.pollEveryS, kind, of }, closesAtS)
      }
      case KIND.sample: {
        this.#sample(atS)
        return this.#again({ atS: atS + (this.strategy.sampling?.everyS ?? 0), kind, of }, closesAtS)
      }
      case KIND.tick: return this.#tick(atS)
      case KIND.create: return this.#create(of, atS)
      case KIND.join: return this.#join(of, atS)
    }
  }

  #again (event: Event, closesAtS: number): void {
    if (event.atS < closesAtS) this.#queue.add(event)
  }

  #tick (atS: number): void {
    if (atS > this.#lastTickS) this.strategy.before?.(atS)
    this.#lastTickS = Math.max(this.#lastTickS, atS)
  }

  #create (index: number, atS: number): void {
    const meeting = this.trace.meetings[index]
    if (meeting === undefined) return
    const { room, maxParticipants, announced } = meeting
    const node = this.strategy.place({ id: index, room, maxParticipants, announced }, atS, this.#allowed)
    if (!this.#allowed.includes(node)) throw new RangeError(`meeting ${index} was placed on ${node}, which is no node that may be taken`)
    this.#nodeOf[index] = node
    this.#demand.add(node, meeting)
    const running = { meeting, endsAtS: meeting.endedAtS, shown: -1, nextJoin: 0 }
    this.#running[node]?.push(running)
    this.#byMeeting.set(index, running)
    this.#awaitJoin(running)
  }

  /** Puts the next join of a meeting on the queue, for strategies that look at joins. */
  #awaitJoin (running: Running): void {
    const atS = running.meeting.joinsAtS[running.nextJoin++]
    if (this.strategy.joined !== undefined && atS !== undefined) this.#queue.add({ atS, kind: KIND.join, of: running.meeting.index })
  }

  #join (index: number, atS: number): void {
    const running = this.#byMeeting.get(index)
    if (running === undefined || running.endsAtS <= atS) return
    this.strategy.joined?.(index, this.#nodeOf[index] ?? -1, atS)
    this.#awaitJoin(running)
  }

  #poll (node: number, atS: number): void {
    const changed: SeenMeeting[] = []
    const ended: number[] = []
    const running = this.#running[node] ?? []
    let kept = 0
    for (const one of running) {
      if (one.endsAtS <= atS) {
        ended.push(one.meeting.index)
        this.#byMeeting.delete(one.meeting.index)
      } else {
        running[kept++] = one
        const last = latest(one, atS)
        if (last === one.shown) continue
        one.shown = last
        changed.push(seenAt(one.meeting, last))
      }
    }
    running.length = kept
    this.strategy.polled(node, atS, changed, ended)
  }

  #sample (atS: number): void {
    const { windowS = 0, lateS = 0 } = this.strategy.sampling ?? {}
    const sampledAtS = Math.floor((atS - lateS) / BIN_S) * BIN_S
    this.trace.nodes.forEach(({ cores }, node) => {
      if (this.#down.has(node)) return
      let people = 0
      for (const one of this.#running[node] ?? []) people += one.meeting.people[latest(one, sampledAtS)] ?? 0
      const memory = Math.min(1, MEMORY.system + MEMORY.full * people / (MEMORY.peoplePerCore * cores))
      this.strategy.sampled?.(node, this.#demand.measured(node, sampledAtS, windowS), memory, sampledAtS)
    })
  }

  #lose (node: number, atS: number): void {
    this.#down.add(node)
    this.#allowed = this.#allowed.filter((other) => other !== node)
    for (const one of this.#running[node] ?? []) {
      if (one.endsAtS <= atS) continue
      one.endsAtS = atS
      this.#endedAtS[one.meeting.index] = atS
      this.#demand.cut(node, one.meeting, atS)
      const after = this.trace.meetings[one.meeting.replacedBy]
      if (after !== undefined) this.#announce(after.createdAtS, after.index)
    }
    this.strategy.nodeDown?.(node, atS)
  }

  #comeBack ({ node, backAtS }: Loss): void {
    this.#down.delete(node)
    this.#allowed = this.trace.nodes.map((_, index) => index).filter((index) => !this.#down.has(index))
    this.strategy.nodeUp?.(node, backAtS)
  }
}

/** The meetings of a day that are created whatever happens. */
function certain (trace: Trace, day: number): Meeting[] {
  return trace.meetings.filter(({ isReplacement, createdAtS }) => !isReplacement && dayOf(createdAtS) === day)
}

/** The last change of a meeting before a moment; −1 before it was created. */
function latest ({ meeting: { changesAtS, createdAtS }, shown }: Running, atS: number): number {
  if (createdAtS > atS) return -1
  let index = Math.max(0, shown)
  while ((changesAtS[index] ?? 0) > atS) index--
  while (index + 1 < changesAtS.length && (changesAtS[index + 1] ?? 0) <= atS) index++
  return index
}

/** A meeting as a poll shows it after one of its changes. */
function seenAt (meeting: Meeting, change: number): SeenMeeting {
  const { index, room, createdAtS, maxParticipants, announced } = meeting
  const people = meeting.people[change] ?? 0
  return {
    id: index,
    room,
    createdAtS,
    maxParticipants,
    announced,
    people,
    moderators: Math.min(people, meeting.moderators),
    microphones: meeting.microphones[change] ?? 0,
    cameras: meeting.cameras[change] ?? 0,
  }
}
