import { readMeetings } from '../bbb/meetings-reader.js'
import { UnreadableAnswer } from '../bbb/unreadable-answer.js'
import type { NodeSettings } from '../cluster/node.js'
import { NodeClient, NodeUnreachable } from '../cluster/node-client.js'
import { readAuthorities } from '../config/authorities.js'
import { readConfig } from '../config/read.js'
import type { Config } from '../config/schema.js'
import { checkPrometheus } from './check-prometheus.js'
import { table } from './table.js'

interface NodeCheck {
  /** '' if the node answered as it should. */
  readonly trouble: string
  readonly meetings: number
  readonly participants: number
  readonly durationMs: number
}

/**
 * Checks a configuration, asks Prometheus what the gateway would ask it, and every node for its meetings. Prints what it
 * found; returns the exit code: with `strict` 1 if Prometheus or a node could not be reached, else 0. Throws ConfigError where the file is wrong.
 */
export async function check (configPath: string, options: { readonly offline: boolean, readonly strict: boolean }, print: (line: string) => void): Promise<number> {
  const { config, path, notices } = await readConfig(configPath, process.env)
  const listed = config.prometheus?.discover === undefined ? '' : ' and those that Prometheus lists'
  print(`${path}: ${config.nodes.length} nodes${listed}, no errors`)
  for (const notice of notices) print(`notice: ${notice}`)
  if (options.offline) return 0

  const ca = readAuthorities(config)
  const prometheus = config.prometheus === undefined ? undefined : await checkPrometheus(config, config.prometheus, ca)
  const nodes = [...config.nodes, ...prometheus?.listed ?? []]
  const asked = nodes.filter(({ state }) => state !== 'disabled')
  const checks = new Map(await Promise.all(asked.map(async (node) => [node.id, await checkNode(config, node, ca)] as const)))
  print(table(['node', 'state', 'meetings', 'people', 'ms', 'answer'], nodes.map(({ id, state }) => {
    const check = checks.get(id)
    return check === undefined
      ? [id, state, '', '', '', 'not asked']
      : [id, state, check.meetings, check.participants, check.durationMs, check.trouble === '' ? 'fine' : check.trouble]
  })))
  const failed = [...checks.values()].filter(({ trouble }) => trouble !== '').length
  print(failed === 0 ? 'every node answered' : `${failed} of ${checks.size} nodes did not answer as they should`)
  for (const line of prometheus?.lines ?? []) print(line)
  return (failed > 0 || prometheus?.isFine === false) && options.strict ? 1 : 0
}

async function checkNode (config: Config, node: NodeSettings, ca: string | undefined): Promise<NodeCheck> {
  const startedAtMs = performance.now()
  const done = (trouble: string, meetings = 0, participants = 0): NodeCheck =>
    ({ trouble, meetings, participants, durationMs: Math.round(performance.now() - startedAtMs) })
  const [secret] = node.secrets
  if (secret === undefined) return done('it has no secret')
  const client = new NodeClient({
    url: node.url,
    secret,
    checksum: node.checksum,
    connectTimeoutMs: config.timeouts.connect,
    ca,
    observe: () => {},
  })
  try {
    const { statusCode, body } = await client.request({ call: 'getMeetings', query: '', method: 'GET', timeoutMs: config.poll.timeout })
    if (statusCode !== 200) return done(`HTTP status ${statusCode}: is this the URL of its API?`)
    const { meetings } = readMeetings(body)
    return done('', meetings.length, meetings.reduce((sum, { counts }) => sum + (counts?.participants ?? 0), 0))
  } catch (error) {
    return done(inWords(error, node))
  } finally {
    await client.close()
  }
}

function inWords (error: unknown, node: NodeSettings): string {
  if (error instanceof NodeUnreachable) return error.message
  if (!(error instanceof UnreadableAnswer)) throw error
  if (error.messageKey === 'checksumError') return `it refuses the signature: check its secret, and that it accepts ${node.checksum}`
  if (error.messageKey !== undefined) return `it answered FAILED ${error.messageKey}`
  return 'its answer is not that of a BBB server: is this the URL of its API?'
}
