import closeWithGrace from 'close-with-grace'
import { pino } from 'pino'
import { systemClock } from '../clock.js'
import { readConfig } from '../config/read.js'
import { createGateway } from '../gateway.js'
import { readVersion } from '../version.js'
import { LogOutput } from './log-output.js'

/** Closing a listener that nobody uses takes this long at most. */
const CLOSING_MS = 100

/** The process ends this long after the calls' time is up, whatever still holds it. */
const LAST_RESORT_MS = 5_000

/**
 * Runs the gateway until SIGTERM or SIGINT: /readyz then answers 503, after `shutdown.delay` the listener
 * closes, what is under way is answered, and the process exits 0; with 1 if `shutdown.grace` was too short
 * for that, or at a second signal. Throws ConfigError before it listens.
 */
export async function serve (configPath: string): Promise<void> {
  const { config, path, notices } = await readConfig(configPath, process.env)
  const output = new LogOutput(process.stdout)
  const log = pino({ base: null, timestamp: timestamps(), formatters: { level: (level) => ({ level }) } }, output)
  const version = readVersion()
  for (const notice of notices) log.warn({ path }, notice)
  const gateway = await createGateway({ config, clock: systemClock, log, version, random: Math.random })

  const { delay, grace } = config.shutdown
  // What init systems mean by it is "read your configuration again", never "stop".
  process.on('SIGHUP', () => log.warn({ path }, 'SIGHUP ignored: the configuration is read at the start only, restart to change it'))
  const shutdown = closeWithGrace({ delay: delay + grace + LAST_RESORT_MS, logger: false, skip: ['SIGHUP'] }, async ({ err, signal }) => {
    if (err !== undefined) log.error({ reason: err.stack }, 'the process failed')
    log.info({ signal, delayMs: delay, graceMs: grace }, 'shutting down')
    gateway.announceShutdown()
    if (err === undefined) await new Promise((resolve) => setTimeout(resolve, delay))
    let allAnswered = true
    const patience = setTimeout(() => {
      allAnswered = false
      gateway.breakOff()
    }, grace + CLOSING_MS)
    await gateway.close()
    clearTimeout(patience)
    if (allAnswered) log.info({}, 'shut down')
    else log.warn({ graceMs: grace }, 'shut down with calls unanswered')
    await output.end()
    if (!allAnswered) process.exit(1)
  })

  try {
    const { url, managementUrl } = await gateway.start()
    log.info({ url, managementUrl, publicUrl: config.publicUrl, nodes: config.nodes.length, version }, 'gateway is listening')
  } catch (error) {
    shutdown.uninstall()
    await gateway.close()
    throw error
  }
}

/** The time as pino writes it into a line, made once per millisecond: a busy gateway logs many lines in one. */
function timestamps (): () => string {
  let atMs = 0
  let written = ''
  return () => {
    const nowMs = Date.now()
    if (nowMs !== atMs) {
      atMs = nowMs
      written = `,"time":"${new Date(nowMs).toISOString()}"`
    }
    return written
  }
}
