import { connect, type Socket } from 'node:net'

export interface Load {
  readonly port: number
  /** Paths with their queries, asked for in turn. */
  readonly paths: readonly string[]
  readonly connections: number
  readonly durationMs: number
}

export interface LoadResult {
  readonly requests: number
  /** Answers with another status than 200 or 302. */
  readonly failures: number
  readonly seconds: number
}

const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * Asks over and over, one request at a time on every connection, for a bounded time. It reads no more of
 * an answer than it must, so that it costs less than what it measures.
 */
export async function load ({ port, paths, connections, durationMs }: Load): Promise<LoadResult> {
  const requests = paths.map((path) => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: */*\r\n\r\n`))
  const startedAtMs = performance.now()
  const endsAtMs = startedAtMs + durationMs
  let next = 0
  let answered = 0
  let failures = 0

  async function oneConnection (): Promise<void> {
    const socket: Socket = connect(port, '127.0.0.1')
    await new Promise<void>((resolve, reject) => {
      let head: Buffer = Buffer.alloc(0)
      let missing = -1
      const ask = (): void => {
        if (performance.now() >= endsAtMs) {
          socket.destroy()
          resolve()
          return
        }
        socket.write(requests[next++ % requests.length] ?? '')
      }
      socket.setNoDelay(true)
      socket.on('connect', ask)
      socket.on('error', reject)
      socket.on('close', () => resolve())
      socket.on('data', (chunk: Buffer) => {
        if (missing < 0) {
          head = head.length === 0 ? chunk : Buffer.concat([head, chunk])
          const end = head.indexOf(HEAD_END)
          if (end === -1) return
          const text = head.toString('latin1', 0, end)
          const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
          if (!/^HTTP\/1\.1 (200|302)/.test(text)) failures++
          missing = length - (head.length - end - HEAD_END.length)
          head = Buffer.alloc(0)
        } else {
          missing -= chunk.length
        }
        if (missing > 0) return
        missing = -1
        answered++
        ask()
      })
    })
  }

  await Promise.all(Array.from({ length: connections }, oneConnection))
  return { requests: answered, failures, seconds: (performance.now() - startedAtMs) / 1000 }
}
