import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Cluster } from '../cluster/cluster.js'
import type { AdministrativeState } from '../cluster/node.js'
import { parseTagWish } from '../placement/tags.js'
import { DEFAULT_TENANT } from '../tenants/tenants.js'
import { bearerOf, sameText } from './bearer.js'
import { ERROR, ID_PARAMS, ISOLATION, MEETING, MEETINGS_QUERY, NODE, NODE_PATCH, PLACEMENT, PLACEMENT_QUERY } from './management-schemas.js'
import { isolationView, meetingView, nodeView, placementView } from './management-views.js'

/** Who may use the management API: `read` may look, `operate` may change. */
export interface ManagementToken {
  readonly name: string
  readonly role: 'read' | 'operate'
  readonly token: string
}

export interface ManagementParts {
  readonly cluster: Cluster
  readonly tokens: readonly ManagementToken[]
  readonly nowMs: () => number
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls the management API; set before its handlers run. */
    operator: ManagementToken | null
  }
}

/** The management API: JSON under /api/v1, for those who hold a token. */
export function managementRoutes (app: FastifyInstance, { cluster, tokens, nowMs }: ManagementParts): void {
  app.decorateRequest('operator', null)
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url?.endsWith('/openapi.json') === true) return
    const given = bearerOf(request.headers.authorization)
    request.operator = tokens.find(({ token }) => sameText(token, given)) ?? null
    if (request.operator === null) return await refuse(reply, 401, 'send a management token as Authorization: Bearer TOKEN')
    if (request.operator.role === 'read' && request.method !== 'GET') return await refuse(reply, 403, 'this token may read only: use one with the role operate')
  })
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'there is no such path in the management API: see /api/v1/openapi.json'))

  app.get('/nodes', { schema: { summary: 'All nodes', response: { 200: { type: 'object', properties: { nodes: { type: 'array', items: NODE } } } } } }, () => {
    return { nodes: Array.from(cluster.members.values(), ({ node }) => nodeView(cluster, node, nowMs())) }
  })

  app.get<{ Params: { id: string } }>('/nodes/:id', { schema: { summary: 'One node', params: ID_PARAMS, response: { 200: NODE, 404: ERROR } } }, async (request, reply) => {
    const member = cluster.members.get(request.params.id)
    return member === undefined ? await noNode(request, reply) : nodeView(cluster, member.node, nowMs())
  })

  app.patch<{ Params: { id: string }, Body: { state: AdministrativeState } }>('/nodes/:id', { schema: { summary: 'Change what is wanted of a node', params: ID_PARAMS, body: NODE_PATCH, response: { 200: NODE, 404: ERROR } } }, async (request, reply) => {
    const member = cluster.members.get(request.params.id)
    if (member === undefined) return await noNode(request, reply)
    cluster.setState(member, request.body.state, request.operator?.name ?? '')
    return nodeView(cluster, member.node, nowMs())
  })

  app.get<{ Querystring: { tenant?: string, meetingID?: string, node?: string } }>('/meetings', { schema: { summary: 'Meetings, all or those asked for', querystring: MEETINGS_QUERY, response: { 200: { type: 'object', properties: { meetings: { type: 'array', items: MEETING } } } } } }, (request) => {
    const { tenant = DEFAULT_TENANT, meetingID, node } = request.query
    if (tenant !== DEFAULT_TENANT) return { meetings: [] }
    const copies = meetingID !== undefined ? cluster.directory.copiesOf(meetingID) : node !== undefined ? cluster.directory.onNode(node).values() : cluster.directory.all()
    return { meetings: Array.from(copies).filter((copy) => node === undefined || copy.nodeId === node).map((copy) => meetingView(cluster, copy)) }
  })

  app.get<{ Params: { id: string } }>('/meetings/:id', { schema: { summary: 'One meeting, by its internal id', params: ID_PARAMS, response: { 200: MEETING, 404: ERROR } } }, async (request, reply) => {
    const copy = cluster.directory.byInternalId(request.params.id)
    return copy === undefined ? await refuse(reply, 404, `no node has a meeting with the internal id ${JSON.stringify(request.params.id)}`) : meetingView(cluster, copy)
  })

  app.get<{ Querystring: { tenant?: string, meetingID?: string, tags?: string, participants?: number } }>('/placement', { schema: { summary: 'Where such a meeting would go, best first, with every term of the score', querystring: PLACEMENT_QUERY, response: { 200: PLACEMENT } } }, (request) => {
    const { tenant = DEFAULT_TENANT, meetingID, tags, participants = 0 } = request.query
    const opening = { tenantId: tenant, meetingID: meetingID ?? '', maxParticipants: 0, announced: participants, isBreakout: false }
    const wish = { opening, tags: parseTagWish(tags) }
    const known = meetingID === undefined || tenant !== DEFAULT_TENANT ? undefined : cluster.resolve(meetingID)
    return placementView({ ...cluster.candidates(wish), known: known?.nodeId, nowMs: nowMs() })
  })

  app.get('/isolation', { schema: { summary: 'Whether most nodes fail at once, and creates wait for them', response: { 200: ISOLATION } } }, () => isolationView(cluster, nowMs()))

  app.delete('/isolation', { schema: { summary: 'Have creates of ids on failed nodes moved at once', response: { 200: ISOLATION } } }, (request) => {
    cluster.endIsolationHold(request.operator?.name ?? '')
    return isolationView(cluster, nowMs())
  })
}

async function noNode (request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply): Promise<FastifyReply> {
  return await refuse(reply, 404, `there is no node ${JSON.stringify(request.params.id)}`)
}

async function refuse (reply: FastifyReply, statusCode: number, error: string): Promise<FastifyReply> {
  return await reply.code(statusCode).send({ error })
}
