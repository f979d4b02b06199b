import { readFileSync } from 'node:fs'
import { parse as parseQuery } from 'node:querystring'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { Clock } from './clock.js'
import { AnswerCache } from './cluster/answer-cache.js'
import { Cluster } from './cluster/cluster.js'
import { PrometheusLink } from './cluster/prometheus-link.js'
import { readAuthorities } from './config/authorities.js'
import type { Config } from './config/schema.js'
import { readSecretFile } from './config/secrets.js'
import { Keeping } from './keeping.js'
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

/** What a sample of the CPU is taken to be a mean over where its query does not say. */
const USUAL_RATE_WINDOW_MS = 120_000
const UNIT_MS: ReadonlyMap<string, number> = new Map([['ms', 1], ['s', 1_000], ['m', 60_000], ['h', 3_600_000]])

/** Puts the parts together. Reads the state file; throws where that or the CA file cannot be read. */
export async function createGateway ({ config, clock, log, version, random }: GatewayParts): Promise<Gateway> {
  const { timeouts } = config
  const nowMs = (): number => clock.nowMs()
  const metrics = createMetrics(version)
  const tenants = new Tenants([{ id: DEFAULT_TENANT, secrets: config.secrets }], config.checksums)
  const ca = readAuthorities(config)
  const cluster = new Cluster({
    nodes: config.nodes,
    poll: config.poll,
    isolation: config.isolation,
    connectTimeoutMs: timeouts.connect,
    // A create may ask one node three times.
    longestCallMs: 2 * (timeouts.create + timeouts.call) + timeouts.total,
    ca,
    forecast: {
      rooms: true,
      bookings: true,
      maxSampleAgeMs: config.prometheus?.maxAge ?? 0,
      sampleWindowMs: config.prometheus === undefined ? 0 : rateWindowMs(config.prometheus.cpuQuery),
    },
  }, { clock, log, random, observer: metrics.observer, changed: () => keeping.changed(), learned: () => keeping.learned(), tenantOf: (meetingID) => tenants.ownerOf(meetingID) })
  const prometheus = config.prometheus === undefined
    ? undefined
    : new PrometheusLink({ settings: config.prometheus, cluster, clock, log, ca, configured: config.nodes, readSecret, counted: metrics.cpuSampled })
  const keeping = new Keeping({ stateFile: config.stateFile, cluster, prometheus, clock, log })
  await keeping.restore()
  metrics.watch(cluster, prometheus, nowMs)

  let isShuttingDown = false
  const operations: OperationsParts = { cluster, registry: metrics.registry, metricsToken: config.metrics.token, isShuttingDown: () => isShuttingDown, prometheusTroubles: () => prometheus?.troubles ?? [] }
  const app = listener(config)
  const answering = { cluster, callTimeoutMs: timeouts.call, totalTimeoutMs: timeouts.total, nowMs, cacheAnswered: metrics.cacheAnswered }
  apiRoutes(app, {
    rules: { tenants, unsignedForms: config.unsignedForms },
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
      prometheus?.start()
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
      await prometheus?.stop()
      await cluster.stop()
      await keeping.stop()
    },
    breakOff () {
      for (const { server } of [app, inside]) server.closeAllConnections()
    },
  }
}

/** Reads the secret of a node that was found, from a file at an absolute path. */
function readSecret (path: string): ReturnType<typeof readSecretFile> {
  return readSecretFile(path, { directory: '/', read: (file) => readFileSync(file, 'utf8') })
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

/** The time that a sample of the CPU is a mean over, as PromQL writes it: `rate(…[2m])`. */
function rateWindowMs (cpuQuery: string): number {
  const [, count, unit = ''] = /\[(\d+)(ms|s|m|h)[:\]]/.exec(cpuQuery) ?? []
  return count === undefined ? USUAL_RATE_WINDOW_MS : Number(count) * (UNIT_MS.get(unit) ?? 0)
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
