import { createHash } from 'node:crypto'
import type { Clock } from '../clock.js'
import type { PresentationDocument } from './documents.js'
import { randomDigits, randomPassword } from './random.js'
import type { Counts, User } from './users.js'

export type GuestPolicy = 'ALWAYS_ACCEPT' | 'ALWAYS_DENY' | 'ASK_MODERATOR' | 'ALWAYS_ACCEPT_AUTH'

/** What a create call says about a meeting; everything but id and name has BBB's default. */
export interface NewMeeting {
  meetingID: string
  name: string
  attendeePW?: string
  moderatorPW?: string
  voiceBridge?: string
  dialNumber?: string
  durationMinutes?: number
  /** 0 for no limit. */
  maxParticipants?: number
  record?: boolean
  metadata?: Readonly<Record<string, string>>
  guestPolicy?: GuestPolicy
  logoutUrl?: string
  meetingEndedUrl?: string
  keepsEvents?: boolean
  disabledFeatures?: readonly string[]
  /** 0 for never. */
  expireIfNoUserJoinedMinutes?: number
  /** 0 for never. */
  expireWhenLastUserLeftMinutes?: number
  parent?: Meeting
  sequence?: number
  freeJoin?: boolean
}

/** A meeting on the node. Everybody may read it; it changes through Attendance, Life and SimulatedMeetings only. */
export interface Meeting extends Readonly<Required<Omit<NewMeeting, 'parent' | 'logoutUrl' | 'meetingEndedUrl'>>> {
  readonly internalMeetingID: string
  readonly createdAtMs: number
  /** When the core of the node has confirmed the meeting, a few ms after its creation. */
  readonly startedAtMs: number
  readonly logoutUrl: string | undefined
  readonly meetingEndedUrl: string | undefined
  readonly parent: Meeting | undefined
  readonly users: Map<string, User>
  readonly breakouts: Meeting[]
  readonly documents: PresentationDocument[]
  readonly chat: Array<{ userName: string, message: string, atMs: number }>
  hasUserJoined: boolean
  /** When the last person left; 0 while somebody is in. */
  endTimeMs: number
  /** When a requested end takes effect; undefined while none is under way. */
  endingAtMs: number | undefined
  /** Counts set by hand instead of counted. */
  counts: Partial<Counts> | undefined
  /** Whether the room was being recorded with anybody in it. */
  hasRecordingMarks: boolean
  /** Everybody who was ever in, by external user id. */
  readonly attended: Map<string, User>
}

/** BBB's mock voice bridge: its meetings get an internal id without the hash, so nobody finds them. */
const MOCK_VOICE_BRIDGE = '99999'

/** How long a meeting waits for its first person. */
export const EXPIRE_IF_NO_USER_JOINED_MINUTES = 5
/** How long a meeting goes on empty after its last person left. */
export const EXPIRE_WHEN_LAST_USER_LEFT_MINUTES = 1

const DEFAULT_DIAL_NUMBER = '613-555-1234'
const PASSWORD_LENGTH = 8
const VOICE_BRIDGE_DIGITS = 5
const VOICE_BRIDGE_TRIES = 10
const CORE_CONFIRMS_AFTER_MS = 4
const INTERNAL_ID_START = /^[0-9a-f]{1,40}(?:-\d*)?$|^-\d+$/

/** The meetings that are on the node, and how they are found. */
export class Meetings {
  readonly #clock: Clock
  readonly #findsByInternalId: boolean
  readonly #byInternalId = new Map<string, Meeting>()
  readonly #byHash = new Map<string, Meeting>()
  readonly #voiceBridges = new Set<string>()
  #endedThisMs = { atMs: 0, internalIds: new Set<string>() }

  constructor (clock: Clock, findsByInternalId: boolean) {
    this.#clock = clock
    this.#findsByInternalId = findsByInternalId
  }

  get size (): number {
    return this.#byInternalId.size
  }

  /** All meetings, oldest first, breakouts included. */
  all (): IterableIterator<Meeting> {
    return this.#byInternalId.values()
  }

  /**
   * The meeting a caller means: as BBB does, an id is first taken for the beginning of an internal id
   * (from 2.6), then for an external one.
   */
  find (meetingID: string): Meeting | undefined {
    return this.#byInternalIdStart(meetingID) ?? this.#byHash.get(hashOf(meetingID))
  }

  /** The live meeting that has exactly this external id. */
  findExternal (meetingID: string): Meeting | undefined {
    return this.#byHash.get(hashOf(meetingID))
  }

  /** Whether a live meeting uses this voice bridge. */
  isVoiceBridgeTaken (voiceBridge: string): boolean {
    return voiceBridge !== MOCK_VOICE_BRIDGE && this.#voiceBridges.has(voiceBridge)
  }

  /** Adds a meeting; whether the id is free is for the caller to ask before. */
  add (wanted: NewMeeting): Meeting {
    const voiceBridge = wanted.voiceBridge ?? this.#freeVoiceBridge()
    const isMock = voiceBridge === MOCK_VOICE_BRIDGE
    const hash = isMock ? '' : hashOf(wanted.meetingID)
    const createdAtMs = this.#freeCreateTimeMs(hash)
    const meeting: Meeting = {
      meetingID: wanted.meetingID,
      name: wanted.name,
      internalMeetingID: `${hash}-${createdAtMs}`,
      createdAtMs,
      startedAtMs: createdAtMs + CORE_CONFIRMS_AFTER_MS,
      attendeePW: wanted.attendeePW ?? randomPassword(PASSWORD_LENGTH),
      moderatorPW: wanted.moderatorPW ?? randomPassword(PASSWORD_LENGTH),
      voiceBridge,
      dialNumber: wanted.dialNumber ?? DEFAULT_DIAL_NUMBER,
      durationMinutes: wanted.durationMinutes ?? 0,
      maxParticipants: wanted.maxParticipants ?? 0,
      record: wanted.record ?? false,
      metadata: inMapOrder(wanted.metadata ?? {}),
      guestPolicy: wanted.guestPolicy ?? 'ALWAYS_ACCEPT',
      logoutUrl: wanted.logoutUrl,
      meetingEndedUrl: wanted.meetingEndedUrl,
      keepsEvents: wanted.keepsEvents ?? false,
      disabledFeatures: wanted.disabledFeatures ?? [],
      expireIfNoUserJoinedMinutes: wanted.expireIfNoUserJoinedMinutes ?? EXPIRE_IF_NO_USER_JOINED_MINUTES,
      expireWhenLastUserLeftMinutes: wanted.expireWhenLastUserLeftMinutes ?? EXPIRE_WHEN_LAST_USER_LEFT_MINUTES,
      parent: wanted.parent,
      sequence: wanted.sequence ?? 0,
      freeJoin: wanted.freeJoin ?? false,
      users: new Map(),
      breakouts: [],
      documents: [],
      chat: [],
      hasUserJoined: false,
      endTimeMs: 0,
      endingAtMs: undefined,
      counts: undefined,
      hasRecordingMarks: false,
      attended: new Map(),
    }
    this.#byInternalId.set(meeting.internalMeetingID, meeting)
    if (!isMock) this.#byHash.set(hash, meeting)
    this.#voiceBridges.add(voiceBridge)
    wanted.parent?.breakouts.push(meeting)
    return meeting
  }

  /** Takes a meeting off the node; false where it was gone already. */
  remove (meeting: Meeting): boolean {
    if (!this.#byInternalId.delete(meeting.internalMeetingID)) return false
    const hash = hashOf(meeting.meetingID)
    if (this.#byHash.get(hash) === meeting) this.#byHash.delete(hash)
    if (meeting.voiceBridge !== MOCK_VOICE_BRIDGE) this.#voiceBridges.delete(meeting.voiceBridge)
    const siblings = meeting.parent?.breakouts
    const place = siblings?.indexOf(meeting) ?? -1
    if (place >= 0) siblings?.splice(place, 1)
    const nowMs = this.#clock.nowMs()
    if (this.#endedThisMs.atMs !== nowMs) this.#endedThisMs = { atMs: nowMs, internalIds: new Set() }
    this.#endedThisMs.internalIds.add(meeting.internalMeetingID)
    return true
  }

  /** Forgets every meeting, as a restart does. */
  clear (): void {
    this.#byInternalId.clear()
    this.#byHash.clear()
    this.#voiceBridges.clear()
  }

  #byInternalIdStart (start: string): Meeting | undefined {
    if (!this.#findsByInternalId || !INTERNAL_ID_START.test(start)) return undefined
    const exact = this.#byInternalId.get(start)
    if (exact !== undefined) return exact
    for (const [internalId, meeting] of this.#byInternalId) {
      if (internalId.startsWith(start)) return meeting
    }
    return undefined
  }

  // An internal id belongs to one meeting for ever; without this, an end and a create of the same id
  // within one millisecond would share it.
  #freeCreateTimeMs (hash: string): number {
    let atMs = this.#clock.nowMs()
    while (this.#byInternalId.has(`${hash}-${atMs}`) || this.#endedThisMs.internalIds.has(`${hash}-${atMs}`)) atMs++
    return atMs
  }

  #freeVoiceBridge (): string {
    let voiceBridge = randomDigits(VOICE_BRIDGE_DIGITS)
    for (let tries = 1; tries < VOICE_BRIDGE_TRIES && this.#isUnfit(voiceBridge); tries++) {
      voiceBridge = randomDigits(VOICE_BRIDGE_DIGITS)
    }
    return voiceBridge
  }

  #isUnfit (voiceBridge: string): boolean {
    return voiceBridge === MOCK_VOICE_BRIDGE || this.#voiceBridges.has(voiceBridge)
  }
}

/** The first part of an internal id: SHA-1 of the external one, in hex. */
export function hashOf (meetingID: string): string {
  return createHash('sha1').update(meetingID, 'utf8').digest('hex')
}

// BBB keeps metadata in a hash map, so its order on the wire is not the order of the call.
function inMapOrder (metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => bucketOf(a) - bucketOf(b)))
}

function bucketOf (key: string): number {
  let hash = 0
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0
  return (hash ^ (hash >>> 16)) & 15
}
