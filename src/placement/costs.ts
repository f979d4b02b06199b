/**
 * What a meeting costs. The unit is the CPU of a node of weight 1: 1.0 is all of it.
 */

/** How many are in a meeting, or are expected to be. */
export interface Crowd {
  readonly people: number
  /** People with an open microphone. */
  readonly microphones: number
  /** Cameras switched on. */
  readonly cameras: number
}

/** What causes load, and what one of each costs, in this order everywhere. */
export const CAUSES = ['meeting', 'person', 'microphone', 'cameraSent', 'cameraReceived'] as const

/** The cost of one of each of CAUSES. */
export type Costs = readonly number[]

/**
 * Costs to begin with, measured on a node of eight cores: a meeting, a person who listens, an open microphone
 * on top of that, a camera sent, a camera received. They are learned anew where Prometheus tells the CPU;
 * without it only their proportions matter.
 */
export const START_COSTS: Costs = [0.010, 0.0031, 0.0019, 0.00125, 0.0005]

/** Cameras one person receives at most: BBB's clients show them in pages. */
const CAMERAS_ON_A_PAGE = 6

/** Camera pictures that are received in a meeting: everybody gets those of the others, as far as a page holds them. */
export function camerasReceived ({ people, cameras }: Crowd): number {
  return people > 1 ? people * Math.min(cameras * (1 - 1 / people), CAMERAS_ON_A_PAGE) : 0
}

/** The share of a meeting with that crowd. */
export function shareOf (crowd: Crowd, costs: Costs): number {
  const [meeting = 0, person = 0, microphone = 0, cameraSent = 0, cameraReceived = 0] = costs
  return meeting + person * crowd.people + microphone * crowd.microphones + cameraSent * crowd.cameras + cameraReceived * camerasReceived(crowd)
}
