import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Answer } from './answers.js'
import { asJsonFailure, failed, htmlError } from './answers.js'
import type { Call } from './calls.js'
import { findCall } from './calls.js'
import { checksumFault } from './checksum-rule.js'
import type { CallRequest, NodeContext } from './context.js'
import type { Faults } from './faults.js'
import { joinFailure } from './join.js'
import { Parameters } from './parameters.js'
import type { ReceivedCall } from './receive.js'
import { readBody, remember } from './receive.js'

export const API_PATH = '/bigbluebutton/api'

const FORM = 'application/x-www-form-urlencoded'
const UNSUPPORTED = 'POST request Content-Type is missing or unsupported'

/** What the API of a node needs besides the node itself. */
export interface ApiParts {
  node: NodeContext
  requests: ReceivedCall[]
  faults: Faults
  /** Runs something later by the node's clock, unless the node closes before. */
  later: (delayMs: number, run: () => void) => void
}

/** Answers one request to the API: receives it, lets faults have their way, checks it and carries it out. */
export async function serveApi (request: FastifyRequest, reply: FastifyReply, parts: ApiParts): Promise<FastifyReply> {
  const { raw } = request
  const { node } = parts
  const received = receive(request, parts)
  const mishap = parts.faults.next(received.call)
  if (mishap !== undefined && mishap.delayMs > 0) await new Promise<void>((resolve) => { parts.later(mishap.delayMs, resolve) })
  if (mishap?.before !== undefined) {
    if (mishap.before === 'destroy') raw.socket.destroy()
    return reply.hijack()
  }
  const body = await readBody(raw, received)
  node.life.settle()
  let answer = mishap?.instead?.() ?? answerCall(received, body, node)
  for (const rewrite of mishap?.rewrite ?? []) answer = { ...answer, body: rewrite(answer.body) }
  if (mishap?.send !== undefined) {
    reply.hijack()
    mishap.send(reply.raw, answer)
    return reply
  }
  return sendAnswer(reply, answer)
}

/** Sends an answer as it is. */
export function sendAnswer (reply: FastifyReply, answer: Answer): FastifyReply {
  if (answer.headers !== undefined) reply.headers(answer.headers)
  return reply.code(answer.status).header('content-type', answer.contentType).send(answer.body)
}

function receive (request: FastifyRequest, { node, requests }: ApiParts): ReceivedCall {
  const url = request.raw.url ?? '/'
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const received: ReceivedCall = {
    call: path.startsWith(`${API_PATH}/`) ? path.slice(API_PATH.length + 1) : '',
    method: request.method,
    path,
    query: mark < 0 ? '' : url.slice(mark + 1),
    headers: request.raw.headers,
    bodyBytes: 0,
    bodySha256: undefined,
    atMs: node.clock.nowMs(),
  }
  remember(requests, received)
  return received
}

function answerCall (received: ReceivedCall, body: Buffer | undefined, node: NodeContext): Answer {
  const call = findCall(received.call, node.version)
  if (call === undefined) return htmlError(404, 'Page Not Found')
  if (!isMethodTaken(call, received, node)) return htmlError(405, 'Method Not Allowed')
  const contentType = received.headers['content-type']
  const isForm = body !== undefined && received.method === 'POST' && contentType?.split(';')[0]?.trim().toLowerCase() === FORM
  const request: CallRequest = {
    call: received.call,
    method: received.method,
    rawQuery: received.query,
    parameters: new Parameters(received.query, isForm ? body.toString('utf8') : ''),
    body: isForm ? undefined : body,
    bodyBytes: received.bodyBytes,
    contentType,
  }
  const answer = refusalOf(call, request, node) ?? call.run(request, node)
  return isFailure(answer) && prefersJson(received.headers.accept) ? asJsonFailure(answer) : answer
}

// Up to 2.5 join could be posted as well.
function isMethodTaken (call: Call, received: ReceivedCall, node: NodeContext): boolean {
  const method = received.method === 'HEAD' ? 'GET' : received.method
  return call.methods.includes(method) || (received.call === 'join' && method === 'POST' && !node.traits.checksContentType)
}

function refusalOf (call: Call, request: CallRequest, node: NodeContext): Answer | undefined {
  if (call.checker === 'none') return undefined
  const message = checksumFault(request, node, call.checker)
  if (message !== undefined) {
    return request.call === 'join'
      ? joinFailure({ key: 'checksumError', message }, request.parameters, node, 'validation')
      : failed('checksumError', message)
  }
  const needsType = node.traits.checksContentType && request.method === 'POST' && request.bodyBytes > 0
  return needsType && !isTypeTaken(call, request.contentType) ? failed('unsupportedContentType', UNSUPPORTED) : undefined
}

// The whole header value is compared, so that a charset makes it another type; only multipart must have a parameter.
function isTypeTaken (call: Call, contentType: string | undefined): boolean {
  if (call.bodyTypes === undefined) return true
  if (contentType === undefined) return false
  return call.bodyTypes.includes(contentType.startsWith('multipart/form-data;') ? 'multipart/form-data' : contentType)
}

function isFailure (answer: Answer): boolean {
  return answer.contentType.startsWith('text/xml') && answer.body.startsWith('<response><returncode>FAILED')
}

function prefersJson (accept: string | undefined): boolean {
  return accept !== undefined && accept.startsWith('application/json')
}
