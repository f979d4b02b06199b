import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, openSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { sign } from '../../src/bbb/checksum.js'
import { table } from '../../src/commands/table.js'
import { load, type LoadResult } from './load.js'

/**
 * Measures the gateway beside the least that Fastify, undici and nginx can do, in one run: the machine may be
 * shared, so read the ratios. CPU per request is that of the serving process alone.
 *
 * `npm run bench [-- SECONDS]`: seconds per measurement, 5 by default.
 */
const secondsEach = Number(process.argv[2] ?? 5)
const SECRET = 'the-secret-of-the-bench'
const GATHERED = { nodes: 100, meetings: 20, people: 20 } as const
const POLLED = { nodes: 300, meetings: 30, people: 20 } as const
const DAY = { nodes: 10, meetings: 5, people: 20, calls: 2_000 } as const
const CONNECTIONS = 40
const NGINX = '/usr/sbin/nginx'
/** Linux counts CPU time in hundredths of a second. */
const TICK_SECONDS = 0.01

const directory = await mkdtemp(join(tmpdir(), 'ensemble-bench-'))
const children: ChildProcess[] = []

interface Server { readonly pid: number, readonly port: number }
interface Measured { readonly cpuMicros: number, readonly perSecond: number, readonly failures: number }

/** Starts a process that prints its port as its first line. */
async function start (file: string, ...args: ReadonlyArray<string | number>): Promise<Server> {
  const child = spawn(process.execPath, ['--import=tsx', new URL(file, import.meta.url).pathname, ...args.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const first = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  if (first.done === true) throw new Error(`${file} did not start`)
  return { pid: child.pid ?? 0, port: Number(first.value) }
}

/** Starts a gateway over `nodes` nodes of a backend and waits until it has polled them all. */
async function startGateway (backend: Server, nodes: number, cacheMaxAge: string): Promise<Server> {
  const name = `gateway-${children.length}`
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  const config = {
    listen: { host: '127.0.0.1', port },
    secrets: [SECRET],
    keys: ['the-key-of-the-bench'],
    stateFile: join(directory, `${name}.state`),
    cache: { maxAge: cacheMaxAge },
    nodes: Array.from({ length: nodes }, (_, index) => ({ id: `node-${index + 1}`, url: `http://127.0.0.1:${backend.port}/${index + 1}/bigbluebutton/api`, secret: 's' })),
  }
  await writeFile(join(directory, `${name}.yaml`), JSON.stringify(config))
  // Logging is on, as in production: into a file.
  const log = openSync(join(directory, `${name}.log`), 'w')
  const child = spawn(process.execPath, ['dist/cli.js', 'serve', '--config', join(directory, `${name}.yaml`)], { stdio: ['ignore', log, 'inherit'] })
  children.push(child)
  const readyBy = Date.now() + 20_000
  while (Date.now() < readyBy) {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then((answer) => answer.ok, () => false)
    if (ready) return { pid: child.pid ?? 0, port }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the gateway did not become ready')
}

async function startNginx (backend: Server): Promise<Server | undefined> {
  if (!existsSync(NGINX)) return undefined
  const port = 40_000 + Math.floor(Math.random() * 10_000)
  const prefix = join(directory, 'nginx')
  await mkdir(prefix)
  await writeFile(join(prefix, 'nginx.conf'), `
worker_processes 1; daemon off; master_process off; pid ${prefix}/pid; error_log ${prefix}/error.log;
events { worker_connections 1024; }
http {
  access_log ${prefix}/access.log;
  client_body_temp_path ${prefix}; proxy_temp_path ${prefix}; fastcgi_temp_path ${prefix}; uwsgi_temp_path ${prefix}; scgi_temp_path ${prefix};
  upstream node { server 127.0.0.1:${backend.port}; keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000;
    location / { proxy_pass http://node; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffers 16 64k; }
  }
}`)
  const child = spawn(NGINX, ['-p', prefix, '-c', join(prefix, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'inherit'] })
  children.push(child)
  await new Promise((resolve) => setTimeout(resolve, 500))
  return { pid: child.pid ?? 0, port }
}

function cpuSeconds (pid: number): number {
  const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(afterName[11]) + Number(afterName[12])) * TICK_SECONDS
}

async function measure ({ pid, port }: Server, paths: readonly string[], connections = CONNECTIONS): Promise<Measured> {
  await load({ port, paths, connections, durationMs: 1_000 })
  const before = cpuSeconds(pid)
  const { requests, failures, seconds }: LoadResult = await load({ port, paths, connections, durationMs: secondsEach * 1_000 })
  return { cpuMicros: (cpuSeconds(pid) - before) * 1e6 / requests, perSecond: requests / seconds, failures }
}

function signed (call: string, query: string): string {
  const checksum = sign(call, query, SECRET, 'sha256')
  return `/bigbluebutton/api/${call}?${query === '' ? '' : `${query}&`}checksum=${checksum}`
}

function rows (measured: ReadonlyArray<readonly [string, Measured]>): string {
  const reference = measured[0]?.[1].cpuMicros ?? 1
  return table(['', 'CPU µs/request', 'ratio', 'requests/s', 'failures'], measured.map(([name, { cpuMicros, perSecond, failures }]) =>
    [name, Math.round(cpuMicros * 10) / 10, Math.round(cpuMicros / reference * 100) / 100, Math.round(perSecond), failures]))
}

function report (title: string, text: string): void {
  process.stdout.write(`\n${title}\n${text}\n`)
}

const rooms = Array.from({ length: 200 }, (_, index) => ({ node: index % 10 + 1, id: `room-${index % 10 + 1}-${Math.floor(index / 10)}` }))
const joinQuery = (id: string): string => `meetingID=${id}&fullName=Ada+Lovelace&role=VIEWER&userID=u-17&createTime=&redirect=true&userdata-bbb_show_public_chat_on_login=false`

/** What an LMS asks on a day, rooms drawn by Zipf's law; the same in every run. */
function day (): Array<{ path: string, direct: string }> {
  let seed = 7
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
  const weights = Array.from({ length: DAY.nodes * DAY.meetings }, (_, rank) => 1 / (rank + 1))
  const total = weights.reduce((sum, weight) => sum + weight)
  const room = (): { node: number, id: string } => {
    let left = random() * total
    const rank = Math.max(0, weights.findIndex((weight) => (left -= weight) <= 0))
    return { node: rank % DAY.nodes + 1, id: `room-${rank % DAY.nodes + 1}-${Math.floor(rank / DAY.nodes)}` }
  }
  return Array.from({ length: DAY.calls }, () => {
    const { node, id } = room()
    const draw = random()
    const [call, query] = draw < 0.35
      ? ['getMeetingInfo', `meetingID=${id}`]
      : draw < 0.70
        ? ['isMeetingRunning', `meetingID=${id}`]
        : draw < 0.90 ? ['join', joinQuery(id)] : draw < 0.95 ? ['create', `meetingID=${id}&name=Lesson`] : ['getMeetings', '']
    return { path: signed(call, query), direct: `/${node}/bigbluebutton/api/${call}?${query}` }
  })
}

async function callsOf ({ port }: Server): Promise<number> {
  return Number(await (await fetch(`http://127.0.0.1:${port}/calls`)).text())
}

try {
  const backend = await start('./backend.ts', GATHERED.meetings, GATHERED.people)
  const rivals = await start('./rivals.ts', backend.port, GATHERED.nodes)
  const nginx = await startNginx(backend)

  {
    const gateway = await startGateway(backend, 10, '0s')
    report('join: the gateway beside a bare Fastify route that answers a constant redirect (to be at most 1.3)', rows([
      ['bare Fastify redirect', await measure(rivals, ['/redirect'])],
      ['Ensemble join', await measure(gateway, rooms.map(({ id }) => signed('join', joinQuery(id))))],
    ]))
    const infos = rooms.map(({ node, id }) => ({ node, query: `meetingID=${id}` }))
    report('getMeetingInfo that must reach its node, 20 people (to be at most 1.25)', rows([
      ['bare Fastify + Pool', await measure(rivals, infos.map(({ node, query }) => `/pool/${node}/bigbluebutton/api/getMeetingInfo?${query}`))],
      ['Ensemble getMeetingInfo', await measure(gateway, infos.map(({ query }) => signed('getMeetingInfo', query)))],
      ...(nginx === undefined ? [] : [['nginx proxy_pass', await measure(nginx, infos.map(({ node, query }) => `/${node}/bigbluebutton/api/getMeetingInfo?${query}`))] as const]),
    ]))
  }

  {
    const gateway = await startGateway(backend, GATHERED.nodes, '0s')
    report(`getMeetings gathered from ${GATHERED.nodes} nodes × ${GATHERED.meetings} meetings × ${GATHERED.people} people (to be at most 1.5)`, rows([
      ['fetch and concatenate', await measure(rivals, ['/gather'], 2)],
      ['Ensemble getMeetings', await measure(gateway, [signed('getMeetings', '')], 2)],
    ]))
  }

  {
    const school = await start('./backend.ts', DAY.meetings, DAY.people)
    const rival = await start('./rivals.ts', school.port, 1)
    const gateway = await startGateway(school, DAY.nodes, '1s')
    const asked = day()
    const sizes = await Promise.all(asked.map(async ({ path }) => {
      const answer = await fetch(`http://127.0.0.1:${gateway.port}${path}`, { redirect: 'manual' })
      return (await answer.arrayBuffer()).byteLength
    }))
    const callsBefore = await callsOf(school)
    const ensemble = await measure(gateway, asked.map(({ path }) => path))
    const calls = await callsOf(school) - callsBefore
    report('an LMS\'s day: 70 % getMeetingInfo and isMeetingRunning, 20 % join, 5 % create, 5 % getMeetings (to be at most 1.35 of constants, at least 1.8 × the requests/s of Fastify + Pool)', rows([
      ['bare Fastify, constants', await measure(rival, sizes.map((bytes) => `/constant/${bytes}`))],
      ['Ensemble', ensemble],
      ['bare Fastify + Pool', await measure(rival, asked.map(({ direct }) => `/pool${direct}`))],
    ]) + `\ncalls to the nodes per call of a client, polls included: ${(calls / (ensemble.perSecond * (secondsEach + 1))).toFixed(3)} (nginx: 1; to be at most 0.2)`)
  }

  {
    const many = await start('./backend.ts', POLLED.meetings, POLLED.people)
    const gateway = await startGateway(many, POLLED.nodes, '1s')
    const before = cpuSeconds(gateway.pid)
    const seconds = Math.max(20, secondsEach)
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
    const ofOneCore = (cpuSeconds(gateway.pid) - before) / seconds
    const metrics = await (await fetch(`http://127.0.0.1:${gateway.port}/metrics`)).text()
    const p99 = Number(/^ensemble_nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(metrics)?.[1])
    report(`polling ${POLLED.nodes} nodes × ${POLLED.meetings} meetings × ${POLLED.people} people every 5 s (to be under 15 % of a core, delay p99 under 20 ms)`,
      `${(ofOneCore * 100).toFixed(1)} % of one core, event-loop delay p99 ${(p99 * 1_000).toFixed(1)} ms, ${(Number(/^ensemble_process_resident_memory_bytes (\S+)/m.exec(metrics)?.[1]) / 1e6).toFixed(0)} MB`)
  }
} finally {
  for (const child of children) child.kill('SIGKILL')
  await rm(directory, { recursive: true })
}
