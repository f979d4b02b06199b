import t from 'tap'
import { courseOf } from './attendance.js'
import { coresOf, JOIN } from './cost.js'
import { smallMeeting, tenOnDay } from './hand-made.js'

t.test('eight cores carry 210, 170 or 120 people in classes of 20', async (t) => {
  const carried = (cameras: number): number => 8 / coresOf(20, 10, cameras) * 20
  const table: Array<[cameras: number, people: number]> = [[1, 210], [3, 170], [20, 120]]
  for (const [cameras, people] of table) t.ok(Math.abs(carried(cameras) / people - 1) < 0.03, `${carried(cameras)} with ${cameras} cameras each`)
})

t.test('each count has its cost', async (t) => {
  const about = (found: number, wanted: number, what: string): void => { t.equal(found.toFixed(9), wanted.toFixed(9), what) }
  about(coresOf(0, 0, 0), 0.05, 'an empty meeting')
  about(coresOf(10, 0, 0), 0.05 + 10 * (0.015 + 0.004), 'ten listeners')
  about(coresOf(10, 4, 0), 0.05 + 10 * 0.015 + 6 * 0.004 + 4 * 0.025, 'four of them speak')
  about(coresOf(10, 0, 2), 0.05 + 10 * 0.019 + 2 * 0.01 + (2 * 1 + 8 * 2) * 0.005, 'two of them send a camera')
  about(coresOf(10, 0, 10), 0.05 + 10 * 0.019 + 10 * 0.01 + 10 * 5 * 0.005, 'nobody receives more than five')
})

t.test('a meeting takes what its people cost, times its factor, from second to second', async (t) => {
  const createdAtS = tenOnDay(0)
  const { curve, endedAtS } = smallMeeting({ createdAtS, minutes: 10, people: 10, factor: 2 }, 0)
  t.equal(endedAtS, createdAtS + 1 + 600 + 60, 'a minute after the last one left')
  t.equal(curve.length, 67)
  const joining = 10 * JOIN.cores
  const cores = (bin: number): string => (curve[bin] ?? -1).toFixed(4)
  t.equal(cores(0), (2 * (0.1 * 0.05 + 0.9 * (0.24 + joining))).toFixed(4), 'one second before they come, nine after')
  t.equal(cores(1), (2 * (0.24 + joining)).toFixed(4))
  t.equal(cores(2), (2 * (0.24 + 0.1 * joining)).toFixed(4), 'joins cost for 20 seconds')
  t.equal(cores(3), (2 * 0.24).toFixed(4))
  t.equal(cores(60), (2 * (0.1 * 0.24 + 0.9 * 0.05)).toFixed(4))
  t.equal(cores(65), (2 * 0.05).toFixed(4))
  t.equal(cores(66), (2 * 0.05 / 10).toFixed(4), 'the second in which it ends')
})

t.test('changes at one moment are one change', async (t) => {
  const course = courseOf([
    { atS: 36_010, people: 1, microphones: 0, cameras: 0 },
    { atS: 36_000, people: 2, microphones: 0, cameras: 0 },
    { atS: 36_010, people: 0, microphones: 1, cameras: 0 },
    { atS: 36_100, people: -3, microphones: -1, cameras: 0 },
  ], new Int32Array(0), { createdAtS: 36_000, factor: 1 })
  t.strictSame([...course.changesAtS], [36_000, 36_010, 36_100])
  t.strictSame([...course.people], [2, 3, 0])
  t.strictSame([...course.microphones], [0, 1, 0])
})
