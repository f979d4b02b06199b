import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Job, JobResult } from './job.js'

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))

/** Does jobs in so many processes at a time. Gives the results in the order of the jobs, whoever was first. */
export async function runJobs (jobs: readonly Job[], processes: number, done: (result: JobResult) => void): Promise<JobResult[]> {
  const results: JobResult[] = []
  const waiting = [...jobs.entries()]
  const children: ChildProcess[] = []
  const serve = async (): Promise<void> => {
    const child = fork(WORKER, [], { execArgv: ['--import=tsx'] })
    children.push(child)
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, job] = next
      results[index] = await ask(child, job)
      done(results[index])
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(processes, jobs.length) }, serve))
    return results
  } finally {
    for (const child of children) child.kill()
  }
}

async function ask (child: ChildProcess, job: Job): Promise<JobResult> {
  return await new Promise((resolve, reject) => {
    const died = (code: number | null): void => reject(new Error(`the process for ${job.scenario}, seed ${job.seed}, ended with ${code ?? 'a signal'}`))
    child.once('exit', died)
    child.once('message', (result: JobResult) => {
      child.off('exit', died)
      resolve(result)
    })
    child.send(job)
  })
}
