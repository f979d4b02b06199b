import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Fastify from 'fastify'
import type { ApiParts } from './api.js'
import { API_PATH, sendAnswer, serveApi } from './api.js'
import { htmlError } from './answers.js'
import { clientRoutes } from './client.js'
import { controlRoutes } from './control.js'
import type { CpuMeter } from './cpu.js'
import { playbackRoutes } from './playback.js'
import type { SimulatedNode } from './simulated-node.js'

const LARGEST_BODY = 500 * 1024 * 1024
const LARGEST_HEADERS = 64 * 1024

/** What the web server of a node serves. */
export interface ServerParts extends ApiParts {
  cpu: CpuMeter
  simulated: SimulatedNode
}

/** The web server of a node, not listening yet. */
export function createServer (parts: ServerParts): FastifyInstance {
  const server = Fastify({
    logger: false,
    bodyLimit: LARGEST_BODY,
    forceCloseConnections: true,
    http: { maxHeaderSize: LARGEST_HEADERS },
    routerOptions: { querystringParser: () => ({}) },
    exposeHeadRoutes: true,
  })
  // Bodies stay on the socket: the routes read, count and hash them themselves.
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', (_request, _payload, done) => done(null))

  server.addHook('onRequest', (_request, reply, done) => {
    reply.header('date', new Date(parts.node.clock.nowMs()).toUTCString())
    done()
  })

  const api = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => serveApi(request, reply, parts)
  for (const url of ['/bigbluebutton', '/bigbluebutton/', API_PATH, `${API_PATH}/*`]) server.all(url, api)
  server.get('/metrics', (_request, reply) =>
    reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8').send(parts.cpu.exposition(parts.node.name)))
  clientRoutes(server, parts.node)
  playbackRoutes(server, parts.node)
  controlRoutes(server, parts)
  server.setNotFoundHandler((_request, reply) => sendAnswer(reply, htmlError(404, 'Page Not Found')))
  return server
}
