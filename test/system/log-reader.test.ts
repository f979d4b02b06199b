import { Writable } from 'node:stream'
import t from 'tap'
import { request } from 'undici'
import { LogOutput } from '../../src/commands/log-output.js'
import { startSimulatedNode } from '../../src/simulator/simulated-node.js'
import { configFor, directoryFor, each, logOf, outcome, startServe, writeConfig, type GatewayProgram } from '../helpers/process.js'

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

/** Calls that cost little, each with a line in the log. */
async function manyCalls ({ origin }: GatewayProgram, count: number): Promise<void> {
  await each(Array.from({ length: count }), 16, async () => {
    const answer = await request(`${origin}/bigbluebutton/api`, { headers: { 'x-request-id': 'a-long-request-id-of-some-client-that-uses-all-the-room-there-is' } })
    await answer.body.text()
  })
}

async function after (ms: number): Promise<string> {
  return await new Promise((resolve) => setTimeout(resolve, ms, 'it is still there').unref())
}
