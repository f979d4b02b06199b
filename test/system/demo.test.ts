import { createServer } from 'node:net'
import t from 'tap'
import { field, run, signedQuery, startProgram } from '../helpers/process.js'

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
