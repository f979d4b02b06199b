import { accessSync, constants } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'

/** Where Debian keeps servers; not on everybody's PATH. */
const SERVER_DIRECTORIES = ['/usr/sbin', '/usr/local/sbin', '/usr/bin']

/** A program that a test runs, and why the test is skipped where there is none: to be given to t.test as it is. */
interface Program {
  /** '' where there is none. */
  readonly path: string
  readonly skip: string | false
}

/**
 * Finds a program that is not part of this package. On a machine without it the test is skipped with a
 * reason; with CI set it throws, so that a run that is to tell something cannot leave it out.
 */
export function findProgram (name: string): Program {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), ...SERVER_DIRECTORIES]
  const path = directories.map((directory) => join(directory, name)).find(isExecutable)
  if (path !== undefined) return { path, skip: false }
  if (process.env['CI'] !== undefined) throw new Error(`${name} is not installed: .ci/packages installs what the tests need`)
  return { path: '', skip: `${name} is not installed` }
}

function isExecutable (path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A port of this machine that is free now, for servers that cannot say which one they took. */
export async function freePort (): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}

/** So many ports on which nothing listens; all are held before any is let go, so that no two are the same. */
export async function freePorts (count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, async () => {
    const server = createServer()
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    return server
  }))
  return await Promise.all(servers.map(async (server) => {
    const address = server.address()
    await new Promise((resolve) => { server.close(resolve) })
    if (address === null || typeof address === 'string') throw new Error('no port was given')
    return address.port
  }))
}
