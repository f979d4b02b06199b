import { rootCertificates } from 'node:tls'
import { Pool } from 'undici'
import type { Log } from '../log.js'

/** A larger answer comes from a question about something else than nodes, and reading it would hold up the calls. */
const LARGEST_ANSWER_BYTES = 4 * 1024 * 1024

/** The queries of one round, side by side. */
const CONNECTIONS = 3

/** Warnings that are remembered, so that each is logged once. */
const MOST_WARNINGS = 100

/** Prometheus may quote whole lists of series to explain itself. */
const LONGEST_DETAIL = 300

/** One series of an answer. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>
  /** NaN where it is not a number, as in a histogram. */
  readonly value: number
  /** When the query was evaluated, by Prometheus' clock: an instant query never tells when its samples were scraped. */
  readonly atMs: number
}

export type PrometheusFailure = 'connect' | 'timeout' | 'status' | 'refused' | 'type' | 'unreadable' | 'too-large'

/** A question to Prometheus that got no answer to work with. Its message tells an operator why, and no password. */
export class PrometheusError extends Error {
  constructor (readonly reason: PrometheusFailure, detail: string) {
    super(detail)
    this.name = 'PrometheusError'
  }
}

export interface PrometheusOptions {
  /** May hold user and password, and a path in front of /api/v1. */
  readonly url: string
  readonly timeoutMs: number
  /** PEM of authorities that may have signed its certificate besides the public ones; undefined: none. */
  readonly ca: string | undefined
  readonly log: Log
}

/** Asks Prometheus, or what speaks its language, instant queries over connections of its own. */
export class PrometheusClient {
  readonly #pool: Pool
  readonly #path: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #warnings = new Set<string>()

  constructor (private readonly options: PrometheusOptions) {
    const url = new URL(options.url)
    this.#path = `${url.pathname.replace(/\/+$/, '')}/api/v1/query`
    this.#headers = { accept: 'application/json', 'user-agent': 'Ensemble', ...authorization(url) }
    this.#pool = new Pool(url.origin, {
      connections: CONNECTIONS,
      // The deadline is kept here, from the very start of a query, the wait for a connection included.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: LARGEST_ANSWER_BYTES,
      connect: { timeout: options.timeoutMs, ...(options.ca === undefined ? {} : { ca: [...rootCertificates, options.ca] }) },
    })
  }

  /** Evaluates a query now; gives the series of its answer. Throws PrometheusError. */
  async query (promql: string): Promise<Series[]> {
    const { timeoutMs } = this.options
    // GET, although POST would take queries of any length: read-only accounts and proxies often refuse POST.
    const path = `${this.#path}?${new URLSearchParams({ query: promql, timeout: `${timeoutMs}ms` }).toString()}`
    const deadline = AbortSignal.timeout(timeoutMs)
    let statusCode: number
    let body: string
    try {
      const answer = await this.#pool.request({ path, method: 'GET', headers: this.#headers, signal: deadline })
      statusCode = answer.statusCode
      body = await answer.body.text()
    } catch (error) {
      if (deadline.aborted) throw new PrometheusError('timeout', `no answer within ${timeoutMs} ms`)
      throw notAnswered(error)
    }
    const { series, warnings } = readAnswer(statusCode, body)
    for (const warning of warnings) this.#warn(promql, warning)
    return series
  }

  /** Closes all connections; queries under way fail. */
  async close (): Promise<void> {
    await this.#pool.destroy()
  }

  #warn (query: string, warning: string): void {
    if (this.#warnings.has(warning) || this.#warnings.size >= MOST_WARNINGS) return
    this.#warnings.add(warning)
    this.options.log.warn({ query, warning }, 'Prometheus warns about a query')
  }
}

/** An address as it may be shown: without user and password. */
export function withoutPassword (url: string): string {
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return shown.href.replace(/\/+$/, '')
}

function authorization ({ username, password }: URL): { authorization?: string } {
  if (username === '' && password === '') return {}
  return { authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}` }
}

function notAnswered (error: unknown): PrometheusError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return new PrometheusError('too-large', `the answer is larger than ${LARGEST_ANSWER_BYTES} bytes: is the query about nodes only?`)
  // Of a host with several addresses all of which refuse, only the code is known.
  const why = error instanceof Error && error.message !== '' ? error.message : code
  return new PrometheusError('connect', `cannot reach it: ${why}`)
}

function readAnswer (statusCode: number, body: string): { series: Series[], warnings: string[] } {
  const answer = parse(body)
  if (isRecord(answer) && answer['status'] === 'error') {
    const detail = `${String(answer['errorType'])}: ${String(answer['error'])}`
    throw new PrometheusError('refused', `it refuses the query: ${detail.slice(0, LONGEST_DETAIL)}`)
  }
  if (statusCode !== 200) throw new PrometheusError('status', `HTTP status ${statusCode}${adviceOn(statusCode)}`)
  const data = isRecord(answer) ? answer['data'] : undefined
  if (!isRecord(answer) || answer['status'] !== 'success' || !isRecord(data)) {
    throw new PrometheusError('unreadable', 'the answer is not that of a Prometheus: is this its address?')
  }
  const { resultType, result } = data
  if (resultType !== 'vector' || !Array.isArray(result)) {
    throw new PrometheusError('type', `the query gives a ${String(resultType)}: expected an instant vector`)
  }
  const warnings = Array.isArray(answer['warnings']) ? answer['warnings'].map(String) : []
  return { series: result.map(readSeries), warnings }
}

function readSeries (entry: unknown): Series {
  const { metric, value } = isRecord(entry) ? entry : {}
  const [atS, number] = Array.isArray(value) ? value as unknown[] : []
  if (!isRecord(metric) || (value !== undefined && (typeof atS !== 'number' || typeof number !== 'string'))) {
    throw new PrometheusError('unreadable', 'a series in the answer cannot be read')
  }
  return {
    labels: Object.fromEntries(Object.entries(metric).map(([name, text]) => [name, String(text)])),
    value: typeof number === 'string' ? Number(number) : NaN,
    atMs: typeof atS === 'number' ? Math.round(atS * 1000) : 0,
  }
}

function adviceOn (statusCode: number): string {
  if (statusCode === 401 || statusCode === 403) return ': user and password go into its URL, as http://USER:PASSWORD@HOST'
  return statusCode < 400 || statusCode === 404 ? ': is this its address?' : ''
}

/** The content of a JSON text; undefined if it is none. */
function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
