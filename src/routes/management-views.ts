import type { Cluster } from '../cluster/cluster.js'
import { peopleIn, type Copy } from '../cluster/directory.js'
import type { Node } from '../cluster/node.js'
import type { Candidate, PlaceableNode } from '../cluster/placement.js'

/** What the management API shows. Secrets and passwords are not among it. */

export function nodeView (cluster: Cluster, node: Node): object {
  const { settings, override, lastPoll } = node
  const { background, live, reserved, booked } = cluster.loadOf(node)
  return {
    id: node.id,
    url: settings.url,
    weight: settings.weight,
    tags: settings.tags,
    state: node.state,
    override: override === undefined ? null : { overrides: override.overrides, by: override.by, at: isoTime(override.atMs) },
    health: node.health,
    cpu: null,
    meetings: cluster.directory.onNode(node.id).size,
    participants: cluster.participantsOn(node),
    limits: settings.limits,
    score: round(background + live + reserved + booked),
    load: { background: round(background), live: round(live), reserved: round(reserved), booked: round(booked) },
    lastPoll: lastPoll === undefined ? null : { startedAt: isoTime(lastPoll.startedAtMs), durationMs: lastPoll.endedAtMs - lastPoll.startedAtMs },
    lastError: lastPoll === undefined || lastPoll.error === '' ? null : lastPoll.error,
    failedPolls: node.healthState.failedPolls,
    malformedMeetings: node.malformedMeetings,
    clockAheadMs: node.clockAheadMs,
  }
}

export function meetingView (cluster: Cluster, copy: Copy): object {
  return {
    meetingID: copy.meetingID,
    internalMeetingID: copy.internalMeetingID,
    name: copy.name,
    node: copy.nodeId,
    current: cluster.directory.isCurrent(copy),
    lost: cluster.isLost(copy),
    ending: copy.endingSinceMs > 0,
    createdAt: isoTime(copy.createdAtMs),
    voiceBridge: copy.voiceBridge,
    participants: peopleIn(copy),
    moderators: copy.moderators,
    microphones: copy.microphones,
    cameras: copy.cameras,
    isBreakout: copy.isBreakout,
    lastSeenAt: copy.seenAtMs === 0 ? null : isoTime(copy.seenAtMs),
  }
}

export function placementView (candidates: readonly Candidate<PlaceableNode>[], known: string | undefined, nowMs: number): object {
  return {
    at: isoTime(nowMs),
    known: known ?? null,
    candidates: candidates.map(({ node, obstacle, score, share, rank }) => ({
      node: node.id,
      mayTakeIt: obstacle === '',
      obstacle: obstacle === '' ? null : obstacle,
      rank,
      score: round(score),
      background: round(node.load.background),
      live: round(node.load.live),
      reserved: round(node.load.reserved),
      booked: round(node.load.booked),
      meeting: round(share),
      weight: node.weight,
      health: node.health,
      state: node.state,
      meetings: node.meetings,
    })),
  }
}

export function isolationView ({ isolation }: Cluster, nowMs: number): object {
  return { isolated: isolation.isIsolated, holding: isolation.holds(nowMs) }
}

function isoTime (atMs: number): string {
  return new Date(atMs).toISOString()
}

/** Scores to a ten-thousandth: what comes behind is noise. */
function round (score: number): number {
  return Math.round(score * 10_000) / 10_000
}
