/** What knows more than any gateway: the measure of how far one could go. */
import { BINS_PER_MINUTE, binOfMinute, dayOf, FIRST_MEASURED_DAY, measuredMinutes, MINUTES } from './calendar.js'
import { Demand } from './demand.js'
import type { NewMeeting, Strategy } from './strategy.js'
import type { Meeting, Trace } from './trace.js'

/**
 * Knows the true course of a meeting when it is created, and of all that run: takes the node with the smallest
 * maximum over the meeting's life, of equal ones that with the smallest mean. It knows nothing of what comes later.
 */
export class Clairvoyant implements Strategy {
  readonly pollEveryS = 0
  readonly learns = false
  readonly #demand: Demand
  readonly #on: Meeting[][]

  constructor (private readonly trace: Trace) {
    this.#demand = new Demand(trace)
    this.#on = trace.nodes.map(() => [])
  }

  polled (): void {}

  nodeDown (node: number, atS: number): void {
    for (const meeting of this.#on[node] ?? []) if (meeting.endedAtS > atS) this.#demand.cut(node, meeting, atS)
    this.#on[node] = []
  }

  place ({ id }: NewMeeting, _atS: number, allowed: readonly number[]): number {
    const meeting = this.trace.meetings[id]
    if (meeting === undefined) return -1
    let best = -1
    let least = { most: Infinity, mean: Infinity }
    for (const node of allowed) {
      const found = this.#with(meeting, node)
      if (found.most < least.most || (found.most === least.most && found.mean < least.mean)) [best, least] = [node, found]
    }
    this.#demand.add(best, meeting)
    this.#on[best]?.push(meeting)
    return best
  }

  /** What a node would be at with the meeting, per minute of the meeting's life. */
  #with ({ curve, firstBin }: Meeting, node: number): { most: number, mean: number } {
    const cores = this.trace.nodes[node]?.cores ?? 1
    let [most, sum, minute, minutes] = [0, 0, 0, 0]
    for (let bin = 0; bin < curve.length; bin++) {
      minute += this.#demand.at(node, firstBin + bin) + (curve[bin] ?? 0) / cores
      const isLast = bin === curve.length - 1
      if ((firstBin + bin + 1) % BINS_PER_MINUTE !== 0 && !isLast) continue
      const inIt = isLast ? (firstBin + bin) % BINS_PER_MINUTE + 1 : BINS_PER_MINUTE
      most = Math.max(most, minute / inIt)
      sum += minute / inIt
      minute = 0
      minutes++
    }
    return { most, mean: sum / minutes }
  }
}

/** A meeting in measured minutes. */
export interface Load { readonly meeting: Meeting, readonly from: number, readonly cores: Float64Array, readonly largest: number }

const ROUNDS = 40
/** A round that lowers the sum by less than this part is the last. */
const WORTHWHILE = 1e-4

/**
 * Sees the whole measured week: puts the largest meetings first where their maximum is smallest, then moves single
 * meetings while the sum over nodes and minutes of u¹² falls. Returns the node of every meeting of the measured week.
 */
export function offline (trace: Trace): Int16Array {
  const nodeOf = new Int16Array(trace.meetings.length).fill(-1)
  const use = trace.nodes.map((_, node) => backgroundPerMinute(trace, node))
  const loads = trace.meetings.filter((meeting) => !meeting.isReplacement && dayOf(meeting.createdAtS) >= FIRST_MEASURED_DAY).map(loadOf)
    .sort((one, other) => other.largest - one.largest)
  const cores = trace.nodes.map((node) => node.cores)
  for (const load of loads) {
    let [best, least] = [0, Infinity]
    use.forEach((minutes, node) => {
      const most = maximumWith(minutes, load, cores[node] ?? 1)
      if (most < least) [best, least] = [node, most]
    })
    nodeOf[load.meeting.index] = best
    put(use[best], load, 1 / (cores[best] ?? 1))
  }
  improve(nodeOf, loads, use, cores)
  return nodeOf
}

function improve (nodeOf: Int16Array, loads: readonly Load[], use: readonly Float64Array[], cores: readonly number[]): void {
  for (let round = 0; round < ROUNDS; round++) {
    let gained = 0
    for (const load of loads) {
      const from = nodeOf[load.meeting.index] ?? 0
      const saved = -difference(use[from], load, -1 / (cores[from] ?? 1))
      let [best, most] = [from, 0]
      use.forEach((minutes, node) => {
        if (node === from) return
        const gain = saved - difference(minutes, load, 1 / (cores[node] ?? 1))
        if (gain > most) [best, most] = [node, gain]
      })
      if (best === from) continue
      put(use[from], load, -1 / (cores[from] ?? 1))
      put(use[best], load, 1 / (cores[best] ?? 1))
      nodeOf[load.meeting.index] = best
      gained += most
    }
    if (gained < WORTHWHILE * use.reduce((sum, minutes) => sum + minutes.reduce((all, u) => all + steep(u), 0), 0)) return
  }
}

/** How much the sum of u¹² of a node changes when a meeting's load is added `times` (of the node) times. */
function difference (minutes: Float64Array | undefined, { from, cores }: Load, times: number): number {
  let sum = 0
  for (let index = 0; index < cores.length; index++) {
    const u = minutes?.[from + index] ?? 0
    sum += steep(u + times * (cores[index] ?? 0)) - steep(u)
  }
  return sum
}

function steep (u: number): number {
  const cube = u * u * u
  const sixth = cube * cube
  return sixth * sixth
}

function maximumWith (minutes: Float64Array, { from, cores }: Load, nodeCores: number): number {
  let most = 0
  for (let index = 0; index < cores.length; index++) most = Math.max(most, (minutes[from + index] ?? 0) + (cores[index] ?? 0) / nodeCores)
  return most
}

function put (minutes: Float64Array | undefined, { from, cores }: Load, times: number): void {
  if (minutes === undefined) return
  for (let index = 0; index < cores.length; index++) minutes[from + index] = (minutes[from + index] ?? 0) + times * (cores[index] ?? 0)
}

export function loadOf (meeting: Meeting): Load {
  const { curve, firstBin } = meeting
  const [from, until] = measuredMinutes(firstBin, firstBin + curve.length)
  const cores = Float64Array.from({ length: until - from }, (_, minute) => {
    let sum = 0
    const first = binOfMinute(from + minute) - firstBin
    for (let bin = Math.max(0, first); bin < first + BINS_PER_MINUTE; bin++) sum += curve[bin] ?? 0
    return sum / BINS_PER_MINUTE
  })
  return { meeting, from, cores, largest: cores.reduce((most, value) => Math.max(most, value), 0) }
}

function backgroundPerMinute (trace: Trace, node: number): Float64Array {
  return Float64Array.from({ length: MINUTES }, (_, minute) => trace.nodes[node]?.background[binOfMinute(minute)] ?? 0)
}
