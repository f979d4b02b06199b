import { hkdfSync } from 'node:crypto'
import { resolve } from 'node:path'
import { z } from 'zod'
import { anyList, complain, hiddenText, list } from './values.js'

/** How the files that a configuration names are reached. */
export interface Files {
  /** What relative paths start from. */
  directory: string
  /** The content of a file as text; throws what node:fs throws. */
  read (absolutePath: string): string
}

/** What a file with a secret in it holds, or what is wrong with it. */
export interface SecretInFile {
  readonly secret?: string
  /** '' where there is a secret. */
  readonly trouble: string
}

interface SecretKeys {
  secret?: string | undefined
  secretFile?: string | undefined
  secrets?: string[] | undefined
}

const WAYS = ['secret', 'secretFile', 'secrets'] as const

/** The three ways to write a secret, `secretFile` being the schema of the second; `whose` completes "Secret …" in their description. */
export function secretKeys<T extends z.ZodType> (secretFile: T, whose: string, aboutFile = 'The same, read from a file; a line break at its end is cut off.') {
  const instead = 'not set'
  return {
    secret: secretText().optional()
      .meta({ description: `Secret ${whose}. Exactly one of \`secret\`, \`secretFile\` and \`secrets\` must be set.`, whenAbsent: instead }),
    secretFile: secretFile.optional()
      .meta({ description: aboutFile, whenAbsent: instead }),
    secrets: list(secretText(), 'a list of secrets, at least one', 1).superRefine(eachOnce, anyList).optional()
      .meta({ description: 'The same as a list, new one first, for the time of a rotation: the first signs, all verify.', whenAbsent: instead }),
  }
}

/** A check for a section with the three keys: exactly one of them. `preferred` is the one to name when all are missing. */
export function exactlyOneSecret (preferred: typeof WAYS[number]) {
  return (section: object, ctx: z.RefinementCtx): void => {
    const [first, second] = WAYS.filter(way => way in section)
    if (first === undefined) complain(ctx, { say: 'is missing: expected secret, secretFile or secrets' }, [preferred])
    if (second !== undefined) complain(ctx, { say: `expected only one of secret, secretFile and secrets, and ${first} is set too` }, [second])
  }
}

/** The section with its three keys made one list. */
export function withSecretList<T extends SecretKeys> (section: T) {
  const { secret, secretFile, secrets, ...rest } = section
  return { ...rest, secrets: secrets ?? [secret ?? secretFile].filter(each => each !== undefined) }
}

/** A key for the gateway's own signatures, made from a secret so that it tells nothing about it. */
export function deriveKey (secret: string): string {
  return Buffer.from(hkdfSync('sha256', secret, '', 'ensemble: own signatures', 32)).toString('hex')
}

/** A secret as text. */
export function secretText () {
  return hiddenText('a text that is not empty')
}

/** A check for a list of secrets: none stands in it twice. */
export function eachOnce (secrets: readonly unknown[], ctx: z.RefinementCtx): void {
  secrets.forEach((secret, index) => {
    if (secrets.indexOf(secret) < index) complain(ctx, { say: 'stands in this list already' }, [index])
  })
}

/** The words for a file that could not be read. */
export function whyUnreadable (error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  const known: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a directory',
    ENOTDIR: 'a part of its path is not a directory',
  }
  return known[code] ?? code
}

/** The path of a file with a secret in it, which it becomes. */
export function secretFile (files: Files) {
  return hiddenText('the path of a file').transform((path, ctx) => {
    const { secret, trouble } = readSecretFile(path, files)
    if (secret !== undefined) return secret
    complain(ctx, { say: trouble, quote: true })
    return z.NEVER
  })
}

/** Reads a file with a secret in it; a line break at its end is cut off. */
export function readSecretFile (path: string, files: Files): SecretInFile {
  try {
    const secret = files.read(resolve(files.directory, path)).replace(/[\r\n]+$/, '')
    return secret === '' ? { trouble: 'is an empty file: expected a secret in it' } : { secret, trouble: '' }
  } catch (error) {
    return { trouble: `cannot be read: ${whyUnreadable(error)}` }
  }
}
