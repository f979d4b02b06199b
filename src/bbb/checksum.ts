import { hash, timingSafeEqual } from 'node:crypto'

/** The hash functions BBB knows; the length of a checksum says which one made it. */
export const CHECKSUM_ALGORITHMS = ['sha1', 'sha256', 'sha384', 'sha512'] as const
export type ChecksumAlgorithm = typeof CHECKSUM_ALGORITHMS[number]

const ALGORITHM_BY_HEX_LENGTH: ReadonlyMap<number, ChecksumAlgorithm> = new Map([
  [40, 'sha1'],
  [64, 'sha256'],
  [96, 'sha384'],
  [128, 'sha512'],
])

/**
 * The checksum of a call, in lower-case hex: HASH(call + query without checksum + secret).
 * The query is hashed as it stands on the wire, byte for byte (BBB's GetChecksumValidator).
 */
export function sign (call: string, query: string, secret: string, algorithm: ChecksumAlgorithm): string {
  return hash(algorithm, call + query + secret, 'hex')
}

/** The algorithm that makes checksums as long as this one, or undefined where no algorithm does. */
export function algorithmOf (checksum: string): ChecksumAlgorithm | undefined {
  return ALGORITHM_BY_HEX_LENGTH.get(checksum.length)
}

/**
 * Whether `checksum` signs this call under this secret. Upper and lower case hex are the same
 * (current BBB compares so); the comparison takes the same time wherever the texts differ.
 */
export function verify (
  call: string, query: string, checksum: string, secret: string, allowed: readonly ChecksumAlgorithm[]
): boolean {
  const algorithm = algorithmOf(checksum)
  if (algorithm === undefined || !allowed.includes(algorithm)) return false
  const expected = hash(algorithm, call + query + secret, 'buffer')
  // What is not hex ends the decoding early, and the lengths differ.
  const given = Buffer.from(checksum, 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}
