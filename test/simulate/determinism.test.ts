import t from 'tap'
import { runJob, type Job } from './job.js'
import { runJobs } from './pool.js'
import { Random } from './random.js'
import { SMALL } from './scenarios.js'
import { makeTrace } from './trace.js'

const JOB: Job = { scenario: 'small', seed: 7, strategies: ['random', 'Scalelite', 'b3lb', 'offline'], course: true }

t.test('random numbers follow from the seed alone', async (t) => {
  const draw = (seed: string): number[] => {
    const random = new Random(seed)
    return [random.unit(), random.normal(0, 1), random.logNormal(10, 0.5), random.whole(100), random.share(0.3, 1)]
  }
  t.strictSame(draw('a'), draw('a'))
  t.not(draw('a')[0], draw('b')[0])
  t.equal(new Random('a').branch('x').unit(), new Random('a').branch('x').unit())
  t.not(new Random('a').branch('x').unit(), new Random('a').branch('y').unit())
})

t.test('random numbers are spread as they should be', async (t) => {
  const random = new Random('spread')
  const many = 50_000
  const units = Array.from({ length: many }, () => random.unit())
  t.ok(units.every((unit) => unit >= 0 && unit < 1))
  const tenths = units.reduce<number[]>((counts, unit) => {
    counts[Math.floor(unit * 10)] = (counts[Math.floor(unit * 10)] ?? 0) + 1
    return counts
  }, [])
  t.equal(tenths.length, 10)
  for (const count of tenths) t.ok(Math.abs(count - many / 10) < 300, `${count} of ${many} in a tenth`)
  const normal = Array.from({ length: many }, () => random.normal(5, 2))
  const mean = normal.reduce((sum, value) => sum + value, 0) / many
  const sd = Math.sqrt(normal.reduce((sum, value) => sum + (value - mean) ** 2, 0) / many)
  t.ok(Math.abs(mean - 5) < 0.05 && Math.abs(sd - 2) < 0.05, `normal with mean ${mean} and standard deviation ${sd}`)
  const shuffled = random.shuffle([1, 2, 3, 4, 5, 6, 7, 8])
  t.not(shuffled.join(), '1,2,3,4,5,6,7,8')
  t.strictSame(shuffled.sort(), [1, 2, 3, 4, 5, 6, 7, 8])
  t.throws(() => random.choice([]), RangeError)
})

t.test('one seed gives one result, in this process and in another; another seed gives another', async (t) => {
  const here = runJob(JOB)
  const [there, other] = await runJobs([JOB, { ...JOB, seed: 8 }], 2, () => {})
  t.strictSame(there, here)
  t.strictSame(Object.keys(here.measures), ['random', 'Scalelite', 'b3lb', 'offline'])
  t.equal(here.courses.Scalelite?.length, 720)
  t.not(other?.measures.Scalelite?.p99, here.measures.Scalelite?.p99)
})

t.test('a node that is lost or has recordings to process changes no lesson', async (t) => {
  const plain = makeTrace(SMALL, 3)
  const night = makeTrace({ ...SMALL, backlog: { nodes: 0.4, cpu: [0.2, 0.3], untilHour: [8, 9] } }, 3)
  const nodeLoss = makeTrace({ ...SMALL, nodeLostAtS: 10 * 3_600 }, 3)
  const lessons = nodeLoss.meetings.filter(({ isReplacement }) => !isReplacement)
  t.strictSame([night.meetings.length, lessons.length], [plain.meetings.length, plain.meetings.length])
  t.strictSame(night.meetings.at(-1)?.curve, plain.meetings.at(-1)?.curve)
  t.strictSame(lessons.at(-1)?.curve, plain.meetings.at(-1)?.curve)
  t.strictSame([night, nodeLoss].map(({ nodes }) => nodes[0]?.cores), [plain.nodes[0]?.cores, plain.nodes[0]?.cores])
  const busier = night.nodes.filter(({ background }, node) => (background[0] ?? 0) > (plain.nodes[node]?.background[0] ?? 0) + 0.1)
  t.equal(busier.length, 2, 'four tenths of the nodes')
  t.equal(nodeLoss.losses.length, 20, 'every day')
})
