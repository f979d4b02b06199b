/** Numbers over seeds: what is in the middle, and how far apart they are. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Undefined where there is nothing to tell. */
export function spreadOf (values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  const sorted = [...values].sort((one, other) => one - other)
  const middle = (sorted.length - 1) / 2
  const median = ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2
  return { median, least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 }
}
