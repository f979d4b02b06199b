import t from 'tap'
import { addSurviving, alive, flat, POINTS, STEP_MS, type Duration } from '../../src/placement/horizon.js'
import { about, MINUTE_MS } from './parts.js'

/** As of a room nobody knows: the line from alive to ended is 70 minutes long. */
const LESSON: Duration = { durationMs: 50 * MINUTE_MS, durationSdMs: 20 * MINUTE_MS }

/** What a meeting of a share of 1 adds. */
function curveOf (ageMs: number, duration: Duration): Float64Array {
  const curve = flat()
  addSurviving(curve, 1, ageMs, duration)
  return curve
}

t.test('a meeting survives in a straight line around its expected duration', async (t) => {
  const table: Array<[minutes: number, chance: number]> = [
    [-10, 1], [0, 1], [15, 1], [22, 0.9], [36, 0.7], [50, 0.5], [64, 0.3], [78, 0.1], [82.9, 0.03], [85, 0.03], [600, 0.03], [100_000, 0.03],
  ]
  for (const [minutes, chance] of table) about(t, alive(minutes * MINUTE_MS, LESSON), chance, `after ${minutes} minutes`)
  about(t, alive(50 * MINUTE_MS + 140_000, { durationMs: 50 * MINUTE_MS, durationSdMs: 400_000 }), 0.4, 'a tenth of the line of a room that is known')
})

t.test('a curve reaches over an hour and a half in steps of five minutes', async (t) => {
  t.equal(POINTS, 20)
  t.equal(STEP_MS, 5 * MINUTE_MS)
  t.strictSame([...flat()], Array.from({ length: 20 }, () => 0))
  t.strictSame([...flat(0.5)], Array.from({ length: 20 }, () => 0.5))
})

t.test('a load dies away as its meeting may end', async (t) => {
  const fresh = curveOf(0, LESSON)
  for (const [point, chance] of [[0, 1], [3, 1], [10, 0.5], [14, 0.5 - 20 / 70], [17, 0.03], [19, 0.03]] as const) about(t, fresh[point] ?? 0, chance, `new, after ${point * 5} minutes`)
  const half = curveOf(50 * MINUTE_MS, LESSON)
  for (const [point, chance] of [[0, 1], [2, (0.5 - 10 / 70) / 0.5], [6, (0.5 - 30 / 70) / 0.5], [7, 0.06], [19, 0.06]] as const) {
    about(t, half[point] ?? 0, chance, `at its expected end, and ${point * 5} minutes on: it is alive now for certain`)
  }
  t.ok(curveOf(10 * 60 * MINUTE_MS, LESSON).every((share) => share.toFixed(9) === '1.000000000'), 'one that goes on for hours just goes on')
})

t.test('a load is there in full when its meeting begins, however short it is', async (t) => {
  for (const durationMs of [0, 5 * MINUTE_MS, 34 * MINUTE_MS]) {
    const short = { ...LESSON, durationMs }
    about(t, curveOf(0, short)[0] ?? 0, 1, `now, of ${durationMs} ms`)
    about(t, curveOf(1, short)[0] ?? 0, 1, 'a millisecond old')
    about(t, curveOf(-10 * MINUTE_MS, short)[2] ?? 0, 1, 'to come in ten minutes')
    about(t, curveOf(-8 * MINUTE_MS, short)[2] ?? 0, alive(2 * MINUTE_MS, short) / alive(0, short), 'two minutes before a point')
    about(t, curveOf(-12 * MINUTE_MS, short)[2] ?? 0, 1, 'two minutes after a point')
  }
})

t.test('a meeting still to come counts from when it comes', async (t) => {
  const table: Array<[minutes: number, first: number]> = [[0, 0], [1, 0], [2.5, 0], [2.6, 1], [5, 1], [7.4, 1], [7.6, 2], [30, 6], [60, 12], [95, 19], [97.6, 20], [500, 20]]
  for (const [minutes, first] of table) {
    const curve = curveOf(-minutes * MINUTE_MS, LESSON)
    t.equal(curve.findIndex((share) => share > 0), first === POINTS ? -1 : first, `in ${minutes} minutes`)
  }
  about(t, curveOf(-30 * MINUTE_MS, LESSON)[16] ?? 0, 0.5, 'and dies away from then on')
})

t.test('loads add up', async (t) => {
  const curve = flat(0.25)
  addSurviving(curve, 0.5, 0, LESSON)
  addSurviving(curve, 2, -50 * MINUTE_MS, LESSON)
  about(t, curve[0] ?? 0, 0.75, 'now')
  about(t, curve[10] ?? 0, 0.25 + 0.25 + 2, 'when the second comes')
})
