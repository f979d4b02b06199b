import { sign } from '../bbb/checksum.js'
import { CALLS } from '../bbb/calls.js'
import { encode, withAppended } from '../bbb/query.js'
import type { Config } from '../config/schema.js'
import { UsageError } from './usage.js'

/**
 * A URL of the gateway, signed with the first secret. `pairs` are `key=value`, taken as they are and encoded here.
 * Throws UsageError.
 */
export function signedUrl (config: Config, call: string, pairs: readonly string[]): string {
  if (!CALLS.has(call)) throw new UsageError(`"${call}" is no call: expected one of ${[...CALLS.keys()].join(', ')}`)
  const query = pairs.map((pair) => {
    const equals = pair.indexOf('=')
    if (equals < 1) throw new UsageError(`expected key=value, got "${pair}"`)
    return `${encode(pair.slice(0, equals))}=${encode(pair.slice(equals + 1))}`
  }).join('&')
  const [secret] = config.secrets
  const [algorithm] = config.checksums.includes('sha256') ? ['sha256' as const] : config.checksums
  if (secret === undefined || algorithm === undefined) throw new UsageError('the configuration has no secret to sign with')
  return `${baseUrl(config)}/bigbluebutton/api/${call}?${withAppended(query, `checksum=${sign(call, query, secret, algorithm)}`)}`
}

const EVERY_ADDRESS = new Set(['0.0.0.0', '::', '::0'])

/** Where the gateway is reached: its public URL or, without one, the address it listens on. */
function baseUrl ({ publicUrl, listen }: Pick<Config, 'publicUrl' | 'listen'>): string {
  return publicUrl ?? addressUrl(listen)
}

/** The URL of an address to listen on, seen from the same machine. */
export function addressUrl ({ host, port }: Config['listen']): string {
  const reachable = EVERY_ADDRESS.has(host) ? '127.0.0.1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
