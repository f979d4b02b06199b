import type { IncomingMessage } from 'node:http'

const LARGEST_JSON = 1024 * 1024

/** The JSON object in a request body; undefined where there is none or it is something else. */
export async function readJson (raw: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  const value = await readJsonValue(raw)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : undefined
}

/** The JSON value in a request body; undefined where there is none. */
export async function readJsonValue (raw: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of raw as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= LARGEST_JSON) chunks.push(chunk)
  }
  if (bytes === 0 || bytes > LARGEST_JSON) return undefined
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}
