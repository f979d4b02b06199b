import { createHash } from 'node:crypto'
import { shareOf, type Costs, type Crowd } from './costs.js'
import { firstMeetings, FIRST_MEETING, learnFirst, type FirstMeetings } from './first-meetings.js'
import type { Duration } from './horizon.js'
import { believed, isForgotten, learnUse, newRoom, numbersOf, roomOf, type Room, type Typical } from './room.js'
import { dayOf, isSameDay, minuteOfSlot, minuteOfWeek, unpackSlot, weekOf, type Slot } from './week.js'

/** Rooms remembered at most; the ones not used for longest go first. */
export const MOST_ROOMS = 200_000

/** Different wishes for tags remembered at most, and the longest: clients could send any number of them, of any length. */
const MOST_TAGS = 1_000
const LONGEST_TAGS = 200

/** Whoever announces more people than this has made a mistake. */
const MOST_ANNOUNCED = 100_000

/** Standard deviation of the duration: of a room used before, and of one nobody knows. */
const KNOWN_DURATION_SD_MS = 400_000
const UNKNOWN_DURATION_SD_MS = 1_200_000

/** What is known of a meeting when it opens. */
export interface Opening {
  readonly tenantId: string
  /** External id of the meeting. */
  readonly meetingID: string
  /** 0 means no limit. */
  readonly maxParticipants: number
  /** People the client said it expects; 0 if it said nothing. */
  readonly announced: number
  readonly isBreakout: boolean
  /** The tags the client asks for, as it wrote them; undefined where that is not known. */
  readonly tags?: string | undefined
}

/** What a meeting is expected to become. */
export interface Expectation extends Crowd, Duration {
  /** The room it belongs to; '' for one that cannot come back. */
  readonly room: string
  readonly tenantId: string
  /** How much dearer than others of its size the room is; 1 is as the others. */
  readonly factor: number
  /** CPU of a node of weight 1. */
  readonly share: number
  /** What it may turn out to be beyond that: a standard deviation, where nobody knows the room. */
  readonly surprise: number
  /** Whether the room was never seen before. */
  readonly isNew: boolean
  readonly tags: string | undefined
}

/** What a meeting turned out to be. */
export interface Outcome {
  readonly typical: Typical
  readonly startedAtMs: number
  /** How much dearer than expected it was, in parts of its share; 0 where the CPU could not tell. */
  readonly surcharge: number
}

/** A lesson that the past weeks announce. */
export interface Announced {
  readonly room: string
  readonly atMs: number
  /** The tags its meetings ask for, as clients write them. */
  readonly tags: string
  /** Whether its time was used in more than one week in a row. */
  readonly isRegular: boolean
  readonly expectation: Expectation
}

/** So much of the hash is kept: no two rooms out of millions have the same. */
const KEY_BYTES = 12

/** What is known of rooms, and of tenants and tags, to which rooms refer by their numbers. */
export interface SavedRooms {
  readonly tenants: readonly Readonly<FirstMeetings>[]
  readonly tags: readonly string[]
  /** One line for each room: its key and whole numbers. */
  readonly rooms: Iterable<readonly unknown[]>
}

/**
 * What rooms are like: how many people, cameras and microphones they had, how long they took and at which
 * times of the week. A room is known by a hash of its tenant and meeting id, so that what is kept of it
 * names nobody.
 */
export class Rooms {
  /** In the order of their last use. */
  readonly #rooms = new Map<string, Room>()
  /** Tenants and tags that rooms refer to by their numbers. */
  readonly #firsts: FirstMeetings[] = []
  readonly #tenantNumbers = new Map<string, number>()
  readonly #tags = ['']

  get size (): number { return this.#rooms.size }

  /** The name under which a tenant's room is remembered. */
  static key (tenantId: string, meetingID: string): string {
    return createHash('sha256').update(`${tenantId}\n${meetingID}`).digest().toString('base64url', 0, KEY_BYTES)
  }

  /** What a meeting is expected to become. A breakout holds nobody of its own: its people are counted in the meeting they come from. */
  expect (opening: Opening, costs: Costs): Expectation {
    const { tenantId, isBreakout, meetingID } = opening
    if (isBreakout) return { ...BREAKOUT, tenantId, share: shareOf(BREAKOUT, costs) }
    return this.#expectRoom(Rooms.key(tenantId, meetingID), tenantId, opening, costs)
  }

  /** Notes that a meeting of the room has begun. */
  opened (key: string): void {
    const room = this.#rooms.get(key)
    if (room !== undefined) room.open++
  }

  /** Notes that a meeting of the room is over. */
  closed (key: string): void {
    const room = this.#rooms.get(key)
    // One that nobody knew yet when it opened was not counted.
    if (room !== undefined && room.open > 0) room.open--
  }

  /** Whether a room that is known has a meeting. */
  isOpen (key: string): boolean {
    return (this.#rooms.get(key)?.open ?? 0) > 0
  }

  /** Takes in what a meeting turned out to be. Breakouts do not come back. */
  learn (expected: Expectation, { typical, startedAtMs, surcharge }: Outcome, costs: Costs): void {
    if (expected.room === '') return
    if (expected.isNew) learnFirst(this.#firstOf(expected.tenantId), typical, costs)
    const room = this.#rooms.get(expected.room) ?? newRoom(this.#tenantNumber(expected.tenantId))
    learnUse(room, typical, surcharge, startedAtMs)
    if (expected.tags !== undefined) room.tags = this.#tagsNumber(expected.tags)
    // At the end of the map: the one used last.
    this.#rooms.delete(expected.room)
    this.#rooms.set(expected.room, room)
    if (this.#rooms.size > MOST_ROOMS) this.#forgetOldest()
  }

  /**
   * The lessons that past weeks announce between two times of one day. Yields undefined often, so that going
   * through all rooms need not be done in one go.
   */
  * announced (fromMs: number, untilMs: number, costs: Costs): Generator<Announced | undefined> {
    const thisWeek = weekOf(fromMs)
    const fromMinute = minuteOfWeek(fromMs)
    const minutes = (untilMs - fromMs) / MINUTE_MS
    const found: { key: string, room: Room, slot: Slot }[] = []
    // By tenant: when the lessons of that day of the week were last taught. Schools have holidays at different times.
    const lessons = new Map<number, Map<number, number>>()
    let looked = 0
    for (const [key, room] of this.#rooms) {
      if (++looked % ROOMS_PER_STEP === 0) yield undefined
      for (const packed of room.slots) {
        // Lessons soon after Sunday midnight are missed: nobody teaches then.
        const inMinutes = minuteOfSlot(packed) - fromMinute
        const isDue = inMinutes >= 0 && inMinutes <= minutes
        if (!isDue && !isSameDay(minuteOfSlot(packed), fromMinute)) continue
        const slot = unpackSlot(packed)
        const taughtWeek = lastUseBefore(thisWeek, slot)
        if (taughtWeek !== undefined) countLesson(lessons, room.tenant, taughtWeek)
        if (isDue && slot.week < thisWeek) found.push({ key, room, slot })
      }
    }
    const taughtWeeks = new Map(Array.from(lessons, ([tenant, weeks]) => [tenant, lastTaughtWeek(weeks)]))
    for (const { key, room, slot } of found) {
      if (slot.week < (taughtWeeks.get(room.tenant) ?? 0)) continue
      const { tenantId } = this.#first(room.tenant)
      yield {
        room: key,
        atMs: fromMs - fromMs % MINUTE_MS + (slot.minuteOfWeek - fromMinute) * MINUTE_MS,
        isRegular: slot.times > 1,
        tags: this.#tags[room.tags] ?? '',
        expectation: this.#expectRoom(key, tenantId, NOTHING_SAID, costs),
      }
    }
  }

  /** Forgets rooms that have not been used for weeks. Yields often. */
  * forgetOld (nowMs: number): Generator<undefined> {
    const today = dayOf(nowMs)
    let looked = 0
    for (const [key, room] of this.#rooms) {
      if (++looked % ROOMS_PER_STEP === 0) yield undefined
      if (isForgotten(room, today)) this.#rooms.delete(key)
    }
  }

  /** What is kept over a restart. The rooms, the one used last at the end, are read off bit by bit, while more is learned. */
  save (): SavedRooms {
    const [tenants, tags] = [[...this.#firsts], [...this.#tags]]
    return { tenants, tags, rooms: this.#lines(tenants.length, tags.length) }
  }

  /** Takes over what was kept. Throws where it cannot be understood, and is then as it was. */
  restore ({ tenants, tags, rooms }: SavedRooms): void {
    const read = Array.from(rooms, ([key, ...numbers]) => ({ key, room: roomOf(numbers) }))
    for (const { key, room } of read) {
      if (typeof key !== 'string' || room.tenant >= tenants.length || room.tags >= tags.length) throw new Error('a line is not a room')
    }
    const tenantNumbers = tenants.map((first) => {
      Object.assign(this.#firstOf(first.tenantId), first)
      return this.#tenantNumber(first.tenantId)
    })
    const tagsNumbers = tags.map((wish) => this.#tagsNumber(wish))
    for (const { key, room } of read) {
      room.tenant = tenantNumbers[room.tenant] ?? 0
      room.tags = tagsNumbers[room.tags] ?? 0
      this.#rooms.set(String(key), room)
    }
  }

  /** A line for every room of the first tenants and tags: those that have come since are not in what was kept of them. */
  * #lines (tenants: number, tags: number): Generator<readonly (string | number)[]> {
    for (const [key, room] of this.#rooms) if (room.tenant < tenants && room.tags < tags) yield [key, ...numbersOf(room)]
  }

  #expectRoom (key: string, tenantId: string, { maxParticipants, announced, tags }: Said, costs: Costs): Expectation {
    const room = this.#rooms.get(key)
    // Whoever only asks leaves no trace.
    const first = this.#firsts[this.#tenantNumbers.get(tenantId) ?? -1] ?? firstMeetings(tenantId)
    const isNew = room === undefined
    const isAnnounced = isNew && announced > 0 && announced <= MOST_ANNOUNCED
    const typical = room === undefined ? first.typical : believed(room, first.typical)
    const crowd = limited(isAnnounced ? { ...typical, people: announced } : typical, maxParticipants)
    const factor = room === undefined ? 1 : room.milliFactor / 1000
    const share = factor * shareOf(crowd, costs)
    return {
      people: crowd.people,
      microphones: crowd.microphones,
      cameras: crowd.cameras,
      room: key,
      tenantId,
      durationMs: typical.durationMs,
      durationSdMs: room !== undefined && room.uses > 1 ? KNOWN_DURATION_SD_MS : UNKNOWN_DURATION_SD_MS,
      factor,
      share,
      surprise: isNew && !isAnnounced ? share * Math.sqrt(first.variance) : 0,
      isNew,
      tags,
    }
  }

  #firstOf (tenantId: string): FirstMeetings {
    return this.#first(this.#tenantNumber(tenantId))
  }

  #first (tenant: number): FirstMeetings {
    const first = this.#firsts[tenant]
    if (first === undefined) throw new Error(`there is no tenant ${tenant}`)
    return first
  }

  #tenantNumber (tenantId: string): number {
    let tenant = this.#tenantNumbers.get(tenantId)
    if (tenant === undefined) {
      tenant = this.#firsts.push(firstMeetings(tenantId)) - 1
      this.#tenantNumbers.set(tenantId, tenant)
    }
    return tenant
  }

  #tagsNumber (tags: string): number {
    const known = this.#tags.indexOf(tags)
    if (known >= 0) return known
    return this.#tags.length < MOST_TAGS && tags.length <= LONGEST_TAGS ? this.#tags.push(tags) - 1 : 0
  }

  #forgetOldest (): void {
    const oldest = this.#rooms.keys().next()
    if (oldest.done !== true) this.#rooms.delete(oldest.value)
  }
}

/** Rooms looked at between two chances for others to run: a fraction of a millisecond. */
const ROOMS_PER_STEP = 1_000

const MINUTE_MS = 60_000

const BREAKOUT: Omit<Expectation, 'tenantId' | 'share'> = {
  people: 0,
  microphones: 0,
  cameras: 0,
  durationMs: FIRST_MEETING.durationMs,
  durationSdMs: UNKNOWN_DURATION_SD_MS,
  room: '',
  factor: 1,
  surprise: 0,
  isNew: false,
  tags: undefined,
}

/** What a client says of a meeting. */
type Said = Pick<Opening, 'maxParticipants' | 'announced' | 'tags'>
const NOTHING_SAID: Said = { maxParticipants: 0, announced: 0 }

/** A week with fewer lessons than this part of a usual one was a holiday, and announces nothing. */
const LEAST_OF_A_WEEK = 0.25

/** The last week before `week` in which a slot was used, as far as is known. */
function lastUseBefore (week: number, slot: Slot): number | undefined {
  if (slot.week < week) return slot.week
  return slot.times > 1 ? week - 1 : undefined
}

function countLesson (lessons: Map<number, Map<number, number>>, tenant: number, week: number): void {
  let weeks = lessons.get(tenant)
  if (weeks === undefined) lessons.set(tenant, weeks = new Map())
  weeks.set(week, (weeks.get(week) ?? 0) + 1)
}

/** The latest week that had lessons, not just a few: after holidays, that is the last one before them. */
function lastTaughtWeek (lessons: ReadonlyMap<number, number>): number {
  const most = Math.max(...lessons.values())
  return Math.max(...Array.from(lessons).filter(([, count]) => count >= most * LEAST_OF_A_WEEK).map(([week]) => week))
}

function limited ({ people, microphones, cameras }: Crowd, maxParticipants: number): Crowd {
  const most = maxParticipants > 0 ? Math.min(people, maxParticipants) : people
  return { people: most, microphones: Math.min(microphones, most), cameras: Math.min(cameras, most) }
}
