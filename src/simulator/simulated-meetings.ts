import { createHash } from 'node:crypto'
import type { NodeContext } from './context.js'
import type { Meeting, NewMeeting } from './meetings.js'
import type { Counts, NewUser, User } from './users.js'
import { waitingUsers } from './users.js'

/** The meetings of a node from the inside, without the API: for tests, demos and the control addresses. */
export class SimulatedMeetings {
  readonly #node: NodeContext

  constructor (node: NodeContext) {
    this.#node = node
  }

  /** Every meeting now on the node, oldest first. */
  list (): Meeting[] {
    this.#node.life.settle()
    return [...this.#node.meetings.all()]
  }

  /** The meeting with this external or internal id. */
  get (meetingID: string): Meeting | undefined {
    this.#node.life.settle()
    return this.#node.meetings.findExternal(meetingID) ?? this.list().find((meeting) => meeting.internalMeetingID === meetingID)
  }

  /** Makes a meeting as a create call would, without asking whether the id is free. */
  create (wanted: NewMeeting): Meeting {
    const meeting = this.#node.meetings.add(wanted)
    this.#node.tell({ kind: 'created', meeting })
    return meeting
  }

  /** Puts somebody into a meeting. */
  addUser (meetingID: string, wanted: NewUser): User {
    return this.#node.attendance.join(this.#named(meetingID), wanted)
  }

  /** Puts this many people into a meeting, called after what they do. */
  addUsers (meetingID: string, count: number, wanted: Partial<NewUser> = {}): User[] {
    const meeting = this.#named(meetingID)
    const before = meeting.users.size
    return Array.from({ length: count }, (_, i) =>
      this.#node.attendance.join(meeting, { fullName: `Person ${before + i + 1}`, ...wanted }))
  }

  /** Changes what somebody does; `userID` is the external or the internal one. */
  changeUser (meetingID: string, userID: string, change: Partial<Pick<User, 'hasVideo' | 'hasJoinedVoice' | 'isListeningOnly' | 'isPresenter' | 'customdata'>>): void {
    const meeting = this.#named(meetingID)
    this.#node.attendance.change(meeting, this.#user(meeting, userID), change)
  }

  /** Makes somebody leave; the node still remembers them for a minute. */
  removeUser (meetingID: string, userID: string): void {
    const meeting = this.#named(meetingID)
    this.#node.attendance.leave(meeting, this.#user(meeting, userID))
  }

  /** Makes everybody leave. */
  removeAllUsers (meetingID: string): void {
    const meeting = this.#named(meetingID)
    for (const user of [...meeting.users.values()]) this.#node.attendance.leave(meeting, user)
  }

  /** Lets everybody in who waits; gives how many that were. */
  letGuestsIn (meetingID: string): number {
    const meeting = this.#named(meetingID)
    const waiting = waitingUsers(meeting).length
    this.#node.attendance.letIn(meeting)
    return waiting
  }

  /** Makes a meeting report these numbers, as if that many people were in; undefined goes back to counting. */
  setCounts (meetingID: string, counts: Partial<Counts> | undefined): void {
    this.#node.attendance.setCounts(this.#named(meetingID), counts)
  }

  /** Opens breakout rooms as a moderator does in the client: no API call, ids made by the node. */
  createBreakouts (meetingID: string, count: number, options: { durationMinutes?: number, freeJoin?: boolean } = {}): Meeting[] {
    const parent = this.#named(meetingID)
    const atMs = this.#node.clock.nowMs()
    const first = parent.breakouts.length + 1
    return Array.from({ length: count }, (_, i) => {
      const sequence = first + i
      const hash = createHash('sha1').update(`${parent.internalMeetingID}-${atMs}-${sequence}`).digest('hex')
      return this.create({
        meetingID: `${hash}-${atMs}`,
        name: `${parent.name} (Room ${sequence})`,
        attendeePW: parent.attendeePW,
        moderatorPW: parent.moderatorPW,
        voiceBridge: `${parent.voiceBridge}${sequence}`,
        dialNumber: parent.dialNumber,
        metadata: parent.metadata,
        durationMinutes: options.durationMinutes ?? BREAKOUT_MINUTES,
        record: parent.record,
        parent,
        sequence,
        freeJoin: options.freeJoin ?? false,
      })
    })
  }

  /** Ends a meeting at once, as a moderator does in the client. */
  end (meetingID: string): void {
    this.#node.life.end(this.#named(meetingID))
  }

  #named (meetingID: string): Meeting {
    const meeting = this.get(meetingID)
    if (meeting === undefined) throw new Error(`there is no meeting ${meetingID} on ${this.#node.name}`)
    return meeting
  }

  #user (meeting: Meeting, userID: string): User {
    const users = [...meeting.users.values()]
    const user = meeting.users.get(userID) ??
      users.find((one) => one.userID === userID && one.leftAtMs === undefined) ??
      users.find((one) => one.userID === userID)
    if (user === undefined) throw new Error(`there is nobody called ${userID} in ${meeting.meetingID}`)
    return user
  }
}

const BREAKOUT_MINUTES = 15
