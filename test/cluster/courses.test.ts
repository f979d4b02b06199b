import t, { type Test } from 'tap'
import { Courses } from '../../src/cluster/courses.js'
import { Directory } from '../../src/cluster/directory.js'
import { Forecast } from '../../src/placement/forecast.js'
import type { Profile } from '../../src/placement/node-outlook.js'
import { create, listed, withPeople } from './meetings.js'

/** As milliseconds are: with seconds in their place a reservation would never fade. */
const CREATED_AT_MS = 1_767_225_600_000
const EMPTY_SHARE = 0.010
const LISTENER_SHARE = 0.0031
const FIRST_SHARE = 0.0844
const GAP = FIRST_SHARE - EMPTY_SHARE

interface Parts {
  readonly directory: Directory
  readonly forecast: Forecast
  profileAt (nowMs: number): Profile
}

function parts (aheadMs: () => number = () => 0): Parts {
  const forecast = new Forecast({ rooms: true, bookings: true, maxSampleAgeMs: 90_000, sampleWindowMs: 120_000 })
  forecast.addNode('n1', 1)
  forecast.addNode('n2', 1)
  const tenantOf = (meetingID: string): string => meetingID.startsWith('blue-') ? 'blue' : 'default'
  const directory = new Directory(() => false, new Courses(forecast, { clockAheadMs: aheadMs, tenantOf, learned () {} }))
  return { directory, forecast, profileAt: (nowMs) => forecast.look('n1', nowMs).profile }
}

function same (t: Test, { live, reserved, curve }: Profile, wanted: { readonly live?: number, readonly reserved?: number }, what: string): void {
  const all = { live: 0, reserved: 0, ...wanted }
  t.strictSame([live.toFixed(9), reserved.toFixed(9)], [all.live.toFixed(9), all.reserved.toFixed(9)], what)
  t.equal(curve[0]?.toFixed(9), (all.live + all.reserved).toFixed(9), `${what}: the terms add up`)
}

t.test('a young meeting\'s reservation fades within ten minutes of its createTime', async (t) => {
  const { directory, profileAt } = parts()
  same(t, profileAt(CREATED_AT_MS), {}, 'an idle node carries nothing')
  directory.reconcile('n1', [listed('room', { createdAtMs: CREATED_AT_MS })], CREATED_AT_MS)
  same(t, profileAt(CREATED_AT_MS), { live: EMPTY_SHARE, reserved: GAP }, 'new')
  same(t, profileAt(CREATED_AT_MS + 300_000), { live: EMPTY_SHARE, reserved: GAP / 2 }, 'five minutes')
  same(t, profileAt(CREATED_AT_MS + 600_000), { live: EMPTY_SHARE }, 'ten minutes')
})

t.test('the age is corrected by how far the node\'s clock is ahead, also once that is known', async (t) => {
  for (const aheadMs of [3_600_000, -3_600_000]) {
    const { directory, profileAt } = parts(() => aheadMs)
    directory.reconcile('n1', [listed('room', { createdAtMs: CREATED_AT_MS + aheadMs })], CREATED_AT_MS)
    same(t, profileAt(CREATED_AT_MS + 150_000), { live: EMPTY_SHARE, reserved: GAP * 0.75 }, `${aheadMs} ms ahead`)

    let known = 0
    const restored = parts(() => known)
    create(restored.directory, 'room', 'n1', { createdAtMs: CREATED_AT_MS + aheadMs })
    known = aheadMs
    restored.directory.reconcile('n1', [listed('room', { createdAtMs: CREATED_AT_MS + aheadMs })], CREATED_AT_MS)
    same(t, restored.profileAt(CREATED_AT_MS + 150_000), { live: EMPTY_SHARE, reserved: GAP * 0.75 }, `${aheadMs} ms ahead, out of the state file`)
  }
})

t.test('a meeting begins at the latest when a poll shows it, whatever its node\'s clock says', async (t) => {
  for (const createdAtMs of [CREATED_AT_MS + 3_600_000, Number.MAX_SAFE_INTEGER]) {
    const { directory, forecast, profileAt } = parts()
    directory.reconcile('n1', [withPeople('room', 30, createdAtMs)], CREATED_AT_MS)
    directory.reconcile('n1', [withPeople('room', 20, createdAtMs)], CREATED_AT_MS + 1_000)
    same(t, profileAt(CREATED_AT_MS + 600_000), { live: EMPTY_SHARE + 20 * LISTENER_SHARE }, 'no reservation stays')
    for (const atMs of [2_000, 3_000]) directory.reconcile('n1', [], CREATED_AT_MS + atMs)
    t.equal(forecast.rooms.size, 1, 'it is remembered')
    for (const [, ...numbers] of forecast.rooms.save().rooms) t.ok(numbers.every((number) => Number.isSafeInteger(number)), String(numbers))
  }
})

t.test('a meeting that tells no time of creation begins when a poll first shows it', async (t) => {
  for (const aheadMs of [0, 3_600_000, -3_600_000]) {
    const { directory, forecast, profileAt } = parts(() => aheadMs)
    for (const minute of [0, 5, 45]) directory.reconcile('n1', [withPeople('room', 15, 0)], CREATED_AT_MS + minute * 60_000)
    same(t, profileAt(CREATED_AT_MS + 45 * 60_000), { live: EMPTY_SHARE + 15 * LISTENER_SHARE }, 'no longer young')
    for (const minute of [46, 47]) directory.reconcile('n1', [], CREATED_AT_MS + minute * 60_000)
    const { isNew, durationMs } = forecast.expect({ tenantId: 'default', meetingID: 'room', maxParticipants: 0, announced: 0, isBreakout: false })
    t.strictSame([isNew, durationMs], [false, 45 * 60_000])
  }
})

t.test('meetings add up, on their node', async (t) => {
  const { directory, profileAt } = parts()
  const old = CREATED_AT_MS - 3_600_000
  directory.reconcile('n1', [
    withPeople('one', 100, old),
    listed('two', { createdAtMs: old, counts: { participants: 2, voices: 2, videos: 2 } }),
  ], CREATED_AT_MS)
  directory.reconcile('n2', [withPeople('elsewhere', 500, old)], CREATED_AT_MS)
  const two = 2 * (LISTENER_SHARE + 0.0019 + 0.00125) + 2 * 0.0005
  same(t, profileAt(CREATED_AT_MS), { live: 2 * EMPTY_SHARE + 100 * LISTENER_SHARE + two }, 'two meetings')
})

t.test('a meeting that was created counts for what is expected until a poll shows it', async (t) => {
  const { directory, profileAt } = parts()
  create(directory, 'room', 'n1', { createdAtMs: CREATED_AT_MS, answeredAtMs: CREATED_AT_MS })
  same(t, profileAt(CREATED_AT_MS + 900_000), { reserved: FIRST_SHARE }, 'not seen yet')
})

t.test('a profile holds for ten seconds, unless a meeting came, changed or went', async (t) => {
  const { directory, profileAt } = parts()
  directory.reconcile('n1', [listed('room', { createdAtMs: CREATED_AT_MS })], CREATED_AT_MS)
  const made = profileAt(CREATED_AT_MS)
  t.equal(profileAt(CREATED_AT_MS + 9_999), made, 'still the old one')
  same(t, profileAt(CREATED_AT_MS + 10_000), { live: EMPTY_SHARE, reserved: GAP * (1 - 10 / 600) }, 'made anew')
  directory.reconcile('n2', [listed('elsewhere', { createdAtMs: CREATED_AT_MS })], CREATED_AT_MS + 15_000)
  same(t, profileAt(CREATED_AT_MS + 15_000), { live: EMPTY_SHARE, reserved: GAP * (1 - 10 / 600) }, 'a change of another node')
  directory.reconcile('n1', [withPeople('room', 2, CREATED_AT_MS)], CREATED_AT_MS + 15_000)
  const live = EMPTY_SHARE + 2 * LISTENER_SHARE
  same(t, profileAt(CREATED_AT_MS + 15_000), { live, reserved: (FIRST_SHARE - live) * (1 - 15 / 600) }, 'a change of this node')
  directory.reconcile('n1', [], CREATED_AT_MS + 16_000)
  directory.reconcile('n1', [], CREATED_AT_MS + 17_000)
  same(t, profileAt(CREATED_AT_MS + 17_000), {}, 'gone')
})

t.test('somebody who was sent there counts before a poll shows them', async (t) => {
  const { directory, profileAt } = parts()
  const [copy] = directory.reconcile('n1', [listed('room')], CREATED_AT_MS).added
  if (copy === undefined) return t.fail('no copy')
  directory.joined(copy, CREATED_AT_MS)
  same(t, profileAt(CREATED_AT_MS), { live: EMPTY_SHARE + LISTENER_SHARE }, 'one listener')
  directory.reconcile('n1', [withPeople('room', 1)], CREATED_AT_MS + 10_000)
  same(t, profileAt(CREATED_AT_MS + 10_000), { live: EMPTY_SHARE + LISTENER_SHARE }, 'who has arrived')
  directory.joined(copy, CREATED_AT_MS + 11_000)
  directory.joined(copy, CREATED_AT_MS + 11_000)
  same(t, profileAt(CREATED_AT_MS + 11_000), { live: EMPTY_SHARE + 3 * LISTENER_SHARE }, 'and two more')
})

t.test('what decides what is expected may turn out differently at the first poll', async (t) => {
  const { directory, profileAt } = parts()
  const copy = create(directory, 'room', 'n1', { createdAtMs: CREATED_AT_MS, maxParticipants: 3 })
  t.match(copy.course?.expected, { people: 3, microphones: 3, cameras: 2 })
  directory.reconcile('n1', [listed('room', { createdAtMs: CREATED_AT_MS })], CREATED_AT_MS)
  t.match(copy.course?.expected, { people: 15, microphones: 6, cameras: 2 })
  same(t, profileAt(CREATED_AT_MS), { live: EMPTY_SHARE, reserved: GAP }, 'it counts once')
  const breakout = create(directory, 'breakout', 'n1', { createdAtMs: CREATED_AT_MS })
  directory.reconcile('n1', [listed('room', { createdAtMs: CREATED_AT_MS }), listed('breakout', { createdAtMs: CREATED_AT_MS, isBreakout: true })], CREATED_AT_MS + 1)
  t.match(breakout.course?.expected, { people: 0, room: '' })
})

t.test('a meeting that others placed is expected to be what its room and its metadata say', async (t) => {
  const { directory } = parts()
  const [copy, small] = directory.reconcile('n1', [listed('room', { expectedParticipants: 40 }), listed('small', { maxParticipants: 2 })], CREATED_AT_MS).added
  t.match(copy?.course?.expected, { people: 40, microphones: 6, cameras: 2, tenantId: 'default', tags: undefined })
  t.match(small?.course?.expected, { people: 2 })
  const [blue] = directory.reconcile('n2', [listed('blue-room')], CREATED_AT_MS).added
  t.equal(blue?.course?.expected.tenantId, 'blue')
})

t.test('a meeting that this gateway placed keeps what was expected when it was', async (t) => {
  const { directory, forecast } = parts()
  const expected = { ...forecast.expect({ tenantId: 'green', meetingID: 'room', maxParticipants: 0, announced: 9, isBreakout: false, tags: 'gpu' }) }
  const copy = create(directory, 'room', 'n1', { createdAtMs: CREATED_AT_MS, expected })
  directory.reconcile('n1', [listed('room', { createdAtMs: CREATED_AT_MS })], CREATED_AT_MS)
  t.equal(copy.course?.expected, expected)
})

t.test('what a meeting was like is learned when it is gone, and no sooner', async (t) => {
  const { directory, forecast } = parts()
  for (const minute of [0, 1, 45]) directory.reconcile('n1', [withPeople('room', 30, CREATED_AT_MS)], CREATED_AT_MS + minute * 60_000)
  t.equal(forecast.rooms.size, 0)
  for (const minute of [46, 47]) directory.reconcile('n1', [], CREATED_AT_MS + minute * 60_000)
  t.equal(forecast.rooms.size, 1)
  const expected = forecast.expect({ tenantId: 'default', meetingID: 'room', maxParticipants: 0, announced: 0, isBreakout: false })
  t.equal(expected.people, 0.8 * 30 + 0.2 * 15.75, 'four fifths of it, and what first meetings are like')
  t.equal(expected.durationMs, 45 * 60_000, 'until it was last seen')
})

t.test('a meeting that ended while nobody was in it tells nothing', async (t) => {
  const { directory, forecast } = parts()
  directory.reconcile('n1', [listed('room', { createdAtMs: CREATED_AT_MS })], CREATED_AT_MS)
  create(directory, 'unseen', 'n1', { createdAtMs: CREATED_AT_MS })
  for (const minute of [46, 47]) directory.reconcile('n1', [], CREATED_AT_MS + minute * 60_000)
  t.equal(directory.size, 0)
  t.equal(forecast.rooms.size, 0)
})

t.test('a node that is taken out leaves what its meetings were like', async (t) => {
  const { directory, forecast } = parts()
  directory.reconcile('n1', [withPeople('room', 30, CREATED_AT_MS)], CREATED_AT_MS)
  directory.reconcile('n1', [withPeople('room', 30, CREATED_AT_MS)], CREATED_AT_MS + 60_000)
  const release = forecast.hold('n1', forecast.expect({ tenantId: 'default', meetingID: 'other', maxParticipants: 0, announced: 0, isBreakout: false }))
  directory.removeNode('n1', CREATED_AT_MS + 120_000)
  forecast.removeNode('n1')
  release()
  t.equal(forecast.rooms.size, 1)
  t.throws(() => forecast.look('n1', CREATED_AT_MS), { message: 'there is no node n1' })
})
