import type { SimulatedNode, SimulatedNodeOptions } from './simulated-node.js'
import { startSimulatedNode } from './simulated-node.js'

/** Starts a simulated node for people: says on standard output where it is and how to make it fail. */
export async function simulateCommand (options: SimulatedNodeOptions): Promise<SimulatedNode> {
  const node = await startSimulatedNode(options)
  const base = node.url.replace(/\/bigbluebutton\/api$/, '')
  process.stdout.write(
    `simulated BigBlueButton ${node.version}: ${node.url}\n` +
    `to make it fail: curl -d '{"kind":"slow","call":"create","delayMs":5000,"times":1}' ${base}/simulator/faults\n`)
  return node
}
