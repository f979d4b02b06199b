/**
 * Lessons come back every week at the same time of a place's clock, which changes twice a year. So times of
 * the week are those of the process's time zone (TZ).
 */

const DAY_MINUTES = 1_440
const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

/** The first of January 1970 was a Thursday; weeks begin on Monday. */
const EPOCH_WEEKDAY = 3

/** Days since the epoch, by the local calendar. */
export function dayOf (atMs: number): number {
  return Math.floor(localMs(atMs) / DAY_MS)
}

/** Weeks since the epoch, by the local calendar, from Monday to Sunday. */
export function weekOf (atMs: number): number {
  return Math.floor((dayOf(atMs) + EPOCH_WEEKDAY) / 7)
}

/** Minutes since Monday midnight, by the local clock. */
export function minuteOfWeek (atMs: number): number {
  const local = localMs(atMs)
  const day = Math.floor(local / DAY_MS)
  const weekday = (day + EPOCH_WEEKDAY) % 7
  return weekday * DAY_MINUTES + Math.floor((local - day * DAY_MS) / MINUTE_MS)
}

function localMs (atMs: number): number {
  return atMs - new Date(atMs).getTimezoneOffset() * MINUTE_MS
}

/** A time of the week at which a room was in use. */
export interface Slot {
  readonly minuteOfWeek: number
  /** Week in which it was used last; see `weekOf`. */
  readonly week: number
  /** Weeks in a row in which it was used, at most 15. */
  readonly times: number
}

const MOST_TIMES = 15

// A slot is kept as one whole number of 30 bits, which takes no memory of its own: there are hundreds of thousands.
const MINUTES = 1 << 14
const TIMES = MOST_TIMES + 1

export function packSlot ({ minuteOfWeek, week, times }: Slot): number {
  return (week * TIMES + Math.min(times, MOST_TIMES)) * MINUTES + minuteOfWeek
}

export function unpackSlot (packed: number): Slot {
  const rest = Math.floor(packed / MINUTES)
  return { minuteOfWeek: minuteOfSlot(packed), week: Math.floor(rest / TIMES), times: rest % TIMES }
}

export function minuteOfSlot (packed: number): number {
  return packed % MINUTES
}

/** Whether two minutes of the week are of the same day. */
export function isSameDay (one: number, other: number): boolean {
  return Math.floor(one / DAY_MINUTES) === Math.floor(other / DAY_MINUTES)
}

/** Whether two minutes of the week are of the same day and at most so many minutes apart. */
export function isNear (one: number, other: number, minutes: number): boolean {
  return Math.abs(one - other) <= minutes && isSameDay(one, other)
}
