import type { Clock } from '../clock.js'
import type { MeetingObserver } from './events.js'
import type { Meeting } from './meetings.js'
import { randomToken } from './random.js'
import type { Counts, NewUser, User } from './users.js'
import { hasPeople, waitingUsers } from './users.js'

/** Somebody's session in the client. */
export interface Session {
  meeting: Meeting
  user: User
}

const SESSION_TOKEN_LENGTH = 16
const ID_LENGTH = 12

/** Who comes, goes and does what in the meetings of the node. */
export class Attendance {
  readonly #clock: Clock
  readonly #tell: MeetingObserver
  readonly #sessions = new Map<string, Session>()

  constructor (clock: Clock, tell: MeetingObserver) {
    this.#clock = clock
    this.#tell = tell
  }

  /** The session behind a token, for as long as its meeting lives. */
  session (sessionToken: string): Session | undefined {
    return this.#sessions.get(sessionToken)
  }

  /** Every session, in order of joining. */
  sessions (): IterableIterator<Session> {
    return this.#sessions.values()
  }

  /** Puts a person into a meeting; the first one becomes presenter. */
  join (meeting: Meeting, wanted: NewUser): User {
    const internalUserId = `w_${randomToken(ID_LENGTH)}`
    const user: User = {
      userID: wanted.userID ?? internalUserId,
      internalUserId,
      sessionToken: randomToken(SESSION_TOKEN_LENGTH),
      authToken: randomToken(ID_LENGTH),
      fullName: wanted.fullName,
      role: wanted.role ?? 'VIEWER',
      isGuest: wanted.isGuest ?? false,
      isBot: wanted.isBot ?? false,
      joinedAtMs: this.#clock.nowMs(),
      logoutUrl: wanted.logoutUrl,
      clientType: wanted.clientType ?? 'HTML5',
      guestStatus: wanted.guestStatus ?? 'ALLOW',
      isPresenter: false,
      isListeningOnly: wanted.isListeningOnly ?? false,
      hasJoinedVoice: wanted.hasJoinedVoice ?? false,
      hasVideo: wanted.hasVideo ?? false,
      customdata: wanted.customdata ?? {},
      leftAtMs: undefined,
      lastSeenAtMs: undefined,
    }
    meeting.users.set(internalUserId, user)
    this.#sessions.set(user.sessionToken, { meeting, user })
    if (user.guestStatus === 'ALLOW') this.#enter(meeting, user)
    else this.#tell({ kind: 'changed', meeting })
    return user
  }

  /** Lets everybody in who waits. */
  letIn (meeting: Meeting): void {
    for (const user of waitingUsers(meeting)) {
      user.guestStatus = 'ALLOW'
      this.#enter(meeting, user)
    }
  }

  /** Makes a person leave; the node remembers them for a while yet. */
  leave (meeting: Meeting, user: User): void {
    if (user.leftAtMs !== undefined) return
    user.leftAtMs = this.#clock.nowMs()
    user.hasVideo = false
    user.hasJoinedVoice = false
    user.isListeningOnly = false
    if (user.guestStatus !== 'ALLOW') {
      this.forget(meeting, user)
      return
    }
    if (!hasPeople(meeting)) meeting.endTimeMs = user.leftAtMs
    this.#tell({ kind: 'user-left', meeting, user })
  }

  /** Makes somebody who left come back into the same session, as a reload of the page does. */
  comeBack (meeting: Meeting, user: User): void {
    if (user.leftAtMs === undefined) return
    user.leftAtMs = undefined
    meeting.users.set(user.internalUserId, user)
    this.#enter(meeting, user)
  }

  /** Takes a person who left out of the node's memory. */
  forget (meeting: Meeting, user: User): void {
    meeting.users.delete(user.internalUserId)
    this.#sessions.delete(user.sessionToken)
    this.#tell({ kind: 'changed', meeting })
  }

  /** Turns a person's camera, microphone or listening on or off. */
  change (meeting: Meeting, user: User, change: Partial<Pick<User, 'hasVideo' | 'hasJoinedVoice' | 'isListeningOnly' | 'isPresenter' | 'customdata'>>): void {
    Object.assign(user, change)
    this.#tell({ kind: 'changed', meeting })
  }

  /** Makes a meeting report these numbers instead of counting; undefined goes back to counting. */
  setCounts (meeting: Meeting, counts: Partial<Counts> | undefined): void {
    const hadPeople = hasPeople(meeting)
    meeting.counts = counts
    if (hasPeople(meeting)) {
      meeting.hasUserJoined = true
      meeting.endTimeMs = 0
      if (meeting.record) meeting.hasRecordingMarks = true
    } else if (hadPeople) {
      meeting.endTimeMs = this.#clock.nowMs()
    }
    this.#tell({ kind: 'changed', meeting })
  }

  /** Drops the sessions of a meeting that is over. */
  endAll (meeting: Meeting): void {
    for (const user of meeting.users.values()) this.#sessions.delete(user.sessionToken)
  }

  /** Drops every session, as a restart does. */
  clear (): void {
    this.#sessions.clear()
  }

  #enter (meeting: Meeting, user: User): void {
    user.isPresenter = ![...meeting.users.values()].some((other) => other.isPresenter && other.leftAtMs === undefined)
    meeting.hasUserJoined = true
    meeting.endTimeMs = 0
    meeting.attended.set(user.userID, user)
    if (meeting.record) meeting.hasRecordingMarks = true
    this.#tell({ kind: 'user-joined', meeting, user })
  }
}
