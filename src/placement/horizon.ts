/**
 * How far placement looks ahead. A curve is what something costs from now on: one value for every five
 * minutes of the next hour and a half, because meetings placed before a peak live that long.
 */

/** Values of a curve. */
export const POINTS = 20

/** Time between two of them. */
export const STEP_MS = 300_000

/** What something costs over the horizon, POINTS values; the first is now. */
export type Curve = Float64Array

/** A curve that stays the same. */
export function flat (value = 0): Curve {
  return new Float64Array(POINTS).fill(value)
}

/** Adds one curve, divided by `weight`, to another. */
export function addCurve (curve: Curve, added: Curve, weight = 1): void {
  for (let point = 0; point < POINTS; point++) curve[point] = (curve[point] ?? 0) + (added[point] ?? 0) / weight
}

/** Meetings go on longer than expected: a few for hours. So many of them at any time. */
const LEAST_ALIVE = 0.03

/** The straight line from alive to ended is this many standard deviations of the duration long. */
const LINE_IN_DEVIATIONS = 3.5

/** How long a meeting lasts, as far as is known. */
export interface Duration {
  readonly durationMs: number
  /** Standard deviation of the duration. */
  readonly durationSdMs: number
}

/** The chance that a meeting of that age is still going on: a straight line around its expected duration. */
export function alive (ageMs: number, { durationMs, durationSdMs }: Duration): number {
  return within(0.5 - (ageMs - durationMs) / (LINE_IN_DEVIATIONS * durationSdMs))
}

/**
 * Adds to `curve` a load of `share` that is alive now at `ageMs` and dies away as meetings of that duration do.
 * An age below zero is a meeting still to come: it counts from when it comes.
 */
export function addSurviving (curve: Curve, share: number, ageMs: number, duration: Duration): void {
  const shareIfAlive = share / alive(Math.max(0, ageMs), duration)
  const lineMs = LINE_IN_DEVIATIONS * duration.durationSdMs
  // A point stands for the minutes around it.
  const first = ageMs < -STEP_MS / 2 ? Math.ceil(-ageMs / STEP_MS - 0.5) : 0
  for (let point = first; point < POINTS; point++) {
    curve[point] = (curve[point] ?? 0) + shareIfAlive * within(0.5 - (Math.max(0, ageMs + point * STEP_MS) - duration.durationMs) / lineMs)
  }
}

function within (chance: number): number {
  return chance < LEAST_ALIVE ? LEAST_ALIVE : chance > 1 ? 1 : chance
}
