/**
 * The time of the simulation: four weeks of five days, 06:30–19:30, in seconds since a Monday 00:00. Nights and
 * weekends exist for who looks at the clock, but nothing happens in them and they take no place in curves.
 */

export const WEEKS = 4
export const WEEKDAYS = 5
export const DAYS = WEEKS * WEEKDAYS

export const HOUR_S = 3_600
export const DAY_S = 24 * HOUR_S

/** Curves have one value per 10 seconds. */
export const BIN_S = 10
export const OPENS_S = 6.5 * HOUR_S
export const CLOSES_S = 19.5 * HOUR_S
export const BINS_PER_DAY = (CLOSES_S - OPENS_S) / BIN_S
export const BINS = DAYS * BINS_PER_DAY
export const BINS_PER_MINUTE = 60 / BIN_S

/** The last week is measured, from 07:30: one value per minute. */
export const FIRST_MEASURED_DAY = DAYS - WEEKDAYS
const MEASURED_FROM_S = 7.5 * HOUR_S
export const MINUTES_PER_DAY = (CLOSES_S - MEASURED_FROM_S) / 60
export const MINUTES = WEEKDAYS * MINUTES_PER_DAY

/** The second at which a day (0–19) and a second of it are. */
export function timeOf (day: number, secondOfDay: number): number {
  return (Math.floor(day / WEEKDAYS) * 7 + day % WEEKDAYS) * DAY_S + secondOfDay
}

export function dayOf (atS: number): number {
  const calendarDay = Math.floor(atS / DAY_S)
  return Math.floor(calendarDay / 7) * WEEKDAYS + calendarDay % 7
}

export function secondOfDay (atS: number): number {
  return atS % DAY_S
}

/** The place of a second in a curve over all days. */
export function binOf (atS: number): number {
  return dayOf(atS) * BINS_PER_DAY + Math.floor((secondOfDay(atS) - OPENS_S) / BIN_S)
}

/** The first bin of a measured minute (0 to MINUTES − 1). */
export function binOfMinute (minute: number): number {
  const day = FIRST_MEASURED_DAY + Math.floor(minute / MINUTES_PER_DAY)
  return day * BINS_PER_DAY + (MEASURED_FROM_S - OPENS_S) / BIN_S + minute % MINUTES_PER_DAY * BINS_PER_MINUTE
}

/** The measured minutes that bins of one measured day lie in, from one bin to before another: the first, and the one after the last. */
export function measuredMinutes (fromBin: number, untilBin: number): [number, number] {
  const day = Math.floor(fromBin / BINS_PER_DAY)
  const measuredFrom = day * BINS_PER_DAY + (MEASURED_FROM_S - OPENS_S) / BIN_S
  const minute = (bins: number): number => (day - FIRST_MEASURED_DAY) * MINUTES_PER_DAY + Math.min(MINUTES_PER_DAY, Math.max(0, bins / BINS_PER_MINUTE))
  return [Math.floor(minute(fromBin - measuredFrom)), Math.ceil(minute(untilBin - measuredFrom))]
}
