import { LRUCache } from 'lru-cache'

/** Memory for the nodes' last lists. Beyond it the longest unread ones go, and a silent node's meetings are listed without their people. */
const LAST_SEEN_BYTES = 48 * 1024 * 1024

/** The last good list of each node, as it came, to fill in for a node that falls silent. */
export class LastSeen {
  readonly #bodies = new LRUCache<string, Buffer>({
    maxSize: LAST_SEEN_BYTES,
    sizeCalculation: (body) => body.byteLength + 1,
  })

  keep (nodeId: string, call: string, body: Buffer): void {
    this.#bodies.set(`${nodeId} ${call}`, body)
  }

  of (nodeId: string, call: string): Buffer | undefined {
    return this.#bodies.get(`${nodeId} ${call}`)
  }

  /** Forgets a node that there is no more. */
  forget (nodeId: string): void {
    for (const key of [...this.#bodies.keys()]) if (key.startsWith(`${nodeId} `)) this.#bodies.delete(key)
  }
}
