import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { versionAnswer } from '../bbb/answers.js'
import { CALLS, type Call } from '../bbb/calls.js'
import { FAILURES, type Failure } from '../bbb/errors.js'
import type { Clock } from '../clock.js'
import type { Log } from '../log.js'
import { failure, success, type Answer } from './answer.js'
import { carriesBody, holdXml, readRequest, type ApiRequest, type Refusal, type RequestRules } from './api-request.js'
import type { FollowRoute } from './follow.js'
import type { GatherRoute } from './gather.js'
import { BodyRefused, type HeldBody } from './held-body.js'
import { forPersonOrProgram } from './join-failure.js'
import type { PlaceRoute } from './place.js'
import type { RedirectRoute } from './redirect.js'
import { REQUEST_ID_HEADER } from './request-id.js'

/** How long what is still being sent is read after the answer. */
const LINGER_MS = 5_000

const BASE = '/bigbluebutton/api'

/** A call that is over, for those who count and log. */
export interface CallEnd {
  /** A name of the table, `index`, or `unknown`. */
  readonly call: string
  /** '' where nobody signed. */
  readonly tenantId: string
  readonly requestId: string
  readonly durationMs: number
  readonly answer: Answer
}

export interface ApiParts {
  readonly rules: RequestRules
  readonly bodyLimitBytes: number
  readonly place: PlaceRoute
  readonly redirect: RedirectRoute
  readonly follow: FollowRoute
  readonly gather: GatherRoute
  readonly clock: Clock
  readonly log: Log
  readonly ended: (end: CallEnd) => void
}

/** The BBB API: recognises the call, verifies it, and has it answered in the way the table of calls says. */
export function apiRoutes (app: FastifyInstance, parts: ApiParts): void {
  app.register((scope, _options, done) => {
    // Bodies stay unread until the call is verified; nothing is made of them but what the call needs.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, payload, parsed) => parsed(null, payload))
    // Fastify would refuse a type it cannot read, even where there is no body. What a body is, readRequest tells
    // from the header as it arrived, which this leaves alone.
    scope.addHook('onRequest', (request, _reply, next) => {
      if (request.raw.headers['content-type'] !== undefined) request.headers = { 'content-type': undefined }
      next()
    })
    const handler = (request: FastifyRequest, reply: FastifyReply): void => { serve(parts, request, reply) }
    for (const url of [BASE, `${BASE}/*`]) {
      // Link scanners send HEAD to what they find in mails: it must neither join nor end.
      scope.route({ method: ['GET', 'POST'], url, exposeHeadRoute: false, handler })
      scope.route({
        method: ['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
        url,
        handler: (_request, reply) => reply.code(405).header('allow', 'GET, POST').send(),
      })
    }
    done()
  })
}

function serve (parts: ApiParts, request: FastifyRequest, reply: FastifyReply): void {
  const startedAtMs = performance.now()
  const { clock } = parts
  const url = request.raw.url ?? ''
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  const query = mark === -1 ? '' : url.slice(mark + 1)
  const name = nameOf(path)
  if (name === '') return finish('index', '', success(versionAnswer()))
  const call = CALLS.get(name)
  if (call === undefined) return finish('unknown', '', failure(FAILURES.unsupported, 'refused'))
  if (!call.methods.some((method) => method === request.method)) return finish(call.name, '', failure(FAILURES.unsupported, 'refused'))

  const origin = { requestId: request.id, arrivedAtMs: clock.nowMs(), clock }
  const read = readRequest(request.raw, call, query, origin, parts.rules)
  if (read instanceof Promise) read.then((known) => continueWith(known, call)).catch(fault)
  else continueWith(read, call)

  function continueWith (known: ApiRequest | Refusal, { name }: Call): void {
    if ('failure' in known) return finish(name, '', refused(known.failure, name, request.raw.headers.accept ?? ''))
    const answer = answerOf(parts, known, request.raw, clock)
    if (answer instanceof Promise) answer.then((done) => finish(name, known.tenant.id, done)).catch(fault)
    else finish(name, known.tenant.id, answer)
  }

  function fault (error: unknown): void {
    const reason = error instanceof Error ? error.stack : String(error)
    parts.log.error({ requestId: request.id, call: name, reason }, 'call failed by a fault of the gateway')
    finish(call?.name ?? 'unknown', '', failure(FAILURES.internal, 'error'))
  }

  function finish (ofCall: string, tenantId: string, answer: Answer): void {
    const headers = [
      'content-type', answer.contentType,
      'content-length', String(byteLengthOf(answer.body)),
      'cache-control', 'no-cache',
      REQUEST_ID_HEADER, request.id,
    ]
    if (answer.location !== undefined) headers.push('location', answer.location)
    // Written past Fastify, whose hooks and serialisers have nothing to do here: this is a tenth of the cost of a join.
    reply.hijack()
    reply.raw.writeHead(answer.statusCode, headers)
    if (request.raw.complete || request.raw.destroyed || !carriesBody(request.raw)) write(reply.raw, answer.body)
    else writeAndDropRest(request.raw, reply.raw, answer.body, clock)
    parts.ended({ call: ofCall, tenantId, requestId: request.id, durationMs: performance.now() - startedAtMs, answer })
  }
}

/**
 * Sends the whole answer, then reads and drops what the client is still sending, for a while: closing a connection
 * with bytes unread resets it, and the client, or the proxy in between, may never see the answer. The response is
 * ended only then, because Node closes the connection with it if the client asked for that.
 */
function writeAndDropRest (raw: IncomingMessage, response: ServerResponse, body: Answer['body'], clock: Clock): void {
  for (const piece of Array.isArray(body) ? body : [body]) response.write(piece)
  const timer = clock.after(LINGER_MS, () => { raw.destroy() })
  raw.once('close', () => {
    timer.cancel()
    response.end()
  })
  raw.resume()
}

function byteLengthOf (body: Answer['body']): number {
  if (typeof body === 'string') return Buffer.byteLength(body)
  return Buffer.isBuffer(body) ? body.length : body.reduce((sum, piece) => sum + piece.length, 0)
}

function write (response: ServerResponse, body: Answer['body']): void {
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    response.end(body)
    return
  }
  response.cork()
  for (const piece of body) response.write(piece)
  response.end()
}

/** The call's name in a path; '' for the index. Clients put one slash or more behind both. */
function nameOf (path: string): string {
  let end = path.length
  while (end > BASE.length && path[end - 1] === '/') end--
  return path.slice(BASE.length + 1, end)
}

function answerOf (parts: ApiParts, request: ApiRequest, raw: IncomingMessage, clock: Clock): Answer | Promise<Answer> {
  const { way, body } = request.call
  switch (way.kind) {
    case 'redirect': return parts.redirect.answer(request)
    case 'gather': return parts.gather.answer(request, way)
    case 'follow':
      if (body === 'none') return parts.follow.answer(request, way, undefined)
      return withBody((held) => parts.follow.answer(request, way, held))
    case 'place': return withBody((held) => parts.place.answer(request, held))
  }

  async function withBody (answer: (held: HeldBody | undefined) => Promise<Answer>): Promise<Answer> {
    let held: HeldBody | undefined
    try {
      held = await holdXml(raw, parts.bodyLimitBytes, clock)
      return await answer(held)
    } catch (error) {
      if (error instanceof BodyRefused) return failure(error.reason, 'refused')
      throw error
    } finally {
      await held?.release()
    }
  }
}

function refused (reason: Failure, call: string, accept: string): Answer {
  // Not even a right checksum lets a request be redirected whose parameters could not be read.
  return call === 'join' ? forPersonOrProgram(reason, 'refused', accept) : failure(reason, 'refused')
}
