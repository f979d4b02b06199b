import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** One request to the API, as it arrived. */
export interface ReceivedCall {
  /** The path after the API's address, such as `create` or `hooks/list`; empty for the bare address. */
  call: string
  method: string
  path: string
  /** The query as it stood on the wire. */
  query: string
  headers: IncomingHttpHeaders
  bodyBytes: number
  /** SHA-256 of the body in hex; undefined where there was none. */
  bodySha256: string | undefined
  atMs: number
}

const MOST_KEPT = 10_000
const DROPPED_AT_ONCE = 1_000
/** Larger bodies are counted and hashed, but not kept and so not read as XML or forms. */
const LARGEST_KEPT_BODY = 10 * 1024 * 1024

/** Adds a request to the list, the oldest ones giving way when it is long. */
export function remember (requests: ReceivedCall[], received: ReceivedCall): void {
  if (requests.length >= MOST_KEPT) requests.splice(0, DROPPED_AT_ONCE)
  requests.push(received)
}

/** Reads the body to its end, notes size and hash, and gives it back where it is small enough to keep. */
export async function readBody (raw: IncomingMessage, received: ReceivedCall): Promise<Buffer | undefined> {
  if (raw.headers['content-length'] === undefined && raw.headers['transfer-encoding'] === undefined) return undefined
  const hash = createHash('sha256')
  let kept: Buffer[] = []
  for await (const chunk of raw as AsyncIterable<Buffer>) {
    received.bodyBytes += chunk.length
    hash.update(chunk)
    if (received.bodyBytes <= LARGEST_KEPT_BODY) kept.push(chunk)
    else kept = []
  }
  if (received.bodyBytes === 0) return undefined
  received.bodySha256 = hash.digest('hex')
  return received.bodyBytes <= LARGEST_KEPT_BODY ? Buffer.concat(kept) : undefined
}
