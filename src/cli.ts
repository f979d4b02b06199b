#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { RunningGateway } from './commands/operate.js'
import { atMost, ManagementError, required, USAGE, UsageError, wholeNumber } from './commands/usage.js'
import { ConfigError } from './config/problems.js'
import { BBB_VERSIONS, type BbbVersion } from './simulator/versions.js'
import { readVersion } from './version.js'

const LARGEST_PORT = 65_535
const MOST_CORES = 1_024
const MOST_PEOPLE = 100_000

const CONFIG = { type: 'string', short: 'c' } as const

type Command = (args: string[]) => Promise<number | undefined>

/** Commands that run until they are stopped. */
const SERVICES: readonly string[] = ['serve', 'simulate', 'demo']

/**
 * Every command: what it takes from the command line, and what it does. It gives the exit code once it is over.
 * Each loads what it needs by itself: reading all of the gateway takes longer than most commands do.
 */
const COMMANDS: Readonly<Record<string, Command>> = {
  async serve (args) {
    const { values } = parseArgs({ args, options: { config: CONFIG } })
    const { serve } = await import('./commands/serve.js')
    await serve(required(values.config, '--config FILE'))
    return undefined
  },
  async check (args) {
    const { values } = parseArgs({ args, options: { config: CONFIG, offline: { type: 'boolean' }, strict: { type: 'boolean' } } })
    const { check } = await import('./commands/check.js')
    return await check(required(values.config, '--config FILE'), { offline: values.offline === true, strict: values.strict === true }, print)
  },
  async sign (args) {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { config: CONFIG } })
    const path = required(values.config, '--config FILE')
    const [call, ...pairs] = positionals
    const { readConfig } = await import('./config/read.js')
    const { signedUrl } = await import('./commands/sign.js')
    const { config } = await readConfig(path, process.env)
    print(signedUrl(config, required(call, 'the name of a call'), pairs))
    return 0
  },
  async simulate (args) {
    const { values } = parseArgs({
      args,
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        secret: { type: 'string' },
        'secret-file': { type: 'string' },
        version: { type: 'string' },
        name: { type: 'string' },
        cores: { type: 'string' },
      },
    })
    const options = {
      secret: values.secret ?? await readSecret(required(values['secret-file'], '--secret-file F')),
      port: wholeNumber(required(values.port, '--port P'), '--port', 0, LARGEST_PORT),
      ...(values.host === undefined ? {} : { host: values.host }),
      ...(values.name === undefined ? {} : { name: values.name }),
      ...(values.version === undefined ? {} : { version: bbbVersion(values.version) }),
      ...(values.cores === undefined ? {} : { cores: wholeNumber(values.cores, '--cores', 1, MOST_CORES) }),
    }
    const { simulateCommand } = await import('./simulator/command.js')
    const { default: closeWithGrace } = await import('close-with-grace')
    const node = await simulateCommand(options)
    closeWithGrace({ logger: false }, async () => { await node.close() })
    return undefined
  },
  async demo (args) {
    const { values } = parseArgs({ args, options: { port: { type: 'string' } } })
    const port = values.port === undefined ? undefined : wholeNumber(values.port, '--port', 0, LARGEST_PORT)
    const { demo } = await import('./commands/demo.js')
    await demo(port, print)
    return undefined
  },
  async nodes (args) {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { config: CONFIG } })
    const [verb = 'list', ...operands] = positionals
    const { findGateway, listNodes, setNodeState } = await import('./commands/operate.js')
    const gateway = (): Promise<RunningGateway> => findGateway(values.config, process.env)
    if (verb === 'list') {
      atMost(0, operands)
      print(await listNodes(await gateway()))
    } else if (verb === 'set') {
      const [id, state] = atMost(2, operands)
      print(await setNodeState(gateway, required(id, 'the id of a node'), required(state, 'the state')))
    } else throw new UsageError(`nodes: expected list or set, got "${verb}"`)
    return 0
  },
  async meetings (args) {
    const { values } = parseArgs({ args, options: { config: CONFIG, node: { type: 'string' }, 'meeting-id': { type: 'string' } } })
    const { findGateway, listMeetings } = await import('./commands/operate.js')
    print(await listMeetings(await findGateway(values.config, process.env), { node: values.node, meetingID: values['meeting-id'] }))
    return 0
  },
  async placement (args) {
    const { values } = parseArgs({ args, options: { config: CONFIG, tags: { type: 'string' }, participants: { type: 'string' }, 'meeting-id': { type: 'string' } } })
    const participants = values.participants === undefined ? undefined : wholeNumber(values.participants, '--participants', 0, MOST_PEOPLE)
    const { findGateway, showPlacement } = await import('./commands/operate.js')
    print(await showPlacement(await findGateway(values.config, process.env), { tags: values.tags, participants: participants?.toString(), meetingID: values['meeting-id'] }))
    return 0
  },
  async isolation (args) {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { config: CONFIG } })
    const [verb = 'show'] = atMost(1, positionals)
    if (verb !== 'show' && verb !== 'end') throw new UsageError(`isolation: expected show or end, got "${verb}"`)
    const { endIsolation, findGateway, showIsolation } = await import('./commands/operate.js')
    const gateway = await findGateway(values.config, process.env)
    print(verb === 'end' ? await endIsolation(gateway) : await showIsolation(gateway))
    return 0
  },
}

function bbbVersion (text: string): BbbVersion {
  const version = BBB_VERSIONS.find((known) => known === text)
  if (version === undefined) throw new UsageError(`--version: expected one of ${BBB_VERSIONS.join(', ')}, got "${text}"`)
  return version
}

async function readSecret (path: string): Promise<string> {
  const { whyUnreadable } = await import('./config/secrets.js')
  try {
    return readFileSync(path, 'utf8').trimEnd()
  } catch (error) {
    throw new UsageError(`--secret-file ${path} cannot be read: ${whyUnreadable(error)}`)
  }
}

function print (line: string): void {
  process.stdout.write(`${line}\n`)
}

async function main ([name, ...args]: string[]): Promise<number | undefined> {
  if (name === undefined || name === 'help' || args.concat(name).some((arg) => arg === '--help' || arg === '-h')) {
    print(USAGE)
    return name === undefined ? 2 : 0
  }
  if (name === '--version' || name === '-v') {
    print(readVersion())
    return 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  try {
    if (command === undefined) throw new UsageError(`there is no command "${name}"`)
    return await command(args)
  } catch (error) {
    return explain(error)
  }
}

/** Says what went wrong in words where the cause is outside the program; anything else is a fault of it. */
function explain (error: unknown): number {
  const complain = (message: string): void => { process.stderr.write(`${message}\n`) }
  if (error instanceof ConfigError) {
    complain(error.message)
    return 2
  }
  if (error instanceof UsageError || (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))) {
    complain(`ensemble: ${error.message}\nensemble help shows how each command is written`)
    return 2
  }
  if (error instanceof ManagementError || (error instanceof Error && 'syscall' in error)) {
    complain(`ensemble: ${error.message}`)
    return 1
  }
  throw error
}

const commandLine = process.argv.slice(2)

process.stdout.on('error', (error) => {
  // What a service prints is not what it is there for: it goes on.
  if (SERVICES.includes(commandLine[0] ?? '')) return
  // `ensemble meetings | head` has seen enough when its reader goes: that is no fault.
  if ('code' in error && error.code === 'EPIPE') return
  process.exit(explain(error))
})

process.exitCode = await main(commandLine)
