import { readEnvelope, saysSuccess, type Envelope } from '../bbb/envelope.js'
import { isFaultOfNode } from '../bbb/errors.js'
import { NodeUnreachable, type NodeAnswer } from '../cluster/node-client.js'

/** What an answer of a node is worth: BBB's yes or no to the client, or a fault of the node. */
export type Verdict =
  | { readonly kind: 'success' }
  | { readonly kind: 'failed', readonly envelope: Envelope }
  /** `refused`: the node took the request as not allowed, and did nothing. */
  | { readonly kind: 'fault', readonly reason: string, readonly refused: boolean }

const SUCCESS: Verdict = { kind: 'success' }

/** Judges a whole answer. HTML, another status than 200 and a FAILED about the gateway itself are faults. */
export function verdictOn (answer: NodeAnswer): Verdict {
  if (answer.statusCode !== 200) return { kind: 'fault', reason: `HTTP status ${answer.statusCode}`, refused: false }
  if (saysSuccess(answer.body)) return SUCCESS
  const envelope = readEnvelope(answer.body)
  if (envelope === undefined) return { kind: 'fault', reason: 'the answer is not BBB\'s', refused: false }
  if (envelope.returncode === 'SUCCESS') return SUCCESS
  if (isFaultOfNode(envelope.messageKey)) return { kind: 'fault', reason: `the node answered FAILED ${envelope.messageKey}`, refused: true }
  return { kind: 'failed', envelope }
}

/** Whether the node says that the meeting is gone. `meetingNotFound` is no evidence: a chat message gets it while nobody is in. */
export function saysGone (verdict: Verdict): boolean {
  return verdict.kind === 'failed' && verdict.envelope.messageKey === 'notFound'
}

/** The reason of a request that got no whole answer, in words; any other error is thrown on. */
export function reasonOf (error: unknown): { reason: string, mayHaveArrived: boolean } {
  if (!(error instanceof NodeUnreachable)) throw error
  return { reason: `${error.reason}: ${error.message}`, mayHaveArrived: error.mayHaveArrived }
}
