// The files in deploy/ are read as Docker Compose and systemd would, and the commands in them are run; neither of
// the two runs here. The program is the dist/ that `npm test` has built.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { request } from 'undici'
import { parse } from 'yaml'
import { z } from 'zod'
import { readConfig } from '../../src/config/read.js'
import { findProgram } from '../helpers/server.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DEPLOY = join(ROOT, 'deploy')
const CLI = join(ROOT, 'dist/cli.js')

const run = promisify(execFile)

/** As much of the Compose format as the file may use; a key that is not here needs a look at this test. */
const composeSchema = z.strictObject({
  name: z.literal('ensemble'),
  'x-ensemble': z.unknown(),
  'x-simulated-node': z.unknown(),
  services: z.record(z.string(), z.strictObject({
    image: z.string(),
    build: z.string().optional(),
    profiles: z.array(z.enum(['production', 'demo'])).length(1),
    restart: z.literal('unless-stopped'),
    cap_drop: z.array(z.string()).optional(),
    security_opt: z.array(z.string()).optional(),
    stop_grace_period: z.string().optional(),
    network_mode: z.string().optional(),
    healthcheck: z.strictObject({ disable: z.literal(true) }).optional(),
    command: z.array(z.string()).optional(),
    env_file: z.array(z.strictObject({ path: z.string(), required: z.boolean() })).optional(),
    depends_on: z.record(z.string(), z.strictObject({ condition: z.literal('service_healthy') })).optional(),
    ports: z.array(z.string()).optional(),
    volumes: z.array(z.string()).optional(),
  })),
  volumes: z.record(z.string(), z.null()),
})

const compose = composeSchema.parse(parse(readFileSync(join(DEPLOY, 'compose.yaml'), 'utf8'), { merge: true }))
const services = Object.entries(compose.services)
const commands = services.flatMap(([name, { command, image }]) => image === 'ensemble' ? [{ name, command: command ?? [] }] : [])

/** What the operator puts on the host, and the file here that it is made from. */
const OPERATORS_FILES: Readonly<Record<string, string>> = {
  '/etc/ensemble': 'ensemble.yaml',
  '/etc/ensemble/ensemble.yaml': 'ensemble.yaml',
  '/etc/ensemble/ensemble.env': 'ensemble.env.example',
  '/etc/ensemble/demo.yaml': 'demo.yaml',
}

/** The names in the example of the environment file, each with a value that will do. */
const environment = Object.fromEntries(readFileSync(join(DEPLOY, 'ensemble.env.example'), 'utf8').split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => [line.replace(/=$/, ''), `a-value-for-${line.replace(/=$/, '')}`]))

/** The argument list of `check` for that of `serve`, with the file the operator would have copied. */
function asCheck (command: readonly string[]): string[] {
  return command.map((word) => {
    if (word === 'serve') return 'check'
    const file = OPERATORS_FILES[word]
    return file === undefined ? word : join(DEPLOY, file)
  }).concat('--offline')
}

t.test('compose.yaml refers to nothing that is not there', async (t) => {
  for (const [name, service] of services) {
    if (service.build !== undefined) t.ok(existsSync(join(DEPLOY, service.build, 'Dockerfile')), `${name}: the Dockerfile`)
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':')
      if (source.startsWith('.')) t.ok(existsSync(resolve(DEPLOY, source)), `${name}: ${source}`)
      else if (!source.startsWith('/')) t.ok(Object.hasOwn(compose.volumes, source), `${name}: volume ${source}`)
      else t.ok(source in OPERATORS_FILES || ['/etc/ssl/ensemble', '/var/www/html'].includes(source), `${name}: ${source} is known`)
    }
    for (const { path } of service.env_file ?? []) t.ok(path in OPERATORS_FILES, `${name}: ${path} is known`)
    for (const other of Object.keys(service.depends_on ?? {})) t.same(compose.services[other]?.profiles, service.profiles, `${name}: ${other} starts with it`)
    const shared = /^service:(.*)$/.exec(service.network_mode ?? '')?.[1]
    if (shared !== undefined) t.same(compose.services[shared]?.profiles, service.profiles, `${name}: ${shared} starts with it`)
  }
})

t.test('nginx gets its configuration, and the certificate where that looks for it', async (t) => {
  const site = readFileSync(join(ROOT, 'nginx/ensemble.conf'), 'utf8')
  const volumes = compose.services['nginx']?.volumes ?? []
  t.ok(volumes.includes('../nginx/ensemble.conf:/etc/nginx/conf.d/default.conf:ro'))
  t.ok(volumes.includes('/etc/ssl/ensemble:/etc/ssl/ensemble:ro'))
  t.match(site, '/etc/ssl/ensemble/fullchain.pem')
  const { config } = await readConfig(join(DEPLOY, 'ensemble.yaml'), environment)
  t.match(site, `server ${config.listen.host}:${config.listen.port} `, 'nginx finds the gateway')
  t.ok(config.trustProxy.includes('127.0.0.1'), 'which believes it')
  t.ok(Number.parseInt(compose.services['gateway']?.stop_grace_period ?? '') * 1000 > config.shutdown.delay + config.shutdown.grace, 'and may end its calls')
  t.match(site, `server_name ${new URL(config.publicUrl ?? '').host};`)
})

t.test('the configuration to begin with is right, and names the secrets of the environment file', async (t) => {
  const { config, notices } = await readConfig(join(DEPLOY, 'ensemble.yaml'), environment)
  t.same(notices, [])
  t.equal(config.stateFile, '/var/lib/ensemble/ensemble.state')
  const named = readFileSync(join(DEPLOY, 'ensemble.yaml'), 'utf8').matchAll(/\$\{(\w+)\}/g)
  t.same(Array.from(named, ([, name]) => name), Object.keys(environment))
})

t.test('every command in compose.yaml is one that the program takes', async (t) => {
  t.same(commands.map(({ name, command }) => [name, command[0]]), [
    ['gateway', 'serve'], ['demo', 'serve'], ['bbb-01', 'simulate'], ['bbb-02', 'simulate'], ['bbb-03', 'simulate'],
  ])
  for (const { name, command } of commands.filter(({ command }) => command[0] === 'serve')) {
    const { stdout } = await run(process.execPath, [CLI, ...asCheck(command)], { env: { ...process.env, ...environment } })
    t.match(stdout, '3 nodes, no errors', name)
  }
})

t.test('the demo gateway looks for its nodes where they are, and publishes their ports', async (t) => {
  const { config } = await readConfig(join(DEPLOY, 'demo.yaml'), {})
  const published = compose.services['demo']?.ports ?? []
  t.ok(published.includes(`127.0.0.1:${config.listen.port}:${config.listen.port}`))
  t.equal(config.publicUrl, `http://127.0.0.1:${config.listen.port}`)
  const simulated = commands.filter(({ command }) => command[0] === 'simulate')
  t.same(config.nodes.map(({ id }) => id), simulated.map(({ name }) => name))
  for (const { id, url, secrets } of config.nodes) {
    const command = simulated.find(({ name }) => name === id)?.command ?? []
    const option = (name: string): string | undefined => command[command.indexOf(name) + 1]
    const port = option('--port') ?? ''
    t.equal(url, `http://127.0.0.1:${port}/bigbluebutton/api`, id)
    t.same(secrets, [option('--secret')], id)
    t.equal(option('--host'), '0.0.0.0', `${id}: a published port reaches no other address of a container`)
    t.ok(published.includes(`127.0.0.1:${port}:${port}`), id)
  }

  // Only the address differs from what the container runs.
  const [first] = simulated
  const local = (first?.command ?? []).map((word) => word === '0.0.0.0' ? '127.0.0.1' : /^80\d\d$/.test(word) ? '0' : word)
  const child = spawn(process.execPath, [CLI, ...local], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { child.kill('SIGKILL') })
  const [output] = await once(child.stdout, 'data') as [Buffer]
  const url = /http:\S+\/bigbluebutton\/api/.exec(String(output))?.[0] ?? ''
  t.match(await (await request(url)).body.text(), '<returncode>SUCCESS</returncode>')
  child.kill('SIGTERM')
  t.same(await once(child, 'exit'), [0, null])
})

const systemd = findProgram('systemd-analyze')

t.test('ensemble.service', async (t) => {
  const unit = readFileSync(join(DEPLOY, 'ensemble.service'), 'utf8')
  const settings = (name: string): string[] => Array.from(unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm')), ([, value]) => value ?? '')

  t.test('runs a command that the program takes, with the files of the other ways to run it', async (t) => {
    const [command = ''] = settings('ExecStart')
    const [node, cli, ...args] = command.split(' ')
    t.same([node, cli], ['/usr/bin/node', '/opt/ensemble/dist/cli.js'])
    const { stdout } = await run(process.execPath, [CLI, ...asCheck(args)], { env: { ...process.env, ...environment } })
    t.match(stdout, '3 nodes, no errors')
    t.same(settings('EnvironmentFile'), ['/etc/ensemble/ensemble.env'])
    const { config } = await readConfig(join(DEPLOY, 'ensemble.yaml'), environment)
    t.equal(config.stateFile, `/var/lib/${settings('StateDirectory')[0] ?? ''}/ensemble.state`, 'the state directory is the one it may write')
    t.ok(Number.parseInt(settings('TimeoutStopSec')[0] ?? '') * 1000 > config.shutdown.delay + config.shutdown.grace)
    t.same(settings('RestartPreventExitStatus'), ['2'])
  })

  t.test('is a unit that systemd reads without a complaint, and shuts in well', { skip: systemd.skip }, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'ensemble-unit-'))
    t.teardown(() => { rmSync(directory, { recursive: true, force: true }) })
    const path = join(directory, 'ensemble.service')
    writeFileSync(path, unit.replace('/usr/bin/node', process.execPath))
    const { stdout, stderr } = await run(systemd.path, ['verify', path])
    t.equal(stdout + stderr, '')
    // 0 is shut in completely, 10 not at all; a service without any of these settings has 9.6.
    await run(systemd.path, ['security', '--offline=true', '--threshold=15', path])
  })
})
