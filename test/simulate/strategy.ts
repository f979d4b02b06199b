/** A running meeting as a gateway sees it in a poll. */
export interface SeenMeeting {
  readonly id: number
  readonly room: number
  readonly createdAtS: number
  readonly maxParticipants: number
  readonly announced: number
  readonly people: number
  /** Of the people. */
  readonly moderators: number
  readonly microphones: number
  readonly cameras: number
}

/** A meeting to be placed, as its create tells. */
export interface NewMeeting {
  readonly id: number
  readonly room: number
  /** 0: no limit. */
  readonly maxParticipants: number
  /** How many people the create announces; 0 if it does not. */
  readonly announced: number
}

/** What a strategy may know of a node beforehand. */
export interface NodeFacts { readonly weight: number }

/** When the nodes' use of CPU and memory is measured, over how long, and how late it is known. */
export interface Sampling { readonly everyS: number, readonly windowS: number, readonly lateS: number }

/** Prometheus: asked every 30 s for a rate over two minutes, whose newest scrape is 15 s old. */
export const PROMETHEUS: Sampling = { everyS: 30, windowS: 120, lateS: 15 }

/** A way of choosing nodes. It is told what a gateway could see, no more. Nodes are numbers from 0. */
export interface Strategy {
  /** Seconds between two polls of a node; each node has its own phase. 0: it does not poll. */
  readonly pollEveryS: number
  readonly sampling?: Sampling
  /** Whether it learns from the weeks before the measured one; one that does not is run over the measured week only. */
  readonly learns: boolean
  /** A poll of a node: the meetings that are new or whose counts have changed since the last one, and the ids of those that are gone. */
  polled (node: number, atS: number, changed: readonly SeenMeeting[], ended: readonly number[]): void
  /** Somebody was sent to a meeting. */
  joined? (id: number, node: number, atS: number): void
  /** The CPU (0 to 1) and memory (0 to 1) in use on a node, as measured over the window that ended at `sampledAtS`. */
  sampled? (node: number, cpu: number, memory: number, sampledAtS: number): void
  /** The node is lost, with its meetings. */
  nodeDown? (node: number, atS: number): void
  nodeUp? (node: number, atS: number): void
  /** For what runs on a timer of ten seconds: the last time it was due before a create. */
  before? (tickAtS: number): void
  /** The node, one of `allowed`, for a new meeting. */
  place (meeting: NewMeeting, atS: number, allowed: readonly number[]): number
}
