import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { request } from 'undici'
import { field, SECRET, signedQuery, type CallAnswer, type CallOptions, type Params } from './gateway.js'

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

/** How long anything here is waited for; a loaded machine starts a process in a few seconds. */
export const PATIENCE_MS = 30_000

const LOOK_MS = 20

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A line of the gateway's log. */
export type LogEntry = Readonly<Record<string, unknown>>

export interface Program {
  readonly pid: number
  /** Everything it has written so far. */
  readonly stdout: string
  readonly stderr: string
  readonly exit: Promise<Exit>
  /** The first match in what it writes on standard output. */
  output (pattern: RegExp): Promise<RegExpExecArray>
  /** The first line of its log with that event and those fields. */
  logged (event: string, fields?: LogEntry): Promise<LogEntry>
  /** Stops reading its standard output for good: the pipe fills, or breaks. */
  stopReading (how: 'stall' | 'close'): void
  kill (signal: NodeJS.Signals): void
  /** Sends a signal and waits for the end. */
  stop (signal?: NodeJS.Signals): Promise<Exit>
}

const running = new Set<() => void>()
process.on('exit', () => { for (const kill of running) kill() })

/** Starts `ensemble ARGS`; the test's end kills it, if it still runs. */
export function startProgram (t: Test, args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
  // The test runner adds code of its own to every Node it sees; the product is to run without it.
  const child = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], TMPDIR: tmpdir(), ...env },
  })
  const { pid } = child
  if (pid === undefined) throw new Error('the process could not be started')
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
  const kill = (): void => { child.kill('SIGKILL') }
  running.add(kill)
  let ended: Exit | undefined
  const exit = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => { ended = { code, signal } })
    child.once('close', (code, signal) => {
      running.delete(kill)
      resolve({ code, signal })
    })
  })
  t.teardown(async () => {
    kill()
    child.stdout.destroy()
    await exit
  })

  async function find<T> (what: string, look: () => T | undefined): Promise<T> {
    try {
      return await eventually(what, () => {
        const found = look()
        if (found === undefined && ended !== undefined) throw new Error(`it ended first, with ${ended.code ?? ended.signal}`)
        return found
      })
    } catch (error) {
      throw new Error(`${args.join(' ')}: ${String(error)}\n--- stdout\n${stdout.slice(-4_000)}\n--- stderr\n${stderr.slice(-4_000)}`)
    }
  }

  return {
    pid,
    exit,
    get stdout () { return stdout },
    get stderr () { return stderr },
    output: (pattern) => find(`output ${String(pattern)}`, () => pattern.exec(stdout) ?? undefined),
    logged: (event, fields = {}) => find(`the event "${event}" ${JSON.stringify(fields)}`, () => logOf(stdout).find((entry) =>
      entry['msg'] === event && Object.entries(fields).every(([name, value]) => entry[name] === value))),
    stopReading (how) {
      child.stdout.removeAllListeners('data')
      if (how === 'close') child.stdout.destroy()
      else child.stdout.pause()
      // What was never read would keep the end of the process from being noticed.
      child.once('exit', () => child.stdout.destroy())
    },
    kill: (signal) => { child.kill(signal) },
    async stop (signal = 'SIGTERM') {
      child.kill(signal)
      return await exit
    },
  }
}

/** What a command that ends by itself did. */
export interface Finished extends Exit {
  readonly stdout: string
  readonly stderr: string
}

/** Runs `ensemble ARGS` to its end. */
export async function run (t: Test, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
  const program = startProgram(t, args, env)
  const late = setTimeout(() => program.kill('SIGKILL'), PATIENCE_MS)
  const exit = await program.exit
  clearTimeout(late)
  return { ...exit, stdout: program.stdout, stderr: program.stderr }
}

/** The lines of a log; a line that is not JSON, or not whole yet, is left out. */
export function logOf (stdout: string): LogEntry[] {
  return stdout.split('\n').flatMap((line): LogEntry[] => {
    try {
      return [JSON.parse(line) as LogEntry]
    } catch {
      return []
    }
  })
}

/** Waits until `look` finds something. */
export async function eventually<T> (what: string, look: () => T | undefined | Promise<T | undefined>, patienceMs = PATIENCE_MS): Promise<T> {
  const untilMs = performance.now() + patienceMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > untilMs) throw new Error(`${what}: not within ${patienceMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** A directory that goes with the test. */
export function directoryFor (t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'ensemble-test-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A node as the gateway's configuration names it. */
export interface NodeAddress {
  readonly url: string
  readonly secret: string
}

export interface NodeProgram extends NodeAddress {
  readonly program: Program
  /** http://127.0.0.1:PORT */
  readonly origin: string
}

/** Starts simulated nodes, each a process of its own on a free port. */
export async function startNodes (t: Test, count: number): Promise<NodeProgram[]> {
  return await Promise.all(Array.from({ length: count }, async (_, index) => {
    const secret = `secret-of-node-process-${index + 1}`
    const program = startProgram(t, ['simulate', '--port', '0', '--secret', secret])
    const [, url = ''] = await program.output(/(http:\S+\/bigbluebutton\/api)\n/)
    return { program, url, secret, origin: new URL(url).origin }
  }))
}

export interface GatewayProgram {
  readonly program: Program
  /** http://127.0.0.1:PORT */
  readonly origin: string
  /** Calls the gateway as a client with its secret would. */
  call (name: string, params?: Params, options?: CallOptions): Promise<CallAnswer>
}

export const TOKEN = 'token-for-system-tests'

/** For tests in which nodes fail: one that does is down within two seconds. */
export const QUICK_POLL = { interval: '400ms', timeout: '350ms' }

/** The gateway's configuration in the tests: nodes bbb-01, bbb-02 … */
export function configFor (nodes: readonly NodeAddress[], sections: object = {}): Record<string, unknown> {
  return {
    listen: { host: '127.0.0.1', port: 0 },
    secrets: [SECRET],
    keys: ['a-key-for-tests-only'],
    stateFile: '',
    management: { tokens: [{ name: 'tests', token: TOKEN }] },
    nodes: nodes.map(({ url, secret }, index) => ({ id: nodeId(index), url, secret })),
    ...sections,
  }
}

export function nodeId (index: number): string {
  return `bbb-${String(index + 1).padStart(2, '0')}`
}

/** Writes a configuration, as JSON, which is YAML. */
export function writeConfig (directory: string, config: object, name = 'ensemble.yaml'): string {
  const path = join(directory, name)
  writeFileSync(path, JSON.stringify(config, undefined, 2))
  return path
}

/** Starts `ensemble serve` and waits until it has polled every node. */
export async function startServe (t: Test, configPath: string): Promise<GatewayProgram> {
  const gateway = await startListening(t, configPath)
  await gateway.program.logged('every node has been polled')
  return gateway
}

/** Starts `ensemble serve` and waits until it listens, no longer. */
export async function startListening (t: Test, configPath: string): Promise<GatewayProgram> {
  const program = startProgram(t, ['serve', '--config', configPath])
  const { url: origin } = await program.logged('gateway is listening')
  if (typeof origin !== 'string') throw new Error('it does not say where it listens')
  return {
    program,
    origin,
    async call (name, params = {}, { method = 'GET', body, headers = {}, secret, algorithm } = {}) {
      const url = `${origin}/bigbluebutton/api/${name}?${signedQuery(name, params, secret, algorithm)}`
      const answer = await request(url, { method, headers, body: body ?? null })
      return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() }
    },
  }
}

export interface ClusterPrograms extends GatewayProgram {
  readonly nodes: readonly NodeProgram[]
  readonly configPath: string
  /** Where the configuration and the state file are. */
  readonly directory: string
}

/** A gateway over simulated nodes, every one a process. */
export async function startCluster (t: Test, nodeCount: number, sections: object = {}): Promise<ClusterPrograms> {
  const nodes = await startNodes(t, nodeCount)
  const directory = directoryFor(t)
  const configPath = writeConfig(directory, configFor(nodes, sections))
  return { ...await startServe(t, configPath), nodes, configPath, directory }
}

/** POSTs JSON to a control address of a simulated node. */
export async function control (origin: string, path: 'faults' | 'users', body: object): Promise<void> {
  const answer = await fetch(`${origin}/simulator/${path}`, { method: 'POST', body: JSON.stringify(body) })
  if (answer.status !== 200) throw new Error(await answer.text())
  await answer.arrayBuffer()
}

/** The place in `nodes` of the node that a join is sent to; -1 if it is sent nowhere. */
export async function nodeOf (gateway: Pick<GatewayProgram, 'call'>, nodes: readonly NodeAddress[], meetingID: string): Promise<number> {
  const { headers } = await gateway.call('join', { meetingID, fullName: 'Ada', role: 'VIEWER' })
  return nodes.findIndex(({ url }) => String(headers['location']).startsWith(`${url}/join?`))
}

/** What the management API says. */
export async function manage<T> ({ origin }: Pick<GatewayProgram, 'origin'>, path: string): Promise<T> {
  const answer = await fetch(`${origin}/api/v1/${path}`, { headers: { authorization: `Bearer ${TOKEN}` } })
  if (answer.status !== 200) throw new Error(await answer.text())
  return await answer.json() as T
}

/** The health of every node, in the order of the configuration. */
export async function healthOf (gateway: Pick<GatewayProgram, 'origin'>): Promise<string[]> {
  const { nodes } = await manage<{ nodes: Array<{ health: string }> }>(gateway, 'nodes')
  return nodes.map(({ health }) => health)
}

/** Runs `work` on every item, at most `width` at a time. */
export async function each<T, R> (items: readonly T[], width: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array<R>(items.length)
  const queue = items.entries()
  await Promise.all(Array.from({ length: width }, async () => {
    for (const [index, item] of queue) results[index] = await work(item)
  }))
  return results
}

/** The messageKey of an answer, or `SUCCESS`. */
export function outcome ({ body }: CallAnswer): string {
  return field(body, 'returncode') === 'SUCCESS' ? 'SUCCESS' : field(body, 'messageKey') ?? body
}

export { field, SECRET, signedQuery } from './gateway.js'
