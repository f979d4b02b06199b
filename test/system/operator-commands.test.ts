import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startSimulatedNode } from '../../src/simulator/simulated-node.js'
import { freePort } from '../helpers/server.js'
import { configFor, directoryFor, each, eventually, field, manage, QUICK_POLL, run, signedQuery, startProgram, startServe, TOKEN, writeConfig, type Finished } from '../helpers/process.js'

/** Commands at a time: each is a process. */
const WIDTH = 2
const NOWHERE = 'http://127.0.0.1:1/bigbluebutton/api'

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
    ['isolation', ['isolation'], env],
    ['isolation end', ['isolation', 'end', '--config', configPath], {}],
    ['reader of isolation', ['isolation', 'end'], { ...env, ENSEMBLE_TOKEN: 'a-token-that-reads' }],
    ['wrong verb', ['isolation', 'stop'], env],
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
  t.match(printed('placement'), /^expected of a room nobody knows: .*\nnode .*\nbbb-01 .*\nbbb-02 .*\n$/)
  t.match(printed('placement with a tag'), /bbb-01 .* tags\n/)
  t.equal(printed('isolation'), 'not isolated\n')
  t.equal(printed('isolation end'), 'not isolated\n')
  t.match(printed('reader of isolation', 1), /^ensemble: http:\S+ answered 403: this token may read only: use one with the role operate\n$/)
  t.match(printed('wrong verb', 2), /^ensemble: isolation: expected show or end, got "stop"\n/)
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
