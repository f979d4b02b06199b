import type { Clock, Timer } from '../clock.js'
import type { Log } from '../log.js'
import { Directory, peopleIn, type Copy, type NewCopy } from './directory.js'
import { Isolation } from './isolation.js'
import { LastSeen } from './last-seen.js'
import { Loads, type NodeLoad } from './load.js'
import { NodeClient } from './node-client.js'
import { Node, type AdministrativeState, type NodeSettings, type StateOverride } from './node.js'
import type { Observer } from './observer.js'
import { chooseNode, rankNodes, type Candidate, type PlaceableNode, type Placing } from './placement.js'
import { Poller, type Poll } from './poller.js'
import { shareOf, type Crowd } from './shares.js'
import type { TagWish } from './tags.js'

/** How long calls wait after a start for the first round of polls. */
const FIRST_ROUND_MS = 3_000

export interface ClusterSettings {
  readonly nodes: readonly NodeSettings[]
  readonly poll: { readonly interval: number, readonly timeout: number, readonly downAfter: number, readonly upAfter: number, readonly lostAfter: number }
  readonly isolation: { readonly hold: number }
  readonly connectTimeoutMs: number
  readonly ca: string | undefined
}

export interface ClusterParts {
  readonly clock: Clock
  readonly log: Log
  readonly observer: Observer
  /** Draws between equal nodes and spreads polls; 0 ≤ r < 1. */
  readonly random: () => number
  /** Called when something changed that should survive a restart. */
  readonly changed: () => void
}

/** A node with what speaks to it. */
export interface Member {
  readonly node: Node
  readonly client: NodeClient
  readonly poller: Poller
}

/** A meeting to be placed, before its node is known. */
export interface Wish {
  readonly expected: Crowd
  readonly tags: TagWish
}

/** A node chosen for a new meeting and already charged with it. `release` takes the charge back. */
export interface Placement {
  readonly member: Member
  release (): void
}

interface Seen extends PlaceableNode {
  readonly member: Member
}

/** The nodes, what is known of them, and the meetings on them. */
export class Cluster {
  readonly directory = new Directory((nodeId) => this.members.get(nodeId)?.node.health === 'down')
  readonly lastSeen = new LastSeen()
  readonly isolation: Isolation
  readonly members = new Map<string, Member>()
  readonly #loads = new Loads(this.directory)
  readonly #unpolled = new Set<string>()
  #ready = false
  #changes = 0
  #endFirstRound: () => void = () => {}
  /** Resolves when the first round of polls is over, or three seconds after the start; pending until then, also before the start. */
  readonly firstRound = new Promise<void>((resolve) => { this.#endFirstRound = resolve })
  #firstRoundTimer: Timer | undefined

  constructor (private readonly settings: ClusterSettings, private readonly parts: ClusterParts) {
    this.isolation = new Isolation(settings.isolation.hold)
    for (const node of settings.nodes) this.#addMember(node)
  }

  /** Grows with every call through this gateway that changed a meeting. */
  get changes (): number { return this.#changes }

  /** Begins to poll every node. */
  start (): void {
    this.#firstRoundTimer = this.parts.clock.after(FIRST_ROUND_MS, this.#endFirstRound)
    for (const [id, { node, poller }] of this.members) {
      if (node.state === 'disabled') {
        node.silentSinceMs = this.parts.clock.nowMs()
        continue
      }
      this.#unpolled.add(id)
      poller.start()
    }
    this.#checkReady()
  }

  /** Stops polling and closes the connections to all nodes. */
  async stop (): Promise<void> {
    this.#firstRoundTimer?.cancel()
    this.#endFirstRound()
    await Promise.all(Array.from(this.members.values(), async ({ poller, client }) => {
      poller.stop()
      await client.close()
    }))
  }

  /** Whether every node has been polled once, answered or not. */
  get isReady (): boolean { return this.#ready }

  /** Nodes that have not been polled yet. */
  get unpolled (): readonly string[] { return [...this.#unpolled] }

  /** The member of a copy. Copies live only as long as their node is known. */
  memberOf (copy: Copy): Member {
    const member = this.members.get(copy.nodeId)
    if (member === undefined) throw new Error(`the directory names the unknown node ${copy.nodeId}`)
    return member
  }

  /** Members that a gathered call is about. */
  carriers (): Member[] {
    return [...this.members.values()].filter(({ node }) => node.carriesMeetings)
  }

  /** Members that may hold recordings. */
  archives (): Member[] {
    return [...this.members.values()].filter(({ node }) => node.state !== 'disabled')
  }

  /** The copy that an id means: the current one of that external id, else the one of that internal id. */
  resolve (meetingID: string): Copy | undefined {
    for (const copy of this.directory.copiesOf(meetingID)) if (!this.isLost(copy)) return copy
    const copy = this.directory.byInternalId(meetingID)
    return copy === undefined || this.isLost(copy) ? undefined : copy
  }

  /** Whether the copy's node has been down or disabled so long that the meeting no longer counts. */
  isLost (copy: Copy): boolean {
    return this.memberOf(copy).node.isLost(this.parts.clock.nowMs(), this.settings.poll.lostAfter)
  }

  /** Whether the copy is the one of its id that lists show. */
  isShown (copy: Copy): boolean {
    return this.directory.copiesOf(copy.meetingID).find((other) => !this.isLost(other)) === copy
  }

  /** Chooses the node for a new meeting and charges it in the same step; undefined if no node may take it. */
  place (wish: Wish, except: ReadonlySet<string>): Placement | undefined {
    const share = shareOf(wish.expected)
    const chosen = chooseNode(this.#seen(), this.#placing(wish, except), this.parts.random)
    if (chosen === undefined) return undefined
    const { member } = chosen.node
    const key = Symbol(member.node.id)
    member.node.reservations.set(key, share)
    return { member, release: () => { member.node.reservations.delete(key) } }
  }

  /** Whether the node may take this meeting now, as if it were placed. */
  mayTake (member: Member, wish: Wish): boolean {
    return chooseNode([this.#see(member)], this.#placing(wish, NO_NODES), this.parts.random) !== undefined
  }

  /** Every node as a candidate for such a meeting, the best first. */
  candidates (wish: Wish): Candidate<PlaceableNode>[] {
    return rankNodes(this.#seen(), this.#placing(wish, NO_NODES))
  }

  loadOf (node: Node): NodeLoad {
    return this.#loads.of(node, this.parts.clock.nowMs())
  }

  /** Notes the copy that a create answered for; it becomes the current one. A repeated create of it changes nothing. */
  created (copy: NewCopy): Copy {
    const nowMs = this.parts.clock.nowMs()
    const [current] = this.directory.copiesOf(copy.meetingID)
    const isRepeated = current?.nodeId === copy.nodeId && current.internalMeetingID === copy.internalMeetingID
    // A node has at most one live meeting of an id: an older one there has ended.
    for (const older of this.directory.copiesOf(copy.meetingID)) {
      if (older.nodeId === copy.nodeId && older.internalMeetingID !== copy.internalMeetingID) this.directory.remove(older, nowMs)
    }
    const added = this.directory.add({ ...copy, answeredAtMs: nowMs }, true)
    if (!isRepeated) {
      this.touched(added)
      this.parts.changed()
    }
    return added
  }

  /** Notes a person who was sent to the copy. */
  joined (copy: Copy): void {
    this.directory.joined(copy, this.parts.clock.nowMs())
    this.#loads.changed(copy.nodeId)
  }

  /** Notes that a call changed the meeting, so that earlier answers are no longer true. */
  touched (copy: Copy): void {
    copy.changes++
    this.memberOf(copy).node.changes++
    this.#changes++
    this.#loads.changed(copy.nodeId)
  }

  /** Takes a copy out of which its node says that it is gone. */
  gone (copy: Copy): void {
    this.directory.remove(copy, this.parts.clock.nowMs())
    this.touched(copy)
    this.parts.changed()
  }

  /** Notes that a call to a node failed for a reason that is the node's. */
  callFailed ({ node }: Member, reason: string): void {
    const before = node.health
    node.healthState.callFailed()
    this.#logHealth(node, before, reason)
  }

  /** An operator says that the nodes most of which fail are really gone: their meetings move at once. */
  endIsolationHold (by: string): void {
    this.isolation.endHold()
    this.parts.log.warn({ by, isolated: this.isolation.isIsolated }, 'isolation hold ended by an operator')
  }

  /** Changes what the operator wants of a node; the change outlives a restart. */
  setState ({ node, poller }: Member, state: AdministrativeState, by: string): void {
    const before = node.state
    node.setOverride({ nodeId: node.id, state, overrides: node.settings.state, by, atMs: this.parts.clock.nowMs() })
    this.parts.log.warn({ node: node.id, from: before, to: node.state, by }, 'node state changed by an operator')
    if (node.state === 'disabled') {
      poller.stop()
      if (node.silentSinceMs === 0) node.silentSinceMs = this.parts.clock.nowMs()
      this.#unpolled.delete(node.id)
      this.#checkReady()
    } else if (before === 'disabled') {
      // What was seen of it is from before.
      node.healthState.callFailed()
      node.silentSinceMs = 0
      poller.start()
    }
    this.parts.changed()
  }

  /** Takes over what the state file remembers, before the first poll. */
  restore (overrides: readonly StateOverride[], copies: Iterable<NewCopy & { readonly current: boolean }>): void {
    for (const override of overrides) {
      const node = this.members.get(override.nodeId)?.node
      node?.setOverride(override)
      // One that the file has ended must not come back when the file changes its mind again.
      if (node !== undefined && node.override === undefined) this.parts.changed()
    }
    for (const copy of copies) {
      if (this.members.has(copy.nodeId)) this.directory.add(copy, copy.current)
    }
  }

  #addMember (settings: NodeSettings): void {
    const { clock, observer, random } = this.parts
    const node = new Node(settings, this.settings.poll)
    const [secret] = settings.secrets
    if (secret === undefined) throw new Error(`node ${settings.id} has no secret`)
    const client = new NodeClient({
      url: settings.url,
      secret,
      checksum: settings.checksum,
      connectTimeoutMs: this.settings.connectTimeoutMs,
      ca: this.settings.ca,
      observe: (durationMs, error) => observer.nodeRequest(node.id, durationMs, error),
    })
    const poller = new Poller({
      client,
      clock,
      random,
      intervalMs: this.settings.poll.interval,
      timeoutMs: this.settings.poll.timeout,
      changes: () => node.changes,
      polled: (poll) => this.#polled(node, poll),
    })
    this.members.set(node.id, { node, client, poller })
  }

  #polled (node: Node, poll: Poll): void {
    const before = node.health
    const { startedAtMs, endedAtMs, changesAtStart, error } = poll
    // Polls may overlap, and the earlier one end last.
    const isLatest = startedAtMs >= (node.lastPoll?.startedAtMs ?? 0)
    if (isLatest) node.lastPoll = { startedAtMs, endedAtMs, changesAtStart, error }
    if (poll.error === '') this.#takeIn(node, poll, isLatest)
    else {
      if (poll.due) node.healthState.pollFailed()
      else node.healthState.callFailed()
      this.parts.observer.pollFailed(node.id)
      if (node.health === 'down' && node.silentSinceMs === 0) node.silentSinceMs = poll.endedAtMs
    }
    this.#logHealth(node, before, poll.error)
    // Only a failure can begin isolation; while it lasts, every poll may end it.
    const mayChange = poll.due && (poll.error !== '' || this.isolation.isIsolated)
    if (mayChange && this.isolation.observe(this.#witnesses(), poll.endedAtMs)) {
      this.parts.log.warn({ isolated: this.isolation.isIsolated }, 'isolation changed')
    }
    if (this.#unpolled.delete(node.id)) this.#checkReady()
  }

  #takeIn (node: Node, poll: Poll, isLatest: boolean): void {
    if (poll.due) node.healthState.pollSucceeded()
    node.lastAnswerAtMs = poll.endedAtMs
    node.silentSinceMs = 0
    node.malformedMeetings = poll.answer.malformed
    if (poll.dateMs > 0) node.clockAheadMs = clockAhead(poll)
    if (poll.answer.malformed > 0) this.parts.observer.malformedMeetings(node.id, poll.answer.malformed)
    if (isLatest) this.lastSeen.keep(node.id, 'getMeetings', poll.body)
    const { added, removed } = this.directory.reconcile(node.id, poll.answer.meetings, poll.startedAtMs, poll.due)
    this.#loads.changed(node.id)
    if (added.length > 0 || removed.length > 0) this.parts.changed()
    for (const copy of removed) this.parts.log.info({ node: node.id, internalMeetingID: copy.internalMeetingID }, 'meeting is gone from its node')
  }

  #checkReady (): void {
    if (this.#ready || this.#unpolled.size > 0) return
    this.#ready = true
    this.#firstRoundTimer?.cancel()
    this.#endFirstRound()
    this.parts.log.info({ nodes: this.members.size, meetings: this.directory.size }, 'every node has been polled')
  }

  #logHealth (node: Node, before: string, reason: string): void {
    if (node.health === before) return
    const fields = { node: node.id, from: before, to: node.health, ...(reason === '' ? {} : { reason }) }
    if (node.health === 'up') this.parts.log.info(fields, 'node health changed')
    else this.parts.log.warn(fields, 'node health changed')
  }

  * #witnesses (): Generator<{ id: string, carriesMeetings: boolean, lastAnswerAtMs: number, failing: boolean }> {
    for (const { node } of this.members.values()) {
      yield { id: node.id, carriesMeetings: node.carriesMeetings, lastAnswerAtMs: node.lastAnswerAtMs, failing: node.lastPoll !== undefined && node.lastPoll.error !== '' }
    }
  }

  * #seen (): Generator<Seen> {
    for (const member of this.members.values()) yield this.#see(member)
  }

  #see (member: Member): Seen {
    const { node } = member
    const { limits } = node.settings
    return {
      member,
      id: node.id,
      state: node.state,
      health: node.health,
      weight: node.settings.weight,
      tags: node.settings.tags,
      limits,
      meetings: this.directory.onNode(node.id).size + node.reservations.size,
      participants: limits.participants > 0 ? this.participantsOn(node) : 0,
      load: this.loadOf(node),
    }
  }

  /** People on a node, as far as polls and redirected joins tell. */
  participantsOn (node: Node): number {
    let people = 0
    for (const copy of this.directory.onNode(node.id).values()) people += peopleIn(copy)
    return people
  }

  #placing (wish: Wish, except: ReadonlySet<string>): Placing {
    return { share: shareOf(wish.expected), tags: wish.tags, except }
  }
}

const NO_NODES: ReadonlySet<string> = new Set()

// The Date header has whole seconds: differences below two seconds are rounding.
const CLOCK_NOISE_MS = 2_000

function clockAhead (poll: Poll): number {
  const aheadMs = poll.dateMs - poll.endedAtMs
  return Math.abs(aheadMs) < CLOCK_NOISE_MS ? 0 : aheadMs
}
