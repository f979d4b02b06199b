import Fastify from 'fastify'
import { Pool } from 'undici'

/**
 * What the gateway is measured against: the least that Fastify and undici can do. Prints its port.
 *
 * Arguments: port of the backend, how many nodes a gathered call asks.
 */
const [backendPort = 0, gatheredNodes = 100] = process.argv.slice(2).map(Number)

const XML = 'text/xml;charset=utf-8'
const app = Fastify({ logger: false })
const pool = new Pool(`http://127.0.0.1:${backendPort}`, { connections: 64 })
const pools = Array.from({ length: gatheredNodes }, () => new Pool(`http://127.0.0.1:${backendPort}`, { connections: 64 }))
const location = `http://127.0.0.1:${backendPort}/1/bigbluebutton/api/join?meetingID=room-1-1&fullName=Ada&role=VIEWER&checksum=${'0'.repeat(64)}`
const constants = new Map<number, string>()

app.get('/redirect', (_request, reply) => reply.code(302).header('location', location).send())
app.get<{ Params: { bytes: string } }>('/constant/:bytes', (request, reply) => {
  const bytes = Number(request.params.bytes)
  let constant = constants.get(bytes)
  if (constant === undefined) constants.set(bytes, constant = 'x'.repeat(bytes))
  return reply.header('content-type', XML).send(constant)
})
app.get('/pool/*', async (request, reply) => {
  const { statusCode, headers, body } = await pool.request({ path: request.url.slice('/pool'.length), method: 'GET' })
  return await reply.code(statusCode).header('content-type', headers['content-type']).send(await body.text())
})
app.get('/gather', async (_request, reply) => {
  const bodies = await Promise.all(pools.map(async (one, index) => {
    const { body } = await one.request({ path: `/${index + 1}/bigbluebutton/api/getMeetings?checksum=${'0'.repeat(64)}`, method: 'GET' })
    return Buffer.from(await body.arrayBuffer())
  }))
  return await reply.header('content-type', XML).send(Buffer.concat(bodies))
})

const url = await app.listen({ host: '127.0.0.1', port: 0 })
process.stdout.write(`${new URL(url).port}\n`)
