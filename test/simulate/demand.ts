import { BIN_S, BINS, BINS_PER_MINUTE, binOf, binOfMinute, dayOf, BINS_PER_DAY, FIRST_MEASURED_DAY, measuredMinutes, MINUTES } from './calendar.js'
import type { Meeting, Trace } from './trace.js'

/** Every node's use of CPU, in bins over all days, as meetings are put on it and taken away. */
export class Demand {
  readonly #cores: readonly Float64Array[]

  constructor (private readonly trace: Trace) {
    this.#cores = trace.nodes.map(() => new Float64Array(BINS))
  }

  /** Puts a meeting on a node for all its life. */
  add (node: number, meeting: Meeting): void {
    this.#change(node, meeting, meeting.firstBin, 1)
  }

  /** Takes away what would have come from a moment on. */
  cut (node: number, meeting: Meeting, fromS: number): void {
    this.#change(node, meeting, binOf(fromS), -1)
  }

  /** Part of the node in use in a bin; above 1 it is more than the node has. */
  at (node: number, bin: number): number {
    const facts = this.trace.nodes[node]
    if (facts === undefined) return 0
    return (facts.background[bin] ?? 0) + (this.#cores[node]?.[bin] ?? 0) / facts.cores
  }

  /** What is measured at a moment over a window of the same day: a node cannot use more than it has. */
  measured (node: number, atS: number, windowS: number): number {
    const until = binOf(atS)
    const from = Math.max(dayOf(atS) * BINS_PER_DAY, until - Math.round(windowS / BIN_S))
    if (until <= from) return Math.min(1, this.at(node, from))
    let sum = 0
    for (let bin = from; bin < until; bin++) sum += Math.min(1, this.at(node, bin))
    return sum / (until - from)
  }

  /** Part of each node in use in each measured minute: the minutes of the first node, then those of the second, … */
  perMinute (): Float32Array {
    const minutes = new Float32Array(this.trace.nodes.length * MINUTES)
    for (let node = 0; node < this.trace.nodes.length; node++) {
      for (let minute = 0; minute < MINUTES; minute++) minutes[node * MINUTES + minute] = this.#minute(node, binOfMinute(minute))
    }
    for (const { node, atS, backAtS } of this.trace.losses) {
      if (dayOf(atS) < FIRST_MEASURED_DAY) continue
      const [from, until] = measuredMinutes(binOf(atS), binOf(backAtS - 1) + 1)
      minutes.fill(0, node * MINUTES + from, node * MINUTES + until)
    }
    return minutes
  }

  #minute (node: number, firstBin: number): number {
    let sum = 0
    for (let bin = firstBin; bin < firstBin + BINS_PER_MINUTE; bin++) sum += this.at(node, bin)
    return sum / BINS_PER_MINUTE
  }

  #change (node: number, { curve, firstBin }: Meeting, fromBin: number, sign: 1 | -1): void {
    const cores = this.#cores[node]
    if (cores === undefined) return
    for (let bin = Math.max(fromBin, firstBin); bin < firstBin + curve.length; bin++) cores[bin] = (cores[bin] ?? 0) + sign * (curve[bin - firstBin] ?? 0)
  }
}

/** People on each node in each measured minute, laid out as `perMinute`. */
export function peoplePerMinute (trace: Trace, nodeOf: Int16Array, endedAtS: Float64Array): Float32Array {
  const people = new Float32Array(trace.nodes.length * MINUTES)
  for (const meeting of trace.meetings) {
    const node = nodeOf[meeting.index] ?? -1
    if (node < 0 || dayOf(meeting.createdAtS) < FIRST_MEASURED_DAY) continue
    const [from, until] = measuredMinutes(meeting.firstBin, binOf((endedAtS[meeting.index] ?? meeting.endedAtS) - 1) + 1)
    let change = 0
    for (let minute = from; minute < until; minute++) {
      const middleBin = binOfMinute(minute) + BINS_PER_MINUTE / 2
      while (change + 1 < meeting.changesAtS.length && binOf(meeting.changesAtS[change + 1] ?? 0) <= middleBin) change++
      people[node * MINUTES + minute] = (people[node * MINUTES + minute] ?? 0) + (meeting.people[change] ?? 0)
    }
  }
  return people
}
