import { createServer as createTlsServer } from 'node:https'
import t from 'tap'
import type { PrometheusClient } from '../../src/cluster/prometheus-client.js'
import { PrometheusError, withoutPassword, type PrometheusFailure } from '../../src/cluster/prometheus-client.js'
import { CERTIFICATE, CERTIFICATE_KEY } from './certificate.js'
import { clientOf, hang, startFakePrometheus, vector, type FakeAnswer } from './fake-prometheus.js'
import { eventually, listen, startTcp } from './servers.js'

/** Why a query got no answer to work with. */
async function failureOf (client: PrometheusClient, query = 'up'): Promise<[PrometheusFailure, string] | string> {
  try {
    await client.query(query)
    return 'it was answered'
  } catch (error) {
    return error instanceof PrometheusError ? [error.reason, error.message] : String(error)
  }
}

t.test('an instant vector becomes series', async (t) => {
  const prometheus = await startFakePrometheus(t)
  const { client } = clientOf(t, prometheus.origin)
  prometheus.answers.set('', JSON.stringify({
    status: 'success',
    data: {
      resultType: 'vector',
      result: [
        { metric: { __name__: 'up', instance: 'bbb-01:9100', job: 'bbb' }, value: [1795364400.1149, '0.25'] },
        { metric: {}, value: [1795364400, '-1e-3'] },
        { metric: { instance: 'a' }, value: [1795364400, 'NaN'] },
        { metric: { instance: 'b' }, value: [1795364400, '+Inf'] },
        { metric: { instance: 'c' }, histogram: [1795364400, { count: '1' }] },
      ],
    },
  }))
  t.strictSame(await client.query('up'), [
    { labels: { __name__: 'up', instance: 'bbb-01:9100', job: 'bbb' }, value: 0.25, atMs: 1795364400115 },
    { labels: {}, value: -0.001, atMs: 1795364400000 },
    { labels: { instance: 'a' }, value: NaN, atMs: 1795364400000 },
    { labels: { instance: 'b' }, value: NaN, atMs: 1795364400000 },
    { labels: { instance: 'c' }, value: NaN, atMs: 0 },
  ])
  prometheus.answers.set('', vector([]))
  t.strictSame(await client.query('up'), [])
})

t.test('the question: a GET, with the path in front, its time-out, and the password where it belongs', async (t) => {
  const prometheus = await startFakePrometheus(t)
  const query = '1 - avg by (instance) (rate(x{mode="idle"}[2m])) + 0 & #ü'
  await clientOf(t, prometheus.origin, { timeoutMs: 9_500 }).client.query(query)
  t.match(prometheus.asked[0], { method: 'GET', path: '/api/v1/query', query, timeout: '9500ms', headers: { accept: 'application/json' } })
  t.equal(prometheus.asked[0]?.headers.authorization, undefined)

  const withPath = prometheus.origin.replace('http://', 'http://gateway:p%40ss%3Aw%C3%B6rd@') + '/monitoring/prometheus'
  await clientOf(t, withPath).client.query(query)
  t.equal(prometheus.asked[1]?.path, '/monitoring/prometheus/api/v1/query')
  t.equal(prometheus.asked[1]?.headers.authorization, `Basic ${Buffer.from('gateway:p@ss:wörd').toString('base64')}`)
  t.equal(withoutPassword(withPath), `${prometheus.origin}/monitoring/prometheus`)
  t.equal(withoutPassword(prometheus.origin), prometheus.origin)
})

t.test('what is no answer to work with, each with its reason', async (t) => {
  const status = (code: number, body = ''): FakeAnswer => (response) => { response.writeHead(code, { location: 'http://127.0.0.1:1/' }).end(body) }
  const success = (data: unknown): string => JSON.stringify({ status: 'success', data })
  const notPrometheus = 'the answer is not that of a Prometheus: is this its address?'
  const refusal = (errorType: string, error: string): string => JSON.stringify({ status: 'error', errorType, error })
  const table: Array<[what: string, answer: FakeAnswer, reason: PrometheusFailure, message: string]> = [
    ['a query that cannot be read', status(400, refusal('bad_data', 'parse error')), 'refused', 'it refuses the query: bad_data: parse error'],
    ['one that cannot be evaluated', status(422, refusal('execution', 'many-to-many')), 'refused', 'it refuses the query: execution: many-to-many'],
    ['one that takes too long for it', status(503, refusal('timeout', 'query timed out')), 'refused', 'it refuses the query: timeout: query timed out'],
    ['a refusal with status 200', refusal('internal', 'x'.repeat(1_000)), 'refused', `it refuses the query: internal: ${'x'.repeat(290)}`],
    ['a page of a proxy', status(502, '<html>Bad Gateway</html>'), 'status', 'HTTP status 502'],
    ['a wrong path', status(404, '404 page not found'), 'status', 'HTTP status 404: is this its address?'],
    ['a redirect', status(302), 'status', 'HTTP status 302: is this its address?'],
    ['a password wanted', status(401), 'status', 'HTTP status 401: user and password go into its URL, as http://USER:PASSWORD@HOST'],
    ['a right to read missing', status(403), 'status', 'HTTP status 403: user and password go into its URL, as http://USER:PASSWORD@HOST'],
    ['a status other than 200 with a good answer', status(500, vector([['a', 1]])), 'status', 'HTTP status 500'],
    ['a range', success({ resultType: 'matrix', result: [] }), 'type', 'the query gives a matrix: expected an instant vector'],
    ['a number', success({ resultType: 'scalar', result: [1, '1'] }), 'type', 'the query gives a scalar: expected an instant vector'],
    ['a vector that is no list', success({ resultType: 'vector', result: {} }), 'type', 'the query gives a vector: expected an instant vector'],
    ['another web site', '<html>', 'unreadable', notPrometheus],
    ['nothing', '', 'unreadable', notPrometheus],
    ['half an answer', vector([['a', 1]]).slice(0, -5), 'unreadable', notPrometheus],
    ['JSON of another kind', '[]', 'unreadable', notPrometheus],
    ['JSON without data', success(undefined), 'unreadable', notPrometheus],
    ['another status in it', JSON.stringify({ status: 'partial', data: { resultType: 'vector', result: [] } }), 'unreadable', notPrometheus],
    ['a series without labels', success({ resultType: 'vector', result: [{ value: [1, '1'] }] }), 'unreadable', 'a series in the answer cannot be read'],
    ['a value that is a number', success({ resultType: 'vector', result: [{ metric: {}, value: [1, 1] }] }), 'unreadable', 'a series in the answer cannot be read'],
    ['a value without its time', success({ resultType: 'vector', result: [{ metric: {}, value: ['1'] }] }), 'unreadable', 'a series in the answer cannot be read'],
    ['an answer that breaks off', (response) => { response.writeHead(200, { 'content-length': 1_000 }).write('{', () => response.destroy()) }, 'connect', 'cannot reach it: other side closed'],
    ['an answer that is too large', (response) => { response.end(Buffer.alloc(4 * 1024 * 1024 + 1, ' ')) }, 'too-large', 'the answer is larger than 4194304 bytes: is the query about nodes only?'],
  ]
  const prometheus = await startFakePrometheus(t)
  const { client, logs } = clientOf(t, prometheus.origin.replace('//', '//gateway:hunter2@'))
  for (const [what, answer, reason, message] of table) {
    prometheus.answers.set('', answer)
    t.strictSame(await failureOf(client), [reason, message], what)
  }
  prometheus.answers.set('', vector([['a', 1]]))
  t.equal((await client.query('up')).length, 1, 'and the next one is answered')
  t.strictSame(logs, [], 'who asked says what it means')
})

t.test('nobody there', async (t) => {
  let gone = ''
  await t.test('a server that has stopped', async (t) => { gone = await startTcp(t) })
  t.strictSame(await failureOf(clientOf(t, `http://gateway:hunter2@${gone}`).client), ['connect', `cannot reach it: connect ECONNREFUSED ${gone}`])
  const [reason, message] = await failureOf(clientOf(t, 'http://gateway:hunter2@no-such-host.invalid').client)
  t.equal(reason, 'connect')
  t.match(message, /^cannot reach it: getaddrinfo E\w+ no-such-host\.invalid$/)
})

t.test('one that does not answer in time', async (t) => {
  const prometheus = await startFakePrometheus(t)
  const { client } = clientOf(t, prometheus.origin, { timeoutMs: 200 })
  prometheus.answers.set('silence', hang)
  prometheus.answers.set('half', (response) => { response.writeHead(200).write('{"status":') })
  for (const query of ['silence', 'half']) {
    t.strictSame(await failureOf(client, query), ['timeout', 'no answer within 200 ms'], query)
  }
  await eventually(() => prometheus.waiting() === 0, 'it is told that nobody waits any more')
  const waiting = [1, 2, 3, 4, 5].map(async () => await failureOf(client, 'silence'))
  for (const failure of await Promise.all(waiting)) t.strictSame(failure, ['timeout', 'no answer within 200 ms'], 'also where it waits for a connection')

  const patient = clientOf(t, prometheus.origin).client
  const underWay = failureOf(patient, 'silence')
  await eventually(() => prometheus.waiting() === 1, 'it is asked')
  await patient.close()
  t.equal((await underWay)[0], 'connect', 'closing ends what is under way')
})

t.test('warnings are logged once each', async (t) => {
  const prometheus = await startFakePrometheus(t)
  const { client, logs } = clientOf(t, prometheus.origin)
  prometheus.answers.set('', vector([['a', 1]], { fields: { warnings: ['a store is unavailable', 'one more'], infos: ['maybe not a counter'] } }))
  for (let i = 0; i < 3; i++) t.equal((await client.query('up')).length, 1)
  t.strictSame(logs, ['a store is unavailable', 'one more'].map((warning) =>
    ({ level: 'warn', event: 'Prometheus warns about a query', fields: { query: 'up', warning } })))
})

t.test('a private authority is believed besides the public ones, and nobody without', async (t) => {
  const server = createTlsServer({ key: CERTIFICATE_KEY, cert: CERTIFICATE }, (_request, response) => { response.end(vector([['a', 1]])) })
  const origin = `https://${await listen(t, server, () => server.closeAllConnections())}`
  t.strictSame(await failureOf(clientOf(t, origin).client), ['connect', 'cannot reach it: self-signed certificate'])
  t.equal((await clientOf(t, origin, { ca: CERTIFICATE }).client.query('up')).length, 1)
})
