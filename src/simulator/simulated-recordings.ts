import type { NodeContext } from './context.js'
import { hashOf } from './meetings.js'
import type { NewRecording, Recording } from './recordings.js'

/** The recordings of a node from the inside, without the API: for tests and demos. */
export class SimulatedRecordings {
  readonly #node: NodeContext

  constructor (node: NodeContext) {
    this.#node = node
  }

  /** Every recording, deleted ones included. */
  list (): Recording[] {
    return [...this.#node.recordings.all()]
  }

  /** Puts a recording on the node. */
  add (wanted: NewRecording): Recording {
    return this.#node.recordings.add(wanted, hashOf)
  }

  /** Puts many recordings on the node, each made from what `wanted` gives for its number. */
  addMany (count: number, wanted: (number: number) => NewRecording): Recording[] {
    return Array.from({ length: count }, (_, i) => this.add(wanted(i)))
  }
}
