import { request } from 'undici'
import { sign } from '../../src/bbb/checksum.js'
import type { SimulatedNode, SimulatedNodeOptions } from '../../src/simulator/simulated-node.js'
import { startSimulatedNode } from '../../src/simulator/simulated-node.js'
import { ManualClock } from '../helpers/manual-clock.js'

export const SECRET = 's3cr3tForDocsOnly'

export interface Reply {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
  /** The text of the first element of this name; undefined where there is none. */
  field: (name: string) => string | undefined
}

interface Teardown { teardown: (stop: () => Promise<void>) => unknown }

/** A node on a clock that stands still, stopped when the test is over. */
export async function startNode (t: Teardown, options: Partial<SimulatedNodeOptions> = {}): Promise<{ node: SimulatedNode, clock: ManualClock }> {
  const clock = new ManualClock()
  const node = await startSimulatedNode({ secret: SECRET, clock, ...options })
  t.teardown(() => node.close())
  return { node, clock }
}

/** Makes a signed call with all parameters in the query. */
export function call (
  node: SimulatedNode, name: string, parameters: Record<string, string> = {},
  options: { method?: 'GET' | 'POST', body?: string | Buffer, headers?: Record<string, string> } = {}
): Promise<Reply> {
  return callRaw(node, name, new URLSearchParams(parameters).toString(), options)
}

/** Makes a signed call with exactly this query. */
export function callRaw (
  node: SimulatedNode, name: string, query: string,
  options: { method?: 'GET' | 'POST', body?: string | Buffer, headers?: Record<string, string> } = {}
): Promise<Reply> {
  const checksum = sign(name, query, SECRET, 'sha256')
  return fetchReply(`${node.url}/${name}?${query}${query === '' ? '' : '&'}checksum=${checksum}`, options)
}

/** Makes a request as it is, without following redirects. */
export async function fetchReply (
  url: string, options: { method?: 'GET' | 'POST' | 'DELETE', body?: string | Buffer, headers?: Record<string, string> } = {}
): Promise<Reply> {
  const answer = await request(url, { ...options, reset: true })
  const text = await answer.body.text()
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text,
    field: (name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1],
  }
}

/** The names of the elements directly inside the first element of this name, in order. */
export function childNames (xml: string, parent: string): string[] {
  const names: string[] = []
  let depth = 0
  let isInside = false
  for (const [, slash, name, closed] of xml.matchAll(/<(\/?)([A-Za-z][\w-]*)[^>]*?(\/?)>/g)) {
    if (slash === '/') {
      depth--
      if (isInside && depth < 0) return names
      continue
    }
    if (isInside && depth === 0) names.push(name ?? '')
    if (!isInside && name === parent) {
      isInside = true
      depth = 0
      continue
    }
    if (closed !== '/') depth++
  }
  return names
}
