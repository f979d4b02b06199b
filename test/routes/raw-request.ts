import { connect } from 'node:net'

/** What came back on a raw connection: the first answer on it, and whether the server closed it then. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const HEAD_END = '\r\n\r\n'

/**
 * Sends bytes that no HTTP client would send and reads the answer to the connection's end. The bytes should ask for
 * `Connection: close`, or be such that the server closes by itself.
 */
export function sendRaw (origin: string, pieces: ReadonlyArray<string | Buffer>): Promise<RawAnswer> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(Number(port), hostname, () => { for (const piece of pieces) socket.write(piece) })
    let error: Error | undefined
    socket.setTimeout(8_000, () => socket.destroy(new Error('the server did not close the connection')))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', (reason) => { error = reason })
    socket.on('close', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      if (text === '') reject(error ?? new Error('the connection was closed without an answer'))
      else resolve(parse(text))
    })
  })
}

/** A request as text; the head ends with an empty line. */
export function head (method: string, target: string, headers: readonly string[] = []): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: gateway.example.org', 'Connection: close', ...headers].join('\r\n') + HEAD_END
}

/** A body in chunks, as HTTP writes them. */
export function chunked (pieces: readonly string[]): string {
  return [...pieces, ''].map((piece) => `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`).join('')
}

function parse (text: string): RawAnswer {
  const end = text.indexOf(HEAD_END)
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = Object.fromEntries(lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  }))
  return { status: Number(statusLine.split(' ')[1]), headers, body: text.slice(end + HEAD_END.length) }
}
