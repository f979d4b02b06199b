import { parse as parseQuery } from 'node:querystring'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { Clock } from './clock.js'
import { AnswerCache } from './cluster/answer-cache.js'
import { Cluster } from './cluster/cluster.js'
import { readAuthorities } from './config/authorities.js'
import type { Config } from './config/schema.js'
import type { Log } from './log.js'
import { createMetrics } from './metrics.js'
import { apiRoutes, type CallEnd } from './routes/api.js'
import { FollowRoute } from './routes/follow.js'
import { GatherRoute } from './routes/gather.js'
import { managementRoutes } from './routes/management.js'
import { healthRoutes, metricsRoute, type OperationsParts } from './routes/operations.js'
import { PlaceRoute } from './routes/place.js'
import { RedirectRoute } from './routes/redirect.js'
import { requestIds } from './routes/request-id.js'
import { readStateFile, StateFile, type SavedMeeting } from './store/state-file.js'
import { DEFAULT_TENANT, Tenants } from './tenants/tenants.js'

export interface GatewayParts {
  readonly config: Config
  readonly clock: Clock
  readonly log: Log
  readonly version: string
  /** 0 ≤ r < 1 */
  readonly random: () => number
}

/** A gateway that is ready to listen. */
export interface Gateway {
  readonly cluster: Cluster
  /** Begins to listen and to poll; the addresses are those really taken. */
  start (): Promise<{ readonly url: string, readonly managementUrl: string | undefined }>
  /** Has /readyz answer 503, so that no new calls are sent here. */
  announceShutdown (): void
  /** Stops listening, answers what is under way, and saves what should survive. */
  close (): Promise<void>
  /** Leaves unanswered what is still under way, so that `close` comes to its end. */
  breakOff (): void
}

/** How often idle connections are looked for while the gateway closes. */
const REAPING_MS = 50

/** Puts the parts together. Reads the state file; throws where that or the CA file cannot be read. */
export async function createGateway ({ config, clock, log, version, random }: GatewayParts): Promise<Gateway> {
  const { timeouts } = config
  const nowMs = (): number => clock.nowMs()
  const metrics = createMetrics(version)
  const cluster = new Cluster({
    nodes: config.nodes,
    poll: config.poll,
    isolation: config.isolation,
    connectTimeoutMs: timeouts.connect,
    ca: readAuthorities(config),
  }, { clock, log, random, observer: metrics.observer, changed: () => stateFile?.changed() })
  const stateFile = config.stateFile === '' ? undefined : new StateFile(config.stateFile, () => snapshot(cluster), clock, log)
  const saved = config.stateFile === '' ? undefined : await readStateFile(config.stateFile, log)
  if (saved !== undefined) cluster.restore(saved.overrides, saved.meetings)
  metrics.watch(cluster, nowMs)

  let isShuttingDown = false
  const operations: OperationsParts = { cluster, registry: metrics.registry, metricsToken: config.metrics.token, isShuttingDown: () => isShuttingDown }
  const app = listener(config)
  const answering = { cluster, callTimeoutMs: timeouts.call, totalTimeoutMs: timeouts.total, nowMs, cacheAnswered: metrics.cacheAnswered }
  apiRoutes(app, {
    rules: {
      tenants: new Tenants([{ id: DEFAULT_TENANT, secrets: config.secrets }], config.checksums),
      unsignedForms: config.unsignedForms,
    },
    bodyLimitBytes: config.limits.body,
    place: new PlaceRoute({ cluster, clock, log, observer: metrics.observer, callTimeoutMs: timeouts.call, createTimeoutMs: timeouts.create }),
    redirect: new RedirectRoute(answering),
    follow: new FollowRoute({ ...answering, cache: new AnswerCache(config.cache.maxAge), uploadTimeoutMs: timeouts.create }),
    gather: new GatherRoute({ ...answering, maxAgeMs: config.cache.maxAge }),
    clock,
    log,
    ended (end) {
      metrics.callEnded(end)
      logCall(log, end)
    },
  })
  healthRoutes(app, operations)

  const { listen: managementAddress, tokens } = config.management
  const inside = managementAddress === undefined ? app : listener(config)
  if (inside !== app) healthRoutes(inside, operations)
  metricsRoute(inside, operations)
  if (tokens.length > 0) registerManagement(inside, cluster, config, nowMs, version)

  return {
    cluster,
    async start () {
      await Promise.all([app.ready(), inside.ready()])
      const url = await app.listen(config.listen)
      const managementUrl = managementAddress === undefined ? undefined : await inside.listen(managementAddress)
      // Not before the addresses are ours: another gateway may be using them, and the state file with them.
      cluster.start()
      return { url, managementUrl }
    },
    announceShutdown () { isShuttingDown = true },
    async close () {
      isShuttingDown = true
      // Connections whose last call was under way when the listener closed would else stay until their client tires of them.
      const reaper = setInterval(() => { for (const { server } of [app, inside]) server.closeIdleConnections() }, REAPING_MS)
      try {
        await app.close()
        if (inside !== app) await inside.close()
      } finally {
        clearInterval(reaper)
      }
      await cluster.stop()
      await stateFile?.stop()
    },
    breakOff () {
      for (const { server } of [app, inside]) server.closeAllConnections()
    },
  }
}

function listener (config: Config): FastifyInstance {
  const app = Fastify({
    // The calls are logged here, with fields of their own and without their URLs, which hold checksums.
    logger: false,
    trustProxy: config.trustProxy,
    genReqId: requestIds(),
    forceCloseConnections: 'idle',
    // A call that arrives on an open connection while the listener is closed already: its client could not know.
    return503OnClosing: false,
    // The query of a signed call is text and nothing else: see bbb/query.
    routerOptions: { querystringParser: (text) => text.includes('checksum=') ? {} : parseQuery(text) },
    http: { maxHeaderSize: config.limits.header },
    // Fastify's own answer to a path with broken percent-encoding would repeat the URL, and with it a checksum.
    frameworkErrors: (_error, _request, reply: FastifyReply) => { reply.code(400).send({ error: 'the path cannot be read' }) },
    // What the management API does not know is an error, not something to be left out silently.
    ajv: { customOptions: { removeAdditional: false } },
  })
  // So would its answer where there is nothing.
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'there is nothing at this path' }))
  return app
}

function registerManagement (app: FastifyInstance, cluster: Cluster, config: Config, nowMs: () => number, version: string): void {
  app.register(async (scope) => {
    await scope.register(swagger, { openapi: { info: { title: 'Ensemble management', version } } })
    managementRoutes(scope, { cluster, tokens: config.management.tokens, nowMs })
    scope.get('/openapi.json', { schema: { hide: true } }, () => scope.swagger())
  }, { prefix: '/api/v1' })
}

function logCall (log: Log, { call, tenantId, requestId, durationMs, answer }: CallEnd): void {
  log.info({
    requestId,
    call,
    tenant: tenantId,
    result: answer.result,
    messageKey: answer.messageKey,
    node: answer.nodeId,
    status: answer.statusCode,
    durationMs: Math.round(durationMs * 10) / 10,
  }, 'call answered')
}

function snapshot (cluster: Cluster): { overrides: NonNullable<Parameters<Cluster['restore']>[0]>, meetings: Iterable<SavedMeeting> } {
  return {
    overrides: Array.from(cluster.members.values(), ({ node }) => node.override).filter((override) => override !== undefined),
    meetings: savedMeetings(cluster),
  }
}

function * savedMeetings (cluster: Cluster): Generator<SavedMeeting> {
  for (const copy of cluster.directory.all()) {
    const { meetingID, internalMeetingID, nodeId, createdAtMs, voiceBridge } = copy
    yield { meetingID, internalMeetingID, nodeId, createdAtMs, voiceBridge, current: cluster.directory.isCurrent(copy) }
  }
}
