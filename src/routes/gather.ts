import { mergedList, sketchMeeting } from '../bbb/answers.js'
import type { Gather } from '../bbb/calls.js'
import { FAILURES } from '../bbb/errors.js'
import { readField } from '../bbb/envelope.js'
import { readItems } from '../bbb/list-walk.js'
import { readMeetings, type ListedMeeting } from '../bbb/meetings-reader.js'
import { UnreadableAnswer } from '../bbb/unreadable-answer.js'
import { valueOf, withoutName } from '../bbb/query.js'
import type { AnswerKind } from '../cluster/answer-cache.js'
import type { Cluster, Member } from '../cluster/cluster.js'
import { failure, success, type Answer } from './answer.js'
import { patienceMs, type ApiRequest, type Timeouts } from './api-request.js'
import { reasonOf, verdictOn } from './verdict.js'

/** The largest page BBB gives. */
const LARGEST_PAGE = 100

export interface GatherParts extends Timeouts {
  readonly cluster: Cluster
  /** How old a node's list may be to be used again. */
  readonly maxAgeMs: number
  readonly cacheAnswered: (call: string, kind: AnswerKind) => void
}

/** Answers calls about all meetings by asking every node at once and merging their lists. */
export class GatherRoute {
  /** The last merged list, for those who ask again before anything has changed. */
  #merged: { readonly askedAtMs: number, readonly changes: number, readonly list: Promise<Buffer[]> } | undefined

  constructor (private readonly parts: GatherParts) {}

  async answer (request: ApiRequest, way: Gather): Promise<Answer> {
    const { cluster } = this.parts
    if (!cluster.isReady) await cluster.firstRound
    if (way.polled) return await this.#meetings(request, way)
    return way.list === 'recordings' ? await this.#recordings(request, way) : await this.#items(request, way)
  }

  /** getMeetings is what a poll reads: asking a node for it is polling it. */
  async #meetings (request: ApiRequest, way: Gather): Promise<Answer> {
    const { cluster, maxAgeMs, nowMs, cacheAnswered } = this.parts
    const askedAtMs = nowMs()
    const { changes } = cluster
    const known = this.#merged
    if (known !== undefined && known.changes === changes && askedAtMs - known.askedAtMs < maxAgeMs) {
      const list = await known.list
      if (cluster.changes === changes && !this.#knowsNothing()) {
        cacheAnswered('getMeetings', 'kept')
        return success(list)
      }
    }
    const list = Promise.all(cluster.carriers().map(async (member) => await this.#meetingsOf(request, member)))
      .then((lists) => mergedList(way.list, lists.flat(), way.none))
    this.#merged = { askedAtMs, changes, list }
    const merged = await list
    return this.#knowsNothing() ? failure(FAILURES.unreachable, 'error') : success(merged)
  }

  /** Whether no node has ever answered and nothing is remembered: an empty list would say that there are no meetings. */
  #knowsNothing (): boolean {
    const { cluster } = this.parts
    const carriers = cluster.carriers()
    return carriers.length > 0 && cluster.directory.size === 0 && carriers.every(({ node }) => node.lastAnswerAtMs === 0)
  }

  async #meetingsOf (request: ApiRequest, member: Member): Promise<Buffer[]> {
    const { cluster, cacheAnswered, maxAgeMs, nowMs } = this.parts
    const { node, poller } = member
    const last = cluster.lastSeen.of(node.id, 'getMeetings')
    if (node.health === 'down') return this.#fromLast(member, last)
    const { lastPoll } = node
    if (last !== undefined && lastPoll?.error === '' && lastPoll.changesAtStart === node.changes && nowMs() - lastPoll.startedAtMs < maxAgeMs) {
      cacheAnswered('getMeetings', 'kept')
      return this.#fromLast(member, last)
    }
    const poll = await within(patienceMs(request, this.parts, node.health, true), poller.poll())
    cacheAnswered('getMeetings', 'asked')
    return poll === undefined || poll.error !== '' ? this.#fromLast(member, last) : this.#current(member, poll.body, poll.answer.meetings)
  }

  /** A silent node's part: its last list as it came, and what the directory knows of meetings that are not in it. */
  #fromLast ({ node }: Member, last: Buffer | undefined): Buffer[] {
    const { cluster } = this.parts
    const listed = last === undefined ? [] : readMeetings(last).meetings
    const ids = new Set(listed.map(({ internalMeetingID }) => internalMeetingID))
    const unlisted = [...cluster.directory.onNode(node.id).values()]
      // One that a list has left out already has most probably ended.
      .filter((copy) => !ids.has(copy.internalMeetingID) && copy.absences === 0 && cluster.isShown(copy))
      .map(sketchMeeting)
    return last === undefined ? unlisted : [...this.#current({ node }, last, listed), ...unlisted]
  }

  /** The pieces of a list that show the current copies, neighbours in one piece. */
  #current ({ node }: Pick<Member, 'node'>, body: Buffer, meetings: readonly ListedMeeting[]): Buffer[] {
    const { cluster } = this.parts
    const onNode = cluster.directory.onNode(node.id)
    const pieces: Buffer[] = []
    let start = -1
    let end = -1
    for (const meeting of meetings) {
      const copy = onNode.get(meeting.internalMeetingID)
      if (copy === undefined || !cluster.isShown(copy)) continue
      if (meeting.start !== end) {
        if (start !== -1) pieces.push(body.subarray(start, end))
        start = meeting.start
      }
      end = meeting.end
    }
    if (start !== -1) pieces.push(body.subarray(start, end))
    return pieces
  }

  async #items (request: ApiRequest, way: Gather): Promise<Answer> {
    const bodies = await this.#ask(request, this.parts.cluster.carriers(), request.text)
    if (bodies === undefined) return failure(FAILURES.unreachable, 'error')
    return success(mergedList(way.list, bodies.flatMap((body) => itemsOf(body, way)), way.none))
  }

  /** Nodes page an unordered set, so that their pages cannot be merged: all are read, and paged here. */
  async #recordings (request: ApiRequest, way: Gather): Promise<Answer> {
    const bodies = await this.#ask(request, this.parts.cluster.archives(), withoutName(withoutName(request.text, 'offset'), 'limit'))
    if (bodies === undefined) return failure(FAILURES.unreachable, 'error')
    const recordings = bodies
      .flatMap((body) => itemsOf(body, way))
      .map((item) => ({ item, startedAtMs: startTimeOf(item) }))
      .sort((a, b) => b.startedAtMs - a.startedAtMs)
      .map(({ item }) => item)
    const page = pageOf(request)
    if (page === undefined) return success(mergedList(way.list, recordings, way.none))
    return success(mergedList(way.list, recordings.slice(page.offset, page.offset + page.limit), way.none, recordings.length))
  }

  /** The lists of nodes, a silent one's as it was last seen; undefined where nobody knows any: that is not "none". */
  async #ask (request: ApiRequest, members: readonly Member[], query: string): Promise<Buffer[] | undefined> {
    const question = `${request.call.name}?${query}`
    const bodies = await Promise.all(members.map(async (member) => await this.#askOne(request, member, query, question)))
    const known = bodies.filter((body) => body !== undefined)
    return known.length === 0 && members.length > 0 ? undefined : known
  }

  async #askOne (request: ApiRequest, member: Member, query: string, question: string): Promise<Buffer | undefined> {
    const { cluster } = this.parts
    const { node, client } = member
    if (node.health === 'down') return cluster.lastSeen.of(node.id, question)
    try {
      const timeoutMs = patienceMs(request, this.parts, node.health, true)
      const answer = await client.request({ call: request.call.name, query, method: 'GET', timeoutMs, requestId: request.requestId })
      const verdict = verdictOn(answer)
      if (verdict.kind === 'success') {
        cluster.lastSeen.keep(node.id, question, answer.body)
        return answer.body
      }
      if (verdict.kind === 'fault') cluster.callFailed(member, verdict.reason)
    } catch (error) {
      cluster.callFailed(member, reasonOf(error).reason)
    }
    return cluster.lastSeen.of(node.id, question)
  }
}

/** The value, or undefined if it takes longer. */
async function within<T> (timeoutMs: number, value: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<undefined>((resolve) => { timer = setTimeout(() => resolve(undefined), timeoutMs) })
  try {
    return await Promise.race([value, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

function itemsOf (body: Buffer, { list, item }: Gather): Buffer[] {
  try {
    return readItems(body, list, item).map(({ start, end }) => body.subarray(start, end))
  } catch (error) {
    if (error instanceof UnreadableAnswer) return []
    throw error
  }
}

const RESPONSE_OPEN = Buffer.from('<response>')
const RESPONSE_CLOSE = Buffer.from('</response>')

/** The start of a recording in ms; 0 where it says none. */
function startTimeOf (recording: Buffer): number {
  const inner = recording.subarray(recording.indexOf('>') + 1, recording.lastIndexOf('<'))
  return Number(readField(Buffer.concat([RESPONSE_OPEN, inner, RESPONSE_CLOSE]), 'startTime')) || 0
}

/** The page a client asked for, as BBB reads it; undefined if it asked for none. */
function pageOf ({ params }: ApiRequest): { offset: number, limit: number } | undefined {
  const limit = Number.parseInt(valueOf(params, 'limit') ?? '', 10)
  const offset = Number.parseInt(valueOf(params, 'offset') ?? '', 10)
  if (Number.isNaN(limit) && Number.isNaN(offset)) return undefined
  return {
    offset: Math.max(0, offset || 0),
    limit: Math.min(LARGEST_PAGE, Math.max(1, Number.isNaN(limit) ? LARGEST_PAGE : limit)),
  }
}
