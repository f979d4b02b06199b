import type { Readable } from 'node:stream'
import { Pool, type Dispatcher } from 'undici'
import { CALLS } from '../bbb/calls.js'
import { sign, type ChecksumAlgorithm } from '../bbb/checksum.js'
import { withAppended } from '../bbb/query.js'

/** A longer query goes to the node as a form: nginx in front of BBB takes a request line of 8 KB. */
const LONGEST_QUERY_BYTES = 6_144

/** A node's answer is cut off here: the largest honest one, a full server's getMeetings, has a few MB. */
const LARGEST_ANSWER_BYTES = 64 * 1024 * 1024

/** Connections to one node: more than a BBB server's own workers would only queue there. */
const CONNECTIONS = 64

/** Idle connections are given up before the 75 s after which a node's nginx closes them. */
const KEEP_ALIVE_MS = 30_000

export interface NodeClientOptions {
  readonly url: string
  readonly secret: string
  readonly checksum: ChecksumAlgorithm
  readonly connectTimeoutMs: number
  /** PEM of the authorities that may have signed the node's certificate; undefined: the system's. */
  readonly ca: string | undefined
  /** Told of every request when it ended: how long it took, and why it failed ('' if it did not). */
  readonly observe: (durationMs: number, error: FailureReason | '') => void
}

export const FAILURE_REASONS = ['connect', 'timeout', 'reset', 'status', 'too-large'] as const
export type FailureReason = typeof FAILURE_REASONS[number]

/** A request to a node that got no whole answer. */
export class NodeUnreachable extends Error {
  constructor (
    readonly reason: FailureReason,
    /** Whether the node may have got the request, so that its fate is unknown. */
    readonly mayHaveArrived: boolean,
    detail: string
  ) {
    super(detail)
    this.name = 'NodeUnreachable'
  }
}

/** A body that can be sent more than once. */
export interface Body {
  readonly contentType: string
  readonly byteLength: number
  /** The bytes, or a stream that reads them afresh. */
  open (): Buffer | Readable
}

export interface NodeCall {
  readonly call: string
  /** Without a checksum. */
  readonly query: string
  readonly method: 'GET' | 'POST'
  readonly body?: Body | undefined
  readonly timeoutMs: number
  readonly requestId?: string | undefined
  /** Whether it goes over the connection that is kept for the polls that decide about health: they must not queue behind slow creates. */
  readonly isDuePoll?: boolean
}

export interface NodeAnswer {
  readonly statusCode: number
  readonly contentType: string
  /** Where the node sends the caller; '' if nowhere. */
  readonly location: string
  /** The node's clock in ms, from its Date header; 0 if it sent none. */
  readonly dateMs: number
  readonly body: Buffer
}

const FORM = 'application/x-www-form-urlencoded'

/** Speaks the BBB API to one node over connections of its own, so that a hanging node costs the others nothing. */
export class NodeClient {
  readonly #pool: Pool
  readonly #pollPool: Pool
  readonly #path: string

  constructor (private readonly options: NodeClientOptions) {
    const url = new URL(options.url)
    this.#path = url.pathname
    const connections = (count: number): Pool => new Pool(url.origin, {
      connections: count,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Deadlines are kept here, per call and from its very start, the wait for a connection included.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: options.connectTimeoutMs, ...(options.ca === undefined ? {} : { ca: options.ca }) },
    })
    this.#pool = connections(CONNECTIONS)
    this.#pollPool = connections(1)
  }

  /** The node's URL of a call, signed with its secret: `URL/call?query&checksum=…`. */
  signedUrl (call: string, query: string): string {
    const { url, secret, checksum } = this.options
    return `${url}/${call}?${withAppended(query, `checksum=${sign(call, query, secret, checksum)}`)}`
  }

  /** Sends one call and reads the whole answer. Throws NodeUnreachable; a status other than 200 is an answer. */
  request ({ call, query, method, body, timeoutMs, requestId, isDuePoll = false }: NodeCall): Promise<NodeAnswer> {
    const { secret, checksum } = this.options
    const asForm = body === undefined && query.length > LONGEST_QUERY_BYTES && mayBePosted(call)
    // A query that is not empty is hashed by every version of BBB, a form beside it by none; so with
    // the checksum alone in the URL the same hash is right for all of them.
    const signed = asForm ? '' : query
    const path = `${this.#path}/${call}?${withAppended(signed, `checksum=${sign(call, signed, secret, checksum)}`)}`
    const headers: Record<string, string> = { accept: '*/*', 'user-agent': 'Ensemble' }
    if (requestId !== undefined) headers['x-request-id'] = requestId
    if (asForm) headers['content-type'] = FORM
    else if (body !== undefined) {
      headers['content-type'] = body.contentType
      headers['content-length'] = String(body.byteLength)
    }
    const payload = asForm ? Buffer.from(query, 'latin1') : body?.open() ?? null
    return new Promise((resolve, reject) => {
      const reader = new AnswerReader(this.options.observe, timeoutMs, resolve, reject)
      const pool = isDuePoll ? this.#pollPool : this.#pool
      pool.dispatch({ path, method: asForm ? 'POST' : method, headers, body: payload }, reader)
    })
  }

  /** Closes all connections; requests under way fail. */
  async close (): Promise<void> {
    await Promise.all([this.#pool.destroy(), this.#pollPool.destroy()])
  }
}

/** Buffers one answer and keeps its deadline. */
class AnswerReader implements Dispatcher.DispatchHandler {
  readonly #startedAtMs = performance.now()
  readonly #deadline: NodeJS.Timeout
  readonly #chunks: Buffer[] = []
  #controller: Dispatcher.DispatchController | undefined
  #settled = false
  #bytes = 0
  #statusCode = 0
  #contentType = ''
  #location = ''
  #dateMs = 0

  constructor (
    private readonly observe: NodeClientOptions['observe'],
    private readonly timeoutMs: number,
    private readonly resolve: (answer: NodeAnswer) => void,
    private readonly reject: (error: NodeUnreachable) => void
  ) {
    this.#deadline = setTimeout(() => this.#timedOut(), timeoutMs)
  }

  onRequestStart (controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#settled) controller.abort(new Error('the deadline passed before a connection was free'))
  }

  onResponseStart (_controller: Dispatcher.DispatchController, statusCode: number, headers: Record<string, string | string[] | undefined>): void {
    if (statusCode < 200) return
    this.#statusCode = statusCode
    this.#contentType = first(headers['content-type'])
    this.#location = first(headers['location'])
    const dateMs = Date.parse(first(headers['date']))
    this.#dateMs = Number.isNaN(dateMs) ? 0 : dateMs
  }

  onResponseData (controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > LARGEST_ANSWER_BYTES) {
      this.#fail(new NodeUnreachable('too-large', true, `the answer is larger than ${LARGEST_ANSWER_BYTES} bytes`))
      controller.abort(new Error('answer too large'))
      return
    }
    this.#chunks.push(chunk)
  }

  onResponseEnd (): void {
    if (!this.#settle()) return
    this.observe(performance.now() - this.#startedAtMs, this.#statusCode >= 500 ? 'status' : '')
    const [only] = this.#chunks
    this.resolve({
      statusCode: this.#statusCode,
      contentType: this.#contentType,
      location: this.#location,
      dateMs: this.#dateMs,
      body: only !== undefined && this.#chunks.length === 1 ? only : Buffer.concat(this.#chunks, this.#bytes),
    })
  }

  onResponseError (_controller: Dispatcher.DispatchController, error: Error): void {
    // Undici announces a request just before it writes it: one that was never announced was never written.
    const arrived = this.#controller !== undefined
    this.#fail(new NodeUnreachable(arrived ? 'reset' : 'connect', arrived, error.message))
  }

  #timedOut (): void {
    const arrived = this.#controller !== undefined
    this.#fail(new NodeUnreachable('timeout', arrived, `no answer within ${this.timeoutMs} ms`))
    this.#controller?.abort(new Error('deadline'))
  }

  #fail (error: NodeUnreachable): void {
    if (!this.#settle()) return
    this.observe(performance.now() - this.#startedAtMs, error.reason)
    this.reject(error)
  }

  #settle (): boolean {
    if (this.#settled) return false
    this.#settled = true
    clearTimeout(this.#deadline)
    return true
  }
}

/** BBB takes some calls as GET only: their query stays in the URL, however long it is. */
function mayBePosted (call: string): boolean {
  return CALLS.get(call)?.methods.includes('POST') ?? false
}

function first (header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? ''
}
