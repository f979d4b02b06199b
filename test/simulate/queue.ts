/** Events in the order of their time; those of the same time in the order of their kind, then as they were added. */
export class EventQueue<E extends { readonly atS: number, readonly kind: number }> {
  readonly #heap: Array<{ readonly event: E, readonly turn: number }> = []
  #turn = 0

  add (event: E): void {
    const added = { event, turn: this.#turn++ }
    let place = this.#heap.length
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = this.#heap[above]
      if (parent === undefined || !isBefore(added, parent)) break
      this.#heap[place] = parent
      place = above
    }
    this.#heap[place] = added
  }

  /** Takes out the first. */
  next (): E | undefined {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (last !== undefined && this.#heap.length > 0) this.#sink(last)
    return first?.event
  }

  /** Puts an entry where the first was, and below those that come before it. */
  #sink (entry: { readonly event: E, readonly turn: number }): void {
    let place = 0
    for (;;) {
      const left = this.#heap[2 * place + 1]
      const right = this.#heap[2 * place + 2]
      const [child, at] = right !== undefined && left !== undefined && isBefore(right, left) ? [right, 2 * place + 2] : [left, 2 * place + 1]
      if (child === undefined || !isBefore(child, entry)) break
      this.#heap[place] = child
      place = at
    }
    this.#heap[place] = entry
  }
}

function isBefore<E extends { readonly atS: number, readonly kind: number }> (one: { readonly event: E, readonly turn: number }, other: { readonly event: E, readonly turn: number }): boolean {
  if (one.event.atS !== other.event.atS) return one.event.atS < other.event.atS
  if (one.event.kind !== other.event.kind) return one.event.kind < other.event.kind
  return one.turn < other.turn
}
