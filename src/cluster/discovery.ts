import type { Clock } from '../clock.js'
import type { Log } from '../log.js'
import type { Cluster } from './cluster.js'
import type { NodeSettings } from './node.js'
import { readNodeList, secretsOf, settingsOf, type ListedNode, type NodeList, type NodeTemplate, type ReadSecret } from './node-list.js'
import { PrometheusError, type PrometheusClient, type PrometheusFailure, type Series } from './prometheus-client.js'
import { Rounds } from './rounds.js'

export interface DiscoveryOptions {
  readonly cluster: Cluster
  readonly client: PrometheusClient
  readonly clock: Clock
  readonly log: Log
  readonly intervalMs: number
  /** Every series in its answer is a node. */
  readonly query: string
  readonly template: NodeTemplate
  /** Nodes of the configuration: none of them is added a second time. */
  readonly configured: readonly NodeSettings[]
  readonly readSecret: ReadSecret
}

/**
 * Keeps the cluster's nodes in step with a list that Prometheus gives: adds those that appear, has those drained
 * that disappear, and takes them out when they are empty. A list that is empty, or that cannot be read, changes nothing:
 * it is more likely that Prometheus has failed than that all nodes are gone.
 */
export class Discovery {
  readonly #rounds: Rounds
  /** By id: the nodes that came from the list and are still in the cluster. */
  readonly #known = new Map<string, ListedNode>()
  #trouble = 'it has not answered yet'
  #failure: PrometheusFailure | 'empty' | 'none' | undefined
  /** Instances that could not be added, and why, so that it is said once. */
  #refused: ReadonlyMap<string, string> = new Map()

  constructor (private readonly options: DiscoveryOptions) {
    this.#rounds = new Rounds({ ...options, name: 'reading the list of nodes', run: () => this.#round() })
    options.cluster.expectList()
  }

  /** Why the list could not be read the last time; '' if it could. */
  get trouble (): string { return this.#trouble }

  /** Instances of the nodes that are on the list, for the state file. */
  get instances (): string[] { return this.#instances(true) }

  /** Instances of the nodes that have left the list and are still in the cluster, for the state file. */
  get withdrawn (): string[] { return this.#instances(false) }

  /** Takes over the nodes that the state file remembers, before what it remembers of them is restored. */
  restore (instances: readonly string[], withdrawn: readonly string[]): void {
    if (instances.length === 0 && withdrawn.length === 0) return
    const { cluster } = this.options
    const { nodes, refused } = this.#read([...instances, ...withdrawn])
    this.#refuse([...refused, ...this.#add(nodes)])
    for (const { id, instance } of this.#known.values()) if (withdrawn.includes(instance)) cluster.withdraw(id)
    if (this.#hasNodes) cluster.listRead()
    else this.#failed('empty', 'no node of the last list can be added')
  }

  start (): void {
    this.#rounds.start()
  }

  async stop (): Promise<void> {
    await this.#rounds.stop()
  }

  async #round (): Promise<void> {
    let answer: Series[]
    try {
      answer = await this.options.client.query(this.options.query)
    } catch (error) {
      if (!(error instanceof PrometheusError)) throw error
      if (!this.#rounds.isStopped) this.#failed(error.reason, error.message)
      return
    }
    if (!this.#rounds.isStopped) this.#take(instancesOf(answer))
  }

  #take (instances: readonly string[]): void {
    const { cluster, log, configured } = this.options
    const { nodes, refused } = this.#read(instances)
    if (nodes.length === 0 && (this.#known.size > 0 || configured.length === 0)) {
      this.#refuse([...refused])
      this.#failed('empty', 'no node is on the list')
      return
    }
    this.#withdrawAllBut(nodes)
    cluster.removeUnlisted()
    for (const id of this.#known.keys()) if (!cluster.members.has(id)) this.#known.delete(id)
    this.#refuse([...refused, ...this.#add(nodes)])
    if (!this.#hasNodes) {
      this.#failed('empty', 'no node on the list can be added')
      return
    }
    this.#trouble = ''
    if (this.#failure !== 'none') log.info({ nodes: nodes.length }, 'the list of nodes was read from Prometheus')
    this.#failure = 'none'
    cluster.listRead()
  }

  /** Whether there is any node: without one nothing can be ready. */
  get #hasNodes (): boolean { return this.#known.size > 0 || this.options.configured.length > 0 }

  #instances (listed: boolean): string[] {
    return [...this.#known.values()].filter(({ id }) => this.options.cluster.members.get(id)?.node.listed === listed).map(({ instance }) => instance)
  }

  #read (instances: readonly string[]): NodeList {
    const { template, configured } = this.options
    return readNodeList(instances, template, configured, (id) => this.#known.get(id)?.url)
  }

  #withdrawAllBut (nodes: readonly ListedNode[]): void {
    const urls = new Map(nodes.map(({ id, url }) => [id, url]))
    for (const { id, url } of this.#known.values()) if (urls.get(id) !== url) this.options.cluster.withdraw(id)
  }

  /** Adds those that are new; gives the instances for which that could not be done, with the reason. */
  #add (nodes: readonly ListedNode[]): Array<[instance: string, reason: string]> {
    const { cluster, template, readSecret } = this.options
    return nodes.flatMap((listed) => {
      const { id, instance, url } = listed
      const known = this.#known.get(id)
      if (known !== undefined) {
        if (known.url !== url) return [[instance, `the node ${id} is still known at another address`]]
        cluster.relist(id)
        return []
      }
      const { secrets, trouble } = secretsOf(listed, template, readSecret)
      if (trouble !== '') return [[instance, trouble]]
      this.#known.set(id, listed)
      cluster.addNode(settingsOf(listed, secrets, template))
      return []
    })
  }

  /** Says once of each instance why it is no node. */
  #refuse (refused: ReadonlyArray<readonly [instance: string, reason: string]>): void {
    for (const [instance, reason] of refused) {
      if (this.#refused.get(instance) !== reason) this.options.log.warn({ instance, reason }, 'what is on the list cannot be added as a node')
    }
    this.#refused = new Map(refused)
  }

  #failed (failure: PrometheusFailure | 'empty', message: string): void {
    this.#trouble = message
    if (this.#failure === failure) return
    this.#failure = failure
    this.options.log.warn({ reason: message }, 'the list of nodes cannot be read from Prometheus, and stays as it is')
  }
}

/** The instances in an answer, '' for a series without one. */
export function instancesOf (answer: readonly Series[]): string[] {
  return answer.map(({ labels }) => labels['instance'] ?? '')
}
