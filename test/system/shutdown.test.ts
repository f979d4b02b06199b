import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { startSimulatedNode } from '../../src/simulator/simulated-node.js'
import { configFor, directoryFor, eventually, field, logOf, outcome, run, startListening, startNodes, startServe, writeConfig } from '../helpers/process.js'

const CREATE = { name: 'Room', attendeePW: 'attendee-password', moderatorPW: 'moderator-password' }

t.test('SIGTERM and SIGINT', async (t) => {
  const node = await startSimulatedNode({ secret: 'secret-of-node-1' })
  t.teardown(() => node.close())
  const directory = directoryFor(t)
  const configWith = (shutdown: object): string => writeConfig(directory, configFor([node], { shutdown, stateFile: 'ensemble.state' }))

  await t.test('first not ready, then closed, and what is under way is answered', async (t) => {
    const gateway = await startServe(t, configWith({ delay: '1500ms', grace: '20s' }))
    node.faults.add({ kind: 'slow', call: 'create', delayMs: 3_500, times: 1 })
    const create = gateway.call('create', { meetingID: 'slow', ...CREATE })
    await eventually('the create to be on its node', () => node.requests.find(({ call }) => call === 'create'))
    t.equal((await fetch(`${gateway.origin}/readyz`)).status, 200)

    gateway.program.kill('SIGTERM')
    const signalledAtMs = performance.now()
    const readyz = await eventually('readyz to say no', async () => {
      const answer = await fetch(`${gateway.origin}/readyz`)
      return answer.status === 503 ? await answer.json() : undefined
    })
    t.ok(performance.now() - signalledAtMs < 1_000, 'at once')
    t.match(readyz, { ready: false, shuttingDown: true })
    t.ok(await accepts(gateway.origin), 'the listener is still open')
    t.equal(outcome(await gateway.call('getMeetings')), 'SUCCESS', 'and calls are answered')

    await eventually('the listener to close', async () => await accepts(gateway.origin) ? undefined : true)
    t.ok(performance.now() - signalledAtMs >= 1_500, 'not before shutdown.delay')
    const answer = await create
    t.equal(outcome(answer), 'SUCCESS', 'a create that was under way is answered')
    t.same(await gateway.program.exit, { code: 0, signal: null })
    t.same(logOf(gateway.program.stdout).slice(-1).map(({ msg }) => msg), ['shut down'])
    t.equal(gateway.program.stderr, '')
    t.match(readFileSync(join(directory, 'ensemble.state'), 'utf8'), `["slow","${field(answer.body, 'internalMeetingID')}","bbb-01"`, 'it is in the state file')
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    await t.test(`${signal} to an idle gateway, even without any grace`, async (t) => {
      const { program } = await startServe(t, configWith({ delay: '0s', grace: '0s' }))
      t.same(await program.stop(signal), { code: 0, signal: null })
      t.equal(program.stderr, '')
    })
  }

  await t.test('a call that hangs is broken off when shutdown.grace is over', async (t) => {
    const gateway = await startServe(t, configWith({ grace: '1s' }))
    node.faults.add({ kind: 'hang', call: 'create', times: 1 })
    node.clearRequests()
    const create = t.rejects(gateway.call('create', { meetingID: 'hangs', ...CREATE }), { code: 'UND_ERR_SOCKET' })
    await eventually('the create to be on its node', () => node.requests.find(({ call }) => call === 'create'))
    const startedAtMs = performance.now()
    t.same(await gateway.program.stop('SIGTERM'), { code: 1, signal: null }, 'which is told by the exit code')
    const tookMs = performance.now() - startedAtMs
    t.ok(tookMs >= 1_000 && tookMs < 4_000, `after ${Math.round(tookMs)} ms`)
    t.match(logOf(gateway.program.stdout).at(-1), { level: 'warn', msg: 'shut down with calls unanswered' })
    await create
  })

  await t.test('a second signal ends it at once', async (t) => {
    const gateway = await startServe(t, configWith({ delay: '20s', grace: '20s' }))
    gateway.program.kill('SIGINT')
    await gateway.program.logged('shutting down', { signal: 'SIGINT' })
    const startedAtMs = performance.now()
    t.same(await gateway.program.stop('SIGINT'), { code: 1, signal: null })
    t.ok(performance.now() - startedAtMs < 3_000)
  })

  await t.test('a signal while it still waits for the first polls', async (t) => {
    node.faults.add({ kind: 'hang', call: 'getMeetings' })
    const { program } = await startListening(t, configWith({ grace: '20s' }))
    const startedAtMs = performance.now()
    t.same(await program.stop('SIGTERM'), { code: 0, signal: null })
    t.ok(performance.now() - startedAtMs < 2_500, 'it does not wait for them any more')
    node.faults.clear()
  })

  await t.test('SIGHUP does not end it', async (t) => {
    const { program, call } = await startServe(t, configWith({}))
    program.kill('SIGHUP')
    await program.logged('SIGHUP ignored: the configuration is read at the start only, restart to change it')
    t.equal(outcome(await call('getMeetings')), 'SUCCESS')
    t.same(await program.stop('SIGTERM'), { code: 0, signal: null })
  })

  await t.test('an address that is taken ends it with 1 and one line', async (t) => {
    const occupied = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => occupied.once('listening', resolve))
    t.teardown(() => occupied.close())
    const address = occupied.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const listen = { host: '127.0.0.1', port: address.port }
    const expected = `ensemble: listen EADDRINUSE: address already in use 127.0.0.1:${address.port}\n`
    const [main, management] = await Promise.all([
      run(t, ['serve', '--config', writeConfig(directory, configFor([node], { listen }), 'main.yaml')]),
      run(t, ['serve', '--config', writeConfig(directory, configFor([node], { management: { tokens: ['a-token-of-16-letters'], listen } }), 'management.yaml')]),
    ])
    t.match(main, { code: 1, stderr: expected })
    t.match(management, { code: 1, stderr: expected }, 'also when it is only that of the management API')
  })
})

t.test('a simulated node ends at a signal', async (t) => {
  const [node] = await startNodes(t, 1)
  t.same(await node?.program.stop('SIGTERM'), { code: 0, signal: null })
})

/** Whether a new connection is taken. */
async function accepts (origin: string): Promise<boolean> {
  const { hostname, port } = new URL(origin)
  const socket = connect(Number(port), hostname)
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
  } finally {
    socket.destroy()
  }
}
