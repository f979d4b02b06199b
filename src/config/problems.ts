/** One thing that is wrong in a configuration file. */
export interface ConfigProblem {
  /** Line in the file, from 1; 0 where the file as a whole is meant. */
  line: number
  /** The key, such as `nodes[0].url`; "" where no key is concerned. */
  key: string
  /** What is wrong and what was expected, without any secret. */
  message: string
}

/** A configuration that cannot be used. Its message has one line for each problem, in the order of the file. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor (file: string, problems: readonly ConfigProblem[]) {
    const sorted = problems.toSorted((one, other) => one.line - other.line)
    super(sorted.map(({ line, key, message }) =>
      `${file}${line > 0 ? `:${line}` : ''}: ${key === '' ? '' : `${key}: `}${message}`).join('\n'))
    this.problems = sorted
  }
}

/** Where a value stands in a document: names of keys and indices of lists, from the root. */
export type Path = ReadonlyArray<string | number>

/**
 * A path as people write it: `nodes[0].url`. A key is cut where it stops looking like one:
 * in `{ secret:abc }`, where the space is missing, YAML takes the secret for a part of the key.
 */
export function keyOf (path: Path): string {
  return path.map((step, depth) => {
    if (typeof step === 'number') return `[${step}]`
    return (depth === 0 ? '' : '.') + step.replace(/[^\w-].*$/s, '…')
  }).join('')
}
