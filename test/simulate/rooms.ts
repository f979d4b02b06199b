import { HOUR_S, WEEKDAYS } from './calendar.js'
import type { Random } from './random.js'
import { SMALL_ROOM, type Kind, type Scenario, type StartingHour, type WeeklyRooms } from './scenarios.js'

/** What a room is like: its meetings vary around it. */
export interface Character {
  readonly kind: Kind
  readonly people: number
  readonly microphones: number
  readonly cameras: number
  /** How much dearer than its counts say; nobody sees it but in the CPU. */
  readonly factor: number
  readonly minutes: number
  /** 0: no limit. */
  readonly maxParticipants: number
  readonly announces: boolean
}

export interface Slot { readonly weekday: number, readonly secondOfDay: number }

export interface Room extends Character {
  readonly id: number
  readonly slots: readonly Slot[]
}

const ROOM_FACTOR_LOG_SD = 0.2
const LIMITED_ROOMS = 0.03
const LIMIT_ABOVE_SIZE = 1.5

/** Hands out ids of rooms that no other room has. */
export class RoomIds {
  #last = 0
  next (): number {
    return ++this.#last
  }
}

export function characterOf (kind: Kind, announced: number, random: Random): Character {
  const { median, logSd, least, most } = kind.people
  const people = Math.round(Math.min(most, Math.max(least, random.logNormal(median, logSd))))
  // A lecture's or webinar's own shares are those of large rooms already.
  const quieter = median > SMALL_ROOM ? 1 : Math.min(1, Math.sqrt(SMALL_ROOM / people))
  return {
    kind,
    people,
    microphones: quieter * random.share(kind.microphones.median, kind.microphones.spread),
    cameras: quieter * random.share(kind.cameras.median, kind.cameras.spread),
    factor: random.logNormal(1, ROOM_FACTOR_LOG_SD),
    minutes: random.logNormal(kind.minutes.median, kind.minutes.logSd),
    maxParticipants: random.chance(LIMITED_ROOMS) ? Math.ceil(people * LIMIT_ABOVE_SIZE) : 0,
    announces: random.chance(announced),
  }
}

/** The weekly rooms of a scenario. */
export function weeklyRooms (scenario: Scenario, ids: RoomIds, random: Random): Room[] {
  return scenario.weekly.flatMap((weekly) => Array.from({ length: weekly.rooms }, (_, index) => ({
    ...characterOf(weekly.kind, scenario.announced, random),
    id: ids.next(),
    slots: slotsOf(weekly, index, random),
  })))
}

/** The same rooms with all slots drawn anew, a part of them replaced by new ones. */
export function newTimetable (scenario: Scenario, rooms: readonly Room[], newRooms: number, ids: RoomIds, random: Random): Room[] {
  const others = weeklyRooms(scenario, ids, random)
  return others.map((other, index) => {
    const known = rooms[index]
    return known === undefined || random.chance(newRooms) ? other : { ...known, slots: other.slots }
  })
}

function slotsOf ({ slots: [fewest, most], hours, everyDay }: WeeklyRooms, index: number, random: Random): Slot[] {
  if (everyDay) return [{ weekday: index % WEEKDAYS, secondOfDay: startOf(hours, random) }]
  const slots: Slot[] = []
  for (let left = fewest + random.whole(most - fewest + 1); left > 0;) {
    const slot = { weekday: random.whole(WEEKDAYS), secondOfDay: startOf(hours, random) }
    // A room has one meeting at a time: its slots are hours apart.
    if (slots.some((other) => other.weekday === slot.weekday && Math.abs(other.secondOfDay - slot.secondOfDay) < 2 * HOUR_S)) continue
    slots.push(slot)
    left--
  }
  return slots
}

export function startOf (hours: readonly StartingHour[], random: Random): number {
  return random.weighted(hours).hour * HOUR_S
}
