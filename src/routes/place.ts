import { sizeOf } from '../bbb/announced-size.js'
import { readField } from '../bbb/envelope.js'
import { FAILURES, tagUnavailable } from '../bbb/errors.js'
import { createdFromInfo, DUPLICATE } from '../bbb/answers.js'
import { valueOf, withValue } from '../bbb/query.js'
import type { Clock } from '../clock.js'
import type { Cluster, Member, Wish } from '../cluster/cluster.js'
import type { Copy } from '../cluster/directory.js'
import type { NodeAnswer } from '../cluster/node-client.js'
import type { Observer } from '../cluster/observer.js'
import type { Log } from '../log.js'
import type { Expectation } from '../placement/rooms.js'
import { parseTagWish, writeTagWish } from '../placement/tags.js'
import { failure, notCreated, passOn, success, type Answer } from './answer.js'
import { readMeetingID, type ApiRequest } from './api-request.js'
import type { HeldBody } from './held-body.js'
import { reasonOf, saysGone, verdictOn } from './verdict.js'

/** How long a create waits for the end of a meeting of the same id, and how often it looks. */
const ENDING_PATIENCE_MS = 3_000
const ENDING_LOOK_MS = 150

export interface PlaceParts {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly log: Log
  readonly observer: Observer
  readonly callTimeoutMs: number
  readonly createTimeoutMs: number
}

/** One create with everything its attempts need. */
interface Create {
  readonly request: ApiRequest
  readonly meetingID: string
  /** What goes to the node. */
  readonly query: string
  readonly body: HeldBody | undefined
  readonly wish: Wish
}

/** What became of a create on one node: the client's answer, or the next-best node is to be asked. */
type Outcome = Answer | 'next'

/** The same for a node that may have got the request: `unclear` if its fate had to be looked up there, in vain. */
type Attempt = Outcome | 'unclear'

/** So many nodes in vain, each perhaps for the whole of `timeouts.create`, and the fault is not a single node's. */
const MOST_UNCLEAR_ATTEMPTS = 2

/**
 * Answers create. A new id is placed; a known one goes to the node that has it. Placing an id is
 * exclusive: its repeats wait for it and then run side by side on the same node.
 */
export class PlaceRoute {
  readonly #underWay = new Map<string, Promise<unknown>>()

  constructor (private readonly parts: PlaceParts) {}

  async answer (request: ApiRequest, body: HeldBody | undefined): Promise<Answer> {
    const { cluster } = this.parts
    if (!cluster.isReady) await cluster.firstRound
    const meetingID = readMeetingID(request.params, false)
    if (typeof meetingID !== 'string') return failure(meetingID)
    const create = { request, meetingID, body, ...readWish(request, meetingID) }
    return isBreakout(request) ? await this.#breakout(create) : await this.#create(create)
  }

  async #create (create: Create): Promise<Answer> {
    for (;;) {
      const underWay = this.#underWay.get(create.meetingID)
      if (underWay !== undefined) {
        await underWay
        continue
      }
      const copy = this.#known(create.meetingID)
      if (copy === undefined) return await this.#exclusively(create.meetingID, () => this.#placeAnew(create, new Set()))
      if (copy.endingSinceMs > 0) {
        await this.#waitForEnd(create, copy)
        continue
      }
      const outcome = await this.#again(create, copy)
      if (outcome !== 'next') return outcome
      if (this.#known(create.meetingID) === copy && !this.#underWay.has(create.meetingID)) return await this.#failOver(create, copy)
    }
  }

  /** The copy a create of that id meets: the current one, unless its node is down and another's is not. */
  #known (meetingID: string): Copy | undefined {
    const { cluster } = this.parts
    const copies = cluster.directory.copiesOf(meetingID).filter((copy) => !cluster.isLost(copy))
    return copies.find((copy) => cluster.memberOf(copy).node.health !== 'down') ?? copies[0]
  }

  /** Runs what places an id, so that no other create of that id does the same meanwhile. */
  async #exclusively (meetingID: string, place: () => Promise<Answer>): Promise<Answer> {
    const placing = place()
    const settled = placing.then(() => undefined, () => undefined)
    this.#underWay.set(meetingID, settled)
    try {
      return await placing
    } finally {
      this.#underWay.delete(meetingID)
    }
  }

  /** A create of an id that a node has. `next` if the meeting is not there any more, or its node is down. */
  async #again (create: Create, copy: Copy): Promise<Outcome> {
    const { cluster } = this.parts
    const member = cluster.memberOf(copy)
    const { node } = member
    if (node.carriesMeetings && node.health === 'down') return 'next'
    // A node that may not get new meetings would open one if the old has just ended: it is asked first.
    if (!cluster.mayTake(member, create.wish)) {
      const there = await this.#lookUp(create, member)
      if (there === 'gone') {
        cluster.gone(copy)
        return 'next'
      }
      if (there === 'unknown') return node.carriesMeetings ? notCreated(node.id) : 'next'
    }
    try {
      // A node answers for a meeting it has at once: waiting as for a new one would only hold up those who want to join.
      const answer = await this.#send(create, member, create.body === undefined ? this.parts.callTimeoutMs : this.parts.createTimeoutMs)
      const verdict = verdictOn(answer)
      if (verdict.kind === 'success') return this.#took(create, member, answer)
      if (verdict.kind === 'fault') cluster.callFailed(member, verdict.reason)
      // BBB before 2.6 makes up passwords for a create without any, and then finds them to differ.
      else if (verdict.envelope.messageKey !== 'idNotUnique' || passwordsOf(create.request).some((password) => password !== '')) {
        return passOn(answer, node.id, 'failed', verdict.envelope.messageKey)
      }
    } catch (error) {
      cluster.callFailed(member, reasonOf(error).reason)
    }
    const there = await this.#lookUp(create, member)
    if (there === 'gone') {
      cluster.gone(copy)
      return 'next'
    }
    if (there === 'unknown') return notCreated(node.id)
    return this.#repeated(create, member, there)
  }

  /** Answers for a node that has the meeting, but gave no answer to the create of it that can be passed on. */
  #repeated (create: Create, member: Member, info: NodeAnswer): Answer {
    const [attendeePW, moderatorPW] = passwordsOf(create.request)
    const isSame = (attendeePW === '' && moderatorPW === '') ||
      (attendeePW === readField(info.body, 'attendeePW') && moderatorPW === readField(info.body, 'moderatorPW'))
    return isSame
      ? this.#took(create, member, info, createdFromInfo(info.body, DUPLICATE))
      : { ...failure(FAILURES.idNotUnique), nodeId: member.node.id }
  }

  /** The node of a known id is gone: the meeting opens on another, unless the fault is more likely here. */
  async #failOver (create: Create, copy: Copy): Promise<Answer> {
    const { cluster, clock, log, observer } = this.parts
    if (cluster.isolation.holds(clock.nowMs())) return notCreated(copy.nodeId)
    return await this.#exclusively(create.meetingID, async () => {
      const answer = await this.#placeAnew(create, new Set([copy.nodeId]))
      if (answer.result === 'success') {
        observer.failedOver()
        log.warn({ from: copy.nodeId, to: answer.nodeId, internalMeetingID: copy.internalMeetingID }, 'meeting moved to another node')
      }
      return answer
    })
  }

  async #placeAnew (create: Create, tried: Set<string>): Promise<Answer> {
    const { cluster, observer } = this.parts
    let attempts = 0
    let unclear = 0
    for (;;) {
      const placement = unclear < MOST_UNCLEAR_ATTEMPTS ? cluster.place(create.wish, tried) : undefined
      if (placement === undefined) {
        const { tags } = create.wish
        const reason = attempts > 0 ? 'refused-by-nodes' : tags.required ? 'tags' : 'no-node'
        observer.placementFailed(reason)
        if (attempts > 0) return failure(FAILURES.createFailed, 'error')
        return failure(tags.required ? tagUnavailable(tags.anyOf) : FAILURES.noServers, 'error')
      }
      try {
        const outcome = await this.#attempt(create, placement.member, placement.expected)
        if (typeof outcome !== 'string') {
          if (outcome.result === 'success') observer.placed(placement.member.node.id)
          return outcome
        }
        if (outcome === 'unclear') unclear++
      } finally {
        placement.release()
      }
      attempts++
      tried.add(placement.member.node.id)
    }
  }

  /**
   * Sends a create to a node that does not have its meeting. The next node is asked without looking only
   * where the request was not written, or was answered 503; everything else leaves its fate unknown.
   */
  async #attempt (create: Create, member: Member, expected?: Expectation): Promise<Attempt> {
    const { cluster } = this.parts
    try {
      const answer = await this.#send(create, member)
      const verdict = verdictOn(answer)
      if (verdict.kind === 'success') return this.#took(create, member, answer, answer.body, expected)
      if (verdict.kind === 'failed') return passOn(answer, member.node.id, 'failed', verdict.envelope.messageKey)
      cluster.callFailed(member, verdict.reason)
      // A node that says no to the gateway itself, with HTTP status 200, has not created anything either.
      if (answer.statusCode === 503 || verdict.refused) return 'next'
    } catch (error) {
      const { reason, mayHaveArrived } = reasonOf(error)
      cluster.callFailed(member, reason)
      if (!mayHaveArrived) return 'next'
    }
    const there = await this.#lookUp(create, member)
    return typeof there === 'string' ? 'unclear' : this.#took(create, member, there, createdFromInfo(there.body), expected)
  }

  #send ({ request, query, body }: Create, { client }: Member, timeoutMs = this.parts.createTimeoutMs): Promise<NodeAnswer> {
    return client.request({ call: 'create', query, method: request.method, body, timeoutMs, requestId: request.requestId })
  }

  /** Asks a node whether it has the meeting: its getMeetingInfo if it has. */
  async #lookUp ({ request, meetingID }: Create, member: Member, timeoutMs = this.parts.callTimeoutMs): Promise<NodeAnswer | 'gone' | 'unknown'> {
    const { cluster } = this.parts
    try {
      const query = withValue('', 'meetingID', meetingID)
      const answer = await member.client.request({ call: 'getMeetingInfo', query, method: 'GET', timeoutMs, requestId: request.requestId })
      const verdict = verdictOn(answer)
      // An id that looks like the beginning of an internal one finds other meetings as well.
      if (verdict.kind === 'success') return readField(answer.body, 'meetingID') === meetingID ? answer : 'gone'
      if (saysGone(verdict)) return 'gone'
      if (verdict.kind === 'fault') cluster.callFailed(member, verdict.reason)
    } catch (error) {
      cluster.callFailed(member, reasonOf(error).reason)
    }
    return 'unknown'
  }

  /** Notes the meeting that a node answered with, and answers the client with the node's bytes, or with `body` made of them. */
  #took ({ request, meetingID, wish }: Create, { node }: Member, answer: NodeAnswer, body: Buffer = answer.body, expected?: Expectation): Answer {
    const internalMeetingID = readField(answer.body, 'internalMeetingID') ?? ''
    if (internalMeetingID === '') return passOn(answer, node.id, 'success')
    this.parts.cluster.created({
      meetingID,
      internalMeetingID,
      nodeId: node.id,
      createdAtMs: Number(readField(answer.body, 'createTime')) || this.parts.clock.nowMs(),
      voiceBridge: readField(answer.body, 'voiceBridge') ?? '',
      name: valueOf(request.params, 'name') ?? '',
      isBreakout: isBreakout(request),
      parentMeetingID: valueOf(request.params, 'parentMeetingID') ?? '',
      maxParticipants: wish.opening.maxParticipants,
      announced: wish.opening.announced,
      expected,
    })
    return body === answer.body ? passOn(answer, node.id, 'success') : success(body, node.id)
  }

  /** A breakout room opens where its parent is. */
  async #breakout (create: Create): Promise<Answer> {
    const { cluster } = this.parts
    const parentID = valueOf(create.request.params, 'parentMeetingID')
    if (parentID === undefined || parentID === '') return failure(FAILURES.parentMissing)
    const parent = cluster.resolve(parentID)
    if (parent === undefined) return failure(FAILURES.parentNotFound)
    const member = cluster.memberOf(parent)
    if (!member.node.carriesMeetings || member.node.health === 'down') return notCreated(member.node.id)
    const outcome = await this.#attempt(create, member)
    return typeof outcome === 'string' ? notCreated(member.node.id) : outcome
  }

  /** Waits until the node no longer has a meeting that was ended, or has taken too long. */
  async #waitForEnd (create: Create, copy: Copy): Promise<void> {
    const { cluster, clock, callTimeoutMs } = this.parts
    const member = cluster.memberOf(copy)
    const patienceEndsAtMs = clock.nowMs() + ENDING_PATIENCE_MS
    while (clock.nowMs() < patienceEndsAtMs && member.node.health !== 'down') {
      const timeoutMs = Math.max(1, Math.min(callTimeoutMs, patienceEndsAtMs - clock.nowMs()))
      const there = await this.#lookUp(create, member, timeoutMs)
      if (there === 'gone' || (there !== 'unknown' && readField(there.body, 'internalMeetingID') !== copy.internalMeetingID)) {
        cluster.gone(copy)
        return
      }
      await new Promise<void>((resolve) => { clock.after(ENDING_LOOK_MS, resolve) })
    }
    // It does not end after all: the create meets the meeting as it is, and the node decides.
    cluster.directory.stillThere(copy)
  }
}

function readWish (request: ApiRequest, meetingID: string): { query: string, wish: Wish } {
  const { params, text, tenant } = request
  const tags = valueOf(params, 'meta_server-tag')
  const forwarded = tags === undefined ? undefined : writeTagWish(tags)
  return {
    query: forwarded === undefined || forwarded === tags ? text : withValue(text, 'meta_server-tag', forwarded),
    wish: {
      opening: {
        tenantId: tenant.id,
        meetingID,
        maxParticipants: maxParticipants(request),
        announced: sizeOf(valueOf(params, 'meta_ensemble-expected-participants') ?? valueOf(params, 'meta_bbb-meeting-size-hint') ?? ''),
        isBreakout: isBreakout(request),
        tags: tags ?? '',
      },
      tags: parseTagWish(tags),
    },
  }
}

/** The passwords a create sends, attendees' and moderators'; BBB takes an empty one as none. */
function passwordsOf ({ params }: ApiRequest): [attendeePW: string, moderatorPW: string] {
  return [valueOf(params, 'attendeePW') ?? '', valueOf(params, 'moderatorPW') ?? '']
}

/** The limit a client gave, as BBB reads it; 0 for none. */
function maxParticipants ({ params }: ApiRequest): number {
  return Math.max(0, Number.parseInt(valueOf(params, 'maxParticipants') ?? '', 10) || 0)
}

function isBreakout ({ params }: ApiRequest): boolean {
  return valueOf(params, 'isBreakout')?.toLowerCase() === 'true'
}
