import { FAILURES, failed, type Failure } from '../bbb/errors.js'
import type { NodeAnswer } from '../cluster/node-client.js'

const XML = 'text/xml;charset=utf-8'

/**
 * How a call ended, as counted: BBB's `success` and `failed`; `refused` where the request was not one
 * the gateway takes; `error` where a node or the gateway could not do its part.
 */
export type Result = 'success' | 'failed' | 'refused' | 'error'

/** What a client is answered. */
export interface Answer {
  readonly statusCode: number
  readonly contentType: string
  /** In one piece or, where it was gathered, in many. */
  readonly body: string | Buffer | readonly Buffer[]
  readonly location?: string
  readonly result: Result
  /** BBB's messageKey of a failure, for the log. */
  readonly messageKey?: string
  /** The node that answered or that the caller was sent to, for the log. */
  readonly nodeId?: string
}

export function success (body: Answer['body'], nodeId?: string): Answer {
  return { statusCode: 200, contentType: XML, body, result: 'success', ...(nodeId === undefined ? {} : { nodeId }) }
}

/** A FAILED of the gateway's own. HTTP 200, as BBB does: clients throw away the body of any other status. */
export function failure (reason: Failure, result: Result = 'failed'): Answer {
  return { statusCode: 200, contentType: XML, body: failed(reason), result, messageKey: reason.key }
}

/** A node's answer with its bytes as they came; cookies and other headers of the node stay behind. */
export function passOn (answer: NodeAnswer, nodeId: string, result: Result, messageKey = ''): Answer {
  return {
    statusCode: answer.statusCode,
    contentType: answer.contentType === '' ? XML : answer.contentType,
    body: answer.body,
    result,
    nodeId,
    ...(messageKey === '' ? {} : { messageKey }),
  }
}

/** The answer for a meeting whose node cannot be asked; never `notFound`, which clients take as "ended". */
export function unreachable (nodeId: string): Answer {
  return { ...failure(FAILURES.unreachable, 'error'), nodeId }
}

/** The answer for a create that a node could not be brought to carry out. */
export function notCreated (nodeId: string): Answer {
  return { ...failure(FAILURES.createFailed, 'error'), nodeId }
}
