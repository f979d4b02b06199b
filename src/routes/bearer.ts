import { createHash, timingSafeEqual } from 'node:crypto'

/** The token of an Authorization header; '' if it holds none. */
export function bearerOf (authorization: string | undefined): string {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? ''
}

/** Whether two texts are equal, in a time that tells nothing about where they differ. */
export function sameText (one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other))
}

function digest (text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
