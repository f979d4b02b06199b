import { execFile } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { directoryFor, field, startNodes, startServe, startProgram, TOKEN, writeConfig, type NodeProgram } from '../helpers/process.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const runFile = promisify(execFile)

/** The contents of the README's code blocks of a language. */
function blocks (language: string): string[] {
  return Array.from(readme.matchAll(new RegExp('^```' + language + '\\n([\\s\\S]*?)^```', 'gm')), ([, text = '']) => text)
}

const commands = blocks('sh').flatMap((block) => block.split('\n')).map((line) => line.replace(/\s+#.*$/, '').trim()).filter((line) => line !== '')

interface Place {
  readonly directory: string
  readonly nodes: readonly NodeProgram[]
}

type Check = (t: Test, command: string, place: Place) => Promise<unknown>

/** How each kind of command in the README is run here. A command that none of them knows fails the test. */
const CHECKS: ReadonlyArray<readonly [RegExp, Check]> = [
  [/^npm ci && npm (test|run build)$/, (t, command) => isScript(t, command)],
  [/^npm ci && npm run demo$/, async (t) => {
    const demo = startProgram(t, ['demo'])
    const [, create = ''] = await demo.output(/create +(http\S+)/)
    t.equal(field(await (await fetch(create)).text(), 'returncode'), 'SUCCESS')
    t.equal((await demo.stop('SIGINT')).code, 0)
  }],
  [/^node dist\/cli\.js check /, async (t, command, place) => t.match(await output(command, place), /every node answered/)],
  [/^node dist\/cli\.js serve /, async (t, command, { directory }) => {
    const [configName = ''] = command.split(' ').slice(-1)
    const { program } = await startServe(t, join(directory, configName))
    t.equal((await program.stop()).code, 0)
  }],
  [/^curl "\$\((.*)\)"$/, async (t, command, place) => await whileServing(t, place, async () => {
    const url = await output(/^curl "\$\((.*)\)"$/.exec(command)?.[1] ?? '', place)
    t.equal(field(await (await fetch(url.trim())).text(), 'returncode'), 'SUCCESS')
  })],
  [/^node dist\/cli\.js (nodes|placement) /, async (t, command, place) => await whileServing(t, place, async () => {
    t.match(await output(command, place), /^(expected of a room nobody knows: .*\n)?node +(state|meeting)[\s\S]*bbb-01/)
  })],
  [/^node dist\/cli\.js simulate /, async (t, command) => {
    const args = command.replace('--port 8090', '--port 0').split(' ').slice(2)
    await startProgram(t, args).output(/simulated BigBlueButton 3\.0: http/)
  }],
  [/^npm run simulate -- /, async (t, command) => {
    const args = command.split(' ').slice(4)
    const { stdout } = await runFile(process.execPath, ['--import=tsx', join(root, 'test/simulate/run.ts'), ...args], { cwd: root })
    t.match(stdout, /^Scalelite +1\d\d[\s\S]*^Ensemble +\d\d \/ /m)
  }],
]

t.test('every command of the README does what it says', async (t) => {
  const nodes = await startNodes(t, 2)
  const directory = directoryFor(t)
  symlinkSync(join(root, 'dist'), join(directory, 'dist'))
  writeConfig(directory, configOfReadme(nodes))
  t.ok(commands.length >= 8, 'the README shows commands')
  for (const command of commands) {
    const check = CHECKS.find(([pattern]) => pattern.test(command))?.[1]
    if (check === undefined) t.fail(`nobody runs: ${command}`)
    else await t.test(command, (t) => check(t, command, { directory, nodes }))
  }
})

t.test('what the README links to is there', (t) => {
  for (const [, target = ''] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) t.ok(existsSync(join(root, target)), target)
  for (const [, anchor = ''] of readme.matchAll(/\]\(#([^)]+)\)/g)) {
    const headings = Array.from(readme.matchAll(/^#+ (.*)$/gm), ([, heading = '']) => heading.toLowerCase().replaceAll(' ', '-'))
    t.ok(headings.includes(anchor), `#${anchor}`)
  }
  t.end()
})

t.test('the README gives every dependency its reason', (t) => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
  for (const name of Object.keys(dependencies)) t.match(readme, new RegExp(`^\\| ${name}(?: \\d+)? \\| \\S`, 'm'), name)
  t.end()
})

/** The README's configuration, with nodes and addresses that exist here. */
function configOfReadme (nodes: readonly NodeProgram[]): object {
  const config = blocks('yaml').map((text): unknown => parse(text)).find((value) => isConfig(value))
  if (!isConfig(config)) throw new Error('the README shows no configuration')
  const secrets = new Map(nodes.map(({ secret }, index) => [`\${BBB_0${index + 1}_SECRET}`, secret]))
  return {
    ...config,
    secrets: ['a-secret-for-the-readme'],
    listen: { host: '127.0.0.1', port: 0 },
    publicUrl: undefined,
    stateFile: '',
    management: { tokens: [TOKEN] },
    nodes: config.nodes.map((node, index) => ({ ...node, secret: secrets.get(node.secret), url: nodes[index]?.url })),
  }
}

function isConfig (value: unknown): value is { nodes: Array<{ secret: string }> } {
  return typeof value === 'object' && value !== null && 'nodes' in value
}

async function isScript (t: Test, command: string): Promise<void> {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  t.ok(scripts[command.split(' ').at(-1) ?? ''], 'is a script of package.json, and runs before and around this test')
}

/** Runs the README's gateway on a port that its configuration then names, as an operator's would. */
async function whileServing (t: Test, { directory }: Place, work: () => Promise<void>): Promise<void> {
  const path = join(directory, 'ensemble.yaml')
  const written = readFileSync(path, 'utf8')
  const { origin, program } = await startServe(t, path)
  writeFileSync(path, written.replace('"port": 0', `"port": ${new URL(origin).port}`))
  try {
    await work()
  } finally {
    writeFileSync(path, written)
    await program.stop()
  }
}

async function output (command: string, { directory }: Place): Promise<string> {
  const [, ...args] = command.split(' ')
  const { stdout } = await runFile(process.execPath, args, { cwd: directory })
  return stdout
}
