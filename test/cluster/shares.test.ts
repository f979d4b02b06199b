import t, { type Test } from 'tap'
import { expectedCrowd, FILLING_MS, FIRST_MEETING, shareNow, shareOf, type Crowd } from '../../src/cluster/shares.js'

/** Compares to twelve decimals: beyond them it is rounding. */
function about (t: Test, found: number, wanted: number, what = 'share'): void {
  t.equal(Number(found.toFixed(12)), Number(wanted.toFixed(12)), what)
}

const EMPTY: Crowd = { people: 0, microphones: 0, cameras: 0 }
const FIRST_SHARE = 0.0844
const EMPTY_SHARE = 0.010

t.test('the share of a meeting follows from people, microphones and cameras', async (t) => {
  const table: Array<[string, Crowd, number]> = [
    ['nobody', EMPTY, EMPTY_SHARE],
    ['one person with both', { people: 1, microphones: 1, cameras: 1 }, 0.010 + 0.0025 + 0.0025 + 0.00125],
    ['two listeners', { people: 2, microphones: 0, cameras: 0 }, 0.010 + 2 * (0.0025 + 0.0006)],
    ['two who see each other', { people: 2, microphones: 2, cameras: 2 }, 0.010 + 2 * (0.0025 + 0.0025 + 0.00125) + 0.0005 * 2 * 1],
    ['a first meeting', { people: 15, microphones: 6, cameras: 2 }, FIRST_SHARE],
    ['a lecture where all send: each receives a page of six', { people: 200, microphones: 10, cameras: 200 }, 0.010 + 0.5 + 190 * 0.0006 + 0.025 + 0.25 + 200 * 6 * 0.0005],
    ['telephones speak and are no people', { people: 1, microphones: 3, cameras: 0 }, 0.010 + 0.0025 + 3 * 0.0025],
    ['cameras of nobody', { people: 0, microphones: 0, cameras: 3 }, 0.010 + 3 * 0.00125],
  ]
  for (const [what, crowd, share] of table) about(t, shareOf(crowd), share, what)
})

t.test('a meeting nobody knows is expected to be an average one, within its limit', async (t) => {
  t.strictSame(FIRST_MEETING, { people: 15, microphones: 6, cameras: 2 })
  const table: Array<[number, Crowd]> = [
    [0, FIRST_MEETING],
    [-1, FIRST_MEETING],
    [1, { people: 1, microphones: 1, cameras: 1 }],
    [4, { people: 4, microphones: 4, cameras: 2 }],
    [14, { people: 14, microphones: 6, cameras: 2 }],
    [15, FIRST_MEETING],
    [500, FIRST_MEETING],
  ]
  for (const [maxParticipants, crowd] of table) t.strictSame(expectedCrowd(maxParticipants, false), crowd, `at most ${maxParticipants}`)
  t.strictSame(expectedCrowd(0, true), EMPTY, 'the people of a breakout room are counted in its parent')
  t.strictSame(expectedCrowd(200, true), EMPTY)
})

t.test('a reservation fades in a straight line over ten minutes', async (t) => {
  t.equal(FILLING_MS, 600_000)
  const gap = FIRST_SHARE - EMPTY_SHARE
  const table: Array<[number, number]> = [
    [-3_600_000, gap],
    [0, gap],
    [60_000, gap * 0.9],
    [300_000, gap * 0.5],
    [599_999, gap / 600_000],
    [600_000, 0],
    [86_400_000, 0],
  ]
  for (const [ageMs, reserved] of table) {
    const share = shareNow(EMPTY, FIRST_MEETING, ageMs, true)
    about(t, share.live, EMPTY_SHARE, `live at ${ageMs} ms`)
    about(t, share.reserved, reserved, `reserved at ${ageMs} ms`)
  }
})

t.test('what has come is not reserved again', async (t) => {
  const half = { people: 8, microphones: 3, cameras: 1 }
  const share = shareNow(half, FIRST_MEETING, 0, true)
  about(t, share.live + share.reserved, FIRST_SHARE, 'at its start it counts for what is expected')

  const large = { people: 60, microphones: 10, cameras: 8 }
  t.equal(shareNow(large, FIRST_MEETING, 0, true).reserved, 0, 'larger than expected')
  about(t, shareNow(large, FIRST_MEETING, 0, true).live, shareOf(large))

  const many = { people: 40, microphones: 0, cameras: 0 }
  about(t, shareNow(many, FIRST_MEETING, 0, true).reserved, shareOf({ people: 40, microphones: 6, cameras: 2 }) - shareOf(many), 'larger in people only')
})

t.test('a meeting no poll has shown counts for all that is expected, however old', async (t) => {
  for (const ageMs of [0, 600_000, 86_400_000]) {
    t.equal(shareNow(EMPTY, FIRST_MEETING, ageMs, false).live, 0)
    about(t, shareNow(EMPTY, FIRST_MEETING, ageMs, false).reserved, FIRST_SHARE)
  }
  const joined = { people: 40, microphones: 0, cameras: 0 }
  about(t, shareNow(joined, FIRST_MEETING, 0, false).reserved, shareOf(joined), 'or for those who were sent there, if they are more')
})
