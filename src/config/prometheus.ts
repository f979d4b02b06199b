import { resolve } from 'node:path'
import { z } from 'zod'
import { CHECKSUM_ALGORITHMS } from '../bbb/checksum.js'
import { fillTemplate, isFilled } from '../cluster/instance.js'
import { limits, tags, weight } from './nodes.js'
import { exactlyOneSecret, readSecretFile, secretKeys, withSecretList, type Files } from './secrets.js'
import { formatDuration } from './units.js'
import { anySection, complain, duration, hiddenText, oneOf, text } from './values.js'

/** How busy each node is, from 0 to 1, by the metrics of node_exporter. */
const CPU_QUERY = '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[2m]))'

/**
 * When each node was last scraped. The answer to `cpuQuery` does not tell: its samples bear the time of the question,
 * and rate() gives the same value for as long as its window holds two samples, however long ago they stopped.
 */
const AGE_QUERY = 'max by (instance) (timestamp(node_cpu_seconds_total{mode="idle"}))'

const FILE_OF_EACH = 'The same, read from a file. With `{host}` or `{instance}` in its path each node has a file of its own, read when the node is found.'

const SAMPLE_INSTANCE = 'bbb-01.example.org:9100'

/** The schema of `prometheus`: where the CPU use of nodes comes from, and perhaps the nodes themselves. */
export function prometheus (files: Files) {
  return z.strictObject({
    url: prometheusUrl()
      .describe('Where Prometheus is, with the path in front of its `/api/v1`, if there is one.'),
    interval: duration().prefault('30s').describe('Time between two questions.'),
    cpuQuery: text('a PromQL query').prefault(CPU_QUERY)
      .describe('How busy each node is, from 0 to 1, as one series per `instance`.'),
    ageQuery: z.string().meta({ words: 'a PromQL query, or ""' }).prefault(AGE_QUERY)
      .describe('When what `cpuQuery` reads was last scraped, in seconds since 1970, as one series per `instance`: without it nobody sees that an exporter has stopped. "" takes every answer for new.'),
    maxAge: duration().prefault('90s').describe('Age from which a sample is not used. Above `interval`.'),
    discover: discover(files).optional()
      .meta({ description: 'Nodes that Prometheus lists, besides those in `nodes`.', whenAbsent: 'only `nodes`' }),
  }).superRefine(maxAgeAboveInterval, anySection)
}

function discover (files: Files) {
  return z.strictObject({
    query: text('a PromQL query')
      .describe('Every series in its answer is a node, named after the host in its `instance`. A node that is on the list no more is drained.'),
    url: urlTemplate()
      .describe('The nodes\' API. `{host}` is replaced by the `instance` without its port and in lower case, `{instance}` by all of it.'),
    ...secretKeys(secretFileTemplate(files), 'that the nodes\' APIs are called with', FILE_OF_EACH),
    checksum: oneOf(CHECKSUM_ALGORITHMS).prefault('sha256').describe('Hash that signs the calls to these nodes.'),
    weight: weight(),
    tags: tags(),
    limits: limits().describe('How much each of these nodes may carry at most.'),
  }).superRefine(exactlyOneSecret('secret'), anySection)
    .transform(({ secretFile, ...section }) => ({
      ...withSecretList({ ...section, secretFile: secretFile?.secret }),
      /** Path of the file with a node's secret, with places for `{host}` and `{instance}`; "" where all have the same secrets. */
      secretFile: secretFile?.template ?? '',
    }))
}

/** An http or https URL. Hidden: it may hold a password. */
function prometheusUrl () {
  return z.string().transform((input, ctx) => {
    const url = /^https?:\/\/[^\s?#]+$/i.test(input) && URL.canParse(input) ? new URL(input) : undefined
    if (url !== undefined && isDecodable(url.username) && isDecodable(url.password)) return url.href.replace(/\/+$/, '')
    ctx.addIssue({ code: 'custom' })
    return z.NEVER
  }).meta({ words: 'an http or https URL without query or fragment, user and password in it percent-encoded', hidden: true })
}

function urlTemplate () {
  return hiddenText('an http or https URL with {host} or {instance} in it', /\{/).transform((input, ctx) => {
    const filled = fillTemplate(input, SAMPLE_INSTANCE)
    if (filled !== input && isFilled(filled) && /^https?:\/\/[^\s@?#]+$/i.test(filled) && URL.canParse(filled)) return input.replace(/\/+$/, '')
    ctx.addIssue({ code: 'custom' })
    return z.NEVER
  })
}

/** A file for all nodes is read now, one with a place for the node's name when the node is found. */
function secretFileTemplate (files: Files) {
  return hiddenText('the path of a file').transform((path, ctx): { secret?: string, template: string } => {
    const filled = fillTemplate(path, SAMPLE_INSTANCE)
    if (!isFilled(filled)) {
      complain(ctx, { say: 'has other names in braces than {host} and {instance}', quote: true })
      return z.NEVER
    }
    if (filled !== path) return { template: resolve(files.directory, path) }
    const { secret, trouble } = readSecretFile(path, files)
    if (secret !== undefined) return { secret, template: '' }
    complain(ctx, { say: trouble, quote: true })
    return z.NEVER
  })
}

function maxAgeAboveInterval ({ interval, maxAge }: { interval: unknown, maxAge: unknown }, ctx: z.RefinementCtx): void {
  if (typeof interval !== 'number' || typeof maxAge !== 'number' || maxAge > interval) return
  complain(ctx, { say: `expected more than the ${formatDuration(interval)} of prometheus.interval, got ${formatDuration(maxAge)}` }, ['maxAge'])
}

function isDecodable (text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
