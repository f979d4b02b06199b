import { ADMINISTRATIVE_STATES } from '../cluster/node.js'

/** JSON schemas of the management API: they check what comes in, write what goes out, and document both. */

const TEXT = { type: 'string' } as const
const NUMBER = { type: 'number' } as const
const INTEGER = { type: 'integer' } as const
const FLAG = { type: 'boolean' } as const
const TIME = { type: 'string', format: 'date-time' } as const
const STATE = { type: 'string', enum: ADMINISTRATIVE_STATES } as const
const HEALTH = { type: 'string', enum: ['up', 'suspect', 'down'] } as const
const TENANT = { type: 'string', description: 'the only one is `default`' } as const
const SHARE = { type: 'number', description: 'in parts of the CPU of this node' } as const

export const ERROR = { type: 'object', properties: { error: TEXT } } as const

export const ID_PARAMS = { type: 'object', properties: { id: TEXT }, required: ['id'] } as const

export const NODE = {
  type: 'object',
  properties: {
    id: TEXT,
    url: TEXT,
    weight: NUMBER,
    tags: { type: 'array', items: TEXT },
    state: STATE,
    override: { type: 'object', nullable: true, description: 'an operator\'s change of the state in the file', properties: { overrides: STATE, by: TEXT, at: TIME } },
    health: HEALTH,
    listed: { type: 'boolean', description: 'false for a node that has left the list it came from: it keeps its meetings and gets no new ones' },
    cpu: { type: 'number', nullable: true, description: 'how busy it is, from 0 to 1; null while no sample is fresh enough' },
    meetings: INTEGER,
    participants: INTEGER,
    limits: { type: 'object', properties: { meetings: INTEGER, participants: INTEGER } },
    score: { ...SHARE, description: 'the highest load it is expected to carry in the coming hour and a half' },
    peakAt: { ...TIME, description: 'when that will be' },
    load: { type: 'object', properties: { background: SHARE, live: SHARE, reserved: SHARE, booked: SHARE } },
    lastPoll: { type: 'object', nullable: true, properties: { startedAt: TIME, durationMs: NUMBER } },
    lastError: { type: 'string', nullable: true },
    failedPolls: INTEGER,
    malformedMeetings: INTEGER,
    clockAheadMs: NUMBER,
  },
} as const

export const NODE_PATCH = {
  type: 'object',
  properties: { state: STATE },
  required: ['state'],
  additionalProperties: false,
} as const

export const MEETING = {
  type: 'object',
  properties: {
    meetingID: TEXT,
    internalMeetingID: TEXT,
    name: TEXT,
    node: TEXT,
    current: { type: 'boolean', description: 'whether calls about the id go to this copy' },
    lost: { type: 'boolean', description: 'whether its node has been down so long that it no longer counts' },
    ending: FLAG,
    createdAt: TIME,
    voiceBridge: TEXT,
    participants: INTEGER,
    moderators: INTEGER,
    microphones: INTEGER,
    cameras: INTEGER,
    isBreakout: FLAG,
    lastSeenAt: { type: 'string', nullable: true, format: 'date-time' },
  },
} as const

export const MEETINGS_QUERY = {
  type: 'object',
  properties: { tenant: TENANT, meetingID: TEXT, node: TEXT },
  additionalProperties: false,
} as const

export const PLACEMENT_QUERY = {
  type: 'object',
  properties: {
    tenant: TENANT,
    meetingID: { type: 'string', description: 'the room: which node has it now, and what is expected of it' },
    tags: { type: 'string', description: 'as meta_server-tag: `a;b` a wish, `a;b!` a must' },
    participants: { type: 'integer', minimum: 0, description: 'so many people are announced; of a room that is known, what it was like counts more' },
  },
  additionalProperties: false,
} as const

export const PLACEMENT = {
  type: 'object',
  properties: {
    at: TIME,
    known: { type: 'string', nullable: true, description: 'the node that has a meeting of this meetingID' },
    expected: {
      type: 'object',
      description: 'what the meeting is expected to become',
      properties: { isKnown: FLAG, people: NUMBER, microphones: NUMBER, cameras: NUMBER, minutes: NUMBER, share: SHARE, surprise: SHARE },
    },
    candidates: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          node: TEXT,
          mayTakeIt: FLAG,
          obstacle: { type: 'string', nullable: true },
          rank: { type: 'integer', description: 'a higher rank is taken only when no lower one is left' },
          score: { ...SHARE, description: 'the highest load over the meeting\'s life, with a tenth of the mean: the smallest takes the meeting' },
          peak: { ...SHARE, description: 'the highest load alone; where that is now, background + live + reserved + booked + meeting' },
          peakAt: { ...TIME, description: 'when that will be' },
          background: SHARE,
          live: SHARE,
          reserved: SHARE,
          booked: { ...SHARE, description: 'held at that time for rooms that are larger' },
          meeting: SHARE,
          weight: NUMBER,
          health: HEALTH,
          state: STATE,
          meetings: INTEGER,
        },
      },
    },
  },
} as const

export const ISOLATION = {
  type: 'object',
  properties: {
    isolated: { type: 'boolean', description: 'whether most nodes fail at once' },
    holding: { type: 'boolean', description: 'whether creates of ids on failed nodes are refused instead of moved' },
  },
} as const
