import type { Clock } from '../clock.js'
import type { Meeting } from './meetings.js'
import { randomToken } from './random.js'

export type RecordingState = 'processing' | 'processed' | 'published' | 'unpublished' | 'deleted'

/** A subtitle file of a recording. */
export interface TextTrack {
  readonly fileName: string
  readonly kind: string
  readonly label: string
  readonly lang: string
  readonly source: 'upload' | 'live'
  readonly content: Buffer
}

/** A recording of the node. */
export interface Recording {
  readonly recordID: string
  readonly meetingID: string
  readonly name: string
  readonly isBreakout: boolean
  /** Internal id of the parent meeting of a breakout. */
  readonly parentId: string | undefined
  readonly sequence: number
  readonly startTimeMs: number
  readonly endTimeMs: number
  readonly participants: number
  readonly processingTimeMs: number
  metadata: Map<string, string>
  state: RecordingState
  readonly tracks: TextTrack[]
}

/** What may be said about a recording that is put on the node without a meeting. */
export interface NewRecording {
  meetingID: string
  recordID?: string
  name?: string
  metadata?: Readonly<Record<string, string>>
  state?: RecordingState
  startTimeMs?: number
  endTimeMs?: number
  participants?: number
}

/** Which recordings getRecordings asks for. */
export interface RecordingFilter {
  meetingIDs: readonly string[]
  /** Beginnings of record ids. */
  recordIDs: readonly string[]
  states: ReadonlySet<string>
  /** Values may begin and end with %. */
  metadata: ReadonlyMap<string, string>
}

const PROCESSING_TIME_MS = 5_000
const HOUR_MS = 3_600_000
const TRACK_LINK_TOKEN_LENGTH = 32

/** The recordings on the node; they outlive a restart. */
export class Recordings {
  readonly #clock: Clock
  readonly #byId = new Map<string, Recording>()
  readonly #trackLinks = new Map<string, { track: TextTrack, untilMs: number }>()

  constructor (clock: Clock) {
    this.#clock = clock
  }

  get size (): number {
    return this.#byId.size
  }

  /** All recordings in order of their appearance. */
  all (): IterableIterator<Recording> {
    return this.#byId.values()
  }

  /** The recording with exactly this id, unless it was deleted. */
  get (recordID: string): Recording | undefined {
    const recording = this.#byId.get(recordID)
    return recording?.state === 'deleted' ? undefined : recording
  }

  /** Puts a recording on the node; without ids and times it looks like one of an hour that ended now. */
  add (wanted: NewRecording, hash: (meetingID: string) => string): Recording {
    const endTimeMs = wanted.endTimeMs ?? this.#clock.nowMs()
    const startTimeMs = wanted.startTimeMs ?? endTimeMs - HOUR_MS
    return this.#put({
      recordID: wanted.recordID ?? `${hash(wanted.meetingID)}-${startTimeMs + this.#byId.size}`,
      meetingID: wanted.meetingID,
      name: wanted.name ?? wanted.meetingID,
      isBreakout: false,
      parentId: undefined,
      sequence: 0,
      startTimeMs,
      endTimeMs,
      participants: wanted.participants ?? 1,
      processingTimeMs: PROCESSING_TIME_MS,
      metadata: new Map(Object.entries(wanted.metadata ?? {})),
      state: wanted.state ?? 'published',
      tracks: [],
    })
  }

  /** The recording of a meeting that just ended, not processed yet. */
  addOf (meeting: Meeting): Recording {
    return this.#put({
      recordID: meeting.internalMeetingID,
      meetingID: meeting.meetingID,
      name: meeting.name,
      isBreakout: meeting.parent !== undefined,
      parentId: meeting.parent?.internalMeetingID,
      sequence: meeting.sequence,
      startTimeMs: meeting.startedAtMs,
      endTimeMs: this.#clock.nowMs(),
      participants: Math.max(meeting.attended.size, meeting.counts?.participantCount ?? 0),
      processingTimeMs: PROCESSING_TIME_MS,
      metadata: new Map(Object.entries(meeting.metadata)),
      state: 'processing',
      tracks: [],
    })
  }

  /** The recordings that pass a filter; record ids win over meeting ids. */
  matching (filter: RecordingFilter): Recording[] {
    const found: Recording[] = []
    for (const recording of this.#byId.values()) {
      if (!filter.states.has('any') && !filter.states.has(recording.state)) continue
      if (isWanted(recording, filter)) found.push(recording)
    }
    return found
  }

  /** Makes a link token for a track: good once, for an hour. */
  linkTo (track: TextTrack): string {
    const token = randomToken(TRACK_LINK_TOKEN_LENGTH)
    this.#trackLinks.set(token, { track, untilMs: this.#clock.nowMs() + HOUR_MS })
    return token
  }

  /** The track behind a link token, which is used up by this. */
  takeLink (token: string): TextTrack | undefined {
    const link = this.#trackLinks.get(token)
    this.#trackLinks.delete(token)
    return link !== undefined && link.untilMs > this.#clock.nowMs() ? link.track : undefined
  }

  #put (recording: Recording): Recording {
    this.#byId.set(recording.recordID, recording)
    return recording
  }
}

function isWanted (recording: Recording, filter: RecordingFilter): boolean {
  if (filter.recordIDs.length > 0) {
    if (!filter.recordIDs.some((start) => recording.recordID.startsWith(start))) return false
  } else if (filter.meetingIDs.length > 0 && !filter.meetingIDs.includes(recording.meetingID)) {
    return false
  }
  for (const [name, pattern] of filter.metadata) {
    const value = recording.metadata.get(name)
    if (value === undefined || !matches(value, pattern)) return false
  }
  return true
}

function matches (value: string, pattern: string): boolean {
  const startsOpen = pattern.startsWith('%')
  const endsOpen = pattern.length > 1 && pattern.endsWith('%')
  const text = pattern.slice(startsOpen ? 1 : 0, endsOpen ? -1 : undefined)
  if (startsOpen && endsOpen) return value.includes(text)
  if (startsOpen) return value.endsWith(text)
  return endsOpen ? value.startsWith(text) : value === text
}
