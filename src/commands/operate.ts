import { request } from 'undici'
import { readConfig } from '../config/read.js'
import { ADMINISTRATIVE_STATES } from '../cluster/node.js'
import { addressUrl } from './sign.js'
import { table } from './table.js'
import { ManagementError, UsageError } from './usage.js'

/** A running gateway and the right to operate it. */
export interface Gateway {
  readonly url: string
  readonly token: string
}

/** The gateway that the environment, or else the configuration, speaks of. Throws UsageError if neither does. */
export async function findGateway (configPath: string | undefined, env: NodeJS.ProcessEnv): Promise<Gateway> {
  const { ENSEMBLE_URL: url, ENSEMBLE_TOKEN: token } = env
  if (url !== undefined && !/^https?:$/.test(protocolOf(url))) throw new UsageError(`ENSEMBLE_URL: expected an http or https URL, got "${url}"`)
  if (url !== undefined && token !== undefined) return { url: withoutSlash(url), token }
  if (configPath === undefined) throw new UsageError('which gateway? Set ENSEMBLE_URL and ENSEMBLE_TOKEN, or give --config FILE')
  const { config } = await readConfig(configPath, env)
  const { tokens, listen = config.listen } = config.management
  const best = tokens.find(({ role }) => role === 'operate') ?? tokens[0]
  if (best === undefined) throw new UsageError(`${configPath} has no management.tokens: the management API is off`)
  return { url: url === undefined ? addressUrl(listen) : withoutSlash(url), token: token ?? best.token }
}

function protocolOf (url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : ''
}

function withoutSlash (url: string): string {
  return url.replace(/\/+$/, '')
}

interface NodeView {
  id: string
  state: string
  override: unknown
  health: string
  meetings: number
  participants: number
  score: number
  weight: number
  tags: string[]
  lastError: string | null
}

/** `ensemble nodes`: the nodes as a table. */
export async function listNodes (gateway: Gateway): Promise<string> {
  const { nodes } = await ask<{ nodes: NodeView[] }>(gateway, 'GET', '/nodes')
  return table(['node', 'state', 'health', 'meetings', 'people', 'score', 'weight', 'tags', 'last error'], nodes.map((node) => [
    node.id, node.override === null ? node.state : `${node.state} (set by operator)`, node.health, node.meetings, node.participants,
    node.score, node.weight, node.tags.join(','), node.lastError ?? '',
  ]))
}

/** `ensemble nodes set ID STATE`. */
export async function setNodeState (find: () => Promise<Gateway>, id: string, state: string): Promise<string> {
  if (!ADMINISTRATIVE_STATES.some((known) => known === state)) throw new UsageError(`expected ${ADMINISTRATIVE_STATES.join(', ')}, got "${state}"`)
  const node = await ask<NodeView>(await find(), 'PATCH', `/nodes/${encodeURIComponent(id)}`, { state })
  return `${node.id} is ${node.state}, with ${node.meetings} meetings and ${node.participants} people`
}

interface MeetingView {
  meetingID: string
  internalMeetingID: string
  node: string
  participants: number
  name: string
  createdAt: string
  current: boolean
}

/** `ensemble meetings`: the meetings as a table. */
export async function listMeetings (gateway: Gateway, filter: { readonly node?: string | undefined, readonly meetingID?: string | undefined }): Promise<string> {
  const { meetings } = await ask<{ meetings: MeetingView[] }>(gateway, 'GET', `/meetings${queryOf(filter)}`)
  if (meetings.length === 0) return 'no meetings'
  return table(['meeting', 'node', 'people', 'created', 'name', 'internal id'], meetings.map((meeting) => [
    meeting.current ? meeting.meetingID : `${meeting.meetingID} (older copy)`, meeting.node, meeting.participants, meeting.createdAt, meeting.name, meeting.internalMeetingID,
  ]))
}

interface CandidateView {
  node: string
  obstacle: string | null
  score: number
  background: number
  live: number
  reserved: number
  booked: number
  meeting: number
  weight: number
  health: string
}

/** `ensemble placement`: the nodes as candidates for a new meeting, the best first. */
export async function showPlacement (gateway: Gateway, wish: { readonly tags?: string | undefined, readonly participants?: string | undefined }): Promise<string> {
  const { candidates } = await ask<{ candidates: CandidateView[] }>(gateway, 'GET', `/placement${queryOf(wish)}`)
  return table(['node', 'score', 'background', 'live', 'reserved', 'booked', 'meeting', 'weight', 'health', 'obstacle'], candidates.map((candidate) => [
    candidate.node, candidate.score, candidate.background, candidate.live, candidate.reserved, candidate.booked, candidate.meeting,
    candidate.weight, candidate.health, candidate.obstacle ?? '',
  ]))
}

function queryOf (filter: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(filter)) if (value !== undefined) query.set(name, value)
  return query.size === 0 ? '' : `?${query}`
}

async function ask<T> ({ url, token }: Gateway, method: 'GET' | 'PATCH', path: string, body?: object): Promise<T> {
  const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
  const answer = await request(`${url}/api/v1${path}`, { method, headers, body: body === undefined ? null : JSON.stringify(body) })
    .catch((error: unknown) => { throw new ManagementError(`${url} does not answer: ${error instanceof Error ? error.message : String(error)}`) })
  const text = await answer.body.text()
  if (answer.statusCode !== 200) throw new ManagementError(`${url} answered ${answer.statusCode}: ${messageOf(text)}`)
  return JSON.parse(text) as T
}

function messageOf (text: string): string {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null) {
      if ('error' in parsed && !('message' in parsed)) return String(parsed.error)
      if ('message' in parsed) return String(parsed.message)
    }
  } catch {
    // Not the gateway's JSON: whatever it is helps more than nothing.
  }
  return text.slice(0, 200)
}
