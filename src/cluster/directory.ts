import type { ListedMeeting } from '../bbb/meetings-reader.js'
import type { Course } from '../placement/course.js'
import type { Expectation } from '../placement/rooms.js'

/** How long a redirected join counts as a person who is on the way: a browser needs that long to arrive. */
const JOIN_ARRIVAL_MS = 10_000

/** A join that no poll has confirmed for so long is not counted any more. */
const JOIN_FORGOTTEN_MS = 600_000

/** Polls that must not list a meeting before it is gone: one may have been answered from a node's stale view. */
const ABSENCES_UNTIL_GONE = 2

/** How long a removed meeting is remembered, so that a poll that was already under way cannot bring it back. */
const REMOVAL_REMEMBERED_MS = 60_000

/** One meeting on one node. Normally an id has one copy; after a failover it may have more. */
export interface Copy {
  readonly meetingID: string
  readonly internalMeetingID: string
  readonly nodeId: string
  /** The node's own time of creation, as it stands in its answers. */
  readonly createdAtMs: number
  voiceBridge: string
  name: string
  isBreakout: boolean
  /** External id of the parent where a client named it, its internal id where a node did; '' if none. */
  parentMeetingID: string
  maxParticipants: number
  /** People the client said it expects; 0 if it said nothing. */
  announced: number
  /** What was expected of it when it was placed here; undefined where others placed it. */
  expected: Expectation | undefined
  /** How it goes on, as far as placement cares. */
  course: Course | undefined
  participants: number
  moderators: number
  microphones: number
  cameras: number
  /** Times of joins that no poll has had the chance to show yet; undefined if there are none. */
  joinsAtMs: number[] | undefined
  /** Participants when the first of those joins was sent there. */
  participantsBeforeJoins: number
  /** When its create answered here; 0 where it was found by a poll or in the state file. */
  answeredAtMs: number
  /** Start of the last poll that listed it; 0 if none has. */
  seenAtMs: number
  /** Polls in a row that could have listed it and did not. */
  absences: number
  /** When `end` succeeded; 0 while nobody ended it. */
  endingSinceMs: number
  /** Grows with every call that changed the meeting through this gateway. */
  changes: number
}

/** What is known of a new copy; the rest starts empty. */
export interface NewCopy {
  readonly meetingID: string
  readonly internalMeetingID: string
  readonly nodeId: string
  readonly createdAtMs: number
  readonly voiceBridge: string
  readonly name?: string
  readonly isBreakout?: boolean
  readonly parentMeetingID?: string
  readonly maxParticipants?: number
  readonly announced?: number
  readonly expected?: Expectation | undefined
  readonly answeredAtMs?: number
}

/** Told of what happens to copies. */
export interface DirectoryWatcher {
  added (copy: Copy): void
  /** What decides what is expected of the copy turned out to be different. */
  reconsidered (copy: Copy): void
  /** A poll that started at `atMs` showed it. */
  seen (copy: Copy, atMs: number): void
  /** Somebody was sent there. */
  awaited (copy: Copy): void
  /** Its id may go on as another copy, after a failover. */
  removed (copy: Copy, goesOnAs: Copy | undefined): void
}

export interface Reconciled {
  readonly added: Copy[]
  readonly removed: Copy[]
}

/** People in the copy as far as is known: those a poll showed, or those who were there and were sent there since. */
export function peopleIn (copy: Copy): number {
  return Math.max(copy.participants, copy.participantsBeforeJoins + (copy.joinsAtMs?.length ?? 0))
}

/**
 * Meeting id → its copies. It is rebuilt from polls and forgets a meeting on positive evidence only:
 * its node says `notFound`, or two polls that started after its create answered do not list it.
 */
export class Directory {
  /** External id → copies, the current one first. */
  readonly #byExternal = new Map<string, Copy[]>()
  readonly #byInternal = new Map<string, Copy>()
  readonly #byNode = new Map<string, Map<string, Copy>>()
  /** node + internal id → when it was removed. */
  readonly #removedAtMs = new Map<string, number>()

  /** `isAway`: whether a node is down, so that nobody knows who is still in its meetings. */
  constructor (private readonly isAway: (nodeId: string) => boolean = () => false, private readonly watcher?: DirectoryWatcher) {}

  /** Number of ids. */
  get size (): number { return this.#byExternal.size }

  /** Number of ids with more than one copy. */
  get duplicates (): number {
    let count = 0
    for (const copies of this.#byExternal.values()) if (copies.length > 1) count++
    return count
  }

  /** The copies of an external id, the current one first; empty if there are none. */
  copiesOf (meetingID: string): readonly Copy[] {
    return this.#byExternal.get(meetingID) ?? NO_COPIES
  }

  byInternalId (internalMeetingID: string): Copy | undefined {
    return this.#byInternal.get(internalMeetingID)
  }

  onNode (nodeId: string): ReadonlyMap<string, Copy> {
    return this.#byNode.get(nodeId) ?? NO_MAP
  }

  * all (): Generator<Copy> {
    for (const copies of this.#byExternal.values()) yield * copies
  }

  isCurrent (copy: Copy): boolean {
    return this.#byExternal.get(copy.meetingID)?.[0] === copy
  }

  /** Adds a copy that a create answered for, a poll listed or the state file remembered; a known one is returned as it is. */
  add (created: NewCopy, makeCurrent: boolean): Copy {
    const known = this.#byNode.get(created.nodeId)?.get(created.internalMeetingID)
    if (known !== undefined) {
      if (created.answeredAtMs !== undefined) {
        known.answeredAtMs = created.answeredAtMs
        known.absences = 0
        known.endingSinceMs = 0
      }
      if (created.expected !== undefined) {
        // A poll has shown it before its create answered, without telling everything.
        known.expected = created.expected
        this.watcher?.reconsidered(known)
      }
      if (makeCurrent) this.#makeCurrent(known)
      return known
    }
    const copy: Copy = {
      meetingID: created.meetingID,
      internalMeetingID: created.internalMeetingID,
      nodeId: created.nodeId,
      createdAtMs: created.createdAtMs,
      voiceBridge: created.voiceBridge,
      name: created.name ?? '',
      isBreakout: created.isBreakout ?? false,
      parentMeetingID: created.parentMeetingID ?? '',
      maxParticipants: created.maxParticipants ?? 0,
      announced: created.announced ?? 0,
      expected: created.expected,
      course: undefined,
      participants: 0,
      moderators: 0,
      microphones: 0,
      cameras: 0,
      joinsAtMs: undefined,
      participantsBeforeJoins: 0,
      answeredAtMs: created.answeredAtMs ?? 0,
      seenAtMs: 0,
      absences: 0,
      endingSinceMs: 0,
      changes: 0,
    }
    const copies = this.#byExternal.get(copy.meetingID)
    if (copies === undefined) this.#byExternal.set(copy.meetingID, [copy])
    else if (makeCurrent) copies.unshift(copy)
    else copies.push(copy)
    this.#byInternal.set(copy.internalMeetingID, copy)
    let onNode = this.#byNode.get(copy.nodeId)
    if (onNode === undefined) this.#byNode.set(copy.nodeId, onNode = new Map())
    onNode.set(copy.internalMeetingID, copy)
    this.watcher?.added(copy)
    return copy
  }

  /** Takes a copy out; `nowMs` guards it against polls that started earlier. */
  remove (copy: Copy, nowMs: number): void {
    const onNode = this.#byNode.get(copy.nodeId)
    if (onNode?.get(copy.internalMeetingID) !== copy) return
    onNode.delete(copy.internalMeetingID)
    this.#removedAtMs.set(removalKey(copy.nodeId, copy.internalMeetingID), nowMs)
    const copies = (this.#byExternal.get(copy.meetingID) ?? []).filter((other) => other !== copy)
    if (copies.length === 0) this.#byExternal.delete(copy.meetingID)
    else this.#byExternal.set(copy.meetingID, copies)
    if (this.#byInternal.get(copy.internalMeetingID) === copy) this.#byInternal.delete(copy.internalMeetingID)
    this.#settleCurrent(copy.meetingID)
    this.watcher?.removed(copy, copies[0])
  }

  /** Forgets a node and everything on it. */
  removeNode (nodeId: string, nowMs: number): void {
    for (const copy of [...this.onNode(nodeId).values()]) this.remove(copy, nowMs)
    this.#byNode.delete(nodeId)
  }

  /** Notes a person who was sent to the copy and has not been seen there yet. */
  joined (copy: Copy, nowMs: number): void {
    if (copy.joinsAtMs === undefined) {
      copy.participantsBeforeJoins = copy.participants
      copy.joinsAtMs = [nowMs]
    } else {
      // Where no poll comes by, nobody else takes them off.
      while ((copy.joinsAtMs[0] ?? nowMs) + JOIN_FORGOTTEN_MS <= nowMs) copy.joinsAtMs.shift()
      copy.joinsAtMs.push(nowMs)
    }
    copy.changes++
    this.watcher?.awaited(copy)
  }

  /** Notes that `end` succeeded: the copy is still followed, but no longer the one a create may find. */
  ended (copy: Copy, nowMs: number): void {
    if (copy.endingSinceMs === 0) copy.endingSinceMs = nowMs
  }

  /** Notes that the copy goes on although it was ended. */
  stillThere (copy: Copy): void {
    copy.endingSinceMs = 0
  }

  /**
   * Takes in a poll of a node that started at `startedAtMs`. A poll decides nothing about what was created
   * or removed after it started. Only a poll that was due counts absences: those that gathered calls ask for
   * may follow each other so closely that all see the same stale view of the node.
   */
  reconcile (nodeId: string, listed: readonly ListedMeeting[], startedAtMs: number, isDue = true): Reconciled {
    const added: Copy[] = []
    const removed: Copy[] = []
    for (const meeting of listed) {
      const removedAtMs = this.#removedAtMs.get(removalKey(nodeId, meeting.internalMeetingID))
      if (removedAtMs !== undefined && removedAtMs >= startedAtMs) continue
      let copy = this.#byNode.get(nodeId)?.get(meeting.internalMeetingID)
      if (copy === undefined) {
        copy = this.add({
          meetingID: meeting.meetingID,
          internalMeetingID: meeting.internalMeetingID,
          nodeId,
          createdAtMs: meeting.createdAtMs,
          voiceBridge: meeting.voiceBridge,
          isBreakout: meeting.isBreakout,
          maxParticipants: meeting.maxParticipants,
          announced: meeting.expectedParticipants,
        }, false)
        added.push(copy)
      }
      this.#see(copy, meeting, startedAtMs)
    }
    for (const copy of isDue ? this.onNode(nodeId).values() : []) {
      if (copy.seenAtMs >= startedAtMs || copy.answeredAtMs >= startedAtMs) continue
      copy.absences++
      if (copy.absences >= ABSENCES_UNTIL_GONE) removed.push(copy)
    }
    for (const copy of removed) this.remove(copy, startedAtMs)
    for (const copy of this.onNode(nodeId).values()) this.#settleCurrent(copy.meetingID)
    this.#forgetRemovals(startedAtMs)
    return { added, removed }
  }

  #see (copy: Copy, meeting: ListedMeeting, startedAtMs: number): void {
    // Polls may overlap, and the earlier one end last.
    if (startedAtMs < copy.seenAtMs) return
    copy.seenAtMs = startedAtMs
    copy.absences = 0
    copy.name = meeting.name
    copy.voiceBridge = meeting.voiceBridge
    if (copy.parentMeetingID === '') copy.parentMeetingID = meeting.parentMeetingID
    const announced = meeting.expectedParticipants > 0 ? meeting.expectedParticipants : copy.announced
    if (copy.isBreakout !== meeting.isBreakout || copy.maxParticipants !== meeting.maxParticipants || copy.announced !== announced) {
      copy.isBreakout = meeting.isBreakout
      copy.maxParticipants = meeting.maxParticipants
      copy.announced = announced
      this.watcher?.reconsidered(copy)
    }
    if (meeting.counts !== undefined) {
      copy.participants = meeting.counts.participants
      copy.moderators = meeting.counts.moderators
      copy.microphones = meeting.counts.voices
      copy.cameras = meeting.counts.videos
    }
    if (copy.joinsAtMs !== undefined) this.#welcome(copy, copy.joinsAtMs, startedAtMs)
    this.watcher?.seen(copy, startedAtMs)
  }

  /** Takes those off the list of people on their way who had the time to arrive before the poll. */
  #welcome (copy: Copy, joinsAtMs: readonly number[], startedAtMs: number): void {
    const onTheWay = joinsAtMs.filter((joinedAtMs) => joinedAtMs + JOIN_ARRIVAL_MS > startedAtMs)
    const arrived = joinsAtMs.length - onTheWay.length
    copy.joinsAtMs = onTheWay.length === 0 ? undefined : onTheWay
    copy.participantsBeforeJoins = onTheWay.length === 0 ? 0 : Math.min(copy.participants, copy.participantsBeforeJoins + arrived)
  }

  /** The current copy changes only when it is empty and another, on a node that can be reached, is not. */
  #settleCurrent (meetingID: string): void {
    const copies = this.#byExternal.get(meetingID)
    const current = copies?.[0]
    if (copies === undefined || copies.length < 2 || current === undefined || peopleIn(current) > 0) return
    const busiest = copies.reduce((best, copy) => peopleIn(copy) > peopleIn(best) && !this.isAway(copy.nodeId) ? copy : best)
    if (busiest !== current) this.#makeCurrent(busiest)
  }

  #makeCurrent (copy: Copy): void {
    const copies = this.#byExternal.get(copy.meetingID)
    if (copies === undefined || copies[0] === copy) return
    this.#byExternal.set(copy.meetingID, [copy, ...copies.filter((other) => other !== copy)])
  }

  #forgetRemovals (nowMs: number): void {
    for (const [key, removedAtMs] of this.#removedAtMs) {
      if (removedAtMs + REMOVAL_REMEMBERED_MS > nowMs) break
      this.#removedAtMs.delete(key)
    }
  }
}

const NO_COPIES: readonly Copy[] = []
const NO_MAP: ReadonlyMap<string, Copy> = new Map()

function removalKey (nodeId: string, internalMeetingID: string): string {
  return `${nodeId} ${internalMeetingID}`
}
