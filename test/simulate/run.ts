import { writeFile } from 'node:fs/promises'
import { UsageError } from '../../src/commands/usage.js'
import { readArguments, SIMULATE_USAGE, type Wanted } from './arguments.js'
import type { Job } from './job.js'
import { picture } from './picture.js'
import { runJobs } from './pool.js'
import { report } from './report.js'

/**
 * Replays days of clusters under every way of placing meetings: `npm run simulate`. The same arguments give
 * the same results.
 */
async function simulate ({ seeds, scenarios, strategies, jobs: processes, svg, json }: Wanted): Promise<void> {
  const jobs: Job[] = scenarios.flatMap((scenario, index) => Array.from({ length: seeds }, (_, seed) => (
    { scenario, seed: seed + 1, strategies, course: index === 0 && seed === 0 }
  )))
  let finished = 0
  const results = await runJobs(jobs, processes, ({ scenario, seed }) => {
    process.stderr.write(`${++finished} of ${jobs.length}: ${scenario}, seed ${seed}\n`)
  })
  process.stdout.write(report(results))
  if (svg !== undefined) await writeFile(svg, picture(results))
  if (json !== undefined) await writeFile(json, `${JSON.stringify(results, undefined, 1)}\n`)
}

try {
  await simulate(readArguments(process.argv.slice(2)))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`${error.message}\n\n${SIMULATE_USAGE}\n`)
  process.exitCode = 2
}
