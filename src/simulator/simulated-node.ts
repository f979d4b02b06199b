import type { ChecksumAlgorithm } from '../bbb/checksum.js'
import { CHECKSUM_ALGORITHMS } from '../bbb/checksum.js'
import type { Clock } from '../clock.js'
import { systemClock } from '../clock.js'
import { API_PATH } from './api.js'
import { Attendance } from './attendance.js'
import type { NodeContext } from './context.js'
import { CpuMeter } from './cpu.js'
import type { MeetingObserver } from './events.js'
import { Faults } from './faults.js'
import { Hooks } from './hooks.js'
import { Life } from './life.js'
import { MeetingTexts } from './meeting-answers.js'
import { Meetings } from './meetings.js'
import { Outbound } from './outbound.js'
import type { ReceivedCall } from './receive.js'
import { Recordings } from './recordings.js'
import { createServer } from './server.js'
import { SimulatedMeetings } from './simulated-meetings.js'
import { SimulatedRecordings } from './simulated-recordings.js'
import { callbackObserver } from './callbacks.js'
import type { BbbVersion } from './versions.js'
import { traitsOf } from './versions.js'
import { webhookObserver } from './webhook-events.js'

export type { BbbVersion } from './versions.js'
export type { Fault, FaultKind, Faults } from './faults.js'
export type { Meeting, NewMeeting } from './meetings.js'
export type { ReceivedCall } from './receive.js'
export type { Recording, NewRecording } from './recordings.js'
export type { Counts, NewUser, User } from './users.js'

/** How a simulated node is made; everything but the secret has a default. */
export interface SimulatedNodeOptions {
  /** The shared secret; an empty one makes the node take every checksum, as BBB does. */
  secret: string
  /** The address to listen on; 127.0.0.1 by default. */
  host?: string
  /** The port to listen on; any free one by default. */
  port?: number
  /** The release to behave like; 3.0 by default. */
  version?: BbbVersion
  /** Time for everything but sockets; the machine's by default. */
  clock?: Clock
  /** The checksums it takes; all four by default. */
  checksumAlgorithms?: readonly ChecksumAlgorithm[]
  /** How many cores it has, which says how fast its CPU use grows; 8 by default. */
  cores?: number
  /** What it calls itself on its pages; host:port by default. */
  name?: string
  /** Base of the links it hands out; http://host:port by default. */
  publicUrl?: string
  /** How long a meeting goes on after its end was asked for, in ms; 200 by default. */
  endDelayMs?: number
  /** How long a recording is processed before it is published, in ms; 5000 by default. */
  recordingDelayMs?: number
}

/** A node that is listening. */
export interface SimulatedNode {
  /** The address of its API, such as http://127.0.0.1:8090/bigbluebutton/api. */
  readonly url: string
  readonly port: number
  readonly secret: string
  readonly name: string
  readonly version: BbbVersion
  /** The requests to the API, oldest first, the last 9,000 to 10,000 of them. */
  readonly requests: ReceivedCall[]
  readonly faults: Faults
  readonly meetings: SimulatedMeetings
  readonly recordings: SimulatedRecordings
  /** The share of its CPU in use, 0 … 1. */
  readonly cpuUtilisation: number
  /** Empties the list of requests. */
  clearRequests (): void
  /** Loses every meeting without a word to anybody; recordings and hooks stay. */
  restart (): void
  /** Stops listening, breaks off every connection and calls every timer off. */
  close (): Promise<void>
}

const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_CORES = 8
const DEFAULT_END_DELAY_MS = 200
const DEFAULT_RECORDING_DELAY_MS = 5_000

/** Starts one simulated BBB node and gives it back once it listens. */
export async function startSimulatedNode (options: SimulatedNodeOptions): Promise<SimulatedNode> {
  const clock = options.clock ?? systemClock
  const host = options.host ?? DEFAULT_HOST
  const version = options.version ?? '3.0'
  const traits = traitsOf(version)
  const observers: MeetingObserver[] = []
  const tell: MeetingObserver = (event) => { for (const observe of observers) observe(event) }

  const meetings = new Meetings(clock, traits.findsByInternalId)
  const texts = new MeetingTexts(traits, clock)
  const attendance = new Attendance(clock, tell)
  const life = new Life(clock, meetings, attendance, tell, options.endDelayMs ?? DEFAULT_END_DELAY_MS)
  const outbound = new Outbound(clock)
  const cpu = new CpuMeter(clock, options.cores ?? DEFAULT_CORES)
  const faults = new Faults()
  const requests: ReceivedCall[] = []
  let address = ''
  const node: NodeContext = {
    get name () { return options.name ?? address },
    get publicUrl () { return options.publicUrl?.replace(/\/+$/, '') ?? `http://${address}` },
    secret: options.secret,
    algorithms: options.checksumAlgorithms ?? CHECKSUM_ALGORITHMS,
    version,
    traits,
    clock,
    meetings,
    texts,
    attendance,
    life,
    recordings: new Recordings(clock),
    hooks: new Hooks(),
    tell,
  }
  const recordingDelayMs = options.recordingDelayMs ?? DEFAULT_RECORDING_DELAY_MS
  observers.push(
    (event) => texts.observe(event),
    (event) => life.observe(event),
    (event) => cpu.observe(event),
    webhookObserver(node, outbound),
    callbackObserver(node, outbound, recordingDelayMs)
  )

  const simulated: SimulatedNode = {
    get url () { return `http://${address}${API_PATH}` },
    get port () { return Number(address.slice(address.lastIndexOf(':') + 1)) },
    get name () { return node.name },
    get cpuUtilisation () { return cpu.utilisation },
    secret: options.secret,
    version,
    requests,
    faults,
    meetings: new SimulatedMeetings(node),
    recordings: new SimulatedRecordings(node),
    clearRequests () { requests.length = 0 },
    restart () {
      meetings.clear()
      attendance.clear()
      texts.clear()
      cpu.clear()
    },
    async close () {
      life.close()
      await outbound.close()
      await server.close()
    },
  }
  const server = createServer({
    node,
    requests,
    faults,
    cpu,
    simulated,
    later: (delayMs, run) => outbound.later(delayMs, run),
  })
  const listening = await server.listen({ host, port: options.port ?? 0 })
  address = listening.replace(/^https?:\/\//, '')
  return simulated
}
