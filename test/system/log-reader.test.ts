import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { LogOutput } from '../../src/commands/log-output.js'
import { startSimulatedNode } from '../../src/simulator/simulated-node.js'
import { configFor, directoryFor, each, eventually, logOf, outcome, startServe, writeConfig, type GatewayProgram } from '../helpers/process.js'
import { freePort } from '../helpers/server.js'

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

/** A disk that is always full. */
const FULL_DISK = '/dev/full'

/** Enough lines to fill the pipe between the processes. */
const CALLS = 3_000
const MEGABYTE = 1024 * 1024

t.test('whoever reads the log', async (t) => {
  const node = await startSimulatedNode({ secret: 'secret-of-node-1' })
  t.teardown(() => node.close())
  const configPath = writeConfig(directoryFor(t), configFor([node], { shutdown: { grace: '20s' } }))

  await t.test('gets one JSON object in each line', async (t) => {
    const gateway = await startServe(t, configPath)
    await gateway.call('create', { meetingID: 'room', name: 'Room', attendeePW: 'a-pw', moderatorPW: 'm-pw' })
    await gateway.call('getMeetingInfo', { meetingID: 'nobody-made-this' })
    await gateway.call('join', { meetingID: 'room', fullName: 'Ada', role: 'VIEWER' }, { secret: 'another' })
    const entry = await gateway.program.logged('call answered', { call: 'join' })
    t.match(entry, { level: 'info', call: 'join', result: 'refused', messageKey: 'checksumError', status: 200 })
    await gateway.program.stop()
    const lines = gateway.program.stdout.trimEnd().split('\n')
    t.equal(logOf(gateway.program.stdout).length, lines.length)
    for (const line of logOf(gateway.program.stdout)) {
      t.equal(typeof line['msg'], 'string')
      t.ok(['info', 'warn', 'error'].includes(String(line['level'])))
      t.equal(new Date(String(line['time'])).toISOString(), line['time'])
    }
    t.same(logOf(gateway.program.stdout).filter(({ msg }) => msg === 'call answered').map(({ call, result, node, messageKey = '' }) => [call, result, node, messageKey]), [
      ['create', 'success', 'bbb-01', ''],
      ['getMeetingInfo', 'failed', undefined, 'notFound'],
      ['join', 'refused', undefined, 'checksumError'],
    ])
  })

  await t.test('may go away', async (t) => {
    const gateway = await startServe(t, configPath)
    gateway.program.stopReading('close')
    await manyCalls(gateway, 500)
    t.equal(outcome(await gateway.call('getMeetings')), 'SUCCESS', 'calls are answered')
    t.same(await gateway.program.stop(), { code: 0, signal: null })
    t.equal(gateway.program.stderr, '')
  })

  await t.test('may stop reading', async (t) => {
    const gateway = await startServe(t, configPath)
    gateway.program.stopReading('stall')
    await manyCalls(gateway, CALLS)
    t.equal(outcome(await gateway.call('getMeetings')), 'SUCCESS', 'calls are answered')
    const startedAtMs = performance.now()
    t.same(await Promise.race([gateway.program.stop(), after(15_000)]), { code: 0, signal: null }, 'it ends nevertheless')
    t.ok(performance.now() - startedAtMs < 10_000, 'long before shutdown.grace')
  })
})

t.test('a full disk', { skip: existsSync(FULL_DISK) ? false : `there is no ${FULL_DISK}` }, async (t) => {
  await t.test('does not keep the gateway from answering', async (t) => {
    const node = await startSimulatedNode({ secret: 'secret-of-node-1' })
    t.teardown(() => node.close())
    const port = await freePort()
    const { child, stderr, exit } = startOnFullDisk(t, ['serve', '--config', writeConfig(directoryFor(t), configFor([node], { listen: { host: '127.0.0.1', port } }))])
    const origin = `http://127.0.0.1:${port}`
    await eventually('it is ready', async () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${stderr()}`)
      return await statusOf(`${origin}/readyz`).catch(() => 0) === 200 || undefined
    })
    await manyCalls({ origin }, 500)
    t.equal(await statusOf(`${origin}/readyz`), 200)
    t.equal(await statusOf(`${origin}/bigbluebutton/api`), 200)
    child.kill('SIGTERM')
    t.equal(await exit, 0)
    t.equal(stderr(), '')
  })

  await t.test('is a fault for a command that prints and ends', async (t) => {
    const { stderr, exit } = startOnFullDisk(t, ['help'])
    t.equal(await exit, 1)
    t.match(stderr(), /^ensemble: .*ENOSPC.*\n$/)
  })
})

t.test('lines that nobody takes are bounded, and counted', async (t) => {
  const taken: string[] = []
  let go: (() => void) | undefined
  const out = new Writable({
    decodeStrings: false,
    write (text: string, _encoding, done) {
      taken.push(text)
      if (go === undefined) go = done
      else done()
    },
  })
  const output = new LogOutput(out)
  const line = 'x'.repeat(999) + '\n'
  const lines = 20_000
  for (let count = 0; count < lines; count++) output.write(line)
  output.flush()
  t.ok(out.writableLength > 8 * MEGABYTE && out.writableLength < 9 * MEGABYTE, `${out.writableLength} bytes wait`)

  go?.()
  await new Promise((resolve) => setImmediate(resolve))
  output.write('next\n')
  await output.end()
  const written = taken.join('').trimEnd().split('\n')
  const [dropped] = written.filter((text) => text.startsWith('{')).map((text) => JSON.parse(text) as Record<string, unknown>)
  t.match(dropped, { level: 'warn', lines: lines - (written.length - 2), msg: 'log lines were dropped: nobody took them' })
  t.equal(written.at(-1), 'next')
})

/** Starts `ensemble ARGS` with a standard output that takes nothing. */
function startOnFullDisk (t: Test, args: readonly string[]): { readonly child: ChildProcess, stderr (): string, readonly exit: Promise<number | null> } {
  const full = openSync(FULL_DISK, 'w')
  const child = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, CLI, ...args], { stdio: ['ignore', full, 'pipe'] })
  closeSync(full)
  let written = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => { written += text })
  const exit = new Promise<number | null>((resolve) => { child.once('close', resolve) })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exit
  })
  return { child, stderr: () => written, exit }
}

async function statusOf (url: string): Promise<number> {
  const { statusCode, body } = await request(url)
  await body.dump()
  return statusCode
}

/** Calls that cost little, each with a line in the log. */
async function manyCalls ({ origin }: Pick<GatewayProgram, 'origin'>, count: number): Promise<void> {
  await each(Array.from({ length: count }), 16, async () => {
    const answer = await request(`${origin}/bigbluebutton/api`, { headers: { 'x-request-id': 'a-long-request-id-of-some-client-that-uses-all-the-room-there-is' } })
    await answer.body.text()
  })
}

async function after (ms: number): Promise<string> {
  return await new Promise((resolve) => setTimeout(resolve, ms, 'it is still there').unref())
}
