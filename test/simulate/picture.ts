import { MINUTES_PER_DAY } from './calendar.js'
import type { JobResult } from './job.js'
import { names, values } from './report.js'
import { spreadOf } from './statistics.js'

/** A picture of the results: the worst node over one day as lines, below it p99 per scenario as bars. */
export function picture (results: readonly JobResult[]): string {
  const shown = mainStrategies(results)
  return [
    // A background of its own, because the page it is shown on may be dark or white.
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13" fill="${INK}" role="img">`,
    '<title>The worst node under different ways of placing meetings</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="8" fill="#ffffff" stroke="#c8ccd0"/>`,
    ...day(results, shown),
    ...bars(results, shown),
    ...legend(shown),
    '</svg>',
  ].join('\n') + '\n'
}

const WIDTH = 960
const HEIGHT = 770
const INK = '#24292f'
const FAINT = '#d8dce0'
const LEFT = 64
const RIGHT = 24
const INSIDE = WIDTH - LEFT - RIGHT
const LINES = { top: 60, height: 270 } as const
const BARS = { top: 440, height: 230 } as const
const LEGEND_AT = 744

/** Told apart by colour blind people too, and in grey by their brightness. */
const COLOURS = ['#d55e00', '#e69f00', '#8a8f94', '#0072b2', '#56b4e9', '#009e73']

interface Shown { readonly name: string, readonly colour: string }

/** Few enough to be told apart: the best known of the published formulas, Ensemble, and the references. */
const MAIN = ['Scalelite', 'bbblb', 'b3lb', 'Ensemble', 'clairvoyant', 'offline']

function mainStrategies (results: readonly JobResult[]): Shown[] {
  const all = [...names('published', results), ...names('ensemble', results), ...names('reference', results)]
  const main = all.filter((name) => MAIN.includes(name))
  const chosen = main.length > 0 ? main : all.slice(0, COLOURS.length)
  return chosen.map((name, index) => ({ name, colour: COLOURS[MAIN.indexOf(name)] ?? COLOURS[index] ?? INK }))
}

/** Lines hold the highest of so many minutes. */
const STEP_MINUTES = 5
const FROM_HOUR = 7.5

function day (results: readonly JobResult[], shown: readonly Shown[]): string[] {
  const result = results.find(({ courses }) => Object.keys(courses).length > 0)
  if (result === undefined) return []
  const lines = shown.flatMap(({ name, colour }) => {
    const course = result.courses[name]
    return course === undefined ? [] : [{ name, colour, heights: highest(course) }]
  })
  const { y, parts } = scale(LINES, Math.max(1, ...lines.flatMap(({ heights }) => heights)))
  const hours = Array.from({ length: 12 }, (_, index) => index + 8)
  const x = (minute: number): number => LEFT + INSIDE * minute / MINUTES_PER_DAY
  return [
    title(LINES.top - 26, `Worst node over one day: ${result.scenario}, seed ${result.seed}, Wednesday (highest of every ${STEP_MINUTES} minutes)`),
    ...parts,
    ...hours.map((hour) => text(x((hour - FROM_HOUR) * 60), LINES.top + LINES.height + 20, `${hour}:00`, 'middle')),
    ...lines.map(({ name, colour, heights }) => {
      const points = heights.map((use, index) => `${fixed(x((index + 0.5) * STEP_MINUTES))},${fixed(y(use))}`).join(' ')
      return `<polyline fill="none" stroke="${colour}" stroke-width="${name === 'Ensemble' ? 2.6 : 1.4}" stroke-linejoin="round" points="${points}"/>`
    }),
  ]
}

function highest (course: readonly number[]): number[] {
  return Array.from({ length: Math.ceil(course.length / STEP_MINUTES) }, (_, index) => Math.max(...course.slice(index * STEP_MINUTES, (index + 1) * STEP_MINUTES)))
}

function bars (results: readonly JobResult[], shown: readonly Shown[]): string[] {
  const scenarios = [...new Set(results.map(({ scenario }) => scenario))]
  const groups = scenarios.map((scenario) => ({
    scenario,
    bars: shown.map(({ name, colour }) => ({ colour, spread: spreadOf(values(name, results.filter((result) => result.scenario === scenario), 'p99')) })),
  }))
  const { y, parts } = scale(BARS, Math.max(1, ...groups.flatMap(({ bars }) => bars.map(({ spread }) => spread?.most ?? 0))))
  const groupWidth = INSIDE / scenarios.length
  const barWidth = groupWidth * 0.8 / shown.length
  return [
    title(BARS.top - 26, 'p99 of the worst node\'s minutes of a week, per scenario (median of seeds; the thin line is their range)'),
    ...parts,
    ...groups.flatMap(({ scenario, bars }, group) => {
      const from = LEFT + groupWidth * (group + 0.1)
      return [
        text(LEFT + groupWidth * (group + 0.5), BARS.top + BARS.height + 20, scenario, 'middle'),
        ...bars.flatMap(({ colour, spread }, index) => {
          if (spread === undefined) return []
          const middle = fixed(from + barWidth * (index + 0.5))
          return [
            `<rect x="${fixed(from + barWidth * index + 1)}" y="${fixed(y(spread.median))}" width="${fixed(Math.max(1, barWidth - 2))}" height="${fixed(y(0) - y(spread.median))}" fill="${colour}"/>`,
            `<line x1="${middle}" x2="${middle}" y1="${fixed(y(spread.least))}" y2="${fixed(y(spread.most))}" stroke="${INK}"/>`,
          ]
        }),
      ]
    }),
  ]
}

function legend (shown: readonly Shown[]): string[] {
  const each = INSIDE / Math.max(1, shown.length)
  return shown.flatMap(({ name, colour }, index) => [
    `<rect x="${fixed(LEFT + each * index)}" y="${LEGEND_AT - 11}" width="12" height="12" fill="${colour}"/>`,
    text(LEFT + each * index + 18, LEGEND_AT, name, 'start'),
  ])
}

/** An axis of CPU up to `most`, and where on it a value is. */
function scale ({ top, height }: { readonly top: number, readonly height: number }, most: number): { y: (use: number) => number, parts: string[] } {
  const step = most > 1.6 ? 0.5 : 0.25
  const highest = Math.ceil(most / step) * step
  const y = (use: number): number => top + height * (1 - use / highest)
  const marks = Array.from({ length: Math.round(highest / step) + 1 }, (_, index) => index * step)
  const parts = marks.flatMap((mark) => [
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(y(mark))}" y2="${fixed(y(mark))}" stroke="${mark === 1 ? INK : FAINT}"/>`,
    text(LEFT - 8, y(mark) + 4, `${Math.round(mark * 100)} %`, 'end'),
  ])
  const middle = top + height / 2
  parts.push(`<text x="14" y="${middle}" text-anchor="middle" transform="rotate(-90 14 ${middle})">CPU asked of the node</text>`)
  return { y, parts }
}

function title (y: number, words: string): string {
  return `<text x="${LEFT}" y="${y}" font-size="15" font-weight="bold">${escape(words)}</text>`
}

function text (x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}">${escape(words)}</text>`
}

function escape (words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function fixed (value: number): string {
  return String(Math.round(value * 10) / 10)
}
