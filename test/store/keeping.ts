import { existsSync, readFileSync } from 'node:fs'
import type { Log } from '../../src/log.js'
import { eventually } from '../cluster/servers.js'
import type { LogLine } from '../helpers/gateway.js'

/** A log that is kept, to look into. */
export function logBook (): { readonly log: Log, readonly logs: LogLine[] } {
  const logs: LogLine[] = []
  const write = (level: LogLine['level']) => (fields: object, event: string) => { logs.push({ level, event, fields: { ...fields } }) }
  return { log: { info: write('info'), warn: write('warn'), error: write('error') }, logs }
}

/** Waits until the file holds `text`. */
export async function written (path: string, text: string): Promise<void> {
  await eventually(() => existsSync(path) && readFileSync(path, 'utf8').includes(text), `the file holds ${text}`)
}

/** Keeps the event loop from turning. */
export function busyFor (ms: number): void {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs) { /* as something that computes */ }
}
