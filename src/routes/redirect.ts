import { FAILURES, isFaultOfNode } from '../bbb/errors.js'
import { valueOf } from '../bbb/query.js'
import type { Cluster, Member } from '../cluster/cluster.js'
import type { Copy } from '../cluster/directory.js'
import { failure, passOn, unreachable, type Answer } from './answer.js'
import { patienceMs, readMeetingID, wantsNoRedirect, type ApiRequest, type Timeouts } from './api-request.js'
import { errorOf, joinFailure } from './join-failure.js'
import { reasonOf, verdictOn } from './verdict.js'

export interface RedirectParts extends Timeouts {
  readonly cluster: Cluster
}

/** Answers join: the browser is sent to the node that has the meeting, with the call signed for that node. */
export class RedirectRoute {
  constructor (private readonly parts: RedirectParts) {}

  answer (request: ApiRequest): Answer | Promise<Answer> {
    const { cluster } = this.parts
    return cluster.isReady ? this.#answer(request) : cluster.firstRound.then(() => this.#answer(request))
  }

  #answer (request: ApiRequest): Answer | Promise<Answer> {
    const { cluster } = this.parts
    const meetingID = readMeetingID(request.params, false)
    if (typeof meetingID !== 'string') return joinFailure(request, meetingID, 'failed')
    const current = cluster.resolve(meetingID)
    if (current === undefined) return joinFailure(request, FAILURES.joinNotFound, 'failed')
    const copy = this.#meant(request, current)
    const member = cluster.memberOf(copy)
    // No call of ours goes to a disabled node, but the browser may: a meeting that goes on there is not shut to those who are late.
    if (member.node.health === 'down') return joinFailure(request, FAILURES.unreachable, 'error')
    if (wantsNoRedirect(request.params)) return member.node.carriesMeetings ? this.#onBehalf(request, copy, member) : unreachable(copy.nodeId)
    cluster.joined(copy)
    return {
      statusCode: 302,
      contentType: 'text/plain',
      body: '',
      location: member.client.signedUrl('join', request.text),
      result: 'success',
      nodeId: copy.nodeId,
    }
  }

  /** A join that names the time of creation means that very copy; BBB itself says no to any other. */
  #meant (request: ApiRequest, current: Copy): Copy {
    const { directory } = this.parts.cluster
    const copies = directory.copiesOf(current.meetingID)
    if (copies.length < 2) return current
    const createTime = valueOf(request.params, 'createTime')
    return copies.find((copy) => String(copy.createdAtMs) === createTime) ?? current
  }

  /** `redirect=false`: the caller reads the node's answer, and gets it from here. */
  async #onBehalf (request: ApiRequest, copy: Copy, member: Member): Promise<Answer> {
    const { cluster } = this.parts
    try {
      const answer = await member.client.request({ call: 'join', query: request.text, method: 'GET', timeoutMs: patienceMs(request, this.parts, member.node.health, false), requestId: request.requestId })
      // BBB up to 2.6 sends even such a caller to an error page.
      const refusal = errorOf(answer.location)
      if (refusal !== undefined && !isFaultOfNode(refusal.key)) return { ...failure(refusal), nodeId: copy.nodeId }
      const verdict = verdictOn(answer)
      if (verdict.kind === 'failed') return passOn(answer, copy.nodeId, 'failed', verdict.envelope.messageKey)
      if (verdict.kind === 'success') {
        cluster.joined(copy)
        return passOn(answer, copy.nodeId, 'success')
      }
      cluster.callFailed(member, verdict.reason)
    } catch (error) {
      cluster.callFailed(member, reasonOf(error).reason)
    }
    return unreachable(copy.nodeId)
  }
}
