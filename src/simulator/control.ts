import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Answer } from './answers.js'
import { jsonAnswer } from './answers.js'
import { sendAnswer } from './api.js'
import type { Fault } from './faults.js'
import { faultKinds, isFaultKind } from './faults.js'
import { readJsonValue } from './read-json.js'
import type { ServerParts } from './server.js'
import type { NewUser } from './users.js'
import { countsOf, presentUsers } from './users.js'

const MOST_USERS = 10_000

const faultSchema = z.strictObject({
  kind: z.union([z.string(), z.number()]).transform(String).refine(isFaultKind, 'no such kind of fault'),
  call: z.string().optional(),
  times: z.int().positive().optional(),
  delayMs: z.number().nonnegative().optional(),
})
const faultsSchema = z.union([faultSchema, z.array(faultSchema)])

const usersSchema = z.strictObject({
  meetingID: z.string(),
  count: z.int().min(1).max(MOST_USERS).default(1),
  fullName: z.string().optional(),
  userID: z.string().optional(),
  role: z.enum(['MODERATOR', 'VIEWER']).optional(),
  hasVideo: z.boolean().optional(),
  hasJoinedVoice: z.boolean().optional(),
  isListeningOnly: z.boolean().optional(),
  customdata: z.record(z.string(), z.string()).optional(),
})

/** The addresses below /simulator, by which people and scripts make things happen on a node. */
export function controlRoutes (server: FastifyInstance, parts: ServerParts): void {
  const { simulated, faults } = parts
  server.get('/simulator/faults', (_request, reply) =>
    sendAnswer(reply, jsonAnswer({ faults: faults.list(), kinds: faultKinds() })))
  server.delete('/simulator/faults', (_request, reply) => {
    faults.clear()
    return sendAnswer(reply, jsonAnswer({ faults: [] }))
  })
  server.post('/simulator/faults', async (request, reply) => {
    const read = faultsSchema.safeParse(await readJsonValue(request.raw))
    if (!read.success) return sendAnswer(reply, badRequest(read.error))
    for (const fault of Array.isArray(read.data) ? read.data : [read.data]) faults.add(withoutUndefined(fault) as Fault)
    return sendAnswer(reply, jsonAnswer({ faults: faults.list() }))
  })
  server.get('/simulator/state', (_request, reply) => sendAnswer(reply, jsonAnswer(stateOf(parts))))
  server.post('/simulator/restart', (_request, reply) => {
    simulated.restart()
    return sendAnswer(reply, jsonAnswer(stateOf(parts)))
  })
  server.post('/simulator/users', async (request, reply) => {
    const read = usersSchema.safeParse(await readJsonValue(request.raw))
    if (!read.success) return sendAnswer(reply, badRequest(read.error))
    const { meetingID, count, ...user } = read.data
    if (simulated.meetings.get(meetingID) === undefined) {
      return sendAnswer(reply, jsonAnswer({ error: `there is no meeting ${meetingID} on ${simulated.name}` }, 404))
    }
    const added = simulated.meetings.addUsers(meetingID, count, withoutUndefined(user) as Partial<NewUser>)
    return sendAnswer(reply, jsonAnswer({ added: added.map((one) => one.userID) }))
  })
}

function stateOf ({ simulated, faults, node }: ServerParts): object {
  return {
    name: simulated.name,
    url: simulated.url,
    version: simulated.version,
    cpuUtilisation: simulated.cpuUtilisation,
    meetings: simulated.meetings.list().map((meeting) => ({
      meetingID: meeting.meetingID,
      internalMeetingID: meeting.internalMeetingID,
      name: meeting.name,
      createTime: meeting.createdAtMs,
      isBreakout: meeting.parent !== undefined,
      ...countsOf(meeting, presentUsers(meeting)),
      documents: meeting.documents,
    })),
    recordings: node.recordings.size,
    hooks: node.hooks.all(),
    faults: faults.list(),
    requests: simulated.requests.length,
  }
}

function badRequest (error: z.ZodError): Answer {
  return jsonAnswer({ error: z.prettifyError(error), kinds: faultKinds() }, 400)
}

// Options of the node are left out rather than undefined.
function withoutUndefined (values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
