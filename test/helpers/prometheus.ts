import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { freePort } from './server.js'

const PATIENCE_MS = 20_000
const LOOK_MS = 20

/** A server that can be stopped and started again at the same address. */
export interface Restartable {
  /** http://127.0.0.1:PORT */
  readonly origin: string
  readonly port: number
  start (): Promise<void>
  stop (signal?: NodeJS.Signals): Promise<void>
  /** Lets it accept connections and answer nothing, until it is thawed. */
  freeze (): void
  thaw (): void
}

/** What Prometheus scrapes: by job, the address of every target and the `instance` it is to have, its address if none is given. */
export type ScrapeJobs = Readonly<Record<string, ReadonlyArray<{ readonly target: string, readonly instance?: string }>>>

/** Runs a Prometheus that scrapes twice a second. */
export async function startPrometheus (t: Test, program: string, jobs: ScrapeJobs): Promise<Restartable> {
  const directory = mkdtempSync(join(tmpdir(), 'ensemble-prometheus-'))
  const config = join(directory, 'prometheus.yml')
  writeFileSync(config, JSON.stringify({
    global: { scrape_interval: '500ms', scrape_timeout: '500ms' },
    scrape_configs: Object.entries(jobs).map(([job, targets]) => ({
      job_name: job,
      static_configs: targets.map(({ target, instance }) => ({ targets: [target], labels: instance === undefined ? {} : { instance } })),
    })),
  }))
  const server = await restartable(t, program, '/-/ready', (port) => [
    `--config.file=${config}`, `--storage.tsdb.path=${join(directory, 'data')}`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn',
  ])
  t.teardown(() => { rmSync(directory, { recursive: true, force: true }) })
  return server
}

/** Runs a node_exporter that tells of the CPU of this machine. */
export async function startNodeExporter (t: Test, program: string): Promise<Restartable> {
  return await restartable(t, program, '/metrics', (port) => [`--web.listen-address=127.0.0.1:${port}`, '--collector.disable-defaults', '--collector.cpu'])
}

async function restartable (t: Test, program: string, readyPath: string, argsFor: (port: number) => string[]): Promise<Restartable> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  let child: ChildProcess | undefined
  const killAtExit = (): void => { child?.kill('SIGKILL') }
  process.once('exit', killAtExit)
  const server: Restartable = {
    origin,
    port,
    async start () {
      const started = child = spawn(program, argsFor(port), { stdio: ['ignore', 'ignore', 'pipe'] })
      let complaints = ''
      started.stderr.setEncoding('utf8').on('data', (text: string) => { complaints += text })
      const deadlineMs = performance.now() + PATIENCE_MS
      while (!await answers(origin + readyPath)) {
        if (started.exitCode !== null || performance.now() > deadlineMs) throw new Error(`${program} did not start: ${complaints}`)
        await new Promise((resolve) => { setTimeout(resolve, LOOK_MS) })
      }
    },
    async stop (signal = 'SIGTERM') {
      const stopping = child
      child = undefined
      if (stopping === undefined || stopping.exitCode !== null) return
      const exited = once(stopping, 'exit')
      stopping.kill('SIGCONT')
      stopping.kill(signal)
      await exited
    },
    freeze () { child?.kill('SIGSTOP') },
    thaw () { child?.kill('SIGCONT') },
  }
  t.teardown(async () => {
    await server.stop('SIGKILL')
    process.off('exit', killAtExit)
  })
  await server.start()
  return server
}

async function answers (url: string): Promise<boolean> {
  try {
    const answer = await fetch(url)
    await answer.arrayBuffer()
    return answer.ok
  } catch {
    return false
  }
}
