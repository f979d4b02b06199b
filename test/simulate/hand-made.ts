import { courseOf } from './attendance.js'
import { BINS, binOf, FIRST_MEASURED_DAY, timeOf } from './calendar.js'
import type { SeenMeeting } from './strategy.js'
import { scenarioNamed } from './scenarios.js'
import type { Meeting, Trace, TraceNode } from './trace.js'

/** Traces and meetings small enough to be worked out by hand. */

/** Ten o'clock of a measured day, Monday being 0. */
export function tenOnDay (day: number): number {
  return timeOf(FIRST_MEASURED_DAY + day, 10 * 3_600)
}

export interface SmallMeeting {
  readonly createdAtS: number
  readonly minutes: number
  readonly people: number
  readonly factor?: number
}

/** A meeting whose people all come and go at once, without cameras and microphones. */
export function smallMeeting ({ createdAtS, minutes, people, factor = 1 }: SmallMeeting, index: number): Meeting {
  const comesAtS = createdAtS + 1
  const course = courseOf([
    { atS: comesAtS, people, microphones: 0, cameras: 0 },
    { atS: comesAtS + minutes * 60, people: -people, microphones: 0, cameras: 0 },
  ], new Int32Array(people).fill(comesAtS), { createdAtS, factor })
  return {
    ...course, index, room: index, createdAtS, maxParticipants: 0, announced: 0, moderators: 1, firstBin: binOf(createdAtS), replacedBy: -1, isReplacement: false,
  }
}

export function smallTrace (nodes: ReadonlyArray<{ readonly cores: number, readonly weight?: number }>, meetings: readonly SmallMeeting[]): Trace {
  return {
    scenario: scenarioNamed('school'),
    seed: 1,
    nodes: nodes.map(({ cores, weight = 1 }): TraceNode => ({ cores, weight, phase: 0, background: new Float32Array(BINS) })),
    meetings: meetings.map(smallMeeting),
    losses: [],
  }
}

/** A meeting as a poll shows it: nobody there unless said. */
export function seen (id: number, counts: Partial<SeenMeeting> = {}): SeenMeeting {
  return { id, room: id, createdAtS: 0, maxParticipants: 0, announced: 0, people: 0, moderators: 0, microphones: 0, cameras: 0, ...counts }
}
