import { z } from 'zod'
import { CHECKSUM_ALGORITHMS } from '../bbb/checksum.js'
import { exactlyOneSecret, secretFile, secretKeys, withSecretList, type Files } from './secrets.js'
import { anyList, anySection, complain, httpUrl, list, oneOf, pattern, text, wholeNumber } from './values.js'

/** The schema of `nodes`: the BBB servers. It may be empty where nodes come from elsewhere as well: see `someNodes`. */
export function nodeList (files: Files) {
  return list(node(files), 'a list of nodes, at least one').superRefine(eachItsOwn, anyList)
    .prefault([]).meta({ description: 'The BBB servers.', whenAbsent: 'none; required without `prometheus.discover`' })
}

/** A check of the whole configuration: it has a source of nodes. */
export function someNodes ({ nodes, prometheus }: { nodes?: unknown, prometheus?: unknown }, ctx: z.RefinementCtx): void {
  const isDiscovering = typeof prometheus === 'object' && prometheus !== null && 'discover' in prometheus
  if (Array.isArray(nodes) && nodes.length === 0 && !isDiscovering) ctx.addIssue({ code: 'custom', path: ['nodes'] })
}

function node (files: Files) {
  return z.strictObject({
    id: pattern('a name of at most 64 letters, digits, dots, dashes and underscores', /^[A-Za-z0-9_.-]{1,64}$/)
      .describe('Name of the node in logs, metrics and the management API. Must be unique.'),
    url: httpUrl()
      .describe('The node\'s API, usually `https://HOST/bigbluebutton/api`. Must be unique.'),
    ...secretKeys(secretFile(files), 'that the node\'s API is called with (`bbb-conf --secret`)'),
    weight: weight(),
    tags: tags(),
    state: oneOf(['enabled', 'draining', 'archive', 'disabled']).prefault('enabled')
      .describe('`draining` keeps its meetings and gets no new ones; `archive` is asked for recordings only; `disabled` is not called, except once when a meeting it had is created again.'),
    checksum: oneOf(CHECKSUM_ALGORITHMS).prefault('sha256')
      .describe('Hash that signs the calls to this node.'),
    limits: limits().describe('How much the node may carry at most.'),
    prometheusInstance: text('a host name, with or without a port').optional()
      .meta({ description: 'The node\'s `instance` in Prometheus. The port may be left out: then that of the `instance` does not matter.', whenAbsent: 'host name of `url`' }),
  })
    .meta({ words: 'a node with id, url and secret' })
    .superRefine(exactlyOneSecret('secret'), anySection)
    .transform(section => ({
      ...withSecretList(section),
      prometheusInstance: section.prometheusInstance ?? new URL(section.url).hostname,
    }))
}

export function weight () {
  return z.number().positive().meta({ words: 'a number above 0' }).prefault(1)
    .describe('Capacity relative to the other nodes: 2 carries twice as much as 1.')
}

export function tags () {
  return list(tag(), 'a list of tags').prefault([])
    .describe('What is special about the node. A tag that ends with `!` reserves the node for meetings that ask for it; any other only describes.')
}

function tag () {
  return pattern('a tag of letters, digits, dots, dashes and underscores, with or without ! at its end', /^[A-Za-z0-9_.-]+!?$/)
}

export function limits () {
  return z.strictObject({
    meetings: wholeNumber(0).prefault(0).describe('Meetings at the same time; 0 is no limit.'),
    participants: wholeNumber(0).prefault(0).describe('Participants at the same time; 0 is no limit.'),
  }).prefault({})
}

function eachItsOwn (nodes: readonly unknown[], ctx: z.RefinementCtx): void {
  for (const key of ['id', 'url']) {
    const seen = new Map<unknown, number>()
    nodes.forEach((each, index) => {
      const value = typeof each === 'object' && each !== null ? Reflect.get(each, key) : undefined
      if (typeof value !== 'string') return
      const first = seen.get(value)
      if (first === undefined) seen.set(value, index)
      else complain(ctx, { say: `nodes[${first}] has this ${key} already: expected one of its own` }, [index, key])
    })
  }
}
