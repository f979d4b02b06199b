import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { htmlAnswer, jsonAnswer } from './answers.js'
import { sendAnswer } from './api.js'
import type { Session } from './attendance.js'
import type { NodeContext } from './context.js'
import { goodbyePage, landingPage, roomPage } from './pages.js'
import { readJson } from './read-json.js'
import { presentUsers, waitingUsers } from './users.js'

const NONCE_BYTES = 16
const CHANGEABLE = ['hasVideo', 'hasJoinedVoice', 'isListeningOnly'] as const

/** The pages that people see, and the addresses those pages talk to. */
export function clientRoutes (server: FastifyInstance, node: NodeContext): void {
  const page = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const session = sessionOf(request, node)
    if (session === undefined) return sendPage(reply, (nonce) => goodbyePage(node.name, nonce))
    session.user.lastSeenAtMs = node.clock.nowMs()
    node.attendance.comeBack(session.meeting, session.user)
    return sendPage(reply, (nonce) => roomPage(session.meeting.name, node.name, session.user, nonce))
  }
  for (const path of ['/html5client/', '/html5client/join', '/html5client/guestWait']) server.get(path, page)
  server.get('/', (request, reply) => sendPage(reply, (nonce) => landingPage(node.name, queryOf(request).get('errors'), nonce)))

  server.get('/html5client/state', (request, reply) => {
    const session = sessionOf(request, node)
    if (session === undefined) return sendAnswer(reply, jsonAnswer({ isOver: true }))
    session.user.lastSeenAtMs = node.clock.nowMs()
    return sendAnswer(reply, jsonAnswer(stateFor(session)))
  })
  server.post('/html5client/change', async (request, reply) => {
    const wanted = await readJson(request.raw)
    const session = sessionOf(request, node)
    if (session === undefined) return sendAnswer(reply, jsonAnswer({ isOver: true }))
    const change: Partial<Record<typeof CHANGEABLE[number], boolean>> = {}
    for (const name of CHANGEABLE) {
      const value = wanted?.[name]
      if (typeof value === 'boolean') change[name] = value
    }
    node.attendance.change(session.meeting, session.user, change)
    return sendAnswer(reply, jsonAnswer(stateFor(session)))
  })
  server.post('/html5client/let-in', (request, reply) => {
    const session = sessionOf(request, node)
    if (session?.user.role !== 'MODERATOR') return sendAnswer(reply, jsonAnswer({ isOver: true }, 403))
    node.attendance.letIn(session.meeting)
    return sendAnswer(reply, jsonAnswer(stateFor(session)))
  })
  server.post('/html5client/leave', (request, reply) => {
    const session = sessionOf(request, node)
    if (session !== undefined) node.attendance.leave(session.meeting, session.user)
    return sendAnswer(reply, jsonAnswer({ isOver: true }))
  })
}

function stateFor ({ meeting, user }: Session): object {
  return {
    isOver: false,
    isWaiting: user.guestStatus === 'WAIT',
    people: presentUsers(meeting).map((one) => ({
      name: one.fullName,
      isMe: one === user,
      role: one.role,
      isPresenter: one.isPresenter,
      hasVideo: one.hasVideo,
      hasJoinedVoice: one.hasJoinedVoice,
      isListeningOnly: one.isListeningOnly,
    })),
    waiting: user.role === 'MODERATOR' ? waitingUsers(meeting).map((one) => one.fullName) : [],
    chat: meeting.chat.map(({ userName, message }) => ({ userName, message })),
  }
}

function sessionOf (request: FastifyRequest, node: NodeContext): Session | undefined {
  node.life.settle()
  return node.attendance.session(queryOf(request).get('sessionToken') ?? '')
}

function queryOf (request: FastifyRequest): URLSearchParams {
  const url = request.raw.url ?? ''
  return new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?') + 1) : '')
}

function sendPage (reply: FastifyReply, page: (nonce: string) => string): FastifyReply {
  const nonce = randomBytes(NONCE_BYTES).toString('base64')
  return sendAnswer(reply, htmlAnswer(200, page(nonce), {
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'`,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  }))
}
