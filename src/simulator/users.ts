import type { Meeting } from './meetings.js'

export type Role = 'MODERATOR' | 'VIEWER'
export type GuestStatus = 'ALLOW' | 'WAIT' | 'DENY'

/** One person of a meeting: present, waiting to be let in, or gone but still remembered. */
export interface User {
  /** The id the caller knows, by default the internal one. Several people may share it. */
  readonly userID: string
  readonly internalUserId: string
  readonly sessionToken: string
  readonly authToken: string
  readonly fullName: string
  readonly role: Role
  readonly isGuest: boolean
  readonly joinedAtMs: number
  /** Where this person goes after leaving; undefined for the page's own good-bye. */
  readonly logoutUrl: string | undefined
  readonly clientType: string
  readonly isBot: boolean
  guestStatus: GuestStatus
  isPresenter: boolean
  isListeningOnly: boolean
  hasJoinedVoice: boolean
  hasVideo: boolean
  /** Element names are written as they are, so that a test can send names no parser takes. */
  customdata: Record<string, string>
  /** When this person left; undefined while present. */
  leftAtMs: number | undefined
  /** When the client page last asked; undefined for people whose page was never opened. */
  lastSeenAtMs: number | undefined
}

/** What may be said about a person who is put into a meeting. */
export interface NewUser {
  fullName: string
  userID?: string
  role?: Role
  isListeningOnly?: boolean
  hasJoinedVoice?: boolean
  hasVideo?: boolean
  customdata?: Record<string, string>
  clientType?: string
  isGuest?: boolean
  isBot?: boolean
  guestStatus?: GuestStatus
  logoutUrl?: string
}

/** The numbers of getMeetingInfo. */
export interface Counts {
  participantCount: number
  listenerCount: number
  voiceParticipantCount: number
  videoCount: number
  moderatorCount: number
}

/** The people of a meeting who are there now. */
export function presentUsers (meeting: Meeting): User[] {
  return [...meeting.users.values()].filter((user) => user.leftAtMs === undefined && user.guestStatus === 'ALLOW')
}

/** The people of a meeting who were let in, with those who left less than a minute ago. */
export function rememberedUsers (meeting: Meeting): User[] {
  return [...meeting.users.values()].filter((user) => user.guestStatus === 'ALLOW')
}

/** The people who wait for a moderator to let them in. */
export function waitingUsers (meeting: Meeting): User[] {
  return [...meeting.users.values()].filter((user) => user.leftAtMs === undefined && user.guestStatus === 'WAIT')
}

/** Whether anybody is in the meeting now, counted people included. */
export function hasPeople (meeting: Meeting): boolean {
  if ((meeting.counts?.participantCount ?? 0) > 0) return true
  for (const user of meeting.users.values()) {
    if (user.leftAtMs === undefined && user.guestStatus === 'ALLOW') return true
  }
  return false
}

/** BBB's `running`: somebody is in, or left so recently that the node still remembers. */
export function isRunning (meeting: Meeting): boolean {
  if ((meeting.counts?.participantCount ?? 0) > 0) return true
  for (const user of meeting.users.values()) {
    if (user.guestStatus === 'ALLOW') return true
  }
  return false
}

/** Counts over these people, with the counts that were set by hand on top. */
export function countsOf (meeting: Meeting, users: readonly User[]): Counts {
  const counts = { participantCount: 0, listenerCount: 0, voiceParticipantCount: 0, videoCount: 0, moderatorCount: 0 }
  for (const user of users) {
    counts.participantCount++
    if (user.isListeningOnly) counts.listenerCount++
    if (user.hasJoinedVoice) counts.voiceParticipantCount++
    if (user.hasVideo) counts.videoCount++
    if (user.role === 'MODERATOR') counts.moderatorCount++
  }
  return meeting.counts === undefined ? counts : { ...counts, ...meeting.counts }
}
