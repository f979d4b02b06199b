import closeWithGrace from 'close-with-grace'
import { pino } from 'pino'
import { systemClock } from '../clock.js'
import { readConfig } from '../config/read.js'
import { createGateway } from '../gateway.js'
import { readVersion } from '../version.js'

/** Bytes of log lines gathered before they are written; what is gathered is written at least every second. */
const LOG_BUFFER_BYTES = 4_096
const LOG_FLUSH_MS = 1_000

/**
 * Runs the gateway until SIGTERM or SIGINT: /readyz then answers 503, after `shutdown.delay` the listener
 * closes, what is under way is answered, and the process exits 0. Throws ConfigError before it listens.
 */
export async function serve (configPath: string): Promise<void> {
  const { config, path, notices } = await readConfig(configPath, process.env)
  const destination = pino.destination({ dest: 1, sync: false, minLength: LOG_BUFFER_BYTES, periodicFlush: LOG_FLUSH_MS })
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (level) => ({ level }) } }, destination)
  const version = readVersion()
  for (const notice of notices) log.warn({ path }, notice)
  const gateway = await createGateway({ config, clock: systemClock, log, version, random: Math.random })

  const { delay, grace } = config.shutdown
  closeWithGrace({ delay: delay + grace, logger: false }, async ({ err, signal }) => {
    if (err !== undefined) log.error({ reason: err.stack }, 'the process failed')
    log.info({ signal, delayMs: delay, graceMs: grace }, 'shutting down')
    gateway.announceShutdown()
    if (err === undefined) await new Promise((resolve) => setTimeout(resolve, delay))
    await gateway.close()
    log.info({}, 'shut down')
    destination.flushSync()
  })

  const { url, managementUrl } = await gateway.start()
  log.info({ url, managementUrl, publicUrl: config.publicUrl, nodes: config.nodes.length, version }, 'gateway is listening')
}
