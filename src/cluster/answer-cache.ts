import { LRUCache } from 'lru-cache'
import type { Copy } from './directory.js'
import type { NodeAnswer } from './node-client.js'

/** Memory for answers that may be given again. */
const CACHE_BYTES = 32 * 1024 * 1024

/** What an entry costs besides its answer and its key: promise, bookkeeping. */
const ENTRY_BYTES = 512

/** An answer that is still on its way is counted as this large. */
const EXPECTED_ANSWER_BYTES = 8 * 1024

interface Entry<T> {
  readonly askedAtMs: number
  readonly changes: number
  readonly answer: Promise<T>
  /** Size of the answer; undefined while it is on its way. */
  readonly bytes: number | undefined
}

/** How an answer came about. */
export type AnswerKind = 'asked' | 'shared' | 'kept'

/**
 * Lets equal questions about a meeting share an answer: while it is on its way, and for a short time
 * after. Nothing may have changed the meeting between the question's start and the answer's end.
 */
export class AnswerCache<T extends NodeAnswer = NodeAnswer> {
  readonly #entries = new LRUCache<string, Entry<T>>({ maxSize: CACHE_BYTES, sizeCalculation: ({ bytes }, key) => (bytes ?? EXPECTED_ANSWER_BYTES) + key.length + ENTRY_BYTES })

  /** `maxAgeMs` 0 lets no answer be shared. */
  constructor (private readonly maxAgeMs: number) {}

  /**
   * The answer to `question` about `copy`, asked by `ask` unless an earlier one will do. Only answers that
   * `mayKeep` approves are given again.
   */
  async answer (
    copy: Copy, question: string, nowMs: number, ask: () => Promise<T>, mayKeep: (answer: T) => boolean
  ): Promise<{ answer: T, kind: AnswerKind }> {
    if (this.maxAgeMs === 0) return { answer: await ask(), kind: 'asked' }
    const key = `${copy.nodeId} ${copy.internalMeetingID} ${question}`
    const known = this.#entries.get(key)
    if (known !== undefined && known.changes === copy.changes && nowMs - known.askedAtMs <= this.maxAgeMs) {
      const kind = known.bytes === undefined ? 'shared' : 'kept'
      const answer = await known.answer
      if (known.changes === copy.changes && mayKeep(answer)) return { answer, kind }
    }
    const entry: Entry<T> = { askedAtMs: nowMs, changes: copy.changes, answer: ask(), bytes: undefined }
    this.#entries.set(key, entry)
    try {
      const answer = await entry.answer
      if (!mayKeep(answer) || entry.changes !== copy.changes) this.#drop(key, entry)
      // A new object, because the cache does not measure again what it already holds.
      else if (this.#entries.peek(key) === entry) this.#entries.set(key, { ...entry, bytes: answer.body.byteLength })
      return { answer, kind: 'asked' }
    } catch (error) {
      this.#drop(key, entry)
      throw error
    }
  }

  #drop (key: string, entry: Entry<T>): void {
    if (this.#entries.peek(key) === entry) this.#entries.delete(key)
  }
}
