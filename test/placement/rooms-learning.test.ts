import t from 'tap'
import { shareOf, START_COSTS as COSTS } from '../../src/placement/costs.js'
import { Rooms, type Expectation, type Opening } from '../../src/placement/rooms.js'
import { about, DAY_MS, MINUTE_MS, opening, outcome } from './parts.js'

process.env['TZ'] = 'Europe/Berlin'

const MONDAY_MS = Date.parse('2026-01-05T10:00:00+01:00')

/** Has a room used with that many people, once a day. */
function meet (rooms: Rooms, meetingID: string, sizes: readonly number[], settings: Partial<Opening> = {}, fromMs = MONDAY_MS): void {
  for (const [day, people] of sizes.entries()) {
    rooms.learn(rooms.expect(opening(meetingID, settings), COSTS), outcome(fromMs + day * DAY_MS, people, { microphones: 2, cameras: 1 }), COSTS)
  }
}

function expect (rooms: Rooms, meetingID: string, settings: Partial<Opening> = {}): Expectation {
  return rooms.expect(opening(meetingID, settings), COSTS)
}

t.test('a room nobody knows is expected to be as first meetings are', async (t) => {
  const expected = expect(new Rooms(), 'room', { tags: 'gpu' })
  t.match(expected, { people: 15, microphones: 6, cameras: 2, durationMs: 50 * MINUTE_MS, durationSdMs: 20 * MINUTE_MS, factor: 1, isNew: true, tags: 'gpu', tenantId: 'default' })
  about(t, expected.share, 0.0844, 'its share')
  about(t, expected.surprise, 0.0844, 'as much again may come as a surprise, before any first meeting was seen')
})

t.test('what a client announces counts while nobody knows better, within the limit', async (t) => {
  const rooms = new Rooms()
  t.match(expect(rooms, 'room', { announced: 120 }), { people: 120, microphones: 6, cameras: 2, surprise: 0, isNew: true })
  about(t, expect(rooms, 'room', { announced: 120 }).share, shareOf({ people: 120, microphones: 6, cameras: 2 }, COSTS), 'its share')
  t.match(expect(rooms, 'room', { announced: 4 }), { people: 4, microphones: 4, cameras: 2 }, 'no more microphones than people')
  t.match(expect(rooms, 'room', { announced: 120, maxParticipants: 50 }), { people: 50 })
  t.match(expect(rooms, 'room', { announced: 100_000 }), { people: 100_000 })
  for (const announced of [100_001, 1e300, Infinity]) t.match(expect(rooms, 'room', { announced }), { people: 15 }, `${announced} people are a mistake`)
  meet(rooms, 'room', [30])
  t.match(expect(rooms, 'room', { announced: 120 }), { people: expect(rooms, 'room').people }, 'the room is known')
})

t.test('the limit of a meeting caps what is expected', async (t) => {
  const rooms = new Rooms()
  const table: Array<[limit: number, people: number, microphones: number, cameras: number]> = [
    [0, 15, 6, 2], [1, 1, 1, 1], [4, 4, 4, 2], [14, 14, 6, 2], [15, 15, 6, 2], [500, 15, 6, 2], [Infinity, 15, 6, 2],
  ]
  for (const [maxParticipants, people, microphones, cameras] of table) {
    t.match(expect(rooms, 'new', { maxParticipants }), { people, microphones, cameras }, `at most ${maxParticipants}`)
  }
  meet(rooms, 'room', [30])
  t.match(expect(rooms, 'room', { maxParticipants: 10 }), { people: 10, cameras: 0.8 + 0.2 * (2 - 0.05) })
})

t.test('nobody is expected in a breakout room, and nothing is learned of it', async (t) => {
  const rooms = new Rooms()
  const expected = expect(rooms, 'breakout', { isBreakout: true, maxParticipants: 5, announced: 5 })
  t.match(expected, { people: 0, microphones: 0, cameras: 0, room: '', surprise: 0, isNew: false })
  about(t, expected.share, 0.010, 'an empty meeting')
  rooms.learn(expected, outcome(MONDAY_MS, 20), COSTS)
  t.equal(rooms.size, 0)
  t.equal(expect(rooms, 'room').people, 15)
})

t.test('one use tells four fifths, more tell more', async (t) => {
  const rooms = new Rooms()
  meet(rooms, 'room', [40])
  const first = 15 + 0.05 * (40 - 15)
  const once = expect(rooms, 'room')
  about(t, once.people, 0.8 * 40 + 0.2 * first, 'people')
  about(t, once.microphones, 0.8 * 2 + 0.2 * (6 - 0.05 * 4), 'microphones')
  about(t, once.cameras, 0.8 * 1 + 0.2 * (2 - 0.05), 'cameras')
  t.match(once, { isNew: false, surprise: 0, durationMs: 50 * MINUTE_MS, durationSdMs: 20 * MINUTE_MS })
  meet(rooms, 'room', [40])
  const twice = expect(rooms, 'room')
  about(t, twice.people, 2 / 2.25 * 40 + 0.25 / 2.25 * first, 'after two uses')
  t.equal(twice.durationSdMs, 400_000, 'and its duration is known')
})

t.test('the newest use weighs at least three tenths', async (t) => {
  const rooms = new Rooms()
  let mean = 0
  for (const [index, people] of [10, 20, 30, 40, 10, 50].entries()) {
    meet(rooms, 'room', [people])
    mean += Math.max(0.3, 1 / (index + 1)) * (people - mean)
    const [[, tenant, uses, centiPeople] = []] = rooms.save().rooms
    t.strictSame([tenant, uses], [0, index + 1])
    t.ok(Math.abs(Number(centiPeople) - 100 * mean) <= 2, `${Number(centiPeople)} after ${index + 1} uses: ${mean}`)
  }
})

t.test('durations are learned like sizes', async (t) => {
  const rooms = new Rooms()
  for (const minutes of [90, 90, 30]) rooms.learn(expect(rooms, 'room'), outcome(MONDAY_MS, 10, { durationMs: minutes * MINUTE_MS }), COSTS)
  t.equal(expect(rooms, 'room').durationMs, 70 * MINUTE_MS)
  t.equal(expect(rooms, 'other').durationMs, (50 + 0.05 * 40) * MINUTE_MS, 'of the first use first meetings learn')
})

t.test('a room that is dearer than others of its size is known as such, within bounds', async (t) => {
  const rooms = new Rooms()
  const dearer = (surcharge: number): number => {
    rooms.learn(expect(rooms, 'room'), outcome(MONDAY_MS, 15, { surcharge }), COSTS)
    return expect(rooms, 'room').factor
  }
  t.equal(dearer(0.2), 1.2)
  t.equal(dearer(0.25), 1.5)
  t.equal(dearer(0.4), 1.7, 'no more than that')
  t.equal(dearer(-0.5), 0.85)
  t.equal(dearer(-0.5), 0.6, 'no less than that')
  const { factor, share, people, microphones, cameras } = expect(rooms, 'room')
  about(t, share, factor * shareOf({ people, microphones, cameras }, COSTS), 'which its share shows')
  t.equal(expect(rooms, 'other').factor, 1)
})

t.test('what first meetings are like is learned for each tenant', async (t) => {
  const rooms = new Rooms()
  for (let i = 0; i < 20; i++) meet(rooms, `room-${i}`, [35], { tenantId: 'blue' })
  const after20 = 35 - 20 * 0.95 ** 20
  about(t, expect(rooms, 'new', { tenantId: 'blue' }).people, after20, 'each of the first twenty weighs a twentieth')
  t.equal(expect(rooms, 'new').people, 15, 'another tenant')
  meet(rooms, 'room-20', [80], { tenantId: 'blue' })
  about(t, expect(rooms, 'new', { tenantId: 'blue' }).people, after20 + (80 - after20) / 21, 'the next one a twenty-first')
  const before = expect(rooms, 'new', { tenantId: 'blue' })
  meet(rooms, 'room-20', [500], { tenantId: 'blue' })
  t.strictSame(expect(rooms, 'new', { tenantId: 'blue' }), before, 'the second use of a room is not a first one')
  for (let i = 21; i < 200; i++) meet(rooms, `room-${i}`, [20], { tenantId: 'blue' })
  const many = expect(rooms, 'new', { tenantId: 'blue' }).people
  meet(rooms, 'room-200', [120], { tenantId: 'blue' })
  about(t, expect(rooms, 'new', { tenantId: 'blue' }).people, many + 0.01 * (120 - many), 'of many, each weighs a hundredth')
})

t.test('a room of one tenant is not that of another', async (t) => {
  const rooms = new Rooms()
  meet(rooms, 'room', [80], { tenantId: 'blue' })
  t.equal(expect(rooms, 'room').isNew, true)
  t.not(Rooms.key('blue', 'room'), Rooms.key('default', 'room'))
  t.match(Rooms.key('blue', 'room'), /^[A-Za-z0-9_-]{16}$/)
})

t.test('the surprise of a new room is how far first meetings were from what was expected of them', async (t) => {
  const rooms = new Rooms()
  rooms.learn(expect(rooms, 'as-expected'), outcome(MONDAY_MS, 15, { microphones: 6, cameras: 2 }), COSTS)
  const { share, surprise } = expect(rooms, 'new')
  about(t, surprise, share * Math.sqrt(0.95), 'it falls when they are as expected')
  const large = { people: 150, microphones: 6, cameras: 2 }
  const miss = shareOf(large, COSTS) / shareOf({ people: 15, microphones: 6, cameras: 2 }, COSTS) - 1
  rooms.learn(expect(rooms, 'large'), outcome(MONDAY_MS, 150, { microphones: 6, cameras: 2 }), COSTS)
  const after = expect(rooms, 'new')
  about(t, after.surprise, after.share * Math.sqrt(0.95 + 0.05 * (miss ** 2 - 0.95)), 'and rises when they are not')
  t.equal(expect(rooms, 'large').surprise, 0, 'what is known is no surprise')
})

t.test('rooms are forgotten after five weeks, those used once after two', async (t) => {
  const rooms = new Rooms()
  meet(rooms, 'once', [10])
  meet(rooms, 'twice', [10, 10], {}, MONDAY_MS - DAY_MS)
  const left = (days: number): string[] => {
    const work = rooms.forgetOld(MONDAY_MS + days * DAY_MS)
    while (work.next().done !== true);
    return ['once', 'twice'].filter((meetingID) => !expect(rooms, meetingID).isNew)
  }
  t.strictSame(left(14), ['once', 'twice'])
  t.strictSame(left(15), ['twice'])
  t.strictSame(left(35), ['twice'])
  t.strictSame(left(36), [])
  t.equal(rooms.size, 0)
})

t.test('what was learned goes on after a restart', async (t) => {
  const rooms = new Rooms()
  meet(rooms, 'room', [30, 40], { tenantId: 'blue', tags: 'gpu!' })
  meet(rooms, 'other', [3])
  const restored = new Rooms()
  const saved = rooms.save()
  restored.restore(structuredClone({ ...saved, rooms: [...saved.rooms] }))
  for (const tenantId of ['blue', 'default']) {
    for (const meetingID of ['room', 'other', 'new']) t.strictSame(expect(restored, meetingID, { tenantId }), expect(rooms, meetingID, { tenantId }), `${tenantId} ${meetingID}`)
  }
  t.strictSame([...restored.save().rooms], [...rooms.save().rooms])
})

t.test('rooms of tenants and tags that come up while what was learned is written are left for the next time', async (t) => {
  const rooms = new Rooms()
  meet(rooms, 'one', [30])
  const { tenants, tags, rooms: lines } = rooms.save()
  meet(rooms, 'two', [30], { tenantId: 'blue', tags: 'gpu!' })
  meet(rooms, 'three', [30], { tags: 'gpu!' })
  meet(rooms, 'four', [30])
  const restored = new Rooms()
  restored.restore({ tenants, tags, rooms: [...lines] })
  t.equal(restored.size, 2)
  t.strictSame(expect(restored, 'four'), expect(rooms, 'four'))
})

t.test('what cannot be understood changes nothing', async (t) => {
  const good = ['abc', 0, 1, 100, 0, 0, 60, 1000, 20_000, 0]
  const tenants = [{ tenantId: 'default', typical: { people: 1, microphones: 1, cameras: 1, durationMs: 1 }, meetings: 1, variance: 1 }]
  const bad: Array<[why: string, line: unknown[]]> = [
    ['no key', [1, ...good.slice(1)]],
    ['too short', good.slice(0, 9)],
    ['a fraction', [...good.slice(0, 3), 0.5, ...good.slice(4)]],
    ['below zero', [...good.slice(0, 3), -1, ...good.slice(4)]],
    ['a text', [...good.slice(0, 3), '1', ...good.slice(4)]],
    ['a tenant there is not', ['abc', 1, ...good.slice(2)]],
    ['tags there are not', [...good.slice(0, 9), 1]],
  ]
  for (const [why, line] of bad) {
    const rooms = new Rooms()
    t.throws(() => rooms.restore({ tenants, tags: [''], rooms: [good, line] }), { message: 'a line is not a room' }, why)
    t.equal(rooms.size, 0)
  }
  const rooms = new Rooms()
  rooms.restore({ tenants, tags: [''], rooms: [good] })
  t.equal(rooms.size, 1)
})
