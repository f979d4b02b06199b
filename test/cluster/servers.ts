import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** A web server on a free port of this machine, stopped with the test; gives its origin. */
export async function startHttp (t: Test, listener: RequestListener): Promise<string> {
  const server = createHttpServer(listener)
  return `http://${await listen(t, server, () => server.closeAllConnections())}`
}

/** A server that does with a connection what the test wants; gives its host and port. */
export async function startTcp (t: Test, connected: (socket: Socket) => void = () => {}): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    connected(socket)
  })
  return await listen(t, server, () => { for (const socket of sockets) socket.destroy() })
}

/** Has a server listen and stops it with the test; gives its host and port. */
export async function listen (t: Test, server: Server, cutConnections: () => void): Promise<string> {
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(async () => {
    const closed = new Promise((resolve) => { server.close(resolve) })
    cutConnections()
    await closed
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Waits until something is true; fails after five seconds. */
export async function eventually (isTrue: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + 5_000
  while (!isTrue()) {
    if (performance.now() > deadlineMs) throw new Error(`not within five seconds: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
