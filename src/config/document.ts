import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type YAMLError } from 'yaml'
import { substitute } from './environment.js'
import { keyOf, type ConfigProblem, type Path } from './problems.js'

const UNQUOTED_REFERENCE = 'not valid YAML: inside { } and [ ] a text with ${ must be in quotes'

/** A YAML document as plain data that still knows where each value came from. */
export interface Source {
  /** The data, with `${NAME}` replaced; {} for an empty document. */
  value: unknown
  /** What is wrong with it as YAML, or with a replacement. */
  problems: ConfigProblem[]
  /** Whether the data could be read at all: if not, `value` means nothing. */
  readable: boolean
  /** The line of the key or list item at this path, or of the nearest one around it that exists. */
  lineOf (path: Path): number
  /** The text at this path as it stands in the file, where `${NAME}` was replaced in it. */
  beforeReplacement (path: Path): string | undefined
}

/** What a document is read with. */
export interface SourceOptions {
  env: NodeJS.ProcessEnv
  /** What a value that came from the environment becomes, since there everything is text. */
  convert (text: string, path: Path): unknown
}

/** Reads a YAML document. Throws nothing: what is wrong is listed in the answer. */
export function readDocument (yaml: string, { env, convert }: SourceOptions): Source {
  const lineCounter = new LineCounter()
  const document = parseDocument(yaml, { lineCounter, prettyErrors: false, uniqueKeys: false, stringKeys: true })
  const lines = new Map<string, number>()
  const originals = new Map<string, string>()
  const problems: ConfigProblem[] = []

  function lineAt (offset: number | undefined): number {
    return lineCounter.linePos(offset ?? 0).line
  }

  function report (path: Path, message: string): void {
    problems.push({ line: lines.get(JSON.stringify(path)) ?? 1, key: keyOf(path), message })
  }

  function plain (node: unknown, path: Path, around: readonly Node[]): unknown {
    if (isAlias(node)) {
      const target = node.resolve(document)
      if (target !== undefined && !around.includes(target)) return plain(target, path, around)
      report(path, target === undefined
        ? 'no anchor has this name: a text that starts with * must be in quotes'
        : 'this alias contains itself: write the value out')
      return undefined
    }
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        const itemPath = [...path, index]
        lines.set(JSON.stringify(itemPath), lineAt(startOf(item)))
        return plain(item, itemPath, [...around, node])
      })
    }
    if (isMap(node)) {
      const seen = new Map<string, number>()
      // fromEntries, because an assignment to a key named __proto__ would be lost.
      return Object.fromEntries(node.items.map(({ key, value }) => {
        const name = String(isScalar(key) ? key.value : key)
        const keyPath = [...path, name]
        const line = lineAt(startOf(key))
        const first = seen.get(name)
        if (first === undefined) seen.set(name, line)
        else problems.push({ line, key: keyOf(keyPath), message: `stands in line ${first} already: expected it once` })
        lines.set(JSON.stringify(keyPath), line)
        return [name, plain(value, keyPath, [...around, node])]
      }))
    }
    const value = isScalar(node) ? node.value : null
    return typeof value === 'string' ? replaced(value, path) : value
  }

  function replaced (text: string, path: Path): unknown {
    const result = substitute(text, env)
    if (result.problem !== undefined) report(path, result.problem)
    if (!result.changed) return result.text
    originals.set(JSON.stringify(path), text)
    return convert(result.text, path)
  }

  const faults = yamlFaults([...document.errors, ...document.warnings], yaml, lineAt)
  const value = faults.length > 0 ? undefined : plain(document.contents, [], [])
  return {
    value: value ?? {},
    problems: [...faults, ...problems],
    readable: faults.length === 0,
    lineOf (path) {
      for (let length = path.length; length > 0; length--) {
        const line = lines.get(JSON.stringify(path.slice(0, length)))
        if (line !== undefined) return line
      }
      return 1
    },
    beforeReplacement: path => originals.get(JSON.stringify(path)),
  }
}

function startOf (node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined
}

// One mistake often makes several faults in the same line, of which the first is the clearest.
function yamlFaults (faults: readonly YAMLError[], yaml: string, lineAt: (offset: number) => number): ConfigProblem[] {
  const texts = yaml.split('\n')
  const firsts = new Map<number, ConfigProblem>()
  for (const { code, pos } of faults) {
    const line = lineAt(pos[0])
    if (firsts.has(line)) continue
    const unquoted = /[,[{:]\s*\$\{/.test(texts[line - 1] ?? '')
    firsts.set(line, { line, key: '', message: unquoted ? UNQUOTED_REFERENCE : yamlFault(code) })
  }
  return [...firsts.values()]
}

// The parser's own messages quote the text around the fault, which may be a secret.
function yamlFault (code: YAMLError['code']): string {
  switch (code) {
    case 'TAB_AS_INDENT': return 'not valid YAML: indent with spaces, not with tabs'
    case 'BAD_INDENT': return 'not valid YAML: this line is not indented as the lines around it, or a bracket is wrong'
    case 'MISSING_CHAR': return 'not valid YAML: a quote, a bracket, a comma or a colon is missing here or before'
    case 'BAD_DQ_ESCAPE': return 'not valid YAML: a backslash in double quotes must be doubled'
    case 'BAD_SCALAR_START': return 'not valid YAML: a text that starts with @, `, % or the like must be in quotes'
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY': return 'not valid YAML: a text with a colon must be in quotes, and a section starts on a line of its own'
    case 'BAD_ALIAS': return 'not valid YAML: a text that starts with * must be in quotes'
    case 'TAG_RESOLVE_FAILED': return 'not valid YAML: a text that starts with ! must be in quotes'
    case 'MULTIPLE_DOCS': return 'expected one YAML document: remove the line ---'
    case 'NON_STRING_KEY': return 'not valid YAML: a key must be a plain text; a value that starts with { must be in quotes'
    default: return 'not valid YAML: check quotes, brackets and indentation here'
  }
}
