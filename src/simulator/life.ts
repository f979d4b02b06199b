import type { Clock, Timer } from '../clock.js'
import type { Attendance } from './attendance.js'
import type { MeetingEvent, MeetingObserver } from './events.js'
import type { Meeting, Meetings } from './meetings.js'
import type { User } from './users.js'
import { hasPeople } from './users.js'

const MINUTE_MS = 60_000
/** How long a node remembers somebody who left (BBB's usersTimeout). */
const USER_LINGER_MS = 60_000
/** After how long without a word from its page a client counts as gone. */
const PAGE_SILENCE_MS = 60_000
const WAITING_GUEST_TIMEOUT_MS = 30_000
// Node's timers run at once when asked to wait for more than 2^31 ms.
const LONGEST_WAIT_MS = 86_400_000

/**
 * When meetings and people go by themselves. One timer serves the whole node: it is set to the earliest
 * moment at which anything can be due, and `settle` looks again before every answer.
 */
export class Life {
  readonly #clock: Clock
  readonly #meetings: Meetings
  readonly #attendance: Attendance
  readonly #tell: MeetingObserver
  readonly #endDelayMs: number
  #nextDueMs = Infinity
  #timer: Timer | undefined
  #isClosed = false

  constructor (clock: Clock, meetings: Meetings, attendance: Attendance, tell: MeetingObserver, endDelayMs: number) {
    this.#clock = clock
    this.#meetings = meetings
    this.#attendance = attendance
    this.#tell = tell
    this.#endDelayMs = endDelayMs
  }

  /** Asks a meeting to end; it answers until the end takes effect. */
  requestEnd (meeting: Meeting): void {
    meeting.endingAtMs ??= this.#clock.nowMs() + this.#endDelayMs
    this.#await(meeting.endingAtMs)
  }

  /** Ends a meeting now, its breakouts first. */
  end (meeting: Meeting): void {
    for (const breakout of [...meeting.breakouts]) this.end(breakout)
    if (!this.#meetings.remove(meeting)) return
    if (meeting.endTimeMs === 0) meeting.endTimeMs = this.#clock.nowMs()
    this.#attendance.endAll(meeting)
    this.#tell({ kind: 'ended', meeting })
  }

  /** Keeps the timer right; told of everything that happens to a meeting. */
  observe (event: MeetingEvent): void {
    if (event.kind !== 'ended') this.#await(dueMs(event.meeting))
  }

  /** Carries out whatever is due by now. */
  settle (): void {
    const nowMs = this.#clock.nowMs()
    if (nowMs < this.#nextDueMs) return
    this.#nextDueMs = Infinity
    this.#timer?.cancel()
    this.#timer = undefined
    for (const meeting of [...this.#meetings.all()]) this.#settleMeeting(meeting, nowMs)
  }

  /** Calls the timer off for good. */
  close (): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  #settleMeeting (meeting: Meeting, nowMs: number): void {
    for (const user of [...meeting.users.values()]) {
      if (userDueMs(user) > nowMs) continue
      if (user.leftAtMs === undefined) this.#attendance.leave(meeting, user)
      else this.#attendance.forget(meeting, user)
    }
    if (meetingDueMs(meeting) <= nowMs) this.end(meeting)
    else this.#await(dueMs(meeting))
  }

  #await (atMs: number): void {
    if (atMs >= this.#nextDueMs || this.#isClosed) return
    this.#nextDueMs = atMs
    this.#setTimer()
  }

  #setTimer (): void {
    this.#timer?.cancel()
    const delayMs = Math.max(0, this.#nextDueMs - this.#clock.nowMs())
    this.#timer = this.#clock.after(Math.min(delayMs, LONGEST_WAIT_MS), () => {
      if (this.#clock.nowMs() < this.#nextDueMs) this.#setTimer()
      else this.settle()
    })
  }
}

/** The next moment at which something happens to the meeting by itself. */
function dueMs (meeting: Meeting): number {
  let due = meetingDueMs(meeting)
  for (const user of meeting.users.values()) due = Math.min(due, userDueMs(user))
  return due
}

function meetingDueMs (meeting: Meeting): number {
  const due = meeting.endingAtMs ?? Infinity
  return Math.min(due, durationDueMs(meeting), emptyDueMs(meeting))
}

function durationDueMs (meeting: Meeting): number {
  return meeting.durationMinutes > 0 ? meeting.createdAtMs + meeting.durationMinutes * MINUTE_MS : Infinity
}

function emptyDueMs (meeting: Meeting): number {
  if (hasPeople(meeting)) return Infinity
  const minutes = meeting.hasUserJoined ? meeting.expireWhenLastUserLeftMinutes : meeting.expireIfNoUserJoinedMinutes
  if (minutes <= 0) return Infinity
  return (meeting.hasUserJoined ? meeting.endTimeMs : meeting.createdAtMs) + minutes * MINUTE_MS
}

function userDueMs (user: User): number {
  if (user.leftAtMs !== undefined) return user.leftAtMs + USER_LINGER_MS
  if (user.guestStatus === 'WAIT') return (user.lastSeenAtMs ?? user.joinedAtMs) + WAITING_GUEST_TIMEOUT_MS
  return user.lastSeenAtMs === undefined ? Infinity : user.lastSeenAtMs + PAGE_SILENCE_MS
}
