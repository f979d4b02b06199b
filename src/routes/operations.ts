import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import type { Cluster } from '../cluster/cluster.js'
import { bearerOf, sameText } from './bearer.js'

export interface OperationsParts {
  readonly cluster: Cluster
  readonly registry: Registry
  /** What Prometheus must present; '' leaves the metrics open. */
  readonly metricsToken: string
  readonly isShuttingDown: () => boolean
  /** What Prometheus does not tell, in words. */
  readonly prometheusTroubles: () => readonly string[]
}

/** Whether the process lives, and whether calls should be sent to it. */
export function healthRoutes (app: FastifyInstance, { cluster, isShuttingDown, prometheusTroubles }: OperationsParts): void {
  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => {
    const shuttingDown = isShuttingDown()
    const missing = [
      ...(cluster.isListUnread ? ['the list of nodes has not been read from Prometheus yet'] : []),
      ...cluster.unpolled.map((id) => `node ${id} has not been polled yet`),
    ]
    const degraded = Array.from(cluster.members.values(), ({ node }) => node)
      .filter((node) => node.carriesMeetings && node.health !== 'up' && node.lastPoll !== undefined)
      .map((node) => `node ${node.id} is ${node.health}`)
    if (cluster.isolation.isIsolated) degraded.push('most nodes fail at once: the gateway itself may be cut off')
    degraded.push(...prometheusTroubles())
    const ready = cluster.isReady && !shuttingDown
    reply.code(ready ? 200 : 503)
    return { ready, ...(shuttingDown ? { shuttingDown } : {}), missing, degraded }
  })
}

/** What Prometheus scrapes. */
export function metricsRoute (app: FastifyInstance, { registry, metricsToken }: OperationsParts): void {
  app.get('/metrics', async (request, reply) => {
    if (metricsToken !== '' && !sameText(bearerOf(request.headers.authorization), metricsToken)) {
      return await reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'send the metrics token as Authorization: Bearer TOKEN' })
    }
    return await reply.header('content-type', registry.contentType).send(await registry.metrics())
  })
}
