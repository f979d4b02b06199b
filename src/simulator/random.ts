import { randomInt } from 'node:crypto'

const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789'
const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const DIGITS = '0123456789'

/** `length` characters out of a-z and 0-9, as BBB makes session tokens and user ids. */
export function randomToken (length: number): string {
  return pick(LOWER, length)
}

/** `length` letters and digits, as BBB makes passwords that a create left out. */
export function randomPassword (length: number): string {
  return pick(ALPHANUMERIC, length)
}

/** `length` digits; the first may be 0, as in BBB's voice bridges. */
export function randomDigits (length: number): string {
  return pick(DIGITS, length)
}

function pick (alphabet: string, length: number): string {
  let text = ''
  for (let i = 0; i < length; i++) text += alphabet.charAt(randomInt(alphabet.length))
  return text
}
