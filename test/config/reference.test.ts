import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { parseConfig } from '../../src/config/read.js'
import { reference } from '../../src/config/reference.js'
import { configSchema } from '../../src/config/schema.js'
import { schemaKeys } from '../../src/config/schema-tree.js'

const directory = join(import.meta.dirname, '../../config')
const example = join(directory, 'ensemble.example.yaml')
const keys = schemaKeys(configSchema({ directory, read: () => '' }))

// The other ways to write what the example sets, where nodes come from besides, and what must be absent in this version.
const ONLY_IN_COMMENTS = [
  'secret', 'secretFile',
  'prometheus.discover', 'prometheus.discover.query', 'prometheus.discover.url',
  'prometheus.discover.secret', 'prometheus.discover.secretFile', 'prometheus.discover.secrets',
  'prometheus.discover.checksum', 'prometheus.discover.weight', 'prometheus.discover.tags',
  'prometheus.discover.limits', 'prometheus.discover.limits.meetings', 'prometheus.discover.limits.participants',
  'store.url', 'management.listen', 'management.listen.host', 'management.listen.port',
]

/** The keys in a document, as the schema names them. */
function keysIn (value: unknown, prefix = ''): string[] {
  if (Array.isArray(value)) return value.flatMap(item => keysIn(item, `${prefix}[]`))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, child]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`
    return [key, ...keysIn(child, key)]
  })
}

t.test('the committed reference is the one that the schema gives', async t => {
  const committed = await readFile(join(directory, 'reference.md'), 'utf8')
  t.equal(committed, reference(), 'made by `npm run docs`')
})

t.test('every key has a type and a meaning', async t => {
  const rows = reference().split('\n').filter(line => line.startsWith('| `'))
  t.equal(rows.length, keys.length)
  t.same(rows.filter(row => !/^\| `\S+` \| \S.* \| .* \| \S.* \|$/.test(row)), [])
})

t.test('the example', async t => {
  const text = await readFile(example, 'utf8')
  const variables = [...text.matchAll(/\$\{([A-Z0-9_]+)\}/g)].map(([, name]) => name).filter(name => name !== undefined && name !== 'NAME')
  const env = Object.fromEntries(variables.map(name => [name, `a-long-value-of-${name}`]))
  const opened: string[] = []
  const { config, notices } = parseConfig(text, {
    path: example,
    env,
    readFile: file => {
      opened.push(file)
      return 'from-a-file\n'
    },
  })

  t.test('is a configuration that works', async t => {
    t.same(config.nodes.map(node => node.secrets), [
      ['a-long-value-of-BBB_01_SECRET'],
      ['from-a-file'],
      ['a-long-value-of-BBB_03_SECRET_NEW', 'a-long-value-of-BBB_03_SECRET'],
    ])
    t.same(opened, [join(directory, 'secrets/bbb-02')])
    t.same(config.secrets, ['a-long-value-of-ENSEMBLE_SECRET'])
    t.same(notices, [])
  })

  t.test('names every key in the order of the reference', async t => {
    const sections = keys.map(({ key }) => key).filter(key => !key.includes('.') && !['secret', 'secretFile'].includes(key))
    const lines = sections.map(key => text.split('\n').findIndex(line => new RegExp(`^(# )?${key}:`).test(line)))
    t.notOk(lines.includes(-1), 'at the top level')
    t.same(lines, lines.toSorted((one, other) => one - other))
    const named = new Set(keysIn(parse(text)))
    t.same(keys.map(({ key }) => key).filter(key => !named.has(key)), ONLY_IN_COMMENTS)
    for (const key of ONLY_IN_COMMENTS) {
      t.match(text, new RegExp(`#.*\\b${key.slice(key.lastIndexOf('.') + 1)}:`), `${key} is in a comment`)
    }
  })
})
