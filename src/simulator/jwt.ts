import { createHmac } from 'node:crypto'

const HASH = { HS256: 'sha256', HS512: 'sha512' } as const

/** A signed JSON Web Token (RFC 7519) over this payload. */
export function jwt (algorithm: keyof typeof HASH, payload: object, secret: string): string {
  const signed = `${encode({ alg: algorithm, typ: 'JWT' })}.${encode(payload)}`
  return `${signed}.${createHmac(HASH[algorithm], secret).update(signed).digest('base64url')}`
}

function encode (value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
