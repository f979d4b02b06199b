import { randomBytes } from 'node:crypto'
import closeWithGrace from 'close-with-grace'
import { systemClock } from '../clock.js'
import { parseConfig } from '../config/read.js'
import { createGateway, type Gateway } from '../gateway.js'
import type { Log } from '../log.js'
import { startSimulatedNode, type SimulatedNode } from '../simulator/simulated-node.js'
import { readVersion } from '../version.js'
import { signedUrl } from './sign.js'

const HOST = '127.0.0.1'
const FIRST_PORT = 8080
const PORTS_TRIED = 20
const GRACE_MS = 5_000

/** The same at every start, so that an LMS that was pointed at the demo once stays so. The demo is reached from this machine only. */
const SECRET = 'ensemble-demo-secret'

/**
 * Runs three simulated nodes and a gateway over them on `port`, or on the next free one, until it is
 * interrupted, and prints what a newcomer needs.
 */
export async function demo (port: number | undefined, print: (line: string) => void): Promise<void> {
  const nodes = await Promise.all(['bbb-01', 'bbb-02', 'bbb-03'].map((name) => startSimulatedNode({ name, secret: randomBytes(16).toString('hex') })))
  const token = randomBytes(16).toString('hex')
  const closeNodes = (): Promise<unknown> => Promise.all(nodes.map((node) => node.close()))
  const { gateway, url } = await startOnFreePort(nodes, token, port, print).catch(async (error: unknown) => {
    await closeNodes()
    throw error
  })
  closeWithGrace({ delay: GRACE_MS, logger: false }, async () => {
    await gateway.close()
    await closeNodes()
  })

  const { config } = configOf(nodes, token, Number(new URL(url).port))
  print(`Three simulated BigBlueButton servers behind one gateway. Put these into any BigBlueButton client:

  URL      ${url}/bigbluebutton/api
  secret   ${SECRET}

or open a first meeting by hand:

  create   ${signedUrl(config, 'create', ['meetingID=first', 'name=First meeting', 'welcome=Hello'])}
  join     ${signedUrl(config, 'join', ['meetingID=first', 'fullName=Ada', 'role=MODERATOR'])}
  list     ${signedUrl(config, 'getMeetings', [])}
  end      ${signedUrl(config, 'end', ['meetingID=first'])}

To see the cluster:

  ENSEMBLE_URL=${url} ENSEMBLE_TOKEN=${token} node dist/cli.js nodes

The servers behind it, and how to make one fail:
`)
  for (const node of nodes) print(`  ${node.name}   ${node.url}`)
  print(`
  curl -d '{"kind":"hang"}' ${new URL(nodes[0]?.url ?? url).origin}/simulator/faults

Ctrl-C ends it. The calls as they come:
`)
}

async function startOnFreePort (nodes: readonly SimulatedNode[], token: string, port: number | undefined, print: (line: string) => void): Promise<{ gateway: Gateway, url: string }> {
  const ports = port === undefined ? Array.from({ length: PORTS_TRIED }, (_, index) => FIRST_PORT + index) : [port]
  for (const candidate of ports) {
    const { config } = configOf(nodes, token, candidate)
    const gateway = await createGateway({ config, clock: systemClock, log: conciseLog(print), version: readVersion(), random: Math.random })
    try {
      return { gateway, ...await gateway.start() }
    } catch (error) {
      await gateway.close()
      if (!isTaken(error) || candidate === ports.at(-1)) throw error
    }
  }
  throw new Error('no port to try')
}

function configOf (nodes: readonly SimulatedNode[], token: string, port: number): ReturnType<typeof parseConfig> {
  const yaml = {
    listen: { host: HOST, port },
    secrets: [SECRET],
    keys: [randomBytes(16).toString('hex')],
    stateFile: '',
    poll: { interval: '2s' },
    management: { tokens: [{ name: 'demo', token }] },
    nodes: nodes.map(({ name, url, secret }) => ({ id: name, url, secret })),
  }
  // JSON is YAML: the demo's configuration goes through the same door as everybody's.
  return parseConfig(JSON.stringify(yaml), { path: 'demo', env: {}, readFile: () => '' })
}

function isTaken (error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}

/** One short line for each call and each event: the demo is read by a person. */
function conciseLog (print: (line: string) => void): Log {
  const time = (): string => new Date().toTimeString().slice(0, 8)
  const write = (fields: object, event: string): void => {
    const shown = Object.entries(fields)
      .filter(([name, value]) => value !== undefined && value !== '' && name !== 'requestId' && name !== 'tenant' && name !== 'status')
      .map(([name, value]) => name === 'call' || name === 'result' ? String(value) : `${name}=${String(value)}`)
    print(`  ${time()}  ${event === 'call answered' ? '' : `${event}  `}${shown.join('  ')}`)
  }
  return { info: write, warn: write, error: write }
}
