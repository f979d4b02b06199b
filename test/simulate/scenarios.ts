/** The clusters that are simulated: what kinds of rooms they have, on what nodes, and what goes wrong there. */

/** Where in the day lessons of a kind begin, and how many of them. */
export interface StartingHour {
  readonly hour: number
  readonly weight: number
}

/** What the rooms of one kind are like. Medians are those of the rooms; log-normal and odds-normal spreads around them. */
export interface Kind {
  readonly people: { readonly median: number, readonly logSd: number, readonly least: number, readonly most: number }
  /** Parts of those who come to a room of at most `SMALL_ROOM` people that open a microphone or show themselves. */
  readonly microphones: { readonly median: number, readonly spread: number }
  readonly cameras: { readonly median: number, readonly spread: number }
  readonly minutes: { readonly median: number, readonly logSd: number }
  readonly moderators: number
}

/** Rooms of one kind that meet at the same times every week. */
export interface WeeklyRooms {
  readonly kind: Kind
  readonly rooms: number
  /** Fewest and most meetings of a room in a week. */
  readonly slots: readonly [number, number]
  readonly hours: readonly StartingHour[]
  /** One room for each weekday instead of weekdays drawn. */
  readonly everyDay?: true
}

export interface Scenario {
  readonly name: string
  readonly title: string
  /** Relative capacities of the nodes. */
  readonly weights: readonly number[]
  /** What the busiest five minutes of the measured week take of all nodes, lowest and highest. */
  readonly busiest: readonly [number, number]
  readonly weekly: readonly WeeklyRooms[]
  /** Rooms with an id that stays, at any time and of any size. */
  readonly personal: { readonly rooms: number, readonly meetingsPerDay: number }
  /** Meetings whose room is new. */
  readonly adHocPerDay: number
  /** Large meetings that nobody knew of, every second day. */
  readonly unannounced?: { readonly kind: Kind, readonly hours: readonly StartingHour[] }
  /** One node is lost at this time every day and back the next morning. */
  readonly nodeLostAtS?: number
  /** Recordings of the day before are processed into the morning, on a part of the nodes. */
  readonly backlog?: { readonly nodes: number, readonly cpu: readonly [number, number], readonly untilHour: readonly [number, number] }
  /** The measured week is the first of a new timetable; a part of its rooms is new. */
  readonly newTimetable?: { readonly newRooms: number }
  /** Part of the weekly rooms whose meetings say how many people will come. */
  readonly announced: number
}

/** In larger rooms a smaller part of the people speaks or shows itself. */
export const SMALL_ROOM = 25

const TALK = { microphones: { median: 0.35, spread: 0.7 }, cameras: { median: 0.12, spread: 1.2 } } as const

const CLASS: Kind = { ...TALK, people: { median: 15, logSd: 0.7, least: 3, most: 125 }, minutes: { median: 45, logSd: 0.08 }, moderators: 1 }
const SEMINAR: Kind = { ...TALK, people: { median: 20, logSd: 0.5, least: 3, most: 100 }, minutes: { median: 88, logSd: 0.06 }, moderators: 1 }
const LECTURE: Kind = {
  people: { median: 110, logSd: 0.6, least: 30, most: 500 },
  microphones: { median: 0.04, spread: 0.5 },
  cameras: { median: 0.002, spread: 0.6 },
  minutes: { median: 88, logSd: 0.06 },
  moderators: 2,
}
const STAFF: Kind = { ...TALK, people: { median: 12, logSd: 0.7, least: 2, most: 120 }, minutes: { median: 50, logSd: 0.25 }, moderators: 1 }
const WEBINAR: Kind = {
  people: { median: 540, logSd: 0.2, least: 400, most: 800 },
  microphones: { median: 0.01, spread: 0.3 },
  cameras: { median: 0.001, spread: 0.3 },
  minutes: { median: 75, logSd: 0.15 },
  moderators: 3,
}

/** Personal and ad-hoc meetings: two people or fifty. */
export const ANY_SIZE: Kind = { ...TALK, people: { median: 6, logSd: 0.9, least: 1, most: 80 }, minutes: { median: 35, logSd: 0.5 }, moderators: 1 }

const SCHOOL_HOURS = [[8, 1], [9, 1.2], [10, 1.2], [11, 1.1], [12, 0.9], [13, 0.6], [14, 0.4], [15, 0.3]]
const UNIVERSITY_HOURS = [[8, 0.7], [10, 1.2], [12, 1], [14, 1.1], [16, 0.8], [17.75, 0.3]]
const OFFICE_HOURS = [[8, 0.6], [9, 1.1], [10, 1.2], [11, 1], [13, 0.9], [14, 1.1], [15, 1], [16, 0.7], [17, 0.3]]
const WEBINAR_HOURS = [[10, 1], [11, 1], [14, 1], [16, 0.6]]

const school: Scenario = {
  name: 'school',
  title: '16 equal nodes, lessons of 45 minutes',
  weights: equal(16),
  busiest: [0.62, 0.66],
  weekly: [{ kind: CLASS, rooms: 1_250, slots: [1, 3], hours: hours(SCHOOL_HOURS) }],
  personal: { rooms: 250, meetingsPerDay: 60 },
  adHocPerDay: 50,
  announced: 0,
}

const university: Scenario = {
  name: 'university',
  title: '12 equal nodes, seminars, and lectures of up to 500',
  weights: equal(12),
  busiest: [0.62, 0.66],
  weekly: [
    { kind: SEMINAR, rooms: 1_550, slots: [1, 2], hours: hours(UNIVERSITY_HOURS) },
    { kind: LECTURE, rooms: 300, slots: [1, 2], hours: hours(UNIVERSITY_HOURS) },
  ],
  personal: { rooms: 300, meetingsPerDay: 80 },
  adHocPerDay: 60,
  announced: 0,
}

const webinar: Scenario = {
  name: 'webinar',
  title: '6 equal nodes, one meeting of 400 to 800 a day, every other day a second that nobody knew of',
  weights: equal(6),
  busiest: [0.62, 0.66],
  weekly: [
    { kind: STAFF, rooms: 1_500, slots: [1, 3], hours: hours(OFFICE_HOURS) },
    { kind: WEBINAR, rooms: 5, slots: [1, 1], hours: hours(WEBINAR_HOURS), everyDay: true },
  ],
  personal: { rooms: 250, meetingsPerDay: 60 },
  adHocPerDay: 60,
  unannounced: { kind: WEBINAR, hours: hours(WEBINAR_HOURS) },
  announced: 0,
}

/** Small enough for tests that run every day. */
export const SMALL: Scenario = {
  ...school,
  name: 'small',
  title: '5 equal nodes, lessons of 45 minutes',
  weights: equal(5),
  weekly: [{ kind: CLASS, rooms: 390, slots: [1, 3], hours: hours(SCHOOL_HOURS) }],
  personal: { rooms: 80, meetingsPerDay: 20 },
  adHocPerDay: 15,
}

export const SCENARIOS: readonly Scenario[] = [
  school,
  university,
  webinar,
  { ...school, name: 'unequal', title: 'school on six nodes of weight 1 and five of weight 2', weights: [1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1] },
  { ...school, name: 'nodeloss', title: 'school; one node is lost at 10:20 every day', nodeLostAtS: 10 * 3_600 + 20 * 60 },
  { ...school, name: 'night', title: 'school; recordings are processed into the morning', backlog: { nodes: 0.4, cpu: [0.15, 0.35], untilHour: [8.5, 11.5] } },
  { ...school, name: 'newtimetable', title: 'school; the measured week is the first of a new timetable', newTimetable: { newRooms: 0.15 } },
]

function equal (nodes: number): number[] {
  return Array.from({ length: nodes }, () => 1)
}

function hours (pairs: ReadonlyArray<readonly number[]>): StartingHour[] {
  return pairs.map(([hour = 0, weight = 0]) => ({ hour, weight }))
}

export function scenarioNamed (name: string): Scenario {
  const scenario = [...SCENARIOS, SMALL].find((candidate) => candidate.name === name)
  if (scenario === undefined) throw new RangeError(`there is no scenario ${name}`)
  return scenario
}
