import { spawn, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { Pool } from 'undici'
import { freePorts } from './server.js'

const CONFIG = new URL('../../nginx/ensemble.conf', import.meta.url)
const PATIENCE_MS = 5_000
const LOOK_MS = 20

/** What a client has to allow for the Location of a long join. */
export const LONGEST_HEADERS = 128 * 1024

/** The name in the shipped configuration. */
const PUBLIC_NAME = 'bbb.example.org'

export interface Nginx {
  /** Connections to its encrypted port that trust its certificate. */
  readonly https: Pool
  /** Connections to its plain port. */
  readonly http: Pool
  readonly httpsPort: number
  /** Both logs, once so many requests have been logged: nginx writes a line after the answer. */
  readLogs (requests: number): Promise<{ readonly access: string, readonly error: string }>
  stop (): Promise<void>
}

/**
 * Runs nginx with the shipped configuration. Only its addresses, certificate, log files and gateways are
 * replaced; the first gateway gets calls, the others stand by.
 */
export async function startNginx (t: Test, program: string, gateways: readonly string[]): Promise<Nginx> {
  const prefix = mkdtempSync(join(tmpdir(), 'ensemble-nginx-'))
  mkdirSync(join(prefix, 'log'))
  const certificate = createCertificate(prefix)
  const [httpPort = 0, httpsPort = 0] = await freePorts(2)
  let site = readFileSync(CONFIG, 'utf8')
  const replace = (shipped: string, times: number, own: string): void => {
    const parts = site.split(shipped)
    if (parts.length - 1 !== times) throw new Error(`nginx/ensemble.conf has "${shipped}" ${parts.length - 1} times, not ${times}`)
    site = parts.join(own)
  }
  replace('listen [::]:80;', 1, '')
  replace('listen [::]:443 ssl;', 1, '')
  replace('listen 80;', 1, `listen 127.0.0.1:${httpPort};`)
  replace('listen 443 ssl;', 1, `listen 127.0.0.1:${httpsPort} ssl;`)
  replace('/etc/ssl/ensemble/fullchain.pem', 1, certificate.path)
  replace('/etc/ssl/ensemble/privkey.pem', 1, certificate.keyPath)
  replace('/var/log/nginx/', 4, join(prefix, 'log/'))
  const [first = '', ...others] = gateways.map((origin) => new URL(origin).host)
  const standBy = ' 10.0.0.12:8080 max_fails=1 fail_timeout=5s backup;'
  replace(`    # server${standBy}`, 1, others.map((host) => `    server${standBy.replace('10.0.0.12:8080', host)}`).join('\n'))
  replace('server 127.0.0.1:8080 ', 1, `server ${first} `)
  writeFileSync(join(prefix, 'site.conf'), site)
  writeFileSync(join(prefix, 'nginx.conf'), mainConfig(prefix))

  const child = spawn(program, ['-p', prefix, '-c', join(prefix, 'nginx.conf'), '-e', join(prefix, 'log/start.log')], { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaints += text })
  const exited = once(child, 'exit')
  const killAtExit = (): void => { child.kill('SIGKILL') }
  process.once('exit', killAtExit)
  const https = new Pool(`https://127.0.0.1:${httpsPort}`, { connections: 4, maxHeaderSize: LONGEST_HEADERS, connect: { ca: certificate.text, servername: PUBLIC_NAME } })
  const http = new Pool(`http://127.0.0.1:${httpPort}`, { connections: 1 })
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopped ??= (async () => {
      await Promise.all([https.destroy(), http.destroy()])
      child.kill('SIGTERM')
      await exited
      process.off('exit', killAtExit)
      rmSync(prefix, { recursive: true, force: true })
    })()
    return stopped
  }
  t.teardown(stop)
  const deadlineMs = Date.now() + PATIENCE_MS
  while (!await accepts(httpsPort)) {
    if (child.exitCode !== null || Date.now() > deadlineMs) throw new Error(`nginx did not start: ${complaints}${readLog(prefix, 'start.log')}`)
    await new Promise((resolve) => { setTimeout(resolve, LOOK_MS) })
  }
  return {
    https,
    http,
    httpsPort,
    async readLogs (requests) {
      const deadlineMs = Date.now() + PATIENCE_MS
      while (readLog(prefix, 'access.log').split('\n').length <= requests) {
        if (Date.now() > deadlineMs) throw new Error(`fewer than ${requests} requests are in the access log`)
        await new Promise((resolve) => { setTimeout(resolve, LOOK_MS) })
      }
      return { access: readLog(prefix, 'access.log'), error: readLog(prefix, 'error.log') + readLog(prefix, 'start.log') }
    },
    stop,
  }
}

/** What a distribution's nginx.conf holds around the sites, as far as it matters here. */
function mainConfig (prefix: string): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `  ${name}_temp_path ${prefix}/${name};`)
  return [
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    'daemon off;',
    'worker_processes 1;',
    `pid ${prefix}/nginx.pid;`,
    'events { worker_connections 256; }',
    'http {',
    ...paths,
    `  include ${prefix}/site.conf;`,
    '}',
    '',
  ].join('\n')
}

function createCertificate (prefix: string): { readonly path: string, readonly keyPath: string, readonly text: string } {
  const path = join(prefix, 'certificate.pem')
  const keyPath = join(prefix, 'key.pem')
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', `/CN=${PUBLIC_NAME}`, '-addext', `subjectAltName=DNS:${PUBLIC_NAME}`, '-keyout', keyPath, '-out', path], { stdio: 'pipe' })
  return { path, keyPath, text: readFileSync(path, 'utf8') }
}

function accepts (port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => { socket.destroy(); resolve(true) })
    socket.once('error', () => { resolve(false) })
  })
}

function readLog (prefix: string, name: string): string {
  try {
    return readFileSync(join(prefix, 'log', name), 'utf8')
  } catch {
    return ''
  }
}
