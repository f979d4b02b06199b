import type { Meeting } from './meetings.js'
import type { User } from './users.js'

/** Something that happened to a meeting. `changed` is everything that is not worth a name of its own. */
export type MeetingEvent =
  | { kind: 'created' | 'changed' | 'ended', meeting: Meeting }
  | { kind: 'user-joined' | 'user-left', meeting: Meeting, user: User }

/** Told of every event, in order, before the call that caused it is answered. */
export type MeetingObserver = (event: MeetingEvent) => void
