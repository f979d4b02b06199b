import { shareOf, type Costs } from './costs.js'
import type { Typical } from './room.js'

/** What first meetings of rooms are like before any was seen, over schools and universities. */
export const FIRST_MEETING: Typical = { people: 15, microphones: 6, cameras: 2, durationMs: 50 * 60_000 }

/** The newest meeting weighs at least this; each of the early ones weighs a little more. */
const LEAST_NEWS_OF_FIRST = 0.01
const EARLY_NEWS_OF_FIRST = 0.05

/** What first meetings of a tenant's rooms are like. */
export interface FirstMeetings {
  readonly tenantId: string
  typical: Typical
  meetings: number
  /** Mean square of how far their shares were from the one that was expected, in parts of it. */
  variance: number
}

/** The first meetings of a tenant of whom nothing is known. */
export function firstMeetings (tenantId: string): FirstMeetings {
  return { tenantId, typical: FIRST_MEETING, meetings: 0, variance: 1 }
}

/** Takes in what one more first meeting was like. */
export function learnFirst (first: FirstMeetings, typical: Typical, costs: Costs): void {
  first.meetings++
  const news = first.meetings <= 1 / EARLY_NEWS_OF_FIRST ? EARLY_NEWS_OF_FIRST : Math.max(1 / first.meetings, LEAST_NEWS_OF_FIRST)
  const miss = shareOf(typical, costs) / shareOf(first.typical, costs) - 1
  first.variance += news * (miss * miss - first.variance)
  const learnt = (known: number, seen: number): number => known + news * (seen - known)
  first.typical = {
    people: learnt(first.typical.people, typical.people),
    microphones: learnt(first.typical.microphones, typical.microphones),
    cameras: learnt(first.typical.cameras, typical.cameras),
    durationMs: learnt(first.typical.durationMs, typical.durationMs),
  }
}
