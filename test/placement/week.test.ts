import t from 'tap'
import { dayOf, isNear, isSameDay, minuteOfWeek, packSlot, unpackSlot, weekOf, type Slot } from '../../src/placement/week.js'

process.env['TZ'] = 'Europe/Berlin'

const TEN_ON_TUESDAY = 24 * 60 + 10 * 60

function at (iso: string): number {
  return Date.parse(iso)
}

t.test('a lesson stays at its time of the local clock when the clock changes', async (t) => {
  const table: Array<[what: string, before: string, after: string]> = [
    ['in spring', '2026-03-24T10:00:00+01:00', '2026-03-31T10:00:00+02:00'],
    ['in autumn', '2026-10-20T10:00:00+02:00', '2026-10-27T10:00:00+01:00'],
  ]
  for (const [what, before, after] of table) {
    t.equal(minuteOfWeek(at(before)), TEN_ON_TUESDAY, what)
    t.equal(minuteOfWeek(at(after)), TEN_ON_TUESDAY, what)
    t.equal(weekOf(at(after)) - weekOf(at(before)), 1, what)
    t.equal(dayOf(at(after)) - dayOf(at(before)), 7, what)
  }
  t.equal(minuteOfWeek(at('2026-03-29T04:00:00+02:00')), 6 * 1_440 + 4 * 60, 'on the very day')
  t.equal(dayOf(at('2026-03-29T23:59:59+02:00')), dayOf(at('2026-03-29T00:00:00+01:00')), 'which has 23 hours')
  t.equal(dayOf(at('2026-10-25T23:59:59+01:00')), dayOf(at('2026-10-25T00:00:00+02:00')), 'or 25')
})

t.test('weeks begin on Monday at midnight', async (t) => {
  const sunday = at('2026-01-04T23:59:59.999+01:00')
  const monday = at('2026-01-05T00:00:00+01:00')
  t.equal(minuteOfWeek(sunday), 10_079)
  t.equal(minuteOfWeek(monday), 0)
  t.equal(weekOf(monday) - weekOf(sunday), 1)
  t.equal(dayOf(monday) - dayOf(sunday), 1)
  t.equal(weekOf(monday), weekOf(monday + 7 * 86_400_000 - 1))
  t.equal(weekOf(at('1970-01-05T00:00:00+01:00')), 1)
  t.equal(weekOf(at('1970-01-04T23:59:00+01:00')), 0)
})

t.test('a slot comes back out of its number', async (t) => {
  const minutes = [0, 1, TEN_ON_TUESDAY, 10_079]
  const weeks = [0, 1, 2_922, 4_095]
  const times = [0, 1, 2, 15]
  for (const minuteOfWeek of minutes) {
    for (const week of weeks) {
      for (const number of times) {
        const slot: Slot = { minuteOfWeek, week, times: number }
        const packed = packSlot(slot)
        t.strictSame(unpackSlot(packed), slot, JSON.stringify(slot))
        t.ok(Number.isInteger(packed) && packed >= 0 && packed < 2 ** 30, 'a small whole number, until the year 2048')
      }
    }
  }
  t.equal(unpackSlot(packSlot({ minuteOfWeek: 10_079, week: 2_922, times: 16 })).times, 15, 'more is not counted')
})

t.test('uses are near each other on the same day only', async (t) => {
  const table: Array<[one: number, other: number, near: boolean]> = [
    [600, 600, true], [600, 625, true], [625, 600, true], [600, 626, false], [626, 600, false],
    [1_439, 1_440, false], [0, 10_079, false], [1_430, 1_439, true],
  ]
  for (const [one, other, near] of table) t.equal(isNear(one, other, 25), near, `${one} and ${other}`)
  t.equal(isSameDay(0, 1_439), true)
  t.equal(isSameDay(1_439, 1_440), false)
})
