import { readFileSync } from 'node:fs'

/** The version in package.json, which lies beside the built and the source folder alike. */
export function readVersion (): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown'
}
