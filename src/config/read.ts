import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { readDocument } from './document.js'
import { explain } from './explain.js'
import { ConfigError } from './problems.js'
import { configSchema, type Config } from './schema.js'
import { core, schemaAt } from './schema-tree.js'
import { whyUnreadable } from './secrets.js'

/** A configuration and the file it came from. */
export interface ConfigFile {
  config: Config
  /** The file, as an absolute path. */
  path: string
  /** What relative paths in the file start from. */
  directory: string
  /** What the operator should know although nothing is wrong, a sentence each. */
  notices: string[]
}

/** What a configuration is read with. */
export interface ParseOptions {
  /** The file's path: messages name it as it is given here. */
  path: string
  env: NodeJS.ProcessEnv
  /** Reads a file that the configuration names (a secret, certificates); throws what node:fs throws. */
  readFile (absolutePath: string): string
}

/** Reads a configuration file. Throws a ConfigError that lists everything that is wrong with it. */
export async function readConfig (path: string, env: NodeJS.ProcessEnv): Promise<ConfigFile> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ConfigError(path, [{ line: 0, key: '', message: `cannot be read: ${whyUnreadable(error)}` }])
  })
  return parseConfig(text, { path, env, readFile: file => readFileSync(file, 'utf8') })
}

/** Reads a configuration from its text. Throws a ConfigError that lists everything that is wrong with it. */
export function parseConfig (text: string, { path, env, readFile }: ParseOptions): ConfigFile {
  const absolute = resolve(path)
  const directory = dirname(absolute)
  const schema = configSchema({ directory, read: readFile })
  const source = readDocument(text, { env, convert: (value, at) => convert(value, schemaAt(schema, at)) })
  if (!source.readable) throw new ConfigError(path, source.problems)
  const result = schema.safeParse(source.value)
  const problems = [...source.problems, ...explain(result.error?.issues ?? [], schema, source)]
  if (!result.success || problems.length > 0) throw new ConfigError(path, problems)
  return { config: result.data, path: absolute, directory, notices: noticesOf(source.value) }
}

/** A value from the environment as the number or boolean that its key needs; as it is where it cannot be one. */
function convert (value: string, schema: unknown): unknown {
  const kind = core(schema)
  if (kind instanceof z.ZodNumber && /^-?\d+(\.\d+)?$/.test(value)) return Number(value)
  if (kind instanceof z.ZodBoolean && (value === 'true' || value === 'false')) return value === 'true'
  return value
}

function noticesOf (written: unknown): string[] {
  const hasKeys = typeof written === 'object' && written !== null && 'keys' in written
  return hasKeys
    ? []
    : ['keys is not set: the gateway signs its own callback URLs, links and cookies with a key derived from the first secret, ' +
      'and those it gave out end when that secret is replaced']
}
