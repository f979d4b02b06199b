import { request } from 'undici'
import type { Test } from 'tap'
import { sign, type ChecksumAlgorithm } from '../../src/bbb/checksum.js'
import { encode, withAppended } from '../../src/bbb/query.js'
import { systemClock, type Clock } from '../../src/clock.js'
import { parseConfig } from '../../src/config/read.js'
import { createGateway, type Gateway } from '../../src/gateway.js'
import { startSimulatedNode, type SimulatedNode, type SimulatedNodeOptions } from '../../src/simulator/simulated-node.js'

export const SECRET = 'the-secret-of-the-gateway'

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly event: string
  readonly fields: Record<string, unknown>
}

/** What a call was answered. */
export interface CallAnswer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: string
}

export interface CallOptions {
  readonly method?: 'GET' | 'POST'
  readonly body?: string | Buffer
  readonly headers?: Record<string, string>
  readonly secret?: string
  readonly algorithm?: ChecksumAlgorithm
}

export type Params = Readonly<Record<string, string | number>>

export interface TestGateway {
  readonly gateway: Gateway
  /** http://127.0.0.1:PORT */
  readonly origin: string
  /** The origin of the management API and of /metrics. */
  readonly managementOrigin: string
  readonly nodes: readonly SimulatedNode[]
  readonly logs: LogLine[]
  /** Calls the gateway as a client with its secret would. */
  call (name: string, params?: Params, options?: CallOptions): Promise<CallAnswer>
  /** Stops the gateway, not the nodes. */
  close (): Promise<void>
}

export interface TestGatewayOptions {
  /** How many nodes, or the options of each; ids are bbb-01, bbb-02 … */
  readonly nodes?: number | ReadonlyArray<Partial<SimulatedNodeOptions>>
  /** Nodes that run already, in place of `nodes`. */
  readonly running?: readonly SimulatedNode[]
  /** Settings of each node in the configuration, by its place. */
  readonly nodeConfig?: ReadonlyArray<object>
  /** Sections of the configuration, in place of the defaults for tests. */
  readonly config?: object
  readonly clock?: Clock
  readonly random?: () => number
}

/** The query of a call, encoded and signed. */
export function signedQuery (name: string, params: Params, secret = SECRET, algorithm: ChecksumAlgorithm = 'sha256'): string {
  const query = Object.entries(params).map(([key, value]) => `${encode(key)}=${encode(String(value))}`).join('&')
  return withAppended(query, `checksum=${sign(name, query, secret, algorithm)}`)
}

/** A gateway over simulated nodes on free ports of this machine; the test stops all of them. */
export async function startGateway (t: Test, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const wanted = typeof options.nodes === 'number' ? Array.from({ length: options.nodes }, () => ({})) : options.nodes ?? [{}, {}, {}]
  const clock = options.clock ?? systemClock
  const nodes = options.running ?? await Promise.all(wanted.map((node, index) =>
    startSimulatedNode({ name: nodeId(index), secret: `secret-of-node-${index + 1}`, clock, ...node })))
  const logs: LogLine[] = []
  const write = (level: LogLine['level']) => (fields: object, event: string) => { logs.push({ level, event, fields: { ...fields } }) }
  const yaml = {
    listen: { host: '127.0.0.1', port: 0 },
    secrets: [SECRET],
    keys: ['a-key-for-tests-only'],
    stateFile: '',
    nodes: nodes.map((node, index) => ({ id: nodeId(index), url: node.url, secret: node.secret, ...options.nodeConfig?.[index] })),
    ...options.config,
  }
  const { config } = parseConfig(JSON.stringify(yaml), { path: 'test.yaml', env: {}, readFile: () => '' })
  const gateway = await createGateway({
    config,
    clock,
    log: { info: write('info'), warn: write('warn'), error: write('error') },
    version: '0.0.0-test',
    random: options.random ?? Math.random,
  })
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    closed ??= gateway.close()
    return closed
  }
  t.teardown(async () => {
    await close()
    if (options.running === undefined) await Promise.all(nodes.map((node) => node.close()))
  })
  const { url, managementUrl } = await gateway.start()
  await gateway.cluster.firstRound
  return {
    gateway,
    origin: url,
    managementOrigin: managementUrl ?? url,
    nodes,
    logs,
    close,
    async call (name, params = {}, { method = 'GET', body, headers = {}, secret, algorithm } = {}) {
      const answer = await request(`${url}/bigbluebutton/api/${name}?${signedQuery(name, params, secret, algorithm)}`, { method, headers, body: body ?? null })
      return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() }
    },
  }
}

function nodeId (index: number): string {
  return `bbb-${String(index + 1).padStart(2, '0')}`
}

/** The text of the first element of that name; undefined if there is none. Only for answers whose values are plain. */
export function field (xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
}
