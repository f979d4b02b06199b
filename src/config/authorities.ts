import { readFileSync } from 'node:fs'
import type { Config } from './schema.js'

/** PEM of the authorities that may have signed the nodes' certificates; undefined: those the system trusts. Throws where the file is gone. */
export function readAuthorities ({ tls }: Pick<Config, 'tls'>): string | undefined {
  return tls.caFile === '' ? undefined : readFileSync(tls.caFile, 'utf8')
}
