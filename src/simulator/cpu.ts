import type { Clock } from '../clock.js'
import type { MeetingEvent } from './events.js'
import type { Meeting } from './meetings.js'
import { countsOf, presentUsers } from './users.js'

// Cores that each thing keeps busy.
const CORES_PER_MEETING = 0.05
const CORES_PER_PERSON = 0.015
const CORES_PER_LISTENER = 0.004
const CORES_PER_MICROPHONE = 0.025
const CORES_PER_CAMERA_SENT = 0.01
const CORES_PER_CAMERA_RECEIVED = 0.005
const CAMERAS_SEEN_BY_ONE = 5
const IDLE_SHARE = 0.04
// The part of busy time that counts as the kernel's.
const SYSTEM_SHARE = 0.25

/** How busy the node is, following its meetings, and the counters that node_exporter would show. */
export class CpuMeter {
  readonly #clock: Clock
  readonly #cores: number
  readonly #startedAtMs: number
  readonly #byMeeting = new Map<Meeting, number>()
  #loadCores = 0
  #busySeconds = 0
  #countedUntilMs: number

  constructor (clock: Clock, cores: number) {
    this.#clock = clock
    this.#cores = cores
    this.#startedAtMs = clock.nowMs()
    this.#countedUntilMs = this.#startedAtMs
  }

  /** The share of all cores in use, 0 … 1. */
  get utilisation (): number {
    return Math.min(1, IDLE_SHARE + this.#loadCores / this.#cores)
  }

  /** Takes a change of a meeting into account from now on. */
  observe (event: MeetingEvent): void {
    this.#count()
    const before = this.#byMeeting.get(event.meeting) ?? 0
    if (event.kind === 'ended') {
      this.#byMeeting.delete(event.meeting)
      this.#loadCores -= before
    } else {
      const after = coresFor(event.meeting)
      this.#byMeeting.set(event.meeting, after)
      this.#loadCores += after - before
    }
    // Sums of fractions drift; an empty node is idle.
    if (this.#byMeeting.size === 0) this.#loadCores = 0
  }

  /** Forgets every meeting, as a restart does. */
  clear (): void {
    this.#count()
    this.#byMeeting.clear()
    this.#loadCores = 0
  }

  /** Seconds one core has spent busy and idle since the node started. */
  seconds (): { busy: number, idle: number } {
    this.#count()
    const upSeconds = (this.#countedUntilMs - this.#startedAtMs) / 1000
    return { busy: this.#busySeconds, idle: upSeconds - this.#busySeconds }
  }

  /** The Prometheus text that node_exporter would give on such a machine. */
  exposition (nodeName: string): string {
    const { busy, idle } = this.seconds()
    const lines = [
      '# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.',
      '# TYPE node_cpu_seconds_total counter',
    ]
    const byMode = { idle, iowait: 0, system: busy * SYSTEM_SHARE, user: busy * (1 - SYSTEM_SHARE) }
    for (let cpu = 0; cpu < this.#cores; cpu++) {
      for (const [mode, seconds] of Object.entries(byMode)) {
        lines.push(`node_cpu_seconds_total{cpu="${cpu}",mode="${mode}"} ${seconds}`)
      }
    }
    lines.push(
      '# HELP node_load1 1m load average.',
      '# TYPE node_load1 gauge',
      `node_load1 ${this.utilisation * this.#cores}`,
      '# HELP node_time_seconds System time in seconds since epoch (1970).',
      '# TYPE node_time_seconds gauge',
      `node_time_seconds ${this.#clock.nowMs() / 1000}`,
      '# HELP node_uname_info Labeled system information as provided by the uname system call.',
      '# TYPE node_uname_info gauge',
      `node_uname_info{nodename="${nodeName.replace(/[\\"\n]/g, '_')}",sysname="Linux"} 1`
    )
    return `${lines.join('\n')}\n`
  }

  #count (): void {
    const nowMs = this.#clock.nowMs()
    this.#busySeconds += (nowMs - this.#countedUntilMs) / 1000 * this.utilisation
    this.#countedUntilMs = nowMs
  }
}

/** The cores a meeting keeps busy. */
function coresFor (meeting: Meeting): number {
  const { participantCount, listenerCount, voiceParticipantCount, videoCount } = countsOf(meeting, presentUsers(meeting))
  const senders = Math.min(videoCount, participantCount)
  const received = senders * Math.min(CAMERAS_SEEN_BY_ONE, Math.max(0, videoCount - 1)) +
    (participantCount - senders) * Math.min(CAMERAS_SEEN_BY_ONE, videoCount)
  return CORES_PER_MEETING +
    participantCount * CORES_PER_PERSON +
    listenerCount * CORES_PER_LISTENER +
    voiceParticipantCount * CORES_PER_MICROPHONE +
    videoCount * CORES_PER_CAMERA_SENT +
    received * CORES_PER_CAMERA_RECEIVED
}
