import t from 'tap'
import { createCluster } from './start-cluster.js'
import { eventually } from './servers.js'

/** Whether a promise has resolved by now. */
async function isOver (promise: Promise<void>): Promise<boolean> {
  return await Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))])
}

t.test('a cluster is ready when every node has been polled once', async (t) => {
  const { cluster, nodes } = await createCluster(t)
  nodes[0]?.meetings.create({ meetingID: 'room', name: 'Room' })
  t.equal(cluster.isReady, false)
  cluster.start()
  t.equal(cluster.isReady, false)
  t.strictSame([...cluster.unpolled].sort(), ['n1', 'n2'])
  await cluster.firstRound
  t.equal(cluster.isReady, true)
  t.strictSame(cluster.unpolled, [])
  t.equal(cluster.resolve('room')?.nodeId, 'n1')
})

t.test('a node that refuses counts as polled', async (t) => {
  const { cluster, nodes, member } = await createCluster(t)
  await nodes[0]?.close()
  cluster.start()
  await cluster.firstRound
  t.equal(cluster.isReady, true)
  t.equal(member('n1').node.health, 'suspect')
  t.equal(member('n2').node.health, 'up')
})

t.test('a hanging node is waited for three seconds, and then only by readiness', async (t) => {
  const { cluster, clock, nodes } = await createCluster(t, { settings: { timeout: 30_000 } })
  nodes[1]?.faults.add({ kind: 'hang' })
  cluster.start()
  await eventually(() => cluster.unpolled.length === 1, 'the other node is polled')
  await clock.advance(2_999)
  t.equal(await isOver(cluster.firstRound), false)
  await clock.advance(1)
  t.equal(await isOver(cluster.firstRound), true)
  t.equal(cluster.isReady, false)
  t.strictSame(cluster.unpolled, ['n2'])
})

t.test('calls wait also where they come before the first poll', async (t) => {
  const { cluster } = await createCluster(t)
  t.equal(await isOver(cluster.firstRound), false)
  cluster.start()
  await cluster.firstRound
  t.equal(cluster.isReady, true)
})

t.test('disabled nodes are not polled and not waited for', async (t) => {
  const { cluster, nodes } = await createCluster(t, { nodeSettings: [{ state: 'disabled' }, { state: 'disabled' }] })
  cluster.start()
  t.equal(cluster.isReady, true)
  await cluster.firstRound
  t.equal(nodes[0]?.requests.length, 0)
})

t.test('draining and archive nodes are polled as well', async (t) => {
  const { cluster, nodes } = await createCluster(t, { nodeSettings: [{ state: 'draining' }, { state: 'archive' }] })
  cluster.start()
  await cluster.firstRound
  t.equal(nodes[0]?.requests.length, 1)
  t.equal(nodes[1]?.requests.length, 1)
})

t.test('a node that is disabled before its first poll ended is no longer waited for', async (t) => {
  const { cluster, nodes, member } = await createCluster(t, { settings: { timeout: 30_000 } })
  nodes[1]?.faults.add({ kind: 'hang' })
  cluster.start()
  await eventually(() => cluster.unpolled.length === 1, 'the other node is polled')
  cluster.setState(member('n2'), 'disabled', 'operator')
  t.equal(cluster.isReady, true)
  t.equal(await isOver(cluster.firstRound), true)
})

t.test('stopping ends the wait and leaves no timer', async (t) => {
  const { cluster, clock, nodes } = await createCluster(t)
  for (const node of nodes) node.faults.add({ kind: 'hang' })
  cluster.start()
  await cluster.stop()
  t.equal(await isOver(cluster.firstRound), true)
  t.equal(clock.pending, 0)
})
