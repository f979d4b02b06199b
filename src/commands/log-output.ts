import type { Writable } from 'node:stream'

/** Lines are gathered up to this length before they are written, and no longer than this time. */
const BATCH_LENGTH = 16 * 1024
const FLUSH_MS = 100

/** What may wait for a reader that has stopped reading. Lines beyond it are dropped: calls must go on. */
const LARGEST_BACKLOG_BYTES = 8 * 1024 * 1024

/** How long the end of the process waits for such a reader. */
const END_PATIENCE_MS = 1_000

/**
 * Log lines on their way to standard output. Whoever reads them may be slow, stop or go away: no call
 * waits for it, memory stays bounded, and the process can still end.
 */
export class LogOutput {
  #gathered = ''
  #lines = 0
  #dropped = 0
  #timer: NodeJS.Timeout | undefined

  constructor (private readonly out: Writable) {
    // A reader that has gone is no reason to stop; there is nobody left to be told, either.
    out.on('error', () => {})
    process.on('exit', () => this.flush())
  }

  /** Takes one line with its end. */
  write (line: string): void {
    this.#gathered += line
    this.#lines++
    if (this.#gathered.length >= BATCH_LENGTH) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref()
  }

  /** Hands on what has been gathered. */
  flush (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#lines === 0) return
    if (this.out.writableLength > LARGEST_BACKLOG_BYTES) this.#dropped += this.#lines
    else {
      if (this.#dropped > 0) this.out.write(droppedLine(this.#dropped))
      this.#dropped = 0
      this.out.write(this.#gathered)
    }
    this.#gathered = ''
    this.#lines = 0
  }

  /** Resolves when everything is written, or nobody has read it for a while. */
  async end (): Promise<void> {
    this.flush()
    if (this.out.writableLength === 0) return
    await new Promise<void>((resolve) => {
      setTimeout(resolve, END_PATIENCE_MS)
      this.out.write('', () => resolve())
    })
  }
}

function droppedLine (lines: number): string {
  return JSON.stringify({ level: 'warn', time: new Date().toISOString(), lines, msg: 'log lines were dropped: nobody took them' }) + '\n'
}
