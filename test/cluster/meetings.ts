import type { ListedMeeting, MeetingCounts } from '../../src/bbb/meetings-reader.js'
import type { Wish } from '../../src/cluster/cluster.js'
import type { Copy, Directory, NewCopy } from '../../src/cluster/directory.js'
import { parseTagWish } from '../../src/placement/tags.js'

/** A meeting as a poll lists it; its internal id is the external one with the time of creation behind it. */
export function listed (meetingID: string, settings: Partial<Omit<ListedMeeting, 'counts'>> & { readonly counts?: Partial<MeetingCounts> | undefined } = {}): ListedMeeting {
  const createdAtMs = settings.createdAtMs ?? 1_000
  const { counts = {}, ...rest } = settings
  return {
    start: 0,
    end: 0,
    meetingID,
    internalMeetingID: internalID(meetingID, createdAtMs),
    name: `Name of ${meetingID}`,
    createdAtMs,
    voiceBridge: '12345',
    counts: 'counts' in settings && settings.counts === undefined
      ? undefined
      : { participants: 0, moderators: 0, voices: 0, videos: 0, ...counts },
    isBreakout: false,
    parentMeetingID: '',
    maxParticipants: 0,
    expectedParticipants: 0,
    ...rest,
  }
}

/** A meeting with this many people in it. */
export function withPeople (meetingID: string, participants: number, createdAtMs = 1_000): ListedMeeting {
  return listed(meetingID, { createdAtMs, counts: { participants } })
}

export function internalID (meetingID: string, createdAtMs = 1_000): string {
  return `${meetingID}-internal-${createdAtMs}`
}

/** Notes what a create answered. */
export function create (directory: Directory, meetingID: string, nodeId: string, settings: Partial<NewCopy> = {}): Copy {
  const createdAtMs = settings.createdAtMs ?? 1_000
  return directory.add({ meetingID, internalMeetingID: internalID(meetingID, createdAtMs), nodeId, createdAtMs, voiceBridge: '12345', ...settings }, true)
}

/** What a plain create of a new meeting asks for. */
export function wish (meetingID = 'new room', tags = ''): Wish {
  return { opening: { tenantId: 'default', meetingID, maxParticipants: 0, announced: 0, isBreakout: false, tags }, tags: parseTagWish(tags) }
}
