import t from 'tap'
import { START_COSTS as COSTS } from '../../src/placement/costs.js'
import { Rooms } from '../../src/placement/rooms.js'
import { DAY_MS, finish, HOUR_MS, MINUTE_MS, SECOND_MS, use, WEEK_MS } from './parts.js'

process.env['TZ'] = 'Europe/Berlin'

/** A Tuesday of winter time, ten o'clock. */
const TEN_MS = Date.parse('2026-01-13T10:00:00+01:00')

interface Lesson {
  readonly room: string
  /** Minutes before or after the time that was asked about. */
  readonly inMinutes: number
  readonly isRegular: boolean
}

/** What rooms announce for the time around `atMs`, by the name of the room. */
function announced (rooms: Rooms, atMs: number, names: readonly string[] = ['room'], tenantId = 'default'): Lesson[] {
  const named = new Map(names.map((name) => [Rooms.key(tenantId, name), name]))
  const found: Lesson[] = []
  for (const lesson of rooms.announced(atMs - HOUR_MS, atMs + HOUR_MS, COSTS)) {
    if (lesson === undefined) continue
    const room = named.get(lesson.room)
    if (room !== undefined) found.push({ room, inMinutes: (lesson.atMs - atMs) / MINUTE_MS, isRegular: lesson.isRegular })
  }
  return found.sort((one, other) => one.inMinutes - other.inMinutes || (one.room < other.room ? -1 : 1))
}

function names (count: number, prefix: string): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(2, '0')}`)
}

t.test('a lesson is announced for the same time a week later', async (t) => {
  const rooms = new Rooms()
  use(rooms, 'room', [TEN_MS], 40, COSTS, { tags: 'gpu!' })
  t.strictSame(announced(rooms, TEN_MS), [], 'not for the week in which it was used')
  t.strictSame(announced(rooms, TEN_MS + WEEK_MS), [{ room: 'room', inMinutes: 0, isRegular: false }])
  for (const days of [1, 6, 8]) t.strictSame(announced(rooms, TEN_MS + days * DAY_MS), [], `not ${days} days later`)
  t.strictSame(announced(rooms, TEN_MS + WEEK_MS + 2 * HOUR_MS), [])
  const [lesson] = [...rooms.announced(TEN_MS + WEEK_MS, TEN_MS + WEEK_MS + MINUTE_MS, COSTS)]
  t.match(lesson, { room: Rooms.key('default', 'room'), atMs: TEN_MS + WEEK_MS, tags: 'gpu!' })
  t.equal(lesson?.expectation.people, 0.8 * 40 + 0.2 * (15 + 0.05 * 25), 'as large as the room is expected to be')
})

t.test('uses within 25 minutes belong to the same lesson, which moves half the way', async (t) => {
  const table: Array<[minutes: number, found: number[]]> = [[0, [0]], [10, [5]], [25, [13]], [-25, [-12]], [26, [0, 26]], [-26, [-26, 0]]]
  for (const [minutes, found] of table) {
    const rooms = new Rooms()
    use(rooms, 'room', [TEN_MS, TEN_MS + WEEK_MS + minutes * MINUTE_MS], 40, COSTS)
    const lessons = announced(rooms, TEN_MS + 2 * WEEK_MS)
    // What was not used last week is announced as long as nothing else was taught.
    t.strictSame(lessons.map(({ inMinutes }) => inMinutes).filter((inMinutes) => found.length === 1 || inMinutes === minutes), found.length === 1 ? found : [minutes], `${minutes} minutes later`)
    const [, ...numbers] = [...rooms.save().rooms][0] ?? []
    t.equal(numbers.length - 9, found.length, `${minutes} minutes later: slots`)
  }
})

t.test('a lesson is regular when it was used in more than one week in a row', async (t) => {
  const table: Array<[weeks: number[], isRegular: boolean]> = [
    [[0], false], [[0, 1], true], [[0, 1, 2], true], [[0, 2], false], [[0, 1, 3], false], [[0, 2, 3], true],
  ]
  for (const [weeks, isRegular] of table) {
    const rooms = new Rooms()
    use(rooms, 'room', weeks.map((week) => TEN_MS + week * WEEK_MS), 40, COSTS)
    const next = TEN_MS + (Math.max(...weeks) + 1) * WEEK_MS
    t.strictSame(announced(rooms, next), [{ room: 'room', inMinutes: 0, isRegular }], `weeks ${weeks.join(', ')}`)
  }
  const rooms = new Rooms()
  use(rooms, 'room', [TEN_MS, TEN_MS + 5 * MINUTE_MS], 40, COSTS)
  t.match(announced(rooms, TEN_MS + WEEK_MS), [{ isRegular: false }], 'opened twice in one lesson')
})

t.test('eight times of the week are kept of a room, those used last', async (t) => {
  const rooms = new Rooms()
  const monday = TEN_MS - DAY_MS
  use(rooms, 'room', [monday, monday + HOUR_MS], 10, COSTS)
  const later = Array.from({ length: 7 }, (_, day) => monday + WEEK_MS + day * DAY_MS + 4 * HOUR_MS)
  use(rooms, 'room', later, 10, COSTS)
  const [, ...numbers] = [...rooms.save().rooms][0] ?? []
  t.equal(numbers.length - 9, 8)
  for (const atMs of later) t.strictSame(announced(rooms, atMs + WEEK_MS), [{ room: 'room', inMinutes: 0, isRegular: false }], new Date(atMs).toISOString())
})

t.test('a lesson keeps its time of the local clock when the clock changes', async (t) => {
  const rooms = new Rooms()
  use(rooms, 'room', [Date.parse('2026-03-24T10:00:00+01:00')], 40, COSTS)
  t.strictSame(announced(rooms, Date.parse('2026-03-31T10:00:00+02:00')), [{ room: 'room', inMinutes: 0, isRegular: false }])
  use(rooms, 'room', [Date.parse('2026-03-31T10:00:00+02:00')], 40, COSTS)
  t.strictSame(announced(rooms, Date.parse('2026-04-07T10:00:00+02:00')), [{ room: 'room', inMinutes: 0, isRegular: true }])
})

t.test('the times that are asked about one after the other leave no gap', async (t) => {
  const rooms = new Rooms()
  for (let minute = 0; minute < 60; minute++) use(rooms, `room-${minute}`, [TEN_MS + minute * MINUTE_MS], 10, COSTS)
  const found = new Map<string, Set<number>>()
  let fromMs = TEN_MS + WEEK_MS - 10 * MINUTE_MS + 7 * SECOND_MS
  for (const stepMs of [301_777, 299_111, 60_000, 1, 59_998, 12_345, 600_000, 3_333, 3_600_000]) {
    for (const lesson of rooms.announced(fromMs, fromMs + stepMs, COSTS)) {
      if (lesson !== undefined) found.set(lesson.room, (found.get(lesson.room) ?? new Set()).add(lesson.atMs))
    }
    fromMs += stepMs
  }
  for (let minute = 0; minute < 60; minute++) {
    t.strictSame([...found.get(Rooms.key('default', `room-${minute}`)) ?? []], [TEN_MS + WEEK_MS + minute * MINUTE_MS], `minute ${minute}, always at the same time`)
  }
})

t.test('after holidays the last week with lessons announces', async (t) => {
  const courses = names(20, 'course')
  const taught = (holidays: Array<[week: number, lessons: number]>): Rooms => {
    const rooms = new Rooms()
    for (const name of courses) use(rooms, name, [TEN_MS], 20, COSTS)
    for (const [week, lessons] of holidays) for (const name of courses.slice(0, lessons)) use(rooms, name, [TEN_MS + week * WEEK_MS], 20, COSTS)
    return rooms
  }
  const third = TEN_MS + 3 * WEEK_MS
  t.equal(announced(taught([]), third, courses).length, 20, 'two weeks without a lesson')
  t.equal(announced(taught([[1, 2], [2, 2]]), third, courses).length, 20, 'or with a few')
  t.strictSame(announced(taught([[1, 2], [2, 6]]), third, courses).map(({ room }) => room), courses.slice(0, 6), 'a week with more was no holiday')
  t.equal(announced(taught([[1, 20], [2, 20]]), third, courses).length, 20)
})

t.test('a day off announces what was taught on that day of the week before', async (t) => {
  const rooms = new Rooms()
  const tuesdays = names(10, 'tuesday')
  const wednesdays = names(10, 'wednesday')
  for (const name of tuesdays) use(rooms, name, [TEN_MS], 20, COSTS)
  for (const name of wednesdays) use(rooms, name, [TEN_MS + DAY_MS, TEN_MS + DAY_MS + WEEK_MS], 20, COSTS)
  t.equal(announced(rooms, TEN_MS + 2 * WEEK_MS, tuesdays).length, 10)
  t.equal(announced(rooms, TEN_MS + DAY_MS + 2 * WEEK_MS, wednesdays).length, 10)
})

t.test('a course that is over announces nothing, even where it was alone at its time', async (t) => {
  const rooms = new Rooms()
  use(rooms, 'over', [TEN_MS, TEN_MS + WEEK_MS], 20, COSTS)
  for (const week of [1, 2]) for (const name of names(10, 'course')) use(rooms, name, [TEN_MS - 2 * HOUR_MS + week * WEEK_MS], 20, COSTS)
  t.strictSame(announced(rooms, TEN_MS + 2 * WEEK_MS, ['over']), [{ room: 'over', inMinutes: 0, isRegular: true }])
  t.strictSame(announced(rooms, TEN_MS + 3 * WEEK_MS, ['over']), [])
  for (const name of names(10, 'course')) use(rooms, name, [TEN_MS - 2 * HOUR_MS + 3 * WEEK_MS], 20, COSTS)
  t.strictSame(announced(rooms, TEN_MS + 3 * WEEK_MS, ['over']), [], 'nor when all others of the day have been used already')
})

t.test('the holidays of one tenant are not those of another', async (t) => {
  const rooms = new Rooms()
  const courses = names(10, 'course')
  for (const name of courses) use(rooms, name, [TEN_MS], 20, COSTS, { tenantId: 'blue' })
  for (const name of courses) use(rooms, name, [TEN_MS, TEN_MS + WEEK_MS], 20, COSTS)
  t.equal(announced(rooms, TEN_MS + 2 * WEEK_MS, courses).length, 10)
  t.equal(announced(rooms, TEN_MS + 2 * WEEK_MS, courses, 'blue').length, 10)
})

t.test('looking for lessons lets others run', async (t) => {
  const rooms = new Rooms()
  for (const name of names(5_000, 'room')) use(rooms, name, [TEN_MS], 20, COSTS)
  t.equal([...rooms.announced(TEN_MS + DAY_MS, TEN_MS + DAY_MS + HOUR_MS, COSTS)].length, 5, 'once in a thousand rooms')
  t.equal(finish(rooms.forgetOld(TEN_MS)).pauses, 5)
})
