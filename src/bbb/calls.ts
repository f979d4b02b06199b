import { documentNotFound, FAILURES, failed, type Failure } from './errors.js'

/** What a body may be, apart from a form that carries the parameters. */
export type BodyKind = 'none' | 'xml'

/** How a call is answered; the routes have one file per way. */
export type Way =
  /** The new meeting is placed on a node, or the call goes to the node that has it. */
  | { readonly kind: 'place' }
  /** The caller's browser is sent to the node that has the meeting. */
  | { readonly kind: 'redirect' }
  /** The call goes to the node that has the meeting. */
  | Follow
  /** All nodes are asked and their lists merged. */
  | Gather

export interface Follow {
  readonly kind: 'follow'
  /** What is answered for a meeting that no node has. */
  readonly unknown: (meetingID: string) => string
  /** Whether the call changes the meeting, so that earlier answers about it are no longer true. */
  readonly changes: boolean
  /** Whether BBB's rule for the length of an id holds: clients probe isMeetingRunning with `0`. */
  readonly anyIdLength: boolean
  /** Whether the call concerns every copy of the meeting, not only the current one. */
  readonly everyCopy: boolean
  /** Whether a node that is slow while suspect may be answered for from its last poll. */
  readonly fromLastPoll: boolean
}

export interface Gather {
  readonly kind: 'gather'
  /** Names of the list's element and of its items. */
  readonly list: string
  readonly item: string
  /** What stands behind an empty list. */
  readonly none: Failure
  /** Whether the list is what a poll reads, so that one serves as the other. */
  readonly polled: boolean
}

export interface Call {
  readonly name: string
  readonly methods: readonly ('GET' | 'POST')[]
  readonly body: BodyKind
  readonly way: Way
}

const GET = ['GET'] as const
const POST = ['POST'] as const
const GET_OR_POST = ['GET', 'POST'] as const

const NOT_FOUND = failed(FAILURES.notFound)
const NOT_RUNNING = '<response><returncode>SUCCESS</returncode><running>false</running></response>'

const FOLLOW = {
  kind: 'follow',
  unknown: () => NOT_FOUND,
  changes: false,
  anyIdLength: false,
  everyCopy: false,
  fromLastPoll: false,
} as const satisfies Follow

/** Every call of the BBB API that the gateway answers. Adding a call is adding a row. */
const TABLE: readonly Call[] = [
  { name: 'create', methods: GET_OR_POST, body: 'xml', way: { kind: 'place' } },
  { name: 'join', methods: GET, body: 'none', way: { kind: 'redirect' } },

  { name: 'isMeetingRunning', methods: GET_OR_POST, body: 'none', way: { ...FOLLOW, unknown: () => NOT_RUNNING, anyIdLength: true, fromLastPoll: true } },
  { name: 'getMeetingInfo', methods: GET_OR_POST, body: 'none', way: { ...FOLLOW, fromLastPoll: true } },
  { name: 'end', methods: GET_OR_POST, body: 'none', way: { ...FOLLOW, changes: true, everyCopy: true } },
  { name: 'insertDocument', methods: POST, body: 'xml', way: { ...FOLLOW, unknown: (id) => failed(documentNotFound(id)), changes: true } },
  { name: 'sendChatMessage', methods: GET, body: 'none', way: { ...FOLLOW, unknown: () => failed(FAILURES.chatNotFound), changes: true } },

  {
    name: 'getMeetings',
    methods: GET_OR_POST,
    body: 'none',
    way: { kind: 'gather', list: 'meetings', item: 'meeting', none: { key: 'noMeetings', message: 'no meetings were found on this server' }, polled: true },
  },
  {
    name: 'getSessions',
    methods: GET_OR_POST,
    body: 'none',
    way: { kind: 'gather', list: 'sessions', item: 'meeting', none: { key: 'noSessions', message: 'no sessions were found on this server' }, polled: false },
  },
  {
    name: 'getRecordings',
    methods: GET_OR_POST,
    body: 'none',
    way: { kind: 'gather', list: 'recordings', item: 'recording', none: { key: 'noRecordings', message: 'There are no recordings for the meeting(s).' }, polled: false },
  },
]

/** The calls by their name on the wire; names are case-sensitive, as in BBB. */
export const CALLS: ReadonlyMap<string, Call> = new Map(TABLE.map((call) => [call.name, call]))
