import { createServer, type ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { endIsolation, listMeetings, listNodes, showIsolation, type RunningGateway } from '../../src/commands/operate.js'
import { ManagementError } from '../../src/commands/usage.js'

/** Something at a gateway's address, and the calls it got. */
async function startAnswering (t: Test, answer: (response: ServerResponse) => void): Promise<RunningGateway & { readonly calls: string[] }> {
  const calls: string[] = []
  const server = createServer(({ method, url }, response) => {
    calls.push(`${method} ${url}`)
    answer(response)
  })
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return { url: `http://127.0.0.1:${address.port}`, token: 'a-token', calls }
}

t.test('an answer that is none of a gateway is said to be so', async (t) => {
  const answers: Array<[what: string, status: number, text: string, message: string]> = [
    ['a page', 200, '<html>\n  <body>It\u001b[2J works</body>\n', 'answered with something that is not JSON: is this the URL of a gateway? <html> <body>It\ufffd[2J works</body>'],
    ['a long page', 200, 'x'.repeat(5_000), `answered with something that is not JSON: is this the URL of a gateway? ${'x'.repeat(200)}`],
    ['nothing', 200, '', 'answered with something that is not JSON: is this the URL of a gateway? '],
    ['a page of an error', 404, '<p>\u009b2Jnot\r\nhere</p>', 'answered 404: <p>\ufffd2Jnot here</p>'],
    ['an error', 403, JSON.stringify({ error: 'no\u001b[2J' }), 'answered 403: no\ufffd[2J'],
  ]
  for (const [what, status, text, message] of answers) {
    const gateway = await startAnswering(t, (response) => { response.writeHead(status).end(text) })
    await t.rejects(listNodes(gateway), new ManagementError(`${gateway.url} ${message}`), what)
  }
})

t.test('an answer that breaks off', async (t) => {
  const gateway = await startAnswering(t, (response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('{"nodes":', () => response.destroy())
  })
  await t.rejects(listNodes(gateway), { name: 'ManagementError', message: /^http:\S+ does not answer: / })
})

t.test('what a meeting is called does nothing to the terminal', async (t) => {
  const meeting = { meetingID: 'a\u001b[2J', internalMeetingID: 'i', node: 'bbb-01', participants: 1, name: 'b\u0007', createdAt: 'now', current: true }
  const gateway = await startAnswering(t, (response) => { response.end(JSON.stringify({ meetings: [meeting] })) })
  t.match(await listMeetings(gateway, {}), /\na\ufffd\[2J +bbb-01 .* b\ufffd +i$/)
})

t.test('isolation in words', async (t) => {
  const states: Array<[isolated: boolean, holding: boolean, text: string]> = [
    [false, false, 'not isolated'],
    [true, true, 'isolated: most nodes fail at once, creates of meetings on failed nodes are refused'],
    [true, false, 'isolated: most nodes fail at once, creates of meetings on failed nodes are moved to others'],
  ]
  for (const [isolated, holding, text] of states) {
    const gateway = await startAnswering(t, (response) => { response.end(JSON.stringify({ isolated, holding })) })
    t.equal(await showIsolation(gateway), text)
    t.equal(await endIsolation(gateway), text)
    t.strictSame(gateway.calls, ['GET /api/v1/isolation', 'DELETE /api/v1/isolation'])
  }
})
