import type { Clock } from '../clock.js'
import type { Log } from '../log.js'
import { KeptFile, readKeptFile, type KeptFormat, type ReadContents } from './kept-file.js'

const FORMAT: KeptFormat = { kind: 'ensembleRooms', schema: 1, name: 'rooms file' }

/** It changes at the end of every meeting and is large, and what a few minutes taught is soon learned again. */
const SAVE_DELAY_MS = 300_000

/** What was learned of rooms, as the placement lays it out. */
export interface SavedRooms {
  /** What does not belong to a single room. */
  readonly learned: unknown
  /** One line for each room. */
  readonly rooms: Iterable<readonly unknown[]>
}

/**
 * Hands what the rooms file says to `take`, if there is one that can be understood; one that `take` throws at cannot.
 * It stands next to the state file.
 */
export async function readRoomsFile (stateFile: string, log: Log, take: (saved: SavedRooms) => void): Promise<void> {
  await readKeptFile(pathOf(stateFile), FORMAT, log, ({ head, lines }: ReadContents) => take({ learned: head['learned'], rooms: lines.map(asRoom) }))
}

/** Keeps what was learned of rooms, next to the state file. */
export class RoomsFile extends KeptFile {
  constructor (stateFile: string, snapshot: () => SavedRooms, clock: Clock, log: Log) {
    super({ path: pathOf(stateFile), format: FORMAT, delayMs: SAVE_DELAY_MS, contents: () => layOut(snapshot()), clock, log })
  }
}

function layOut ({ learned, rooms }: SavedRooms): { head: { learned: unknown }, lines: SavedRooms['rooms'] } {
  return { head: { learned }, lines: rooms }
}

function asRoom (line: unknown): readonly unknown[] {
  if (!Array.isArray(line)) throw new Error('a line is not a room')
  return line
}

function pathOf (stateFile: string): string {
  return `${stateFile}.rooms`
}
