import type { Clock } from '../clock.js'
import { ADMINISTRATIVE_STATES, type SavedOverride } from '../cluster/node.js'
import type { Log } from '../log.js'
import { isRecord, KeptFile, readKeptFile, type KeptContents, type KeptFormat, type ReadContents } from './kept-file.js'

const FORMAT: KeptFormat = { kind: 'ensembleState', schema: 1, name: 'state file' }

const SAVE_DELAY_MS = 1_000

/** Where a live meeting is. No names and no passwords: they are nobody's business on a disk. */
export interface SavedMeeting {
  readonly meetingID: string
  readonly internalMeetingID: string
  readonly nodeId: string
  readonly createdAtMs: number
  readonly voiceBridge: string
  readonly current: boolean
}

export interface SavedState {
  readonly overrides: readonly SavedOverride[]
  /** The nodes that were found, as they were named where they were found. */
  readonly discovered: readonly string[]
  /** Those that are not found there any more. */
  readonly withdrawn: readonly string[]
  readonly meetings: Iterable<SavedMeeting>
}

/** What the state file says, or undefined where there is none that can be understood. */
export async function readStateFile (path: string, log: Log): Promise<SavedState | undefined> {
  return await readKeptFile(path, FORMAT, log, readState)
}

/** Keeps the operators' changes, the nodes that were found, and where live meetings are. */
export class StateFile extends KeptFile {
  constructor (path: string, snapshot: () => SavedState, clock: Clock, log: Log) {
    super({ path, format: FORMAT, delayMs: SAVE_DELAY_MS, contents: () => layOut(snapshot()), clock, log })
  }
}

function layOut ({ overrides, discovered, withdrawn, meetings }: SavedState): KeptContents {
  return { head: { overrides, discovered, withdrawn }, lines: meetingLines(meetings) }
}

function * meetingLines (meetings: Iterable<SavedMeeting>): Generator<readonly unknown[]> {
  for (const { meetingID, internalMeetingID, nodeId, createdAtMs, voiceBridge, current } of meetings) {
    yield [meetingID, internalMeetingID, nodeId, createdAtMs, voiceBridge, current]
  }
}

function readState ({ head, lines }: ReadContents): SavedState {
  return {
    overrides: readOverrides(head['overrides']),
    discovered: readInstances(head['discovered']),
    withdrawn: readInstances(head['withdrawn']),
    meetings: lines.map(readMeeting),
  }
}

function readMeeting (line: unknown): SavedMeeting {
  if (!Array.isArray(line)) throw new Error('a line is not a meeting')
  const [meetingID, internalMeetingID, nodeId, createdAtMs, voiceBridge, current] = line as unknown[]
  if (typeof meetingID !== 'string' || typeof internalMeetingID !== 'string' || typeof nodeId !== 'string' ||
    typeof createdAtMs !== 'number' || typeof voiceBridge !== 'string' || typeof current !== 'boolean') {
    throw new Error('a line is not a meeting')
  }
  return { meetingID, internalMeetingID, nodeId, createdAtMs, voiceBridge, current }
}

function readOverrides (value: unknown): SavedOverride[] {
  if (!Array.isArray(value)) throw new Error('overrides are missing')
  return value.map((entry: unknown) => {
    if (!isRecord(entry) || typeof entry['nodeId'] !== 'string' || typeof entry['by'] !== 'string' || typeof entry['atMs'] !== 'number' ||
      !isState(entry['state']) || !isState(entry['overrides']) || !['number', 'undefined'].includes(typeof entry['absentSinceMs'])) {
      throw new Error('an override is unreadable')
    }
    return entry as unknown as SavedOverride
  })
}

/** Earlier versions wrote no such lists. */
function readInstances (value: unknown): string[] {
  if (value === undefined) return []
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) throw new Error('the list of found nodes is unreadable')
  return value
}

function isState (value: unknown): boolean {
  return ADMINISTRATIVE_STATES.some((state) => state === value)
}
