import type { Cluster } from '../cluster/cluster.js'
import { peopleIn, type Copy } from '../cluster/directory.js'
import type { Node } from '../cluster/node.js'
import type { Candidate, PlaceableNode } from '../placement/placement.js'
import type { Expectation } from '../placement/rooms.js'

/** What the management API shows. Secrets and passwords are not among it. */

export function nodeView (cluster: Cluster, node: Node, nowMs: number): object {
  const { settings, override, lastPoll } = node
  const { background, live, reserved, booked, score, peakInMs } = cluster.loadOf(node)
  return {
    id: node.id,
    url: settings.url,
    weight: settings.weight,
    tags: settings.tags,
    state: node.state,
    override: override === undefined ? null : { overrides: override.overrides, by: override.by, at: isoTime(override.atMs) },
    health: node.health,
    listed: node.listed,
    cpu: roundedOrNull(cluster.cpuOf(node)),
    meetings: cluster.directory.onNode(node.id).size,
    participants: cluster.participantsOn(node),
    limits: settings.limits,
    score: round(score),
    peakAt: isoTime(nowMs + peakInMs),
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

export interface PlacementSeen {
  readonly expected: Expectation
  readonly candidates: readonly Candidate<PlaceableNode>[]
  /** The node that has a meeting of that id. */
  readonly known: string | undefined
  readonly nowMs: number
}

export function placementView ({ expected, candidates, known, nowMs }: PlacementSeen): object {
  return {
    at: isoTime(nowMs),
    known: known ?? null,
    expected: {
      isKnown: !expected.isNew,
      people: round(expected.people),
      microphones: round(expected.microphones),
      cameras: round(expected.cameras),
      minutes: round(expected.durationMs / 60_000),
      share: round(expected.share),
      surprise: round(expected.surprise),
    },
    candidates: candidates.map(({ node, obstacle, score, peak, share, rank, booked, peakInMs }) => ({
      node: node.id,
      mayTakeIt: obstacle === '',
      obstacle: obstacle === '' ? null : obstacle,
      rank,
      score: round(score),
      background: round(node.profile.background),
      live: round(node.profile.live),
      reserved: round(node.profile.reserved),
      booked: round(booked),
      peak: round(peak),
      peakAt: isoTime(nowMs + peakInMs),
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

function roundedOrNull (ratio: number | undefined): number | null {
  return ratio === undefined ? null : round(ratio)
}

/** Scores to a ten-thousandth: what comes behind is noise. */
function round (score: number): number {
  return Math.round(score * 10_000) / 10_000
}
