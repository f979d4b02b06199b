import t from 'tap'
import { Courses } from '../../src/cluster/courses.js'
import { Directory } from '../../src/cluster/directory.js'
import { Forecast } from '../../src/placement/forecast.js'
import { saveForecast } from '../../src/placement/learned.js'
import { listed } from './meetings.js'

const WEEK_MS = 7 * 86_400_000
const MONDAY_MS = Date.UTC(2026, 0, 5)
const POLL_MS = 5_000
const MINUTE_MS = 60_000

interface Gateway { readonly phaseMs: number, readonly forecast: Forecast, readonly directory: Directory }

/** A gateway as far as it learns of rooms; its polls come `phaseMs` after those of another. */
function gateway (phaseMs: number): Gateway {
  const forecast = new Forecast({ rooms: true, bookings: true, maxSampleAgeMs: 90_000, sampleWindowMs: 120_000 })
  forecast.addNode('n1', 1)
  const courses = new Courses(forecast, { clockAheadMs: () => 0, tenantOf: () => 'default', learned () {} })
  return { phaseMs, forecast, directory: new Directory(() => false, courses) }
}

/** Rooms by key: their numbers as they are kept. */
function roomsOf (forecast: Forecast): Map<unknown, readonly unknown[]> {
  return new Map(Array.from(saveForecast(forecast).rooms, ([key, ...numbers]) => [key, numbers]))
}

t.test('of two gateways that poll the same nodes, both learn the same, whichever of them placed a meeting', async (t) => {
  const gateways = [gateway(0), gateway(2_300)]
  for (let week = 0; week < 3; week++) {
    for (let room = 0; room < 6; room++) {
      const createdAtMs = MONDAY_MS + week * WEEK_MS + (8 + room) * 60 * MINUTE_MS - 4 * MINUTE_MS
      const internalMeetingID = `${room}-${week}`
      const ofMeeting = { meetingID: `room-${room}`, internalMeetingID, createdAtMs, expectedParticipants: 40 }
      const [placing] = room % 2 === 0 ? gateways : [...gateways].reverse()
      placing?.directory.add({ ...ofMeeting, nodeId: 'n1', voiceBridge: '7', announced: 40, answeredAtMs: createdAtMs }, true)
      for (let atMs = createdAtMs + 1_000; atMs < createdAtMs + 50 * MINUTE_MS; atMs += POLL_MS) {
        for (const { phaseMs, directory } of gateways) {
          const people = Math.min(10 + 3 * room, Math.floor((atMs + phaseMs - createdAtMs) / 10_000))
          const counts = { participants: people, moderators: 1, voices: Math.floor(people / 3), videos: room }
          directory.reconcile('n1', [listed(ofMeeting.meetingID, { ...ofMeeting, counts })], atMs + phaseMs)
        }
      }
      for (const missed of [1, 2]) {
        for (const { phaseMs, directory } of gateways) directory.reconcile('n1', [], createdAtMs + 51 * MINUTE_MS + missed * POLL_MS + phaseMs)
      }
    }
  }
  const [one, other] = gateways.map(({ forecast }) => roomsOf(forecast))
  t.equal(one?.size, 6)
  for (const [key, numbers] of one ?? []) {
    const others = other?.get(key) ?? []
    t.equal(others.length, numbers.length, 'as much is known of it')
    for (const [index, number] of numbers.entries()) {
      const [mine, theirs] = [Number(number), Number(others[index])]
      t.ok(Math.abs(mine - theirs) <= 0.01 * Math.abs(mine) + 1, `${mine} and ${theirs}`)
    }
  }
  const opening = { tenantId: 'default', meetingID: 'room-5', maxParticipants: 0, announced: 0, isBreakout: false }
  const [mine, theirs] = gateways.map(({ forecast }) => forecast.expect(opening).share)
  t.ok((mine ?? 0) > 0.1 && Math.abs((mine ?? 0) / (theirs ?? 1) - 1) < 0.01, `both expect the same of it: ${mine} and ${theirs}`)
})
