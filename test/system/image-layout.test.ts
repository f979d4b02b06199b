// There is no container engine where the tests run, so no image is built here. The Dockerfile's instructions are
// read; that its build finds all it needs is asked of the compiler, and the final stage is laid out, with the
// dist/ that `npm test` has built, and run.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { startSimulatedNode } from '../../src/simulator/simulated-node.js'
import { field, signedQuery } from '../helpers/gateway.js'
import { freePort } from '../helpers/server.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PATIENCE_MS = 15_000
const LOOK_MS = 50

interface Instruction {
  readonly name: string
  readonly text: string
}

interface Stage {
  readonly name: string
  readonly base: string
  readonly instructions: readonly Instruction[]
}

interface Copy {
  readonly from: string | undefined
  readonly sources: readonly string[]
  readonly target: string
}

function readStages (): Stage[] {
  const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replace(/^#.*\n/gm, '').replace(/\\\n/g, ' ')
  const stages: Array<Stage & { instructions: Instruction[] }> = []
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const [, name = '', rest = ''] = /^([A-Z]+) +(.*)$/.exec(line) ?? []
    if (name === '') throw new Error(`the Dockerfile has a line that is no instruction: ${line}`)
    if (name === 'FROM') {
      const [base = '', , stageName = ''] = rest.split(/ +/)
      stages.push({ name: stageName, base, instructions: [] })
    } else {
      stages.at(-1)?.instructions.push({ name, text: rest.trim() })
    }
  }
  return stages
}

const stages = readStages()
const final = stages.at(-1) ?? { name: '', base: '', instructions: [] }

function textsOf (stage: Stage, name: string): string[] {
  return stage.instructions.filter((instruction) => instruction.name === name).map(({ text }) => text)
}

function copiesOf (stage: Stage): Copy[] {
  return textsOf(stage, 'COPY').map((text) => {
    const words = text.split(/ +/)
    const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length)
    const paths = words.filter((word) => !word.startsWith('--'))
    return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' }
  })
}

/** The command of an instruction in its JSON form. */
function commandOf (text: string | undefined): string[] {
  const parsed: unknown = JSON.parse(text ?? '[]')
  if (!Array.isArray(parsed)) throw new Error(`expected a list: ${text ?? ''}`)
  return parsed.map(String)
}

/** What .dockerignore lets through. It is a list of what is wanted: everything else in it would need more than this. */
const wanted = (() => {
  const lines = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const [first, ...rest] = lines
  if (first !== '*' || rest.some((line) => !/^![\w.-]+$/.test(line))) throw new Error('.dockerignore is not a plain list of what is wanted')
  return new Set(rest.map((line) => line.slice(1)))
})()

function copyFromContext (directory: string, { sources, target }: Copy): void {
  for (const source of sources) {
    const isDirectory = target.endsWith('/')
    cpSync(join(ROOT, source), join(directory, isDirectory ? source : target), { recursive: true })
  }
}

/** What `npm ci --omit=dev` installs, according to the lock file: a name of each package at the top. */
function productionPackages (): string[] {
  const lock: unknown = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
  const { packages } = lock as { packages: Record<string, { dev?: boolean, devOptional?: boolean }> }
  return Object.entries(packages)
    .filter(([path, { dev }]) => dev !== true && /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path))
    .map(([path]) => path.slice('node_modules/'.length))
    .filter((name) => existsSync(join(ROOT, 'node_modules', name)))
}

function temporaryDirectory (t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'ensemble-image-'))
  t.teardown(() => { rmSync(directory, { recursive: true, force: true }) })
  return directory
}

t.test('every stage starts from one official Node image of a fixed major version', async (t) => {
  t.same(stages.map(({ name }) => name), ['build', 'dependencies', ''])
  t.equal(new Set(stages.map(({ base }) => base)).size, 1)
  t.match(final.base, /^node:\d+-bookworm-slim$/)
})

t.test('what is copied is there and not ignored, and what is ignored is not needed', async (t) => {
  const fromContext = stages.flatMap(copiesOf).filter(({ from }) => from === undefined).flatMap(({ sources }) => sources)
  for (const source of fromContext) {
    t.ok(existsSync(join(ROOT, source)), `${source} exists`)
    t.ok(wanted.has(source), `${source} is let through by .dockerignore`)
  }
  t.same([...wanted].sort(), [...new Set(fromContext)].sort(), '.dockerignore lets through what is copied, and nothing else')
  for (const { from } of copiesOf(final).filter((copy) => copy.from !== undefined)) t.ok(stages.some(({ name }) => name === from), `stage ${from ?? ''} exists`)
})

t.test('the image runs as an ordinary user that may write the state directory', async (t) => {
  t.same(textsOf(final, 'USER'), ['node'])
  const names = final.instructions.map(({ name }) => name)
  t.ok(names.indexOf('USER') < names.indexOf('ENTRYPOINT'))
  const [volume] = commandOf(textsOf(final, 'VOLUME')[0])
  t.equal(volume, '/var/lib/ensemble')
  t.match(textsOf(final, 'RUN').join('\n'), `install -d -o node -g node ${volume ?? ''}`)
  t.ok(names.indexOf('RUN') < names.indexOf('VOLUME'), 'the directory gets its owner before it becomes a volume')
})

t.test('the build stage has what the compiler needs', async (t) => {
  const build = temporaryDirectory(t)
  const [first] = stages
  if (first === undefined) throw new Error('there is no stage')
  for (const copy of copiesOf(first)) copyFromContext(build, copy)
  symlinkSync(join(ROOT, 'node_modules'), join(build, 'node_modules'))
  t.same(textsOf(first, 'RUN'), ['npm ci', 'npm run build'])
  const { scripts } = JSON.parse(readFileSync(join(build, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  t.equal(scripts['build'], 'tsc -p tsconfig.build.json')
  const { stdout } = await promisify(execFile)('npx', ['tsc', '-p', 'tsconfig.build.json', '--listFilesOnly'], { cwd: build })
  const own = stdout.split('\n').filter((path) => path.startsWith(join(build, 'src')))
  t.same(own.sort(), readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts')).map((path) => join(build, 'src', path)).sort())
})

t.test('the final stage, laid out from the others, serves and stops as the image would', async (t) => {
  const image = temporaryDirectory(t)
  for (const copy of copiesOf(final)) {
    if (copy.from === undefined) copyFromContext(image, copy)
    else if (copy.from === 'build') cpSync(join(ROOT, 'dist'), join(image, copy.target), { recursive: true })
  }
  for (const name of productionPackages()) {
    mkdirSync(dirname(join(image, 'node_modules', name)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(image, 'node_modules', name))
  }
  t.same(copiesOf(final).filter(({ from }) => from !== undefined).map(({ from, sources, target }) => [from, ...sources, target]), [
    ['dependencies', '/app/node_modules', 'node_modules'],
    ['build', '/app/dist', 'dist'],
  ])
  t.same(readdirSync(image).sort(), ['LICENSE', 'dist', 'node_modules', 'package.json'])
  t.notOk(existsSync(join(image, 'node_modules/typescript')), 'what only development needs is left out')

  const node = await startSimulatedNode({ secret: 'secret-of-the-node' })
  t.teardown(() => node.close())
  const port = await freePort()
  const home = temporaryDirectory(t)
  const stateFile = join(home, 'ensemble.state')
  writeFileSync(join(home, 'ensemble.yaml'), JSON.stringify({
    listen: { host: '127.0.0.1', port },
    secrets: ['secret-of-the-clients'],
    stateFile,
    poll: { interval: '200ms', timeout: '150ms' },
    nodes: [{ id: 'bbb-01', url: node.url, secret: node.secret }],
  }))
  const set = Object.fromEntries(textsOf(final, 'ENV').flatMap((text) => text.split(/ +/)).map((pair) => pair.split('=')))
  t.equal(set['ENSEMBLE_URL'], `http://127.0.0.1:${textsOf(final, 'EXPOSE')[0] ?? ''}`)
  const env = { PATH: process.env['PATH'], ...set, ENSEMBLE_URL: `http://127.0.0.1:${port}` }
  const command = [...textsOf(final, 'ENTRYPOINT'), ...textsOf(final, 'CMD')].flatMap(commandOf)
  t.same(command, ['node', 'dist/cli.js', 'serve', '--config', '/etc/ensemble/ensemble.yaml'])
  const inImage = (words: readonly string[]): ChildProcess => spawn(process.execPath, words.slice(1), { cwd: image, env, stdio: ['ignore', 'ignore', 'inherit'] })
  const healthCheck = commandOf(/ CMD (.*)$/.exec(textsOf(final, 'HEALTHCHECK')[0] ?? '')?.[1])
  const health = async (): Promise<unknown> => (await once(inImage(healthCheck), 'exit'))[0]

  t.equal(await health(), 1, 'unhealthy before it runs')
  const gateway = inImage(command.map((word) => word.replace('/etc/ensemble', home)))
  t.teardown(() => { gateway.kill('SIGKILL') })
  const exited = once(gateway, 'exit')
  await until(async () => (await request(`http://127.0.0.1:${port}/readyz`)).statusCode === 200)
  t.equal(await health(), 0, 'healthy while it runs')
  const created = await request(`http://127.0.0.1:${port}/bigbluebutton/api/create?${signedQuery('create', { meetingID: 'room-1', name: 'Room one' }, 'secret-of-the-clients')}`)
  t.equal(field(await created.body.text(), 'returncode'), 'SUCCESS')

  const [signal] = textsOf(final, 'STOPSIGNAL')
  t.equal(signal, 'SIGTERM')
  gateway.kill('SIGTERM')
  t.same(await exited, [0, null])
  t.match(readFileSync(stateFile, 'utf8'), 'room-1', 'the state was saved')
  t.equal(await health(), 1, 'unhealthy after it ended')
})

async function until (holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + PATIENCE_MS
  while (!await holds().catch(() => false)) {
    if (Date.now() > deadlineMs) throw new Error('what the test waits for did not happen')
    await new Promise((resolve) => { setTimeout(resolve, LOOK_MS) })
  }
}
