import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Test } from 'tap'
import type { Clock } from '../../src/clock.js'
import { PrometheusClient } from '../../src/cluster/prometheus-client.js'
import type { LogLine } from '../helpers/gateway.js'
import { startHttp } from './servers.js'

/** What is answered to a query: a body, or whatever a test wants to do to the connection. */
export type FakeAnswer = string | ((response: ServerResponse) => void)

export interface Asked {
  readonly method: string | undefined
  readonly path: string
  readonly query: string
  readonly timeout: string | null
  readonly headers: IncomingHttpHeaders
}

export interface FakePrometheus {
  readonly origin: string
  readonly asked: Asked[]
  /** By query; '' for any other. */
  readonly answers: Map<string, FakeAnswer>
  /** How many queries are being waited for. */
  readonly waiting: () => number
}

/** A web server that answers as a test says. */
export async function startFakePrometheus (t: Test): Promise<FakePrometheus> {
  const asked: Asked[] = []
  const answers = new Map<string, FakeAnswer>()
  let waiting = 0
  const origin = await startHttp(t, (request, response) => {
    const url = new URL(request.url ?? '', 'http://prometheus')
    const query = url.searchParams.get('query') ?? ''
    asked.push({ method: request.method, path: url.pathname, query, timeout: url.searchParams.get('timeout'), headers: request.headers })
    waiting++
    response.once('close', () => { waiting-- })
    const answer = answers.get(query) ?? answers.get('') ?? vector([])
    if (typeof answer === 'string') response.setHeader('content-type', 'application/json').end(answer)
    else answer(response)
  })
  return { origin, asked, answers, waiting: () => waiting }
}

/** Time that no test mistakes for that of its own clock: Prometheus has one of its own. */
export const PROMETHEUS_NOW_S = 1_700_000_000

/** An instant vector as Prometheus writes it; `fields` stand beside it in the answer. */
export function vector (series: ReadonlyArray<readonly [instance: string, value: number | string]>, { nowS = PROMETHEUS_NOW_S, fields = {} }: { nowS?: number, fields?: object } = {}): string {
  const result = series.map(([instance, value]) => ({ metric: { instance }, value: [nowS, String(value)] }))
  return JSON.stringify({ status: 'success', data: { resultType: 'vector', result }, ...fields })
}

/** Leaves a query without an answer. */
export function hang (): void {}

/** A clock for what is done in rounds, and how many of them are over: each sets a timer for the next, which `isNext` tells by its delay. */
export function countingRounds (clock: Clock, isNext: (delayMs: number) => boolean): { readonly clock: Clock, readonly over: () => number } {
  let over = 0
  return {
    over: () => over,
    clock: {
      nowMs: () => clock.nowMs(),
      after (delayMs, run) {
        if (isNext(delayMs)) over++
        return clock.after(delayMs, run)
      },
    },
  }
}

/** A client with its own log, closed with the test. */
export function clientOf (t: Test, url: string, options: { timeoutMs?: number, ca?: string } = {}): { client: PrometheusClient, logs: LogLine[] } {
  const logs: LogLine[] = []
  const write = (level: LogLine['level']) => (fields: object, event: string) => { logs.push({ level, event, fields: { ...fields } }) }
  const client = new PrometheusClient({
    url,
    timeoutMs: options.timeoutMs ?? 5_000,
    ca: options.ca,
    log: { info: write('info'), warn: write('warn'), error: write('error') },
  })
  t.teardown(() => client.close())
  return { client, logs }
}
