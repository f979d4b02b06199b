import { attend, type Course, type Plan } from './attendance.js'
import { BIN_S, BINS, BINS_PER_DAY, binOf, CLOSES_S, DAYS, FIRST_MEASURED_DAY, HOUR_S, OPENS_S, secondOfDay, timeOf, WEEKDAYS } from './calendar.js'
import { Random } from './random.js'
import { characterOf, newTimetable, RoomIds, startOf, weeklyRooms, type Character, type Room } from './rooms.js'
import { ANY_SIZE, type Scenario } from './scenarios.js'

/** One meeting, with everything about it that nobody could know when it was created. */
export interface Meeting extends Course {
  readonly index: number
  readonly room: number
  readonly createdAtS: number
  readonly maxParticipants: number
  /** How many people its create announces; 0 if it does not. */
  readonly announced: number
  readonly moderators: number
  /** The bin of the first value of its curve. */
  readonly firstBin: number
  /** The meeting that its people open when its node is lost; −1 where none can be. */
  readonly replacedBy: number
  /** Whether it is such a meeting: it comes to be only if the node of the other is lost. */
  readonly isReplacement: boolean
}

export interface TraceNode {
  readonly weight: number
  readonly cores: number
  /** Where in a poll interval its polls fall, 0 to 1. */
  readonly phase: number
  /** CPU that no meeting takes, 0 to 1, per bin. */
  readonly background: Float32Array
}

export interface Loss { readonly node: number, readonly atS: number, readonly backAtS: number }

/** Days of a cluster: the same for every strategy. */
export interface Trace {
  readonly scenario: Scenario
  readonly seed: number
  readonly nodes: readonly TraceNode[]
  /** In the order of creation, replacements last. */
  readonly meetings: readonly Meeting[]
  readonly losses: readonly Loss[]
}

const CANCELLED = 0.07
const SOMETHING_ELSE = 0.04
const OPENED_BEFORE_S = 240
const OPENED_SD_S = 180
const ENDS_SD_S = 240
/** How much the meetings of one room differ, as standard deviations of logarithms. */
const PEOPLE_LOG_SD = 0.13
const SHARE_LOG_SD = 0.2
const FACTOR_LOG_SD = 0.1
const SHORTEST_S = 300
const IDLE = [0.03, 0.06] as const
const CREATED_AGAIN_S = [5, 55] as const
/** The busiest time that decides the cores of a node is five minutes long. */
const BUSY_BINS = 300 / BIN_S

/** A meeting as it is to be. */
interface Draft extends Plan { readonly room: number, readonly maxParticipants: number, readonly announced: number, readonly moderators: number }

export function makeTrace (scenario: Scenario, seed: number): Trace {
  const random = new Random(seed)
  const drafts = draftMeetings(scenario, random.branch('meetings')).sort((one, other) => one.createdAtS - other.createdAtS)
  const people = random.branch('people')
  const meetings: Meeting[] = drafts.map((draft, index) => ({
    ...attend(draft, people), ...plain(draft), index, replacedBy: -1, isReplacement: false,
  }))
  const losses = lossesOf(scenario, random.branch('losses'))
  replaceLost(meetings, drafts, losses, random.branch('replacements'))
  return { scenario, seed, nodes: nodesOf(scenario, meetings, random.branch('nodes')), meetings, losses }
}

function plain ({ room, createdAtS, maxParticipants, announced, moderators }: Draft): Pick<Meeting, 'room' | 'createdAtS' | 'maxParticipants' | 'announced' | 'moderators' | 'firstBin'> {
  return { room, createdAtS, maxParticipants, announced, moderators, firstBin: binOf(createdAtS) }
}

function draftMeetings (scenario: Scenario, random: Random): Draft[] {
  const ids = new RoomIds()
  let rooms = weeklyRooms(scenario, ids, random)
  const personal = Array.from({ length: scenario.personal.rooms }, () => ids.next())
  const drafts: Draft[] = []
  for (let day = 0; day < DAYS; day++) {
    if (day === FIRST_MEASURED_DAY && scenario.newTimetable !== undefined) rooms = newTimetable(scenario, rooms, scenario.newTimetable.newRooms, ids, random.branch('timetable'))
    const ofDay = random.branch(`day ${day}`)
    drafts.push(...lessons(rooms, day, ofDay))
    for (const room of ofDay.shuffle(personal).slice(0, scenario.personal.meetingsPerDay)) drafts.push(anyTime(room, day, ofDay))
    for (let left = scenario.adHocPerDay; left > 0; left--) drafts.push(anyTime(ids.next(), day, ofDay))
    if (scenario.unannounced !== undefined && day % 2 === 1) {
      const { kind, hours } = scenario.unannounced
      drafts.push(draft(ids.next(), characterOf(kind, 0, ofDay), timeOf(day, startOf(hours, ofDay)), ofDay))
    }
  }
  return drafts
}

function lessons (rooms: readonly Room[], day: number, random: Random): Draft[] {
  const drafts: Draft[] = []
  for (const room of rooms) {
    for (const slot of room.slots) {
      if (slot.weekday !== day % WEEKDAYS || random.chance(CANCELLED)) continue
      const character = random.chance(SOMETHING_ELSE) ? characterOf(ANY_SIZE, 0, random) : room
      drafts.push(draft(room.id, { ...character, minutes: room.minutes }, timeOf(day, slot.secondOfDay), random))
    }
  }
  return drafts
}

function anyTime (room: number, day: number, random: Random): Draft {
  return draft(room, characterOf(ANY_SIZE, 0, random), timeOf(day, random.between(OPENS_S + HOUR_S, CLOSES_S - HOUR_S)), random)
}

/** One meeting of a room with that character, announced for that time. */
function draft (room: number, character: Character, startsAtS: number, random: Random): Draft {
  const createdAtS = Math.max(Math.round(startsAtS - random.normal(OPENED_BEFORE_S, OPENED_SD_S)), startsAtS - secondOfDay(startsAtS) + OPENS_S)
  const people = Math.min(character.kind.people.most, Math.max(1, Math.round(random.logNormal(character.people, PEOPLE_LOG_SD))))
  return {
    room,
    createdAtS,
    endsAtS: Math.max(createdAtS + SHORTEST_S, Math.round(startsAtS + random.normal(character.minutes * 60, ENDS_SD_S))),
    people: character.maxParticipants === 0 ? people : Math.min(people, character.maxParticipants),
    microphones: Math.min(1, random.logNormal(character.microphones, SHARE_LOG_SD)),
    cameras: Math.min(1, random.logNormal(character.cameras, SHARE_LOG_SD)),
    factor: random.logNormal(character.factor, FACTOR_LOG_SD),
    again: false,
    maxParticipants: character.maxParticipants,
    announced: character.announces ? character.people : 0,
    moderators: character.kind.moderators,
  }
}

function lossesOf ({ nodeLostAtS, weights }: Scenario, random: Random): Loss[] {
  if (nodeLostAtS === undefined) return []
  return Array.from({ length: DAYS }, (_, day) => ({ node: random.whole(weights.length), atS: timeOf(day, nodeLostAtS), backAtS: timeOf(day, CLOSES_S) }))
}

/** Appends, for every meeting that runs when a node is lost, the one that would take its place. */
function replaceLost (meetings: Meeting[], drafts: readonly Draft[], losses: readonly Loss[], random: Random): void {
  const originals = meetings.length
  for (const { atS } of losses) {
    for (let index = 0; index < originals; index++) {
      const [meeting, of] = [meetings[index], drafts[index]]
      if (meeting === undefined || of === undefined || meeting.createdAtS >= atS || of.endsAtS < atS + SHORTEST_S) continue
      if (meeting.createdAtS < atS - 12 * HOUR_S) continue
      const again: Draft = { ...of, createdAtS: atS + Math.round(random.between(...CREATED_AGAIN_S)), again: true }
      meetings[index] = { ...meeting, replacedBy: meetings.length }
      meetings.push({ ...attend(again, random), ...plain(again), index: meetings.length, replacedBy: -1, isReplacement: true })
    }
  }
}

function nodesOf (scenario: Scenario, meetings: readonly Meeting[], random: Random): TraceNode[] {
  const idle = scenario.weights.map(() => random.between(...IDLE))
  const weights = scenario.weights.reduce((sum, weight) => sum + weight, 0)
  const meanIdle = scenario.weights.reduce((sum, weight, node) => sum + weight * (idle[node] ?? 0), 0) / weights
  const coresPerWeight = busiestCores(meetings) / (random.between(...scenario.busiest) - meanIdle) / weights
  const backgrounds = idle.map((cpu) => new Float32Array(BINS).fill(cpu))
  if (scenario.backlog !== undefined) addBacklog(backgrounds, scenario.backlog, random)
  return scenario.weights.map((weight, node) => ({
    weight, cores: weight * coresPerWeight, phase: random.unit(), background: backgrounds[node] ?? new Float32Array(BINS),
  }))
}

/** The most cores that all meetings of the measured week together take over five minutes. */
export function busiestCores (meetings: readonly Meeting[]): number {
  const total = new Float64Array(BINS)
  for (const { curve, firstBin, isReplacement } of meetings) {
    if (!isReplacement) curve.forEach((cores, bin) => { total[firstBin + bin] = (total[firstBin + bin] ?? 0) + cores })
  }
  const from = FIRST_MEASURED_DAY * BINS_PER_DAY
  let [most, sum] = [0, 0]
  for (let bin = from; bin < BINS; bin++) {
    sum += (total[bin] ?? 0) - (bin < from + BUSY_BINS ? 0 : total[bin - BUSY_BINS] ?? 0)
    most = Math.max(most, sum / BUSY_BINS)
  }
  return most
}

function addBacklog (backgrounds: readonly Float32Array[], { nodes, cpu, untilHour }: NonNullable<Scenario['backlog']>, random: Random): void {
  for (let day = 0; day < DAYS; day++) {
    for (const background of random.shuffle(backgrounds).slice(0, Math.round(nodes * backgrounds.length))) {
      const from = day * BINS_PER_DAY
      const until = binOf(timeOf(day, random.between(...untilHour) * HOUR_S))
      const takes = random.between(...cpu)
      for (let bin = from; bin < until; bin++) background[bin] = (background[bin] ?? 0) + takes
    }
  }
}
