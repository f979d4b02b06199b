import type { ChecksumAlgorithm } from '../bbb/checksum.js'
import { HealthState, type Health, type HealthLimits } from './health.js'

/** What the operator wants of a node. */
export const ADMINISTRATIVE_STATES = ['enabled', 'draining', 'archive', 'disabled'] as const
export type AdministrativeState = typeof ADMINISTRATIVE_STATES[number]

/** A node as it stands in the configuration. */
export interface NodeSettings {
  readonly id: string
  /** The API's URL without a slash at its end: https://HOST/bigbluebutton/api */
  readonly url: string
  /** The first signs. */
  readonly secrets: readonly string[]
  readonly weight: number
  readonly tags: readonly string[]
  readonly state: AdministrativeState
  readonly checksum: ChecksumAlgorithm
  /** 0 means no limit. */
  readonly limits: { readonly meetings: number, readonly participants: number }
  /** Its `instance` in Prometheus, with or without a port; the host name of `url` where it is not given. */
  readonly prometheusInstance?: string
}

/** An operator's change of a node's state. It holds until the file says something else than when it was made. */
export interface StateOverride {
  readonly nodeId: string
  readonly state: AdministrativeState
  /** What the file said when the change was made. */
  readonly overrides: AdministrativeState
  readonly by: string
  readonly atMs: number
}

/** The same as it is kept over a restart. */
export interface SavedOverride extends StateOverride {
  /** Since when its node has not been there; left out where it is. */
  readonly absentSinceMs?: number
}

/** How busy a node was, from 0 to 1, on average over a while until `atMs`. */
export interface CpuSample {
  readonly ratio: number
  readonly atMs: number
}

/** The last poll of a node. */
export interface LastPoll {
  readonly startedAtMs: number
  readonly endedAtMs: number
  /** Node.changes when it began. */
  readonly changesAtStart: number
  /** '' if it was good. */
  readonly error: string
}

/** One BBB server and what is known of it. It does no I/O: see NodeClient. */
export class Node {
  #override: StateOverride | undefined
  readonly healthState: HealthState
  lastPoll: LastPoll | undefined
  /** End of the last good poll; 0 before the first. */
  lastAnswerAtMs = 0
  /** Since when nothing new is known of its meetings, because it is down or disabled; 0 while it is neither. */
  silentSinceMs = 0
  /** How far the node's clock is ahead of ours, from the Date header of its answers. */
  clockAheadMs = 0
  /** The newest sample of its CPU, which may be old by now: see Cluster.cpuOf. */
  cpu: CpuSample | undefined
  /** Since when it is off the list that it came from; 0 while it is on it, and always for a node of the file. */
  unlistedSinceMs = 0
  /** Meetings of the last poll with a part nobody could read. */
  malformedMeetings = 0
  /** Grows with every call through this gateway that changed what the node's list would say. */
  changes = 0

  constructor (readonly settings: NodeSettings, limits: HealthLimits) {
    this.healthState = new HealthState(limits)
  }

  get id (): string { return this.settings.id }
  get health (): Health { return this.healthState.health }
  /** Whether the list that it came from still has it. */
  get listed (): boolean { return this.unlistedSinceMs === 0 }
  get override (): StateOverride | undefined { return this.#override }

  /** What is wanted of it: by an operator or else by the file. One that has left its list keeps its meetings and gets no new ones. */
  get state (): AdministrativeState {
    const wanted = this.#override?.state ?? this.settings.state
    return wanted === 'enabled' && !this.listed ? 'draining' : wanted
  }

  /** Whether calls about meetings go there. */
  get carriesMeetings (): boolean {
    return this.state === 'enabled' || this.state === 'draining'
  }

  /** Lets an operator's change hold, unless the file has changed its mind since. */
  setOverride (override: StateOverride | undefined): void {
    this.#override = override !== undefined && override.overrides === this.settings.state && override.state !== override.overrides
      ? override
      : undefined
  }

  /** Whether it has been silent so long that its meetings count as lost. */
  isLost (nowMs: number, lostAfterMs: number): boolean {
    return this.silentSinceMs > 0 && nowMs - this.silentSinceMs >= lostAfterMs
  }
}
