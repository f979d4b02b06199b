import type { ChecksumAlgorithm } from '../bbb/checksum.js'
import { fillTemplate, parseInstance } from './instance.js'
import type { NodeSettings } from './node.js'

/** Names that may stand in URLs, paths and labels. */
const HOST = /^[a-z0-9_-][a-z0-9_.-]{0,63}$/

/** What a node becomes of which only the `instance` is known. */
export interface NodeTemplate {
  /** With {host} or {instance} in it. */
  readonly url: string
  readonly secrets: readonly string[]
  /** Path of the file with a node's own secret, with {host} or {instance} in it; '' where all have `secrets`. */
  readonly secretFile: string
  readonly checksum: ChecksumAlgorithm
  readonly weight: number
  readonly tags: readonly string[]
  readonly limits: NodeSettings['limits']
}

/** A node on the list. */
export interface ListedNode {
  readonly id: string
  readonly instance: string
  readonly url: string
}

/** What a list of instances says. */
export interface NodeList {
  readonly nodes: readonly ListedNode[]
  /** Instances that cannot be nodes, with the reason. */
  readonly refused: ReadonlyMap<string, string>
}

/**
 * Makes nodes of a list of instances. Those that the configuration has by itself are left out.
 * `urlOf`: where a node of that id is known to be, if it is known; of two on one host that one counts.
 */
export function readNodeList (instances: Iterable<string>, template: NodeTemplate, configured: readonly NodeSettings[], urlOf: (id: string) => string | undefined): NodeList {
  const hosts = new Set(configured.flatMap(({ url, prometheusInstance }) => {
    const hostname = new URL(url).hostname
    return [hostname, prometheusInstance ?? hostname].map((instance) => parseInstance(instance).host)
  }))
  const ids = new Set(configured.map(({ id }) => id))
  const nodes = new Map<string, ListedNode>()
  const refused = new Map<string, string>()
  for (const instance of [...new Set(instances)].sort()) {
    const { host } = parseInstance(instance)
    const url = fillTemplate(template.url, instance)
    if (hosts.has(host)) continue
    if (!HOST.test(host) || !URL.canParse(url)) {
      refused.set(instance, instance === '' ? 'the series has no instance' : 'its host cannot be the name of a node')
      continue
    }
    if (ids.has(host)) {
      refused.set(instance, `a node in the configuration has the name ${host}`)
      continue
    }
    const other = nodes.get(host)
    // Two exporters on one host are still one node.
    if (other?.url === url) continue
    const takesPlace = other === undefined || urlOf(host) === url
    if (takesPlace) nodes.set(host, { id: host, instance, url })
    const left = takesPlace ? other?.instance : instance
    if (left !== undefined) refused.set(left, `another node on the list has the name ${host}`)
  }
  return { nodes: [...nodes.values()], refused }
}

/** A node of the list as the configuration would describe it. */
export function settingsOf ({ id, url }: ListedNode, secrets: readonly string[], { checksum, weight, tags, limits }: NodeTemplate): NodeSettings {
  return { id, url, secrets, weight, tags, state: 'enabled', checksum, limits, prometheusInstance: id }
}

/** Reads the secret in a file; `trouble` says why there is none. */
export type ReadSecret = (path: string) => { readonly secret?: string, readonly trouble: string }

/** The secrets of a node of the list; `trouble` is '' if it has some. */
export function secretsOf ({ instance }: ListedNode, { secrets, secretFile }: NodeTemplate, read: ReadSecret): { secrets: readonly string[], trouble: string } {
  if (secretFile === '') return { secrets, trouble: '' }
  const { secret, trouble } = read(fillTemplate(secretFile, instance))
  return secret === undefined ? { secrets: [], trouble: `the file with its secret ${trouble}` } : { secrets: [secret], trouble: '' }
}
