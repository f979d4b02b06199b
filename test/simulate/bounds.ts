import { binOf, binOfMinute, dayOf, FIRST_MEASURED_DAY, MINUTES } from './calendar.js'
import { loadOf } from './references.js'
import type { Trace } from './trace.js'

/**
 * Per measured minute, what no placement gets below: all demand on all nodes that are there, or the largest meeting
 * alone on the strongest node.
 */
export function lowerBound (trace: Trace): Float64Array {
  const total = new Float64Array(MINUTES)
  const alone = new Float64Array(MINUTES)
  for (const meeting of trace.meetings) {
    if (meeting.isReplacement || dayOf(meeting.createdAtS) < FIRST_MEASURED_DAY) continue
    const { from, cores } = loadOf(meeting)
    cores.forEach((value, index) => {
      total[from + index] = (total[from + index] ?? 0) + value
      alone[from + index] = Math.max(alone[from + index] ?? 0, value)
    })
  }
  const strongest = trace.nodes.reduce((most, { cores }) => Math.max(most, cores), 0)
  return total.map((demand, minute) => {
    let [idle, capacity, least] = [0, 0, Infinity]
    trace.nodes.forEach(({ cores, background }, node) => {
      if (isLost(trace, node, minute)) return
      const part = background[binOfMinute(minute)] ?? 0
      idle += part * cores
      capacity += cores
      least = Math.min(least, part)
    })
    return Math.max((demand + idle) / capacity, (alone[minute] ?? 0) / strongest + least)
  })
}

/** Whether a node is lost in a measured minute. */
export function isLost ({ losses }: Trace, node: number, minute: number): boolean {
  const bin = binOfMinute(minute)
  return losses.some((loss) => loss.node === node && binOf(loss.atS) <= bin && bin < binOf(loss.backAtS - 1))
}
