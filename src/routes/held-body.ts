import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { FAILURES, type Failure } from '../bbb/errors.js'
import type { Clock, Timer } from '../clock.js'
import type { Body } from '../cluster/node-client.js'

/** A body up to this size is held in memory, a larger one in a temporary file. */
const IN_MEMORY_BYTES = 256 * 1024

/** A file is sent in pieces of this size. */
const PIECE_BYTES = 64 * 1024

/** A client that sends nothing for so long in the middle of a body is given up. */
const SILENCE_MS = 30_000

/** A request's body that was not taken; the reason is for the client. */
export class BodyRefused extends Error {
  constructor (readonly reason: Failure) {
    super(reason.message)
    this.name = 'BodyRefused'
  }
}

/** A body that is here whole and can be sent as often as needed, until it is released. */
export interface HeldBody extends Body {
  release (): Promise<void>
}

/**
 * Reads a request's body to its end. Throws BodyRefused if it is larger than `limitBytes` or if the
 * client left or fell silent in the middle; what was not read then can still be.
 */
export async function holdBody (request: IncomingMessage, contentType: string, limitBytes: number, clock: Clock): Promise<HeldBody> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw new BodyRefused(FAILURES.bodyTooLarge)
  const chunks: Buffer[] = []
  let byteLength = 0
  let file: FileHandle | undefined
  try {
    for await (const chunk of chunksOf(request, clock)) {
      byteLength += chunk.length
      if (byteLength > limitBytes) throw new BodyRefused(FAILURES.bodyTooLarge)
      if (file === undefined && byteLength > IN_MEMORY_BYTES) {
        file = await openNamelessFile()
        await writeAll(file, Buffer.concat(chunks))
        chunks.length = 0
      }
      if (file === undefined) chunks.push(chunk)
      else await writeAll(file, chunk)
    }
  } catch (error) {
    await file?.close()
    if (error instanceof BodyRefused || isFileError(error)) throw error
    throw new BodyRefused(FAILURES.bodyCutOff)
  }
  return file === undefined ? inMemory(Buffer.concat(chunks), contentType) : inFile(file, byteLength, contentType)
}

/** Leaves the request as it is when the reader breaks off: once destroyed, its rest cannot be read, and the connection is stuck. */
async function * chunksOf (request: IncomingMessage, clock: Clock): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<Buffer> = request.iterator({ destroyOnReturn: false })
  try {
    for (;;) {
      const next = await unlessSilent(chunks.next(), clock)
      if (next.done === true) return
      yield next.value
    }
  } finally {
    // Not awaited: behind a silent client it ends only with the connection.
    chunks.return?.().catch(() => {})
  }
}

async function unlessSilent<T> (arriving: Promise<T>, clock: Clock): Promise<T> {
  let timer: Timer | undefined
  const silence = new Promise<never>((_resolve, reject) => {
    timer = clock.after(SILENCE_MS, () => reject(new BodyRefused(FAILURES.bodyCutOff)))
  })
  try {
    return await Promise.race([arriving, silence])
  } finally {
    timer?.cancel()
  }
}

function inMemory (bytes: Buffer, contentType: string): HeldBody {
  return { contentType, byteLength: bytes.length, open: () => bytes, release: () => Promise.resolve() }
}

function inFile (file: FileHandle, byteLength: number, contentType: string): HeldBody {
  return {
    contentType,
    byteLength,
    open: () => Readable.from(piecesOf(file), { objectMode: false }),
    release: () => file.close(),
  }
}

/** Not a stream of node:fs: one that is broken off, as when a node answers early, would close the file with it. */
async function * piecesOf (file: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ;) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, position)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    position += bytesRead
  }
}

/** A file without a name: whatever becomes of the process, nothing is left on the disk. */
async function openNamelessFile (): Promise<FileHandle> {
  const directory = await mkdtemp(join(tmpdir(), 'ensemble-'))
  try {
    return await open(join(directory, 'body'), 'wx+', 0o600)
  } finally {
    await rm(directory, { recursive: true })
  }
}

async function writeAll (file: FileHandle, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += (await file.write(bytes, written, bytes.length - written)).bytesWritten
  }
}

function isFileError (error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && ['write', 'open', 'mkdtemp'].includes(String(error.syscall))
}
