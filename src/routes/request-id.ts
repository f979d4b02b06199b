import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Carries the id of a request from the client to the node and back. */
export const REQUEST_ID_HEADER = 'x-request-id'

/** What is taken over from a client: short, and of an alphabet that cannot break a log. */
const ACCEPTABLE = /^[A-Za-z0-9._-]{1,64}$/

/** Gives every request an id: the client's own, else a new one. */
export function requestIds (): (raw: IncomingMessage) => string {
  const prefix = randomBytes(5).toString('hex')
  let count = 0
  return ({ headers }) => {
    const given = headers[REQUEST_ID_HEADER]
    return typeof given === 'string' && ACCEPTABLE.test(given) ? given : `${prefix}-${(count++).toString(36)}`
  }
}
