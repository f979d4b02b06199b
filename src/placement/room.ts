import type { Crowd } from './costs.js'
import { dayOf, isNear, minuteOfWeek, packSlot, unpackSlot, weekOf, type Slot } from './week.js'

/** A room is forgotten after this many days without a meeting: five weeks, or two if it was used only once. */
const FORGOTTEN_AFTER_DAYS = 35
const FORGOTTEN_AFTER_DAYS_IF_ONCE = 14

/** Times of the week kept of one room; a room that is used at any hour has no timetable. */
const MOST_SLOTS = 8

/** Rooms open some minutes before or after the hour: uses that close together belong to the same lesson. */
const SLOT_WIDTH_MINUTES = 25

/** One use tells four fifths of what there is to know of a room: uses / (uses + this) is believed. */
const DOUBT = 0.25

/** The newest use weighs at least this, because courses change. */
const LEAST_NEWS = 0.3

/** How much dearer or cheaper than others of its size a room may be thought to be. */
const LEAST_MILLI_FACTOR = 600
const MOST_MILLI_FACTOR = 1700

/** What a meeting was typically like while it was full. */
export interface Typical extends Crowd {
  readonly durationMs: number
}

/**
 * What is kept of one room. Whole numbers only: they take no memory of their own, fractions do, and there are
 * hundreds of thousands.
 */
export interface Room {
  tenant: number
  uses: number
  centiPeople: number
  centiMicrophones: number
  centiCameras: number
  durationS: number
  milliFactor: number
  /** Local day of its last use; see `dayOf`. */
  day: number
  /** Number of the tags its meetings ask for. */
  tags: number
  /** Meetings it has now. */
  open: number
  /** Packed; see `packSlot`. */
  slots: number[]
}

/** The numbers kept of a room, in this order; then its slots. */
const KEPT = ['tenant', 'uses', 'centiPeople', 'centiMicrophones', 'centiCameras', 'durationS', 'milliFactor', 'day', 'tags'] as const

/** A room nobody has met in yet. */
export function newRoom (tenant: number): Room {
  return { tenant, uses: 0, centiPeople: 0, centiMicrophones: 0, centiCameras: 0, durationS: 0, milliFactor: 1000, day: 0, tags: 0, open: 0, slots: [] }
}

/** Takes in what one more meeting of the room was like, and when. */
export function learnUse (room: Room, typical: Typical, surcharge: number, startedAtMs: number): void {
  room.uses++
  const news = Math.max(LEAST_NEWS, 1 / room.uses)
  room.centiPeople += Math.round(news * (typical.people * 100 - room.centiPeople))
  room.centiMicrophones += Math.round(news * (typical.microphones * 100 - room.centiMicrophones))
  room.centiCameras += Math.round(news * (typical.cameras * 100 - room.centiCameras))
  room.durationS += Math.round(news * (typical.durationMs / 1000 - room.durationS))
  room.milliFactor = Math.round(Math.min(MOST_MILLI_FACTOR, Math.max(LEAST_MILLI_FACTOR, room.milliFactor * (1 + surcharge))))
  room.day = dayOf(startedAtMs)
  room.slots = withUse(room.slots, startedAtMs)
}

/** What a room was like, as far as its few uses can be believed, and for the rest what first meetings are like. */
export function believed (room: Room, first: Typical): Typical {
  const belief = room.uses / (room.uses + DOUBT)
  const blend = (ofRoom: number, ofFirst: number): number => belief * ofRoom + (1 - belief) * ofFirst
  return {
    people: blend(room.centiPeople / 100, first.people),
    microphones: blend(room.centiMicrophones / 100, first.microphones),
    cameras: blend(room.centiCameras / 100, first.cameras),
    durationMs: room.durationS * 1000,
  }
}

/** Whether a room has not been used for so long that it will not come back. */
export function isForgotten ({ day, uses }: Room, today: number): boolean {
  return today - day > (uses === 1 ? FORGOTTEN_AFTER_DAYS_IF_ONCE : FORGOTTEN_AFTER_DAYS)
}

/** What is kept of a room over a restart. */
export function numbersOf (room: Room): number[] {
  return [...KEPT.map((name) => room[name]), ...room.slots]
}

/** The room that was kept as these numbers. Throws where they are none of a room. */
export function roomOf (numbers: readonly unknown[]): Room {
  if (numbers.length < KEPT.length || !numbers.every(isCount)) throw new Error('a line is not a room')
  const room = newRoom(0)
  for (const [index, name] of KEPT.entries()) room[name] = numbers[index] ?? 0
  room.slots = numbers.slice(KEPT.length, KEPT.length + MOST_SLOTS)
  return room
}

function isCount (value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

/** The slots of a room with one more use, which moves the slot it belongs to, or is the first of a new one. */
function withUse (slots: readonly number[], startedAtMs: number): number[] {
  const week = weekOf(startedAtMs)
  const minute = minuteOfWeek(startedAtMs)
  const unpacked = slots.map(unpackSlot)
  const near = unpacked.find((slot) => isNear(slot.minuteOfWeek, minute, SLOT_WIDTH_MINUTES))
  const used: Slot = near === undefined
    ? { minuteOfWeek: minute, week, times: 1 }
    : {
        minuteOfWeek: Math.round((near.minuteOfWeek + minute) / 2),
        week,
        times: near.week === week ? near.times : near.week === week - 1 ? near.times + 1 : 1,
      }
  // The one used last comes first.
  return [used, ...unpacked.filter((slot) => slot !== near)].slice(0, MOST_SLOTS).map(packSlot)
}
