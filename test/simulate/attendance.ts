import { BIN_S, secondOfDay, CLOSES_S } from './calendar.js'
import { coresOf, JOIN } from './cost.js'
import type { Random } from './random.js'

/** What decides how one meeting goes. */
export interface Plan {
  readonly createdAtS: number
  /** When its people leave. */
  readonly endsAtS: number
  readonly people: number
  /** The part of the people that opens a microphone, and that sends a camera; who opened the room does both more often. */
  readonly microphones: number
  readonly cameras: number
  readonly factor: number
  /** Whether its people were thrown out of the same meeting a moment ago: all come back at once. */
  readonly again: boolean
}

/** How a meeting went: counts from each of some moments on, joins, and the cores it took per bin. */
export interface Course {
  readonly endedAtS: number
  readonly changesAtS: Int32Array
  readonly people: Uint16Array
  readonly microphones: Uint16Array
  readonly cameras: Uint16Array
  readonly joinsAtS: Int32Array
  readonly curve: Float32Array
}

const LATE = 0.12
const LATE_UNTIL_S = 1_500
/** Those in time: most come soon after the room has opened, the others within five minutes. */
const IN_TIME_MEAN_S = 110
const IN_TIME_UNTIL_S = 300
const BACK_MEAN_S = 25
const BACK_UNTIL_S = 90
const HOST_SHOWS = 0.6
const LEAVES_EARLY = 0.05
const LEAVING_TAKES_S = 90
/** BBB ends a meeting a minute after the last one left. */
const EMPTY_FOR_S = 60

interface Change { readonly atS: number, readonly people: number, readonly microphones: number, readonly cameras: number }

export function attend (plan: Plan, random: Random): Course {
  const changes: Change[] = []
  const joins: number[] = []
  const latestS = plan.createdAtS - secondOfDay(plan.createdAtS) + CLOSES_S - EMPTY_FOR_S - BIN_S
  const endsAtS = Math.min(plan.endsAtS, latestS - LEAVING_TAKES_S)
  for (let person = 0; person < plan.people; person++) {
    const joinsAtS = Math.round(Math.min(plan.createdAtS + arrival(person, plan.again, random), endsAtS - 60))
    const early = random.chance(LEAVES_EARLY) && person > 0
    const leavesAtS = Math.round(early ? random.between(joinsAtS + 60, endsAtS) : endsAtS + random.between(0, LEAVING_TAKES_S))
    const speaks = random.chance(plan.microphones) || person === 0
    const shows = random.chance(person === 0 ? Math.max(plan.cameras, HOST_SHOWS) : plan.cameras)
    joins.push(joinsAtS)
    changes.push({ atS: joinsAtS, people: 1, microphones: 0, cameras: 0 }, { atS: leavesAtS, people: -1, microphones: 0, cameras: 0 })
    switchOn(changes, random, speaks, 'microphones', 5, 30, joinsAtS, leavesAtS)
    switchOn(changes, random, shows, 'cameras', 10, 120, joinsAtS, leavesAtS)
  }
  joins.sort((one, other) => one - other)
  return courseOf(changes, Int32Array.from(joins), plan)
}

/** Seconds after the opening. The first is who opened the room. */
function arrival (person: number, again: boolean, random: Random): number {
  if (person === 0) return random.between(2, 8)
  if (again) return 3 + Math.min(random.exponential(BACK_MEAN_S), BACK_UNTIL_S)
  if (random.chance(LATE)) return random.between(IN_TIME_UNTIL_S, LATE_UNTIL_S)
  const afterS = 5 + random.exponential(IN_TIME_MEAN_S)
  return afterS < IN_TIME_UNTIL_S ? afterS : random.between(5, IN_TIME_UNTIL_S)
}

function switchOn (changes: Change[], random: Random, does: boolean, what: 'microphones' | 'cameras', soonestS: number, latestS: number, joinsAtS: number, leavesAtS: number): void {
  const fromS = joinsAtS + Math.round(random.between(soonestS, latestS))
  if (!does || fromS >= leavesAtS) return
  changes.push({ atS: fromS, people: 0, microphones: 0, cameras: 0, [what]: 1 }, { atS: leavesAtS, people: 0, microphones: 0, cameras: 0, [what]: -1 })
}

/** Adds the changes up: counts per moment, and the cores in each bin. */
export function courseOf (changes: Change[], joinsAtS: Int32Array, { createdAtS, factor }: Pick<Plan, 'createdAtS' | 'factor'>): Course {
  changes.sort((one, other) => one.atS - other.atS)
  const moments = new Set(changes.map(({ atS }) => atS)).size + 1
  const course = {
    endedAtS: (changes.at(-1)?.atS ?? createdAtS) + EMPTY_FOR_S,
    changesAtS: new Int32Array(moments),
    people: new Uint16Array(moments),
    microphones: new Uint16Array(moments),
    cameras: new Uint16Array(moments),
    joinsAtS,
  }
  course.changesAtS[0] = createdAtS
  let last = 0
  const now = { people: 0, microphones: 0, cameras: 0 }
  for (const change of changes) {
    if (change.atS !== course.changesAtS[last]) course.changesAtS[++last] = change.atS
    now.people += change.people
    now.microphones += change.microphones
    now.cameras += change.cameras
    course.people[last] = now.people
    course.microphones[last] = now.microphones
    course.cameras[last] = now.cameras
  }
  const kept = {
    ...course,
    changesAtS: course.changesAtS.subarray(0, last + 1),
    people: course.people.subarray(0, last + 1),
    microphones: course.microphones.subarray(0, last + 1),
    cameras: course.cameras.subarray(0, last + 1),
  }
  return { ...kept, curve: curveOf(kept, createdAtS, factor) }
}

function curveOf (course: Omit<Course, 'curve'>, createdAtS: number, factor: number): Float32Array {
  const firstBin = Math.floor(createdAtS / BIN_S)
  const sums = new Float64Array(Math.floor((course.endedAtS - 1) / BIN_S) - firstBin + 1)
  const { changesAtS, people, microphones, cameras } = course
  for (let index = 0; index < changesAtS.length; index++) {
    const cores = coresOf(people[index] ?? 0, microphones[index] ?? 0, cameras[index] ?? 0)
    spread(sums, firstBin, changesAtS[index] ?? 0, changesAtS[index + 1] ?? course.endedAtS, cores)
  }
  for (const joinAtS of course.joinsAtS) spread(sums, firstBin, joinAtS, Math.min(joinAtS + JOIN.seconds, course.endedAtS), JOIN.cores)
  return Float32Array.from(sums, (sum) => factor * sum / BIN_S)
}

/** Adds so many cores in the seconds from one moment to another, as core seconds per bin. */
function spread (sums: Float64Array, firstBin: number, fromS: number, untilS: number, cores: number): void {
  for (let atS = fromS; atS < untilS;) {
    const bin = Math.floor(atS / BIN_S)
    const nextS = Math.min(untilS, (bin + 1) * BIN_S)
    sums[bin - firstBin] = (sums[bin - firstBin] ?? 0) + cores * (nextS - atS)
    atS = nextS
  }
}
