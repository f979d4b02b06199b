import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { request } from 'undici'
import type { FaultKind } from '../../src/simulator/simulated-node.js'
import { startSimulatedNode } from '../../src/simulator/simulated-node.js'
import { configFor, directoryFor, eventually, healthOf, outcome, run, SECRET, signedQuery, startServe, TOKEN, writeConfig } from '../helpers/process.js'

const GATEWAY_SECRETS = { SECRET, OLD: 'the-secret-that-is-going-out', KEY: 'a-key-for-this-test-only', METRICS: 'a-token-for-metrics', TOKEN }
const NODE_SECRETS = ['secret-of-the-first-node', 'secret-of-the-second-node', 'secret-the-third-node-no-longer-takes']
const PASSWORDS = { attendeePW: 'password-of-attendees', moderatorPW: 'password-of-moderators' }
const NAMES = { name: 'Name-of-the-room', fullName: 'Ada-Lovelace', userID: 'user-of-the-lms' }

const FAULTS: FaultKind[] = ['500', '503', 'reset', 'reset-after', 'html', 'truncated', 'cut', 'wrong-secret', 'api-disabled', 'hang']

t.test('nothing secret is written anywhere, whatever goes wrong', async (t) => {
  const [first, second, third] = await Promise.all([NODE_SECRETS[0], NODE_SECRETS[1], 'another'].map(async (secret = '') => await startSimulatedNode({ secret })))
  if (first === undefined || second === undefined || third === undefined) throw new Error('no nodes')
  t.teardown(() => Promise.all([first, second, third].map((node) => node.close())))
  const directory = directoryFor(t)
  const configPath = writeConfig(directory, configFor([first, second, third].map(({ url }, index) => ({ url, secret: NODE_SECRETS[index] ?? '' })), {
    secrets: [SECRET, GATEWAY_SECRETS.OLD],
    keys: [GATEWAY_SECRETS.KEY],
    metrics: { token: GATEWAY_SECRETS.METRICS },
    stateFile: 'ensemble.state',
    poll: { interval: '500ms', timeout: '400ms', downAfter: 100 },
    timeouts: { connect: '300ms', call: '500ms', total: '600ms', create: '700ms' },
    isolation: { hold: '0s' },
    unsignedForms: true,
  }))
  const gateway = await startServe(t, configPath)
  const { call, origin } = gateway
  const checksums = new Set<string>()
  const note = (query: string): void => { for (const [, checksum = ''] of query.matchAll(/checksum=(\w+)/g)) checksums.add(checksum) }
  const ask = async (name: string, params: Record<string, string>, secret?: string): Promise<string> => {
    note(signedQuery(name, params, secret))
    return outcome(await call(name, params, secret === undefined ? {} : { secret }))
  }

  const everyCall = async (meetingID: string): Promise<void> => {
    await ask('create', { meetingID, ...PASSWORDS, name: NAMES.name, meta_endCallbackUrl: 'https://lms.example.org/end?token=token-in-a-callback' })
    await ask('join', { meetingID, fullName: NAMES.fullName, userID: NAMES.userID, password: PASSWORDS.moderatorPW })
    await ask('join', { meetingID, fullName: NAMES.fullName, redirect: 'false', password: PASSWORDS.attendeePW })
    for (const name of ['isMeetingRunning', 'getMeetingInfo']) await ask(name, { meetingID })
    await ask('getMeetings', {})
    await ask('getRecordings', { meetingID })
    await ask('end', { meetingID, password: PASSWORDS.moderatorPW })
  }
  await everyCall('well')
  t.equal(await ask('create', { meetingID: 'stays', name: NAMES.name, ...PASSWORDS }), 'SUCCESS')
  await ask('join', { meetingID: 'stays', fullName: NAMES.fullName, password: PASSWORDS.moderatorPW })
  t.equal(await ask('getMeetings', {}, GATEWAY_SECRETS.OLD), 'SUCCESS')
  t.equal(await ask('getMeetings', {}, 'a-secret-of-a-stranger'), 'checksumError')
  await ask('create', { meetingID: 'long', name: NAMES.name, ...PASSWORDS, welcome: 'x'.repeat(8_000) })
  for (const [index, kind] of FAULTS.entries()) {
    for (const node of [first, second]) node.faults.add({ kind })
    await everyCall(`fault-${index}`)
    for (const node of [first, second]) node.faults.clear()
  }
  await second.close()
  await everyCall('one-node-is-gone')
  await eventually('its polls to fail', async () => (await healthOf(gateway))[1] !== 'up' || undefined)

  // What no client sends on purpose.
  const query = signedQuery('create', { meetingID: 'odd', ...PASSWORDS })
  note(query)
  const odd: Array<[path: string, options: { method: 'GET' | 'POST' | 'PUT', body?: string, headers?: Record<string, string> }]> = [
    [`create?${query}&checksum=twice`, { method: 'GET' }],
    [`create?${query}`, { method: 'PUT' }],
    [`bogus?${query}`, { method: 'GET' }],
    [`create?${query}`, { method: 'POST', body: '<modules>', headers: { 'content-type': 'application/json' } }],
    ['create', { method: 'POST', body: query, headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    [`%zz?${query}`, { method: 'GET' }],
    [`../../${SECRET}?${query}`, { method: 'GET' }],
  ]
  for (const [path, options] of odd) await (await request(`${origin}/bigbluebutton/api/${path}`, options)).body.dump()
  await raw(origin, `GET /bigbluebutton/api/create?${query} HTTP/9.9\r\n\r\n`)
  await raw(origin, `POST /bigbluebutton/api/create?${query} HTTP/1.1\r\nhost: x\r\ncontent-type: application/xml\r\ncontent-length: 100\r\n\r\n<modu`)
  await raw(origin, `GET /bigbluebutton/api/create?${query}&long=${'x'.repeat(70_000)} HTTP/1.1\r\nhost: x\r\n\r\n`)

  const seen: Record<string, string> = {}
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
  seen['metrics'] = await (await fetch(`${origin}/metrics`, { headers: bearer(GATEWAY_SECRETS.METRICS) })).text()
  t.match(seen['metrics'], 'ensemble_requests_total')
  seen['metrics without a token'] = await (await fetch(`${origin}/metrics`)).text()
  seen['readyz'] = await (await fetch(`${origin}/readyz`)).text()
  for (const path of ['nodes', 'meetings', 'placement', 'openapi.json']) {
    seen[path] = await (await fetch(`${origin}/api/v1/${path}`, { headers: bearer(TOKEN) })).text()
  }
  t.match(seen['meetings'], '"stays"')
  const check = await run(t, ['check', '--config', configPath])
  seen['check'] = check.stdout + check.stderr
  t.match(seen['check'], /\nbbb-03 .*it refuses the signature/)
  await gateway.program.stop()
  seen['log'] = gateway.program.stdout
  seen['standard error'] = gateway.program.stderr
  seen['state file'] = readFileSync(join(directory, 'ensemble.state'), 'utf8')
  t.match(seen['state file'], '["stays",')

  for (const node of [first, second, third]) for (const { query } of node.requests) note(query)
  t.ok(checksums.size > 100, `${checksums.size} checksums went over the wire`)
  const secrets = [...Object.values(GATEWAY_SECRETS), ...NODE_SECRETS, ...Object.values(PASSWORDS), ...checksums, 'token-in-a-callback', 'sessionToken', 'checksum=', '/join?']
  for (const [where, text] of Object.entries(seen)) {
    t.same(secrets.filter((secret) => text.includes(secret)), [], where)
  }
  for (const where of ['log', 'standard error', 'state file', 'metrics', 'readyz']) {
    t.same(Object.values(NAMES).filter((name) => seen[where]?.includes(name)), [], `no names: ${where}`)
  }
  t.match(seen['log'], '"call":"create","tenant":"default","result":"success"')
  t.equal(seen['standard error'], '')
  t.notMatch(seen['log'], 'a fault of the gateway')
})

/** Sends bytes as they are and waits for the end of the connection, or a moment. */
async function raw (origin: string, bytes: string): Promise<void> {
  const { hostname, port } = new URL(origin)
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), hostname, () => { socket.end(bytes) })
    socket.setTimeout(1_000, () => socket.destroy())
    socket.on('error', () => {}).on('data', () => {}).on('close', () => resolve())
  })
}
