import type { FailureReason } from './node-client.js'

/** What the cluster tells whoever counts. */
export interface Observer {
  /** A request to a node ended; `error` is '' if it was answered. */
  nodeRequest (nodeId: string, durationMs: number, error: FailureReason | ''): void
  pollFailed (nodeId: string): void
  /** Meetings in a poll with a part nobody could read. */
  malformedMeetings (nodeId: string, count: number): void
  placed (nodeId: string): void
  placementFailed (reason: string): void
  /** A create of an id that a node had was moved to another node. */
  failedOver (): void
  /** A node is no longer among those of the cluster. */
  nodeRemoved (nodeId: string): void
}
