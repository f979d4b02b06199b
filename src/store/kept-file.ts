import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import type { Clock, Timer } from '../clock.js'
import type { Log } from '../log.js'

/** Writing takes at most one part in so many of the time: a large file is written less often. */
const REST_PER_WRITE = 20

/** Lines are put together for so long before others get their turn. */
const SLICE_MS = 2

/** By what a file is known. */
export interface KeptFormat {
  /** The key of the first line that holds the number of the layout. */
  readonly kind: string
  /** The layout. A file of another one is set aside: a later version may still want it. */
  readonly schema: number
  /** What the log calls the file. */
  readonly name: string
}

/** What a file holds: the fields of its first line, and a line of JSON for each of the rest. */
export interface KeptContents {
  readonly head: Readonly<Record<string, unknown>>
  /** Taken one after the other while the file is written; other things happen in between. */
  readonly lines: Iterable<object>
}

/** What was read: everything in it is JSON, and nothing else is known of it. */
export interface ReadContents {
  readonly head: Readonly<Record<string, unknown>>
  readonly lines: readonly unknown[]
}

export interface KeptFileParts {
  readonly path: string
  readonly format: KeptFormat
  /** A change is written after this long, together with what else changed by then. */
  readonly delayMs: number
  /** Asked for once for each time that the file is written. */
  readonly contents: () => KeptContents
  readonly clock: Clock
  readonly log: Log
}

/**
 * What `take` makes of the file, or undefined where there is none. A file that is damaged, has another layout, or makes `take` throw,
 * is set aside under another name, with a warning, and counts as none.
 */
export async function readKeptFile<T> (path: string, format: KeptFormat, log: Log, take: (contents: ReadContents) => T): Promise<T | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (isRecord(error) && error['code'] === 'ENOENT') return undefined
    throw error
  }
  try {
    return take(parse(text, format))
  } catch (error) {
    const setAside = `${path}.unread-${randomBytes(4).toString('hex')}`
    await rename(path, setAside)
    const reason = error instanceof Error ? error.message : String(error)
    log.warn({ path, setAside, reason }, `${format.name} cannot be understood and was set aside`)
    return undefined
  }
}

/** Keeps a file in step with what changes, by writing it anew and renaming it into place: whoever reads it finds all of it. */
export class KeptFile {
  readonly #parts: KeptFileParts
  #timer: Timer | undefined
  #writing: Promise<void> | undefined
  #restsUntilMs = -Infinity
  #isChanged = false
  #isStopped = false
  #isFailing = false

  constructor (parts: KeptFileParts) {
    this.#parts = parts
  }

  /** Says that something was changed that the file should hold. */
  changed (): void {
    this.#isChanged = true
    if (this.#timer === undefined && this.#writing === undefined && !this.#isStopped) this.#schedule()
  }

  /** Writes what has changed and writes no more. */
  async stop (): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#writing
    if (this.#isChanged) this.#writing = this.#write()
    await this.#writing
  }

  #schedule (): void {
    const { clock, delayMs } = this.#parts
    this.#timer = clock.after(Math.max(delayMs, this.#restsUntilMs - clock.nowMs()), () => {
      this.#timer = undefined
      const startedAtMs = performance.now()
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined
        this.#restsUntilMs = clock.nowMs() + (performance.now() - startedAtMs) * REST_PER_WRITE
        if (this.#isChanged && !this.#isStopped) this.#schedule()
      })
    })
  }

  async #write (): Promise<void> {
    const { path, format, log } = this.#parts
    this.#isChanged = false
    const unfinished = `${path}.new`
    try {
      await this.#writeTo(unfinished)
      await rename(unfinished, path)
      if (this.#isFailing) log.info({ path }, `${format.name} is written again`)
      this.#isFailing = false
    } catch (error) {
      this.#isChanged = true
      if (!this.#isFailing) log.error({ path, reason: String(error) }, `${format.name} cannot be written`)
      this.#isFailing = true
      // A full disk needs the room.
      await rm(unfinished, { force: true }).catch(() => undefined)
    }
  }

  async #writeTo (unfinished: string): Promise<void> {
    // One that was left behind would keep its owner and its mode.
    await rm(unfinished, { force: true })
    const file = await open(unfinished, 'wx', 0o600)
    try {
      for (const lines of slices(this.#parts.format, this.#parts.contents())) await file.appendFile(lines)
      await file.sync()
    } finally {
      await file.close()
    }
  }
}

export function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function * slices ({ kind, schema }: KeptFormat, { head, lines }: KeptContents): Generator<string> {
  let slice = lineOf({ [kind]: schema, ...head })
  let count = 0
  let untilMs = performance.now() + SLICE_MS
  for (const line of lines) {
    slice += lineOf(line)
    count++
    if (performance.now() < untilMs) continue
    yield slice
    slice = ''
    untilMs = performance.now() + SLICE_MS
  }
  yield slice + lineOf({ end: count })
}

function lineOf (value: object): string {
  return JSON.stringify(value) + '\n'
}

function parse (text: string, { kind, schema }: KeptFormat): ReadContents {
  const lines = text.trimEnd().split('\n').map(parseLine)
  const head = lines[0]
  const foot = lines.at(-1)
  if (!isRecord(head) || !isRecord(foot)) throw new Error('first or last line is missing')
  if (head[kind] !== schema) throw new Error(`layout ${JSON.stringify(head[kind])} is not layout ${schema}`)
  if (foot['end'] !== lines.length - 2) throw new Error('lines are missing')
  return { head, lines: lines.slice(1, -1) }
}

function parseLine (line: string, index: number): unknown {
  try {
    return JSON.parse(line)
  } catch {
    // The parser's own message would quote the line.
    throw new Error(`line ${index + 1} is not JSON`)
  }
}
