import type { Clock, Timer } from '../clock.js'
import type { Log } from '../log.js'
import { Forecast, type ForecastParts } from '../placement/forecast.js'
import { obstacleTo, chooseNode, peakOf, rankNodes, type Candidate, type PlaceableNode, type Placing, type Score } from '../placement/placement.js'
import type { Expectation, Opening } from '../placement/rooms.js'
import type { TagWish } from '../placement/tags.js'
import { Courses } from './courses.js'
import { Directory, peopleIn, type Copy, type NewCopy } from './directory.js'
import { Isolation } from './isolation.js'
import { LastSeen } from './last-seen.js'
import { NodeClient } from './node-client.js'
import { Node, type AdministrativeState, type CpuSample, type NodeSettings, type SavedOverride, type StateOverride } from './node.js'
import type { Observer } from './observer.js'
import { Planner } from './planner.js'
import { Poller, type Poll } from './poller.js'

/** How long calls wait after a start for the first round of polls. */
const FIRST_ROUND_MS = 3_000

/** So long an operator's change waits for its node to come back. Hosts that are made anew each day have ever new names. */
const OVERRIDE_WAITS_MS = 30 * 86_400_000

export interface ClusterSettings {
  readonly nodes: readonly NodeSettings[]
  readonly poll: { readonly interval: number, readonly timeout: number, readonly downAfter: number, readonly upAfter: number, readonly lostAfter: number }
  readonly isolation: { readonly hold: number }
  readonly connectTimeoutMs: number
  /** No call takes longer: so long a node that has nothing to do any more is kept, because of calls that hold on to it. */
  readonly longestCallMs: number
  readonly ca: string | undefined
  readonly forecast: ForecastParts
}

export interface ClusterParts {
  readonly clock: Clock
  readonly log: Log
  readonly observer: Observer
  /** Draws between equal nodes and spreads polls; 0 ≤ r < 1. */
  readonly random: () => number
  /** Called when something changed that should survive a restart. */
  readonly changed: () => void
  /** Called when more is known of rooms. */
  readonly learned: () => void
  /** Whose meeting an external id is. */
  readonly tenantOf: (meetingID: string) => string
}

/** A node with what speaks to it. */
export interface Member {
  readonly node: Node
  readonly client: NodeClient
  readonly poller: Poller
}

/** A meeting to be placed, before its node is known. */
export interface Wish {
  readonly opening: Opening
  readonly tags: TagWish
}

/** A node chosen for a new meeting and already charged with it. `release` takes the charge back. */
export interface Placement {
  readonly member: Member
  /** What the meeting is expected to become. */
  readonly expected: Expectation
  release (): void
}

/** What a node carries, in parts of its own CPU (1.0 = all of it, whatever its weight). */
export interface NodeLoad extends Score {
  /** Load no meeting explains, such as the processing of recordings. 0 until the CPU is measured. */
  readonly background: number
  /** What is seen of the meetings now. */
  readonly live: number
  /** What is held for meetings that are still filling, and for creates under way. */
  readonly reserved: number
}

interface Seen extends PlaceableNode {
  readonly member: Member
}

/** The nodes, what is known of them, and the meetings on them. */
export class Cluster {
  readonly forecast: Forecast
  readonly directory: Directory
  readonly lastSeen = new LastSeen()
  readonly isolation: Isolation
  readonly members = new Map<string, Member>()
  readonly #planner: Planner
  readonly #unpolled = new Set<string>()
  /** Whether nodes come from a list as well, and whether that has yet to be read. */
  #list: 'none' | 'unread' | 'read' = 'none'
  /** Operators' changes of nodes that are not there now and may come back. */
  readonly #absentOverrides = new Map<string, { readonly override: StateOverride, readonly sinceMs: number }>()
  /** When a node that is off the list was first found to have nothing left to do. */
  readonly #idleSinceMs = new Map<string, number>()
  #started = false
  #ready = false
  #changes = 0
  #endFirstRound: () => void = () => {}
  /** Resolves when the first round of polls is over, or three seconds after the start; pending until then, also before the start. */
  readonly firstRound = new Promise<void>((resolve) => { this.#endFirstRound = resolve })
  #firstRoundTimer: Timer | undefined

  constructor (private readonly settings: ClusterSettings, private readonly parts: ClusterParts) {
    this.isolation = new Isolation(settings.isolation.hold)
    this.forecast = new Forecast(settings.forecast)
    const courses = new Courses(this.forecast, {
      clockAheadMs: (nodeId) => this.members.get(nodeId)?.node.clockAheadMs ?? 0,
      tenantOf: parts.tenantOf,
      learned: parts.learned,
    })
    this.directory = new Directory((nodeId) => this.members.get(nodeId)?.node.health === 'down', courses)
    this.#planner = new Planner(parts.clock, parts.log, () => this.forecast.prepare(this.#seen(), parts.clock.nowMs(), parts.random))
    for (const node of settings.nodes) this.#addMember(node)
  }

  /** Grows with every call through this gateway that changed a meeting. */
  get changes (): number { return this.#changes }

  /** Begins to poll every node. */
  start (): void {
    this.#started = true
    this.#firstRoundTimer = this.parts.clock.after(FIRST_ROUND_MS, this.#endFirstRound)
    for (const member of this.members.values()) this.#begin(member)
    this.#planner.start()
    this.#checkReady()
  }

  /** Stops polling and closes the connections to all nodes. */
  async stop (): Promise<void> {
    this.#firstRoundTimer?.cancel()
    this.#endFirstRound()
    await this.#planner.stop()
    await Promise.all(Array.from(this.members.values(), async ({ poller, client }) => {
      poller.stop()
      await client.close()
    }))
  }

  /** Whether the list of nodes, if there is one, has been read and every node has been polled once, answered or not. */
  get isReady (): boolean { return this.#ready }

  /** Whether there is a list of nodes that has not been read yet. */
  get isListUnread (): boolean { return this.#list === 'unread' }

  /** Nodes that have not been polled yet. */
  get unpolled (): readonly string[] { return [...this.#unpolled] }

  /** Operators' changes that should survive a restart. */
  get overrides (): SavedOverride[] {
    const present = Array.from(this.members.values(), ({ node }) => node.override).filter((override) => override !== undefined)
    return [...present, ...Array.from(this.#absentOverrides.values(), ({ override, sinceMs }) => ({ ...override, absentSinceMs: sinceMs }))]
  }

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
    const expected = this.forecast.expect(wish.opening)
    const chosen = chooseNode(this.#seen(), this.#placing(expected, wish.tags, except), this.parts.random)
    if (chosen === undefined) return undefined
    const { member } = chosen.node
    return { member, expected, release: this.forecast.hold(member.node.id, expected) }
  }

  /** Whether the node may take this meeting now, as if it were placed. */
  mayTake (member: Member, wish: Wish): boolean {
    return obstacleTo(this.#see(member, this.parts.clock.nowMs()), { tags: wish.tags, except: NO_NODES }) === ''
  }

  /** What such a meeting is expected to become, and every node as a candidate for it, the best first. */
  candidates (wish: Wish): { expected: Expectation, candidates: Candidate<PlaceableNode>[] } {
    const expected = this.forecast.expect(wish.opening)
    return { expected, candidates: rankNodes(this.#seen(), this.#placing(expected, wish.tags, NO_NODES)) }
  }

  loadOf (node: Node): NodeLoad {
    const look = this.forecast.look(node.id, this.parts.clock.nowMs())
    const { background, live, reserved } = look.profile
    return { background, live, reserved, ...peakOf(look) }
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
  }

  /** Notes that a call changed the meeting, so that earlier answers are no longer true. */
  touched (copy: Copy): void {
    copy.changes++
    // A call may end after its node was taken out.
    const node = this.members.get(copy.nodeId)?.node
    if (node !== undefined) node.changes++
    this.#changes++
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
      this.forecast.unwatched(node.id)
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

  /** Says that nodes come from a list as well: the cluster is not ready before that has been read. */
  expectList (): void {
    this.#list = 'unread'
  }

  /** The list of nodes has been read, and its nodes were added. */
  listRead (): void {
    if (this.#list === 'read') return
    this.#list = 'read'
    this.#checkReady()
  }

  /** Adds a node that has appeared on the list; it is polled at once. */
  addNode (settings: NodeSettings): void {
    const member = this.#addMember(settings)
    const { id } = settings
    member.node.setOverride(this.#absentOverrides.get(id)?.override)
    this.#absentOverrides.delete(id)
    this.parts.log.info({ node: id, url: settings.url, state: member.node.state }, 'node added')
    if (this.#started) this.#begin(member)
    this.parts.changed()
  }

  /** A node has left the list: it keeps its meetings and gets no new ones. */
  withdraw (id: string): void {
    const node = this.members.get(id)?.node
    if (node === undefined || !node.listed) return
    node.unlistedSinceMs = this.parts.clock.nowMs()
    this.parts.log.warn({ node: id, meetings: this.directory.onNode(id).size }, 'node is off the list and gets no new meetings')
    this.parts.changed()
  }

  /** A node is on the list again, as if it had never left. */
  relist (id: string): void {
    const node = this.members.get(id)?.node
    if (node === undefined || node.listed) return
    node.unlistedSinceMs = 0
    this.parts.log.info({ node: id, state: node.state }, 'node is on the list again')
    this.parts.changed()
  }

  /** Takes those nodes out for good that have been off the list for a while and have no meetings, or were silent so long that they are lost. */
  removeUnlisted (): void {
    const nowMs = this.parts.clock.nowMs()
    for (const [id, member] of this.members) {
      const { node } = member
      const isOff = !node.listed && nowMs - node.unlistedSinceMs >= this.settings.poll.lostAfter
      const isIdle = this.forecast.look(id, nowMs).meetings === 0 || node.isLost(nowMs, this.settings.poll.lostAfter)
      if (!isOff || !isIdle) {
        this.#idleSinceMs.delete(id)
        continue
      }
      const idleSinceMs = this.#idleSinceMs.get(id)
      if (idleSinceMs === undefined) this.#idleSinceMs.set(id, nowMs)
      else if (nowMs - idleSinceMs >= this.settings.longestCallMs) this.#remove(member, nowMs)
    }
  }

  /** Takes in how busy a node was. */
  cpuSampled (nodeId: string, sample: CpuSample): void {
    const node = this.members.get(nodeId)?.node
    if (node === undefined) return
    node.cpu = sample
    this.forecast.cpuSampled(nodeId, sample.ratio, sample.atMs)
  }

  /** How busy a node is, from 0 to 1; undefined where no sample is fresh enough. */
  cpuOf ({ cpu }: Node): number | undefined {
    return cpu !== undefined && this.parts.clock.nowMs() - cpu.atMs <= this.settings.forecast.maxSampleAgeMs ? cpu.ratio : undefined
  }

  /** Takes over what the state file remembers, before the first poll. */
  restore (overrides: readonly SavedOverride[], copies: Iterable<NewCopy & { readonly current: boolean }>): void {
    const nowMs = this.parts.clock.nowMs()
    for (const { absentSinceMs = nowMs, ...override } of overrides) {
      const node = this.members.get(override.nodeId)?.node
      if (node === undefined && this.#list !== 'none') this.#absentOverrides.set(override.nodeId, { override, sinceMs: absentSinceMs })
      node?.setOverride(override)
      // One that the file has ended must not come back when the file changes its mind again.
      if (node !== undefined && node.override === undefined) this.parts.changed()
    }
    this.#forgetOldOverrides(nowMs)
    for (const copy of copies) {
      if (this.members.has(copy.nodeId)) this.directory.add(copy, copy.current)
    }
  }

  #addMember (settings: NodeSettings): Member {
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
      observe: (durationMs, error) => {
        // One that was taken out has no figures any more.
        if (this.members.get(node.id)?.node === node) observer.nodeRequest(node.id, durationMs, error)
      },
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
    this.forecast.addNode(node.id, settings.weight)
    const member = { node, client, poller }
    this.members.set(node.id, member)
    return member
  }

  /** Begins to poll a node, unless it is disabled. */
  #begin ({ node, poller }: Member): void {
    if (node.state === 'disabled') {
      node.silentSinceMs = this.parts.clock.nowMs()
      return
    }
    if (!this.#ready) this.#unpolled.add(node.id)
    poller.start()
  }

  #remove ({ node, client, poller }: Member, nowMs: number): void {
    const { id, override } = node
    poller.stop()
    client.close().catch(() => {})
    // Whoever disabled it would not expect it to come back enabled.
    if (override !== undefined) this.#absentOverrides.set(id, { override, sinceMs: nowMs })
    this.#forgetOldOverrides(nowMs)
    this.directory.removeNode(id, nowMs)
    this.forecast.removeNode(id)
    this.lastSeen.forget(id)
    this.members.delete(id)
    this.#idleSinceMs.delete(id)
    this.parts.observer.nodeRemoved(id)
    this.parts.log.info({ node: id }, 'node removed: it has been off the list for long')
    this.#unpolled.delete(id)
    this.#checkReady()
    this.parts.changed()
  }

  #forgetOldOverrides (nowMs: number): void {
    for (const [id, { sinceMs }] of this.#absentOverrides) if (nowMs - sinceMs >= OVERRIDE_WAITS_MS) this.#absentOverrides.delete(id)
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
      if (node.health === 'down') {
        this.forecast.unwatched(node.id)
        if (node.silentSinceMs === 0) node.silentSinceMs = poll.endedAtMs
      }
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
    this.forecast.polled(node.id, poll.startedAtMs)
    this.forecast.refresh(node.id, this.parts.clock.nowMs())
    if (added.length > 0 || removed.length > 0) this.parts.changed()
    for (const copy of removed) this.parts.log.info({ node: node.id, internalMeetingID: copy.internalMeetingID }, 'meeting is gone from its node')
  }

  #checkReady (): void {
    if (this.#ready || !this.#started || this.#unpolled.size > 0 || this.isListUnread) return
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
    const nowMs = this.parts.clock.nowMs()
    for (const member of this.members.values()) yield this.#see(member, nowMs)
  }

  #see (member: Member, nowMs: number): Seen {
    const { node } = member
    const { limits } = node.settings
    const { meetings, profile, bookings } = this.forecast.look(node.id, nowMs)
    return {
      member,
      id: node.id,
      state: node.state,
      health: node.health,
      weight: node.settings.weight,
      tags: node.settings.tags,
      limits,
      meetings,
      participants: limits.participants > 0 ? this.participantsOn(node) : 0,
      profile,
      bookings,
    }
  }

  /** People on a node, as far as polls and redirected joins tell. */
  participantsOn (node: Node): number {
    let people = 0
    for (const copy of this.directory.onNode(node.id).values()) people += peopleIn(copy)
    return people
  }

  #placing (expected: Expectation, tags: TagWish, except: ReadonlySet<string>): Placing {
    return { curve: this.forecast.curveOf(expected), share: expected.share, room: expected.room, tags, except }
  }
}

const NO_NODES: ReadonlySet<string> = new Set()

// The Date header has whole seconds: differences below two seconds are rounding.
const CLOCK_NOISE_MS = 2_000

function clockAhead (poll: Poll): number {
  const aheadMs = poll.dateMs - poll.endedAtMs
  return Math.abs(aheadMs) < CLOCK_NOISE_MS ? 0 : aheadMs
}
