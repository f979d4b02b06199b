import t from 'tap'
import { camerasReceived, CAUSES, shareOf, START_COSTS, type Crowd } from '../../src/placement/costs.js'
import { about } from './parts.js'

t.test('the share of a meeting follows from people, microphones and cameras', async (t) => {
  const table: Array<[string, Crowd, number]> = [
    ['nobody', { people: 0, microphones: 0, cameras: 0 }, 0.010],
    ['one listener', { people: 1, microphones: 0, cameras: 0 }, 0.010 + 0.0031],
    ['one person with both', { people: 1, microphones: 1, cameras: 1 }, 0.010 + 0.0031 + 0.0019 + 0.00125],
    ['two listeners', { people: 2, microphones: 0, cameras: 0 }, 0.010 + 2 * 0.0031],
    ['two who see each other', { people: 2, microphones: 2, cameras: 2 }, 0.010 + 2 * (0.0031 + 0.0019 + 0.00125) + 0.0005 * 2],
    ['a first meeting', { people: 15, microphones: 6, cameras: 2 }, 0.0844],
    ['a lecture where all send: each receives a page of six', { people: 200, microphones: 10, cameras: 200 }, 0.010 + 0.62 + 0.019 + 0.25 + 0.6],
    ['telephones speak and are no people', { people: 1, microphones: 3, cameras: 0 }, 0.010 + 0.0031 + 3 * 0.0019],
    ['cameras of nobody', { people: 0, microphones: 0, cameras: 3 }, 0.010 + 3 * 0.00125],
  ]
  for (const [what, crowd, share] of table) about(t, shareOf(crowd, START_COSTS), share, what)
})

t.test('eight cores carry what was measured on them', async (t) => {
  const inClasses = (people: number, microphones: number, cameras: number): number =>
    people / 20 * shareOf({ people: 20, microphones, cameras }, START_COSTS)
  const table: Array<[what: string, share: number]> = [
    ['210 people in classes with one camera', inClasses(210, 6, 1)],
    ['170 people in classes with three cameras', inClasses(170, 6, 3)],
    ['120 people in classes with everybody\'s camera', inClasses(120, 6, 20)],
  ]
  for (const [what, share] of table) t.ok(share > 0.8 && share < 1.2, `${what}: ${share.toFixed(2)}`)
})

t.test('everybody receives the cameras of the others, at most a page of them', async (t) => {
  const table: Array<[people: number, cameras: number, received: number]> = [
    [0, 0, 0], [0, 5, 0], [1, 1, 0], [1, 9, 0], [2, 1, 1], [2, 2, 2], [10, 1, 9], [10, 10, 60], [7, 7, 42], [20, 3, 57], [100, 100, 600],
  ]
  for (const [people, cameras, received] of table) {
    about(t, camerasReceived({ people, microphones: 0, cameras }), received, `${people} people, ${cameras} cameras`)
  }
})

t.test('costs stand in the order of the causes', async (t) => {
  t.strictSame(CAUSES, ['meeting', 'person', 'microphone', 'cameraSent', 'cameraReceived'])
  const crowd = { people: 10, microphones: 3, cameras: 2 }
  const counts = [1, 10, 3, 2, 18]
  for (const [index, count] of counts.entries()) {
    about(t, shareOf(crowd, CAUSES.map((_, other) => other === index ? 1 : 0)), count, CAUSES[index] ?? '')
  }
})
