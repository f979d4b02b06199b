/**
 * What a meeting counts for on its node. The unit is the CPU of a node of weight 1: 1.0 is all of it.
 * The start values say "weight 1 is eight cores"; they were measured on such a node.
 */

/** Costs of one meeting, one person, one listener, one open microphone, one camera sent, one camera received. */
const COST = { meeting: 0.010, person: 0.0025, listener: 0.0006, microphone: 0.0025, cameraSent: 0.00125, cameraReceived: 0.0005 } as const

/** Cameras one person receives at most: BBB's clients show them in pages. */
const CAMERAS_ON_A_PAGE = 6

/** A meeting fills for about ten minutes: late joiners, cameras switched on. Until then it counts for what is expected of it. */
export const FILLING_MS = 600_000

/** How many are in a meeting, or are expected to be. */
export interface Crowd {
  readonly people: number
  readonly microphones: number
  readonly cameras: number
}

/** What the first meeting of a room nobody knows is like, on average over schools and universities. */
export const FIRST_MEETING: Crowd = { people: 15, microphones: 6, cameras: 2 }

const NOBODY: Crowd = { people: 0, microphones: 0, cameras: 0 }

/** The share of a meeting with that many people, microphones and cameras. */
export function shareOf ({ people, microphones, cameras }: Crowd): number {
  const listeners = Math.max(0, people - microphones)
  const seenByOne = people === 0 ? 0 : Math.min(cameras * (1 - 1 / people), CAMERAS_ON_A_PAGE)
  return COST.meeting + COST.person * people + COST.listener * listeners + COST.microphone * microphones +
    COST.cameraSent * cameras + COST.cameraReceived * people * Math.max(0, seenByOne)
}

/**
 * What a meeting of a room is expected to become. `maxParticipants` 0 means no limit. A breakout room is
 * expected to hold nobody: its people are counted in the meeting they come from.
 */
export function expectedCrowd (maxParticipants: number, isBreakout: boolean): Crowd {
  if (isBreakout) return NOBODY
  if (maxParticipants <= 0 || maxParticipants >= FIRST_MEETING.people) return FIRST_MEETING
  return {
    people: maxParticipants,
    microphones: Math.min(maxParticipants, FIRST_MEETING.microphones),
    cameras: Math.min(maxParticipants, FIRST_MEETING.cameras),
  }
}

/** A share in its two parts: what is seen of the meeting, and what is held for what is still expected of it. */
export interface Share {
  readonly live: number
  readonly reserved: number
}

/**
 * What a meeting counts for now. `ageMs` is its age; `seen` whether a poll has shown it yet.
 * The reservation fades in a straight line while the meeting fills.
 */
export function shareNow (present: Crowd, expected: Crowd, ageMs: number, seen: boolean): Share {
  if (!seen) return { live: 0, reserved: Math.max(shareOf(expected), shareOf(present)) }
  const live = shareOf(present)
  const young = Math.min(1, Math.max(0, 1 - ageMs / FILLING_MS))
  if (young === 0) return { live, reserved: 0 }
  const full = shareOf({
    people: Math.max(present.people, expected.people),
    microphones: Math.max(present.microphones, expected.microphones),
    cameras: Math.max(present.cameras, expected.cameras),
  })
  return { live, reserved: young * Math.max(0, full - live) }
}
