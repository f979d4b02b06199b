import type { Follow } from '../bbb/calls.js'
import { readEnvelope } from '../bbb/envelope.js'
import { readMeetings } from '../bbb/meetings-reader.js'
import { paramsOf, valueOf, withValue } from '../bbb/query.js'
import type { AnswerCache, AnswerKind } from '../cluster/answer-cache.js'
import type { Cluster, Member } from '../cluster/cluster.js'
import type { Copy } from '../cluster/directory.js'
import { NodeUnreachable, type NodeAnswer } from '../cluster/node-client.js'
import { failure, passOn, success, unreachable, type Answer } from './answer.js'
import { patienceMs, readMeetingID, type ApiRequest, type Timeouts } from './api-request.js'
import type { HeldBody } from './held-body.js'
import { reasonOf, saysGone, verdictOn, type Verdict } from './verdict.js'

export interface FollowParts extends Timeouts {
  readonly cluster: Cluster
  readonly cache: AnswerCache<JudgedAnswer>
  /** For calls that carry a body. */
  readonly uploadTimeoutMs: number
  readonly cacheAnswered: (call: string, kind: AnswerKind) => void
}

/** Answers calls about one meeting by sending them to the node that has it. */
export class FollowRoute {
  constructor (private readonly parts: FollowParts) {}

  async answer (request: ApiRequest, way: Follow, body: HeldBody | undefined): Promise<Answer> {
    const { cluster } = this.parts
    if (!cluster.isReady) await cluster.firstRound
    const meetingID = readMeetingID(request.params, way.anyIdLength)
    if (typeof meetingID !== 'string') return failure(meetingID)
    const copy = cluster.resolve(meetingID)
    if (copy === undefined) return unknownMeeting(way, meetingID)
    return way.everyCopy ? await this.#toEveryCopy(request, way, copy) : await this.#toCopy(request, way, copy, body)
  }

  /** A call that concerns every copy succeeds if one of them took it; else the current copy's answer counts. */
  async #toEveryCopy (request: ApiRequest, way: Follow, current: Copy): Promise<Answer> {
    const copies = this.parts.cluster.directory.copiesOf(current.meetingID)
    if (copies.length === 1) return await this.#toCopy(request, way, current, undefined)
    const toOthers = byExternalId(request, current)
    const answers = await Promise.all([
      this.#toCopy(request, way, current, undefined),
      ...copies.filter((copy) => copy !== current).map((copy) => this.#toCopy(toOthers, way, copy, undefined)),
    ])
    return answers.find((answer) => answer.result === 'success') ?? answers[0] ?? unreachable(current.nodeId)
  }

  async #toCopy (request: ApiRequest, way: Follow, copy: Copy, body: HeldBody | undefined): Promise<Answer> {
    const { cluster } = this.parts
    const member = cluster.memberOf(copy)
    if (!member.node.carriesMeetings || member.node.health === 'down') return unreachable(copy.nodeId)
    try {
      return this.#judge(await this.#ask(request, way, copy, member, body), request, way, copy, member)
    } catch (error) {
      return this.#unanswered(request, way, copy, member, reasonOf(error).reason)
    }
  }

  async #ask (request: ApiRequest, way: Follow, copy: Copy, { node, client }: Member, body: HeldBody | undefined): Promise<JudgedAnswer> {
    const nowMs = this.parts.nowMs()
    const send = async (): Promise<JudgedAnswer> => judged(await client.request({
      call: request.call.name,
      query: request.text,
      method: request.method,
      body,
      timeoutMs: body === undefined ? patienceMs(request, this.parts, node.health, way.fromLastPoll) : this.parts.uploadTimeoutMs,
      requestId: request.requestId,
    }))
    if (way.changes) return await send()
    const { answer, kind } = await this.parts.cache.answer(copy, `${request.call.name}?${request.text}`, nowMs, () => send().catch(onceMore), isSuccess)
    this.parts.cacheAnswered(request.call.name, kind)
    return answer

    // A question changes nothing: where a connection broke, as idle ones do, it may be asked again.
    async function onceMore (error: unknown): Promise<JudgedAnswer> {
      if (error instanceof NodeUnreachable && error.reason === 'reset') return await send()
      throw error
    }
  }

  #judge (answer: JudgedAnswer, request: ApiRequest, way: Follow, copy: Copy, member: Member): Answer {
    const { cluster } = this.parts
    const { verdict } = answer
    if (verdict.kind === 'fault') return this.#unanswered(request, way, copy, member, verdict.reason)
    if (verdict.kind === 'success') {
      if (way.changes) this.#changed(request, copy)
      return passOn(answer, copy.nodeId, 'success')
    }
    // BBB before 2.6 knows no internal ids: to such a question its notFound is no evidence.
    if (saysGone(verdict) && valueOf(request.params, 'meetingID') === copy.meetingID) cluster.gone(copy)
    return passOn(answer, copy.nodeId, 'failed', verdict.envelope.messageKey)
  }

  #unanswered (request: ApiRequest, way: Follow, copy: Copy, member: Member, reason: string): Answer {
    const { cluster } = this.parts
    cluster.callFailed(member, reason)
    // The node may have done its work all the same.
    if (way.changes) cluster.touched(copy)
    return this.#answerFor(request, way, copy)
  }

  #changed (request: ApiRequest, copy: Copy): void {
    if (request.call.name === 'end') this.parts.cluster.directory.ended(copy, this.parts.nowMs())
    this.parts.cluster.touched(copy)
  }

  /** The answer for a node that gave none: what the last poll showed, where that is an answer. */
  #answerFor (request: ApiRequest, way: Follow, copy: Copy): Answer {
    const { cluster } = this.parts
    if (!way.fromLastPoll || copy.seenAtMs === 0 || cluster.memberOf(copy).node.health === 'down') return unreachable(copy.nodeId)
    if (request.call.name === 'isMeetingRunning') {
      return success(`<response><returncode>SUCCESS</returncode><running>${copy.participants > 0}</running></response>`, copy.nodeId)
    }
    const meeting = meetingInLastPoll(cluster, copy)
    return meeting === undefined ? unreachable(copy.nodeId) : success(meeting, copy.nodeId)
  }
}

/** The same request by the external id, which is what all copies of a meeting have in common. */
function byExternalId (request: ApiRequest, { meetingID }: Copy): ApiRequest {
  if (valueOf(request.params, 'meetingID') === meetingID) return request
  const text = withValue(request.text, 'meetingID', meetingID)
  return { ...request, text, params: paramsOf(text) }
}

/** The answer for an id that no node has: the same as a node's would be, without asking one. */
function unknownMeeting (way: Follow, meetingID: string): Answer {
  const body = way.unknown(meetingID)
  const envelope = readEnvelope(Buffer.from(body))
  return envelope?.returncode === 'FAILED' ? { ...success(body), result: 'failed', messageKey: envelope.messageKey } : success(body)
}

/** An answer with what it is worth, which is found out once for all who share it. */
export interface JudgedAnswer extends NodeAnswer {
  readonly verdict: Verdict
}

function judged (answer: NodeAnswer): JudgedAnswer {
  return { ...answer, verdict: verdictOn(answer) }
}

function isSuccess ({ verdict }: JudgedAnswer): boolean {
  return verdict.kind === 'success'
}

const OPEN = Buffer.from('<response><returncode>SUCCESS</returncode>')
const CLOSE = Buffer.from('<messageKey></messageKey><message></message></response>')
const MEETING_TAG_BYTES = '<meeting>'.length
const MEETING_END_BYTES = '</meeting>'.length

/** A getMeetingInfo answer made of what the last poll said of the meeting: the fields are the same. */
function meetingInLastPoll (cluster: Cluster, copy: Copy): Buffer | undefined {
  const body = cluster.lastSeen.of(copy.nodeId, 'getMeetings')
  const listed = body === undefined ? undefined : readMeetings(body).meetings.find((meeting) => meeting.internalMeetingID === copy.internalMeetingID)
  if (body === undefined || listed === undefined) return undefined
  return Buffer.concat([OPEN, body.subarray(listed.start + MEETING_TAG_BYTES, listed.end - MEETING_END_BYTES), CLOSE])
}
