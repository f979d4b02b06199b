import { request } from 'undici'
import { readConfig } from '../config/read.js'
import { ADMINISTRATIVE_STATES } from '../cluster/node.js'
import { addressUrl } from './sign.js'
import { printable, table } from './table.js'
import { ManagementError, UsageError } from './usage.js'

const LONGEST_EXCERPT = 200

/** A running gateway and the right to operate it. */
export interface RunningGateway {
  readonly url: string
  readonly token: string
}

/** The gateway that the environment, or else the configuration, speaks of. Throws UsageError if neither does. */
export async function findGateway (configPath: string | undefined, env: NodeJS.ProcessEnv): Promise<RunningGateway> {
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
  cpu: number | null
  load: Load
  score: number
  peakAt: string
  weight: number
  tags: string[]
  lastError: string | null
}

/** What a node carries, in parts of its CPU. */
interface Load {
  background: number
  live: number
  reserved: number
  booked: number
}

const LOAD_TITLES = ['background', 'live', 'reserved', 'booked', 'score', 'at']

function loadCells ({ background, live, reserved, booked }: Load, score: number, peakAt: string): string[] {
  return [...[background, live, reserved, booked, score].map(percent), timeOfDay(peakAt)]
}

function percent (ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`.padStart(7)
}

/** The hour and minute here. */
function timeOfDay (isoTime: string): string {
  const at = new Date(isoTime)
  return [at.getHours(), at.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':')
}

/** `ensemble nodes`: the nodes as a table. */
export async function listNodes (gateway: RunningGateway): Promise<string> {
  const { nodes } = await ask<{ nodes: NodeView[] }>(gateway, 'GET', '/nodes')
  return table(['node', 'state', 'health', 'meetings', 'people', 'cpu', ...LOAD_TITLES, 'weight', 'tags', 'last error'], nodes.map((node) => [
    node.id, node.override === null ? node.state : `${node.state} (set by operator)`, node.health, node.meetings, node.participants,
    node.cpu === null ? 'unknown' : percent(node.cpu), ...loadCells(node.load, node.score, node.peakAt), node.weight, node.tags.join(','), node.lastError ?? '',
  ]))
}

/** `ensemble nodes set ID STATE`. */
export async function setNodeState (find: () => Promise<RunningGateway>, id: string, state: string): Promise<string> {
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
export async function listMeetings (gateway: RunningGateway, filter: { readonly node?: string | undefined, readonly meetingID?: string | undefined }): Promise<string> {
  const { meetings } = await ask<{ meetings: MeetingView[] }>(gateway, 'GET', `/meetings${queryOf(filter)}`)
  if (meetings.length === 0) return 'no meetings'
  return table(['meeting', 'node', 'people', 'created', 'name', 'internal id'], meetings.map((meeting) => [
    meeting.current ? meeting.meetingID : `${meeting.meetingID} (older copy)`, meeting.node, meeting.participants, meeting.createdAt, meeting.name, meeting.internalMeetingID,
  ]))
}

interface CandidateView extends Load {
  node: string
  obstacle: string | null
  score: number
  peakAt: string
  meeting: number
  weight: number
  health: string
}

interface IsolationView {
  isolated: boolean
  holding: boolean
}

/** `ensemble isolation`: whether most nodes fail at once, and what that means for creates. */
export async function showIsolation (gateway: RunningGateway): Promise<string> {
  return isolationText(await ask<IsolationView>(gateway, 'GET', '/isolation'))
}

/** `ensemble isolation end`: has the meetings of failed nodes moved at once. */
export async function endIsolation (gateway: RunningGateway): Promise<string> {
  return isolationText(await ask<IsolationView>(gateway, 'DELETE', '/isolation'))
}

function isolationText ({ isolated, holding }: IsolationView): string {
  if (!isolated) return 'not isolated'
  return holding
    ? 'isolated: most nodes fail at once, creates of meetings on failed nodes are refused'
    : 'isolated: most nodes fail at once, creates of meetings on failed nodes are moved to others'
}

interface PlacementView {
  known: string | null
  expected: { isKnown: boolean, people: number, microphones: number, cameras: number, minutes: number, share: number, surprise: number }
  candidates: CandidateView[]
}

/** `ensemble placement`: what is expected of a new meeting, and the nodes as candidates for it, the best first. */
export async function showPlacement (gateway: RunningGateway, wish: { readonly tags?: string | undefined, readonly participants?: string | undefined, readonly meetingID?: string | undefined }): Promise<string> {
  const { known, expected, candidates } = await ask<PlacementView>(gateway, 'GET', `/placement${queryOf(wish)}`)
  const rows = candidates.map((candidate) => [
    candidate.node, percent(candidate.meeting), ...loadCells(candidate, candidate.score, candidate.peakAt),
    candidate.weight, candidate.health, candidate.obstacle ?? '',
  ])
  return [
    ...(known === null ? [] : [`the meeting is on ${printable(known)} now`]),
    expectedText(expected),
    table(['node', 'meeting', ...LOAD_TITLES, 'weight', 'health', 'obstacle'], rows),
  ].join('\n')
}

function expectedText ({ isKnown, people, microphones, cameras, minutes, share, surprise }: PlacementView['expected']): string {
  const size = `${Math.round(people)} people, ${Math.round(microphones)} microphones, ${Math.round(cameras)} cameras, ${Math.round(minutes)} minutes`
  const cost = `${percent(share).trim()} of a node of weight 1${surprise > 0 ? `, chosen as if it were ${percent(share + surprise).trim()}` : ''}`
  return `expected of ${isKnown ? 'this room' : 'a room nobody knows'}: ${size}: ${cost}`
}

function queryOf (filter: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(filter)) if (value !== undefined) query.set(name, value)
  return query.size === 0 ? '' : `?${query}`
}

async function ask<T> ({ url, token }: RunningGateway, method: 'GET' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<T> {
  const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
  const { statusCode, text } = await request(`${url}/api/v1${path}`, { method, headers, body: body === undefined ? null : JSON.stringify(body) })
    .then(async (answer) => ({ statusCode: answer.statusCode, text: await answer.body.text() }))
    .catch((error: unknown) => { throw new ManagementError(`${url} does not answer: ${error instanceof Error ? error.message : String(error)}`) })
  if (statusCode !== 200) throw new ManagementError(`${url} answered ${statusCode}: ${messageOf(text)}`)
  try {
    return JSON.parse(text) as T
  } catch {
    throw new ManagementError(`${url} answered with something that is not JSON: is this the URL of a gateway? ${excerpt(text)}`)
  }
}

function messageOf (text: string): string {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null) {
      if ('error' in parsed && !('message' in parsed)) return printable(String(parsed.error))
      if ('message' in parsed) return printable(String(parsed.message))
    }
  } catch {
    // Not the gateway's JSON: whatever it is helps more than nothing.
  }
  return excerpt(text)
}

/** The beginning of a text of any kind, in one line. */
function excerpt (text: string): string {
  return printable(text.slice(0, LONGEST_EXCERPT).trim().replace(/\s+/g, ' '))
}
