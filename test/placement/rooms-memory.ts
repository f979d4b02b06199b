import { createHash } from 'node:crypto'
import { writeHeapSnapshot } from 'node:v8'
import { START_COSTS } from '../../src/placement/costs.js'
import { MOST_ROOMS, Rooms } from '../../src/placement/rooms.js'
import { DAY_MS, MINUTE_MS, opening, outcome } from './parts.js'

/** Meeting ids of which nothing in this file can be seen. */
export function meetingIdOf (room: number): string {
  return createHash('sha1').update(String(room)).digest('hex')
}

/** So many rooms are looked for in a snapshot of the heap. */
export const ROOMS_IN_SNAPSHOT = 200

/** What the process that is measured says at its end, as JSON. */
export interface Measured {
  readonly bytes: number
  readonly rooms: number
  readonly firstIsKnown: boolean
  readonly lastIsKnown: boolean
}

const MONDAY_MS = Date.parse('2026-01-05T08:00:00Z')

function learn (rooms: Rooms, room: number): void {
  for (const [day, people] of [[0, 20.5], [1, 31.25]] as const) {
    const expected = rooms.expect(opening(meetingIdOf(room), { tags: '' }), START_COSTS)
    rooms.learn(expected, outcome(MONDAY_MS + day * DAY_MS + room % 600 * MINUTE_MS, people, { microphones: 3.5, cameras: 1.5, surcharge: 0.01 }), START_COSTS)
  }
}

/** Learns as many rooms as are kept, and more. Needs --expose-gc. */
function measure (snapshotPath: string): Measured {
  const few = new Rooms()
  for (let room = 0; room < ROOMS_IN_SNAPSHOT; room++) learn(few, room)
  writeHeapSnapshot(snapshotPath)
  if (few.size !== ROOMS_IN_SNAPSHOT) throw new Error('rooms are missing')

  const rooms = new Rooms()
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  for (let room = 0; room <= MOST_ROOMS; room++) learn(rooms, room)
  globalThis.gc?.()
  const isKnown = (room: number): boolean => !rooms.expect(opening(meetingIdOf(room)), START_COSTS).isNew
  return { bytes: process.memoryUsage().heapUsed - before, rooms: rooms.size, firstIsKnown: isKnown(0), lastIsKnown: isKnown(MOST_ROOMS) }
}

const [, script = '', snapshotPath] = process.argv
if (import.meta.filename === script && snapshotPath !== undefined) {
  // One id that is kept shows that the snapshot would hold the others.
  const kept = [meetingIdOf(-1)]
  const measured = measure(snapshotPath)
  process.stdout.write(JSON.stringify({ ...measured, kept: kept.length }))
}
