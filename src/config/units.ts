const MILLISECONDS: ReadonlyMap<string, number> = new Map([['ms', 1], ['s', 1000], ['m', 60_000]])
const BYTES: ReadonlyMap<string, number> = new Map([['KB', 1024], ['MB', 1024 ** 2], ['GB', 1024 ** 3]])

/** `500ms`, `5s`, `4.5s`, `2m` or `0` in milliseconds; undefined for anything else. */
export function parseDuration (text: string): number | undefined {
  return text === '0' ? 0 : withUnit(text, MILLISECONDS)
}

/** `64KB`, `200MB`, `1GB` in bytes, a KB being 1024 of them; undefined for anything else. */
export function parseSize (text: string): number | undefined {
  return withUnit(text, BYTES)
}

/** Milliseconds as a configuration would write them: `500ms`, `4.5s`, `2m`. */
export function formatDuration (milliseconds: number): string {
  if (milliseconds > 0 && milliseconds % 60_000 === 0) return `${milliseconds / 60_000}m`
  return milliseconds >= 1000 ? `${milliseconds / 1000}s` : `${milliseconds}ms`
}

function withUnit (text: string, units: ReadonlyMap<string, number>): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(text) ?? []
  const factor = units.get(unit ?? '')
  return factor === undefined ? undefined : Math.round(Number(amount) * factor)
}
