import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { meetingIdOf, ROOMS_IN_SNAPSHOT, type Measured } from './rooms-memory.js'

t.test('two hundred thousand rooms take less than 60 MB, and nothing of a meeting id is kept', async (t) => {
  const snapshotPath = join(t.testdir(), 'heap.heapsnapshot')
  const script = join(import.meta.dirname, 'rooms-memory.ts')
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--import=tsx', script, snapshotPath], { timeout: 100_000 })
  const { bytes, rooms, firstIsKnown, lastIsKnown } = JSON.parse(stdout) as Measured
  t.ok(bytes < 60e6, `${Math.round(bytes / 1e6)} MB`)
  t.ok(bytes > 20e6, 'which is what was meant to be measured')
  t.equal(rooms, 200_000, 'no more are kept')
  t.equal(firstIsKnown, false, 'the one that was not used for longest is forgotten')
  t.equal(lastIsKnown, true)

  const heap = await readFile(snapshotPath, 'utf8')
  t.ok(heap.includes(meetingIdOf(-1)), 'an id that somebody keeps would be found')
  for (let room = 0; room < ROOMS_IN_SNAPSHOT; room++) {
    if (heap.includes(meetingIdOf(room))) t.fail(`the meeting id of room ${room} is still there`)
  }
})
