import t from 'tap'
import { XMLValidator } from 'fast-xml-parser'
import { UsageError } from '../../src/commands/usage.js'
import { readArguments } from './arguments.js'
import type { JobResult } from './job.js'
import type { Measures } from './measures.js'
import { picture } from './picture.js'
import { report } from './report.js'
import { spreadOf } from './statistics.js'

function measures (p99: number): Measures {
  return { peak: p99 + 0.1, p99, p95: p99 - 0.1, minutesOver80: 120, minutesOver95: 12, unevenness: 0.083, lostUserMinutes: 1234.5 }
}

const COURSE = Array.from({ length: 720 }, (_, minute) => 0.5 + 0.4 * Math.sin(minute / 60))
const RESULTS: readonly JobResult[] = [
  ...[1, 2, 3].map((seed) => ({
    scenario: 'school',
    seed,
    measures: { Scalelite: measures(1 + seed / 10), b3lb: measures(1.25), Ensemble: measures(0.9 + seed / 10), clairvoyant: measures(1), offline: measures(0.8) },
    bound: { peak: 0.9, p99: 0.78, p95: 0.7 },
    courses: seed === 1 ? { Scalelite: COURSE, Ensemble: COURSE } : {},
  })),
  { scenario: 'nodeloss', seed: 1, measures: { Scalelite: measures(2), Ensemble: measures(1.5) }, bound: { peak: 1, p99: 1, p95: 1 }, courses: {} },
]

t.test('the report shows medians, ranges and ratios in aligned columns', async (t) => {
  const [overview = '', school = '', nodeLoss = ''] = report(RESULTS).trimEnd().split('\n\n')
  t.equal(overview, `Worst node, p99 / peak of the minutes of a week, % of its CPU
                school   nodeloss
Scalelite    120 / 130  200 / 210
b3lb         125 / 135          –
Ensemble     110 / 120  150 / 160
clairvoyant  100 / 110          –
offline        80 / 90          –
lower bound    78 / 90  100 / 100`)
  const lines = school.split('\n')
  t.equal(lines[0], 'school: 16 equal nodes, lessons of 45 minutes (3 seeds)')
  const cells = (line = ''): string[] => line.trim().split(/ {2,}/)
  t.strictSame(cells(lines[1]), ['p99', 'peak', 'p95', 'min > 80 %', 'min > 95 %', 'unevenness', 'lost user-min', '÷ clairvoyant', '÷ offline'])
  t.strictSame(cells(lines[4]), ['Ensemble', '110 (100–120)', '120 (110–130)', '100 (90–110)', '120 (120–120)', '12 (12–12)', '8.3 (8.3–8.3)', '1235 (1235–1235)', '1.10 (1.00–1.20)', '1.38 (1.25–1.50)'])
  t.strictSame(cells(lines[7]).slice(0, 5), ['lower bound', '78 (78–78)', '90 (90–90)', '70 (70–70)', '–'])
  t.equal(new Set(lines.slice(1, 8).map((line) => line.length)).size, 1, 'all lines end at the same column')
  t.equal(lines[8], 'Ensemble is better than every published formula in p99 on 3, p95 on 3, min > 80 % on 0, peak on 3 of 3 seeds.')
  t.match(nodeLoss, /^nodeloss: .*\(1 seed\)\n/)
})

t.test('medians and ranges', async (t) => {
  t.strictSame(spreadOf([3, 1, 2]), { median: 2, least: 1, most: 3 })
  t.strictSame(spreadOf([4, 1, 2, 3]), { median: 2.5, least: 1, most: 4 })
  t.equal(spreadOf([]), undefined)
})

t.test('the picture is well-formed, with lines for the day and bars for the scenarios', async (t) => {
  const svg = picture(RESULTS)
  t.equal(XMLValidator.validate(svg), true)
  t.notMatch(svg, /NaN|undefined|Infinity/)
  t.equal(svg.match(/<polyline/g)?.length, 2, 'a line for each course')
  t.equal(svg.match(/<polyline[^>]*points="([^"]*)"/)?.[1]?.split(' ').length, 144, 'one point for five minutes')
  // The card itself, 5 + 2 bars, 5 squares in the legend.
  t.equal(svg.match(/<rect/g)?.length, 13)
  for (const words of ['school', 'nodeloss', 'Scalelite', 'Ensemble', 'clairvoyant', 'offline', '8:00', '100 %', 'CPU asked of the node']) t.ok(svg.includes(`>${words}</text>`), words)
  t.equal(XMLValidator.validate(picture(RESULTS.slice(3))), true, 'without a day')
})

t.test('the command line', async (t) => {
  t.strictSame(readArguments(['--seeds', '10', '--scenarios', 'university,school', '--strategies', 'round-robin, Scalelite', '--jobs', '1', '--svg', 'a.svg']), {
    seeds: 10, scenarios: ['school', 'university'], strategies: ['round robin', 'Scalelite'], jobs: 1, svg: 'a.svg', json: undefined,
  })
  const { seeds, scenarios, strategies } = readArguments([])
  t.equal(seeds, 3)
  t.equal(scenarios.length, 7)
  t.equal(strategies.at(-1), 'offline')
  const wrong: Array<[args: string[], message: RegExp]> = [
    [['--seeds', 'ten'], /^--seeds: expected a whole number from 1 to 1000, got "ten"$/],
    [['--jobs', '0'], /^--jobs: expected a whole number from 1 to 64, got "0"$/],
    [['--scenarios', 'school,moon'], /^--scenarios: there is no "moon"; there are school, university/],
    [['--strategies', ''], /^--strategies: there is no ""; there are round-robin/],
    [['--svg', ''], /^--svg: a file is missing$/],
    [['--speed', '3'], /--speed/],
    [['school'], /school/],
  ]
  for (const [args, message] of wrong) t.throws(() => readArguments(args), { constructor: UsageError, message }, args.join(' '))
})
