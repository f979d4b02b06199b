import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { startSimulatedNode } from '../../src/simulator/simulated-node.js'
import { configFor, directoryFor, each, eventually, field, manage, QUICK_POLL, run, signedQuery, startProgram, startServe, TOKEN, writeConfig, type Finished } from '../helpers/process.js'

/** Commands at a time: each is a process. */
const WIDTH = 2
const HINT = 'ensemble help shows how each command is written\n'
const NOWHERE = 'http://127.0.0.1:1/bigbluebutton/api'

t.test('a command line that is wrong ends with 2 and says why', async (t) => {
  const directory = directoryFor(t)
  const config = writeConfig(directory, configFor([{ url: NOWHERE, secret: 'secret-of-node-1' }]))
  const wrong: Array<[args: string[], message: string, env?: Record<string, string>]> = [
    [['bogus'], 'there is no command "bogus"'],
    [['constructor'], 'there is no command "constructor"'],
    [['serve'], '--config FILE is missing'],
    [['serve', '--config'], "Option '-c, --config <value>' argument missing"],
    [['serve', '--confg', config], "Unknown option '--confg'"],
    [['check', '--config', config, 'more'], "Unexpected argument 'more'. This command does not take positional arguments"],
    [['sign', '--config', config], 'the name of a call is missing'],
    [['sign', '--config', config, 'creat'], '"creat" is no call: expected one of create, join, '],
    [['sign', '--config', config, 'create', 'meetingID'], 'expected key=value, got "meetingID"'],
    [['simulate', '--secret', 'x'], '--port P is missing'],
    [['simulate', '--port', '0'], '--secret-file F is missing'],
    [['simulate', '--port', '0', '--secret-file', join(directory, 'none')], `--secret-file ${join(directory, 'none')} cannot be read: there is no such file`],
    [['simulate', '--port', '70000', '--secret', 'x'], '--port: expected a whole number from 0 to 65535, got "70000"'],
    [['simulate', '--port', '0', '--secret', 'x', '--cores', '0'], '--cores: expected a whole number from 1 to 1024, got "0"'],
    [['simulate', '--port', '0', '--secret', 'x', '--version', '1.1'], '--version: expected one of 2.4, 2.5, 2.6, 2.7, 3.0, got "1.1"'],
    [['demo', '--port', '-1'], "Option '--port' argument is ambiguous."],
    [['nodes'], 'which gateway? Set ENSEMBLE_URL and ENSEMBLE_TOKEN, or give --config FILE'],
    [['nodes', 'drain'], 'nodes: expected list or set, got "drain"'],
    [['nodes', 'list', 'bbb-01'], 'unexpected argument "bbb-01"'],
    [['nodes', 'set', 'bbb-01'], 'the state is missing'],
    [['nodes', 'set', 'bbb-01', 'off'], 'expected enabled, draining, archive, disabled, got "off"'],
    [['nodes'], 'ENSEMBLE_URL: expected an http or https URL, got "localhost:8080"', { ENSEMBLE_URL: 'localhost:8080', ENSEMBLE_TOKEN: 'x' }],
    [['placement', '--participants', 'many'], '--participants: expected a whole number from 0 to 100000, got "many"'],
  ]
  const finished = await each(wrong, WIDTH, async ([args, , env]) => await run(t, args, env))
  for (const [index, [args, message]] of wrong.entries()) {
    const { code, stdout, stderr = '' } = finished[index] ?? {}
    t.same([code, stdout], [2, ''], args.join(' '))
    t.equal(stderr.slice(0, `ensemble: ${message}`.length), `ensemble: ${message}`)
    t.ok(stderr.endsWith(`\n${HINT}`))
    t.notMatch(stderr, /\n {4}at /, 'no stack trace')
  }

  const [none, help, version] = await each([[], ['serve', '--help'], ['--version']], WIDTH, async (args) => await run(t, args))
  t.match(none, { code: 2, stdout: /^ensemble: one BigBlueButton endpoint/ })
  t.match(help, { code: 0, stdout: /^ensemble: one BigBlueButton endpoint/ })
  t.match(version, { code: 0, stdout: /^\d+\.\d+\.\d+\n$/ })
})

t.test('a configuration that is wrong ends every command that reads it with 2 and all of its errors', async (t) => {
  const path = join(directoryFor(t), 'wrong.yaml')
  writeFileSync(path, 'listen: { port: 80800 }\nsecrets: []\npoll: { intervall: 5s }\nnodes:\n  - { id: a, url: ftp://x }\n')
  const commands = [['serve', '--config', path], ['check', '--config', path], ['check', '--offline', '-c', path], ['sign', '-c', path, 'getMeetings'], ['nodes', '-c', path]]
  for (const { code, stdout, stderr } of await each(commands, WIDTH, async (args) => await run(t, args))) {
    t.same([code, stdout], [2, ''])
    for (const error of [/:1: .*listen\.port/, /:2: .*secrets/, /:3: .*intervall/, /:5: .*url/, /:5: .*secret/]) t.match(stderr, error)
    t.notMatch(stderr, /\n {4}at /)
  }
})

t.test('check', async (t) => {
  const node = await startSimulatedNode({ secret: 'secret-of-node-1' })
  t.teardown(() => node.close())
  node.meetings.create({ meetingID: 'one', name: 'One' })
  node.meetings.addUsers('one', 3)
  const directory = directoryFor(t)
  const fine = { id: 'fine', url: node.url, secret: node.secret }
  const write = (name: string, nodes: object[]): string => writeConfig(directory, configFor([], { nodes }), name)
  const allFine = write('fine.yaml', [fine, { ...fine, id: 'off', url: NOWHERE, state: 'disabled' }])
  const someNot = write('some-not.yaml', [fine, { ...fine, id: 'closed', url: NOWHERE }, { id: 'stranger', url: `${node.url}/`.replace('127.0.0.1', 'localhost'), secret: 'another' }, { ...fine, id: 'page', url: node.url.replace('/api', '') }])
  const [strictly, loosely, strict, offline] = await each([
    ['check', '--strict', '--config', allFine],
    ['check', '--config', someNot],
    ['check', '--strict', '--config', someNot],
    ['check', '--offline', '--strict', '--config', someNot],
  ], WIDTH, async (args) => await run(t, args))

  t.match(strictly, { code: 0, stderr: '' }, 'a disabled node is not asked, and no fault')
  t.match(strictly?.stdout, /fine\.yaml: 2 nodes, no errors\n/)
  t.match(strictly?.stdout, /\nfine +enabled +1 +3 +\d+ +fine\n/)
  t.match(strictly?.stdout, /\noff +disabled +not asked\nevery node answered\n$/)
  t.match(loosely, { code: 0, stderr: '' })
  t.match(loosely?.stdout, /\nclosed .*ECONNREFUSED.*\n/)
  t.match(loosely?.stdout, /\nstranger .* it refuses the signature: check its secret, and that it accepts sha256\n/)
  t.match(loosely?.stdout, /\npage .*is this the URL of its API\?\n/)
  t.match(loosely?.stdout, /\n3 of 4 nodes did not answer as they should\n$/)
  t.match(strict, { code: 1, stderr: '' })
  t.same([offline?.code, offline?.stdout.split('\n').length], [0, 2], 'offline it reads the file only')
})

t.test('sign, simulate and the operator\'s commands', async (t) => {
  const directory = directoryFor(t)
  writeFileSync(join(directory, 'secret'), 'a secret from a file\n')
  const simulator = startProgram(t, ['simulate', '--port', '0', '--secret-file', join(directory, 'secret'), '--name', 'sim', '--version', '2.7'])
  const [, version, url = ''] = await simulator.output(/simulated BigBlueButton (\S+): (http\S+)\n/)
  t.equal(version, '2.7')
  const direct = await fetch(`${url}/getMeetings?${signedQuery('getMeetings', {}, 'a secret from a file')}`)
  t.equal(field(await direct.text(), 'returncode'), 'SUCCESS', 'it takes the secret without the end of the line')

  const port = await freePort()
  const configPath = writeConfig(directory, configFor([{ url, secret: 'a secret from a file' }, { url: NOWHERE, secret: 'x' }], {
    listen: { host: '127.0.0.1', port },
    poll: QUICK_POLL,
    management: { tokens: [{ name: 'reader', role: 'read', token: 'a-token-that-reads' }, { name: 'tests', token: TOKEN }] },
  }))
  const gateway = await startServe(t, configPath)
  const env = { ENSEMBLE_URL: `${gateway.origin}/`, ENSEMBLE_TOKEN: TOKEN }

  const signed = await run(t, ['sign', '--config', configPath, 'create', 'meetingID=raum 1/ü', 'name=Physik & Chemie', 'attendeePW=ap', 'moderatorPW=mp'])
  t.match(signed, { code: 0, stderr: '' })
  t.match(signed.stdout, `http://127.0.0.1:${port}/bigbluebutton/api/create?meetingID=`)
  const created = await (await fetch(signed.stdout.trim())).text()
  t.equal(field(created, 'meetingID'), 'raum 1/ü')
  await eventually('a poll that shows it', async () => {
    const { meetings: [meeting] } = await manage<{ meetings: Array<{ name: string }> }>(gateway, 'meetings')
    return meeting?.name !== '' || undefined
  })

  const runs: Record<string, Finished> = {}
  const commands: Array<[name: string, args: string[], env: Record<string, string>]> = [
    ['nodes', ['nodes'], env],
    ['nodes by file', ['nodes', 'list', '--config', configPath], {}],
    ['meetings', ['meetings'], env],
    ['meetings of a node', ['meetings', '--node', 'bbb-02', '--config', configPath], {}],
    ['meetings of an id', ['meetings', '--meeting-id', 'raum 1/ü'], env],
    ['placement', ['placement', '--participants', '200'], env],
    ['placement with a tag', ['placement', '--tags', 'gpu!', '--config', configPath], {}],
    ['wrong token', ['nodes'], { ...env, ENSEMBLE_TOKEN: 'a-token-nobody-has' }],
    ['reader', ['nodes', 'set', 'bbb-01', 'draining'], { ...env, ENSEMBLE_TOKEN: 'a-token-that-reads' }],
    ['unknown node', ['nodes', 'set', 'bbb-09', 'draining'], env],
    ['not a gateway', ['nodes'], { ...env, ENSEMBLE_URL: new URL(url).origin }],
    ['nobody there', ['nodes'], { ...env, ENSEMBLE_URL: 'http://127.0.0.1:1' }],
  ]
  await each(commands, WIDTH, async ([name, args, env]) => { runs[name] = await run(t, args, env) })
  const printed = (name: string, code = 0): string => {
    t.same([runs[name]?.code, code === 0 ? runs[name]?.stderr : runs[name]?.stdout], [code, ''], name)
    return (code === 0 ? runs[name]?.stdout : runs[name]?.stderr) ?? ''
  }
  t.match(printed('nodes'), /^node .*\nbbb-01 +enabled +up +1 +0 .*\nbbb-02 +enabled +(suspect|down) .*ECONNREFUSED.*\n$/)
  t.equal(printed('nodes by file').split('\n').length, 4)
  t.match(printed('meetings'), new RegExp(`^meeting .*\nraum 1/ü +bbb-01 +0 .* Physik & Chemie +${field(created, 'internalMeetingID')}\n$`))
  t.equal(printed('meetings of a node'), 'no meetings\n')
  t.equal(printed('meetings of an id').split('\n').length, 3)
  t.match(printed('placement'), /^node .*\nbbb-01 .*\nbbb-02 .*\n$/)
  t.match(printed('placement with a tag'), /bbb-01 .* tags\n/)
  t.match(printed('wrong token', 1), /^ensemble: http:\S+ answered 401: send a management token as Authorization: Bearer TOKEN\n$/)
  t.match(printed('reader', 1), /^ensemble: http:\S+ answered 403: this token may read only: use one with the role operate\n$/)
  t.match(printed('unknown node', 1), /^ensemble: http:\S+ answered 404: there is no node "bbb-09"\n$/)
  t.match(printed('not a gateway', 1), /^ensemble: http:\S+ answered 404: /)
  t.match(printed('nobody there', 1), /^ensemble: http:\/\/127\.0\.0\.1:1 does not answer: connect ECONNREFUSED 127\.0\.0\.1:1\n$/)

  const set = await run(t, ['nodes', 'set', 'bbb-01', 'draining', '--config', configPath])
  t.match(set, { code: 0, stdout: 'bbb-01 is draining, with 1 meetings and 0 people\n' }, 'with the token of the file that may')
  t.match((await run(t, ['nodes'], env)).stdout, /\nbbb-01 +draining \(set by operator\) /)
  await gateway.program.logged('node state changed by an operator', { node: 'bbb-01', by: 'tests', to: 'draining' })
})

t.test('the demo', async (t) => {
  const occupied = createServer()
  // Where something else has the port already, that does as well.
  await new Promise((resolve) => occupied.once('listening', resolve).once('error', resolve).listen(8080, '127.0.0.1'))
  t.teardown(() => occupied.close())
  const program = startProgram(t, ['demo'])
  const [, url = ''] = await program.output(/\n {2}URL {6}(http:\S+\/bigbluebutton\/api)\n/)
  const [, secret = ''] = await program.output(/\n {2}secret {3}(\S+)\n/)
  await program.output(/Ctrl-C ends it/)
  const port = Number(new URL(url).port)
  t.ok(port > 8080 && port < 8100, `the next free port is taken: ${port}`)
  t.equal(field(await (await fetch(`${url}/getMeetings?${signedQuery('getMeetings', {}, secret)}`)).text(), 'messageKey'), 'noMeetings')

  const links = Object.fromEntries(Array.from(program.stdout.matchAll(/^ {2}(create|join|list|end) +(http\S+)$/gm), ([, name = '', link = '']) => [name, link]))
  const follow = async (name: string): Promise<string> => await (await fetch(links[name] ?? '', { headers: { accept: 'text/html' } })).text()
  t.equal(field(await follow('create'), 'returncode'), 'SUCCESS')
  t.match(await follow('join'), 'First meeting', 'a browser gets to the page of the meeting')
  t.match(await follow('list'), '<meetingID>first</meetingID>')
  t.equal(field(await follow('end'), 'messageKey'), 'sentEndMeetingRequest')

  const [, ENSEMBLE_URL = '', ENSEMBLE_TOKEN = ''] = await program.output(/ENSEMBLE_URL=(\S+) ENSEMBLE_TOKEN=(\S+) node dist\/cli\.js nodes\n/)
  t.match((await run(t, ['nodes'], { ENSEMBLE_URL, ENSEMBLE_TOKEN })).stdout, /\nbbb-03 +enabled +up /)
  const [, fault = '', faults = ''] = await program.output(/curl -d '(\S+)' (http\S+)\n/)
  t.equal((await fetch(faults, { method: 'POST', body: fault })).status, 200)
  await program.output(/\n {2}\d\d:\d\d:\d\d {2}create {2}success {2}node=bbb-0\d /)
  t.same(await program.stop('SIGINT'), { code: 0, signal: null })
  t.equal(program.stderr, '')
})

t.test('the demo on a port that is taken', async (t) => {
  const occupied = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => occupied.once('listening', resolve))
  t.teardown(() => occupied.close())
  const address = occupied.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  t.match(await run(t, ['demo', '--port', String(address.port)]), {
    code: 1, signal: null, stdout: '', stderr: `ensemble: listen EADDRINUSE: address already in use 127.0.0.1:${address.port}\n`,
  })
})

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
