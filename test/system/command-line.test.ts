import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { configFor, directoryFor, each, run, writeConfig } from '../helpers/process.js'

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
