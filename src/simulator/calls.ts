import type { Answer } from './answers.js'
import type { ChecksumChecker } from './checksum-rule.js'
import type { CallRequest, NodeContext } from './context.js'
import { create } from './create.js'
import { createHook, destroyHook, listHooks, pingHooks } from './hooks.js'
import { join } from './join.js'
import {
  end, getMeetingInfo, getMeetings, getSessions, index, insertDocument, isMeetingRunning, sendChatMessage
} from './meeting-calls.js'
import { deleteRecordings, getRecordings, publishRecordings, updateRecordings } from './recording-calls.js'
import { enter, feedback, getJoinUrl, guestWait, learningDashboard, signOut, stuns } from './session-calls.js'
import { getRecordingTextTracks, putRecordingTextTrack } from './text-tracks.js'
import type { BbbVersion } from './versions.js'
import { isAtLeast } from './versions.js'

/** How a node treats one call. */
export interface Call {
  methods: readonly string[]
  /** The first release that has the call; all where left out. */
  since?: BbbVersion
  /** The last release that has the call. */
  until?: BbbVersion
  /** Which checker looks at its checksum; `none` for calls without one. */
  checker: ChecksumChecker | 'none'
  /** Content types of a body from 2.6.18 on; undefined where any will do. */
  bodyTypes: readonly string[] | undefined
  run: (request: CallRequest, node: NodeContext) => Answer
}

const GET = ['GET']
const POST = ['POST']
const BOTH = ['GET', 'POST']
const FORM = ['application/x-www-form-urlencoded', 'multipart/form-data']
const XML = ['application/xml', 'text/xml']

const CALLS: Readonly<Record<string, Call>> = {
  '': { methods: BOTH, checker: 'none', bodyTypes: undefined, run: index },
  create: { methods: BOTH, checker: 'validation', bodyTypes: [...FORM, ...XML], run: create },
  join: { methods: GET, checker: 'validation', bodyTypes: FORM, run: join },
  isMeetingRunning: { methods: BOTH, checker: 'validation', bodyTypes: FORM, run: isMeetingRunning },
  end: { methods: BOTH, checker: 'validation', bodyTypes: FORM, run: end },
  getMeetingInfo: { methods: BOTH, checker: 'validation', bodyTypes: FORM, run: getMeetingInfo },
  getMeetings: { methods: BOTH, checker: 'validation', bodyTypes: FORM, run: getMeetings },
  getSessions: { methods: BOTH, checker: 'validation', bodyTypes: FORM, run: getSessions },
  insertDocument: { methods: POST, since: '2.5', checker: 'validation', bodyTypes: XML, run: insertDocument },
  sendChatMessage: { methods: GET, since: '3.0', checker: 'validation', bodyTypes: FORM, run: sendChatMessage },
  getJoinUrl: { methods: BOTH, since: '3.0', checker: 'none', bodyTypes: FORM, run: getJoinUrl },
  enter: { methods: BOTH, until: '2.7', checker: 'none', bodyTypes: FORM, run: enter },
  guestWait: { methods: GET, until: '2.7', checker: 'none', bodyTypes: FORM, run: guestWait },
  stuns: { methods: BOTH, checker: 'none', bodyTypes: FORM, run: stuns },
  signOut: { methods: BOTH, checker: 'none', bodyTypes: FORM, run: signOut },
  learningDashboard: { methods: BOTH, checker: 'none', bodyTypes: FORM, run: learningDashboard },
  feedback: { methods: POST, since: '3.0', checker: 'none', bodyTypes: undefined, run: feedback },
  getRecordings: { methods: BOTH, checker: 'recordings', bodyTypes: undefined, run: getRecordings },
  publishRecordings: { methods: GET, checker: 'recordings', bodyTypes: undefined, run: publishRecordings },
  deleteRecordings: { methods: GET, checker: 'recordings', bodyTypes: undefined, run: deleteRecordings },
  updateRecordings: { methods: BOTH, checker: 'recordings', bodyTypes: undefined, run: updateRecordings },
  getRecordingTextTracks: { methods: BOTH, checker: 'recordings', bodyTypes: undefined, run: getRecordingTextTracks },
  putRecordingTextTrack: { methods: POST, checker: 'recordings', bodyTypes: undefined, run: putRecordingTextTrack },
  'hooks/create': { methods: GET, checker: 'webhooks', bodyTypes: undefined, run: createHook },
  'hooks/list': { methods: GET, checker: 'webhooks', bodyTypes: undefined, run: listHooks },
  'hooks/destroy': { methods: GET, checker: 'webhooks', bodyTypes: undefined, run: destroyHook },
  'hooks/ping': { methods: GET, checker: 'none', bodyTypes: undefined, run: pingHooks },
}

/** The call of this name, where this release has it. */
export function findCall (name: string, version: BbbVersion): Call | undefined {
  if (!Object.hasOwn(CALLS, name)) return undefined
  const call = CALLS[name]
  if (call === undefined || (call.since !== undefined && !isAtLeast(version, call.since))) return undefined
  return call.until !== undefined && version !== call.until && isAtLeast(version, call.until) ? undefined : call
}
