import type { Forecast } from '../placement/forecast.js'
import type { Expectation, Opening } from '../placement/rooms.js'
import { peopleIn, type Copy, type DirectoryWatcher } from './directory.js'

export interface CoursesParts {
  /** How far a node's clock is ahead of ours. */
  readonly clockAheadMs: (nodeId: string) => number
  /** Whose meeting an external id is. */
  readonly tenantOf: (meetingID: string) => string
  /** Called when a meeting has ended and more is known of its room. */
  readonly learned: () => void
}

/** Keeps the forecast in step with the directory: every copy that is known has its course. */
export class Courses implements DirectoryWatcher {
  constructor (private readonly forecast: Forecast, private readonly parts: CoursesParts) {}

  added (copy: Copy): void {
    copy.course = this.forecast.begin(copy.nodeId, copy.expected ?? this.#expect(copy), this.#startedAtMs(copy))
  }

  reconsidered (copy: Copy): void {
    if (copy.course !== undefined) this.forecast.reconsider(copy.nodeId, copy.course, this.#expect(copy))
  }

  seen (copy: Copy, atMs: number): void {
    const { course } = copy
    if (course === undefined) return
    // One from the state file was begun before anybody knew its node's clock. One that tells no time is as old as what is known of it.
    if (!course.isSeen) course.startedAtMs = copy.createdAtMs === 0 ? atMs : this.#startedAtMs(copy)
    this.forecast.see(copy.nodeId, course, { people: copy.participants, microphones: copy.microphones, cameras: copy.cameras }, arrivingIn(copy), atMs)
  }

  awaited (copy: Copy): void {
    if (copy.course !== undefined) this.forecast.expectArrivals(copy.nodeId, copy.course, arrivingIn(copy))
  }

  removed (copy: Copy, goesOnAs?: Copy): void {
    if (copy.course === undefined) return
    this.forecast.end(copy.nodeId, copy.course, goesOnAs?.course)
    this.parts.learned()
  }

  #expect ({ meetingID, maxParticipants, announced, isBreakout, expected }: Copy): Expectation {
    const opening: Opening = { tenantId: this.parts.tenantOf(meetingID), meetingID, maxParticipants, announced, isBreakout, tags: expected?.tags }
    return this.forecast.expect(opening)
  }

  #startedAtMs (copy: Copy): number {
    return copy.createdAtMs - this.parts.clockAheadMs(copy.nodeId)
  }
}

function arrivingIn (copy: Copy): number {
  return peopleIn(copy) - copy.participants
}
