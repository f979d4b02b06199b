import { runJob, type Job } from './job.js'

/** A process of its own: does the jobs it is sent, one after the other, until it is cut off. */
process.on('message', (job: Job) => {
  process.send?.(runJob(job))
})
