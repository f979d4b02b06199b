import type { Clock } from './clock.js'
import type { Cluster } from './cluster/cluster.js'
import type { PrometheusLink } from './cluster/prometheus-link.js'
import type { Log } from './log.js'
import { restoreForecast, saveForecast } from './placement/learned.js'
import { readRoomsFile, RoomsFile } from './store/rooms-file.js'
import { readStateFile, StateFile, type SavedMeeting, type SavedState } from './store/state-file.js'

export interface KeepingParts {
  /** Path of the state file; what was learned of rooms is kept next to it. '' keeps nothing. */
  readonly stateFile: string
  readonly cluster: Cluster
  readonly prometheus: PrometheusLink | undefined
  readonly clock: Clock
  readonly log: Log
}

/** Keeps over a restart what cannot be read back from the nodes. */
export class Keeping {
  readonly #state: StateFile | undefined
  readonly #rooms: RoomsFile | undefined

  constructor (private readonly parts: KeepingParts) {
    const { stateFile, cluster, prometheus, clock, log } = parts
    if (stateFile === '') return
    this.#state = new StateFile(stateFile, () => snapshot(cluster, prometheus), clock, log)
    this.#rooms = new RoomsFile(stateFile, () => saveForecast(cluster.forecast), clock, log)
  }

  /** Takes over what was kept. Throws where a file cannot be read; one that cannot be understood is set aside. */
  async restore (): Promise<void> {
    const { stateFile, cluster, prometheus, log } = this.parts
    if (stateFile === '') return
    // The rooms first: what is expected of a meeting depends on its room.
    await readRoomsFile(stateFile, log, (saved) => restoreForecast(cluster.forecast, saved))
    const saved = await readStateFile(stateFile, log)
    if (saved === undefined) return
    // The nodes next: what is remembered of a node that there is not is forgotten.
    prometheus?.discovery?.restore(saved.discovered, saved.withdrawn)
    cluster.restore(saved.overrides, saved.meetings)
  }

  /** Notes that operators' changes, nodes or meetings changed. */
  changed (): void {
    this.#state?.changed()
  }

  /** Notes that more is known of rooms. */
  learned (): void {
    this.#rooms?.changed()
  }

  /** Writes what has changed and writes no more. */
  async stop (): Promise<void> {
    await Promise.all([this.#state?.stop(), this.#rooms?.stop()])
  }
}

function snapshot (cluster: Cluster, prometheus: PrometheusLink | undefined): SavedState {
  return {
    overrides: cluster.overrides,
    discovered: prometheus?.discovery?.instances ?? [],
    withdrawn: prometheus?.discovery?.withdrawn ?? [],
    meetings: savedMeetings(cluster),
  }
}

function * savedMeetings (cluster: Cluster): Generator<SavedMeeting> {
  for (const copy of cluster.directory.all()) {
    const { meetingID, internalMeetingID, nodeId, createdAtMs, voiceBridge } = copy
    yield { meetingID, internalMeetingID, nodeId, createdAtMs, voiceBridge, current: cluster.directory.isCurrent(copy) }
  }
}
