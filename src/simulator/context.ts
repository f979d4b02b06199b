import type { ChecksumAlgorithm } from '../bbb/checksum.js'
import type { Clock } from '../clock.js'
import type { Attendance } from './attendance.js'
import type { MeetingObserver } from './events.js'
import type { Hooks } from './hooks.js'
import type { Life } from './life.js'
import type { MeetingTexts } from './meeting-answers.js'
import type { Meetings } from './meetings.js'
import type { Parameters } from './parameters.js'
import type { Recordings } from './recordings.js'
import type { BbbVersion, VersionTraits } from './versions.js'

/** What the calls of a node work on. */
export interface NodeContext {
  /** The instance name, for people. */
  readonly name: string
  /** Base of the links handed out, without a slash at the end. */
  readonly publicUrl: string
  readonly secret: string
  readonly algorithms: readonly ChecksumAlgorithm[]
  readonly version: BbbVersion
  readonly traits: VersionTraits
  readonly clock: Clock
  readonly meetings: Meetings
  readonly texts: MeetingTexts
  readonly attendance: Attendance
  readonly life: Life
  readonly recordings: Recordings
  readonly hooks: Hooks
  readonly tell: MeetingObserver
}

/** One call, received and with its body read. */
export interface CallRequest {
  readonly call: string
  readonly method: string
  readonly rawQuery: string
  readonly parameters: Parameters
  /** The body; undefined where there was none or it was too large to keep. */
  readonly body: Buffer | undefined
  readonly bodyBytes: number
  readonly contentType: string | undefined
}
