import { randomBytes } from 'node:crypto'
import { open, readFile, rename, unlink } from 'node:fs/promises'
import type { Clock, Timer } from '../clock.js'
import { ADMINISTRATIVE_STATES, type StateOverride } from '../cluster/node.js'
import type { Log } from '../log.js'

/** The layout of the file. A file of another one is set aside: a later version may still want it. */
const SCHEMA = 1

/** A change is written after this long, together with what else changed by then. */
const SAVE_DELAY_MS = 1_000

/** Writing takes at most one part in so many of the time: a large file is written less often. */
const REST_PER_WRITE = 20

/** Lines written between two turns of the event loop. */
const LINES_PER_WRITE = 1_000

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
  readonly overrides: readonly StateOverride[]
  readonly meetings: Iterable<SavedMeeting>
}

/**
 * What the state file says, or undefined where there is none. One that cannot be understood is set aside
 * under another name, with a warning, and counts as none.
 */
export async function readStateFile (path: string, log: Log): Promise<SavedState | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  try {
    return parse(text)
  } catch (error) {
    const setAside = `${path}.unread-${randomBytes(4).toString('hex')}`
    await rename(path, setAside)
    log.warn({ path, setAside, reason: error instanceof Error ? error.message : String(error) }, 'state file cannot be understood and was set aside')
    return undefined
  }
}

/** Keeps the state file in step with what changes, by writing it anew and renaming it into place. */
export class StateFile {
  #timer: Timer | undefined
  #writing: Promise<void> | undefined
  #changedSince = false
  #stopped = false
  #failing = false

  constructor (
    private readonly path: string,
    private readonly snapshot: () => SavedState,
    private readonly clock: Clock,
    private readonly log: Log
  ) {}

  /** Says that something was changed that the file should hold. */
  changed (): void {
    this.#changedSince = true
    if (this.#timer === undefined && this.#writing === undefined && !this.#stopped) this.#schedule(SAVE_DELAY_MS)
  }

  /** Writes what has changed and writes no more. */
  async stop (): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#writing
    if (this.#changedSince) await this.#save()
  }

  #schedule (delayMs: number): void {
    this.#timer = this.clock.after(delayMs, () => {
      this.#timer = undefined
      const startedAtMs = performance.now()
      this.#writing = this.#save().finally(() => {
        this.#writing = undefined
        if (this.#changedSince && !this.#stopped) {
          this.#schedule(Math.max(SAVE_DELAY_MS, (performance.now() - startedAtMs) * REST_PER_WRITE))
        }
      })
    })
  }

  async #save (): Promise<void> {
    this.#changedSince = false
    const unfinished = `${this.path}.new`
    try {
      const file = await open(unfinished, 'w', 0o600)
      try {
        for (const lines of serialise(this.snapshot())) await file.appendFile(lines)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(unfinished, this.path)
      if (this.#failing) this.log.info({ path: this.path }, 'state file is written again')
      this.#failing = false
    } catch (error) {
      this.#changedSince = true
      if (!this.#failing) this.log.error({ path: this.path, reason: String(error) }, 'state file cannot be written')
      this.#failing = true
      await unlink(unfinished).catch(() => undefined)
    }
  }
}

function * serialise ({ overrides, meetings }: SavedState): Generator<string> {
  yield JSON.stringify({ ensembleState: SCHEMA, overrides }) + '\n'
  let count = 0
  let lines = ''
  for (const { meetingID, internalMeetingID, nodeId, createdAtMs, voiceBridge, current } of meetings) {
    lines += JSON.stringify([meetingID, internalMeetingID, nodeId, createdAtMs, voiceBridge, current]) + '\n'
    if (++count % LINES_PER_WRITE === 0) {
      yield lines
      lines = ''
    }
  }
  yield lines + JSON.stringify({ end: count }) + '\n'
}

function parse (text: string): SavedState {
  const lines = text.trimEnd().split('\n').map((line): unknown => JSON.parse(line))
  const head = lines[0]
  const foot = lines.at(-1)
  if (!isRecord(head) || !isRecord(foot)) throw new Error('first or last line is missing')
  if (head['ensembleState'] !== SCHEMA) throw new Error(`layout ${String(head['ensembleState'])} is not layout ${SCHEMA}`)
  if (foot['end'] !== lines.length - 2) throw new Error('lines are missing')
  return { overrides: readOverrides(head['overrides']), meetings: lines.slice(1, -1).map(readMeeting) }
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

function readOverrides (value: unknown): StateOverride[] {
  if (!Array.isArray(value)) throw new Error('overrides are missing')
  return value.map((entry: unknown) => {
    if (!isRecord(entry) || typeof entry['nodeId'] !== 'string' || typeof entry['by'] !== 'string' || typeof entry['atMs'] !== 'number' ||
      !isState(entry['state']) || !isState(entry['overrides'])) {
      throw new Error('an override is unreadable')
    }
    return entry as unknown as StateOverride
  })
}

function isState (value: unknown): boolean {
  return ADMINISTRATIVE_STATES.some((state) => state === value)
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isMissing (error: unknown): boolean {
  return isRecord(error) && error['code'] === 'ENOENT'
}
