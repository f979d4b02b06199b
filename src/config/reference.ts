import { z } from 'zod'
import { configSchema } from './schema.js'
import { fact, schemaKeys, type SchemaKey } from './schema-tree.js'

const INTRODUCTION = `# Configuration reference

This page is made from the schema in \`src/config/\` by \`npm run docs\`; a change belongs there.
\`ensemble.example.yaml\` shows every key in its place.

- Only the secrets that clients sign with and a source of nodes (\`nodes\`, \`prometheus.discover\`, or both) are required. Unknown keys are errors.
- Durations are written \`500ms\`, \`5s\` or \`2m\`, sizes \`64KB\`, \`200MB\` or \`1GB\` (a KB is 1024 bytes).
- \`\${NAME}\` in any text is replaced by that variable of the environment; an unset one is an error. A text that holds one must be in
  quotes inside \`{ }\` and \`[ ]\`. \`$\${\` stands for the characters \`\${\` themselves. What a variable holds is never read as YAML.
- Paths are relative to the directory of the configuration file.

| key | type | default | meaning |
|---|---|---|---|
`

/** The reference of every key as Markdown, made from the schema. */
export function reference (): string {
  const schema = configSchema({ directory: '/', read: () => '' })
  return INTRODUCTION + schemaKeys(schema).map(row).join('\n') + '\n'
}

function row (entry: SchemaKey): string {
  const description = fact(entry.schema, 'description') ?? ''
  const meaning = fact(entry.schema, 'unavailable') === true ? `${description} Not available in this version.` : description
  return `| ${[`\`${entry.key}\``, typeOf(entry), defaultOf(entry.schema), meaning].map(cell).join(' | ')} |`
}

function typeOf ({ schema, section }: SchemaKey): string {
  return fact(schema, 'words') ?? (section ? 'a section' : '')
}

function defaultOf (schema: z.ZodType): string {
  const absent = fact(schema, 'whenAbsent')
  if (absent !== undefined) return absent
  if (schema instanceof z.ZodOptional) return 'not set'
  if (!(schema instanceof z.ZodPrefault)) return 'required'
  const value: unknown = schema.def.defaultValue
  if (Array.isArray(value)) return `\`[${value.join(', ')}]\``
  if (typeof value === 'object') return ''
  return value === '' ? '`""`' : `\`${String(value)}\``
}

function cell (content: string): string {
  return content.replaceAll('|', '\\|')
}
