import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { control, each, eventually, field, healthOf, nodeOf, outcome, QUICK_POLL, startCluster, startListening, startServe, type GatewayProgram, type NodeProgram } from '../helpers/process.js'

const MEETINGS = 200
const WIDTH = 8
const PEOPLE = 7
const TIMEOUTS = { connect: '500ms', call: '1s', total: '1500ms', create: '5s' }
const CREATE = { name: 'Room', attendeePW: 'attendee-password', moderatorPW: 'moderator-password' }

interface Found {
  readonly meetingID: string
  readonly internalMeetingID: string
  /** The place of its node. */
  readonly node: number
}

t.test(`a gateway that was killed finds ${MEETINGS} meetings where they are`, async (t) => {
  const cluster = await startCluster(t, 4, { stateFile: 'ensemble.state', poll: QUICK_POLL, timeouts: TIMEOUTS })
  const { nodes, configPath } = cluster
  const stateFile = join(cluster.directory, 'ensemble.state')
  const ids = Array.from({ length: MEETINGS }, (_, index) => `room-${index + 1}`)

  const made = await each(ids, WIDTH, async (meetingID): Promise<Found> => {
    const created = await cluster.call('create', { meetingID, ...CREATE })
    return { meetingID, internalMeetingID: field(created.body, 'internalMeetingID') ?? created.body, node: await nodeOf(cluster, nodes, meetingID) }
  })
  const idsOn = nodes.map((_, index) => made.filter(({ node }) => node === index).map(({ meetingID }) => meetingID))
  t.equal(idsOn.flat().length, MEETINGS)
  for (const there of idsOn) t.ok(there.length > 20, 'every node has its part')
  const busy = made.filter((_, index) => index % 10 === 0)
  await each(busy, WIDTH, async ({ meetingID, node }) => await control(nodes[node]?.origin ?? '', 'users', { meetingID, count: PEOPLE }))
  await eventually('the state file to hold all of them', () => heldBy(stateFile) === MEETINGS || undefined)
  t.same(await cluster.program.stop('SIGKILL'), { code: null, signal: 'SIGKILL' })

  await t.test('with its state file', async (t) => {
    const gateway = await startServe(t, configPath)
    t.same(await find(gateway, nodes, ids), made)
    for (const { meetingID } of busy) t.equal(field((await gateway.call('getMeetingInfo', { meetingID })).body, 'participantCount'), String(PEOPLE))
    t.equal(await listed(gateway), MEETINGS)
    await gateway.program.stop('SIGKILL')
  })

  await t.test('without it, from the nodes alone', async (t) => {
    rmSync(stateFile)
    const gateway = await startServe(t, configPath)
    t.same(await find(gateway, nodes, ids), made)
    await eventually('the state file to be written again', () => heldBy(stateFile) === MEETINGS || undefined)
    await gateway.program.stop('SIGKILL')
  })

  await t.test('while one node is frozen and another is gone', async (t) => {
    const [frozen, gone] = [0, 1]
    nodes[frozen]?.program.kill('SIGSTOP')
    await nodes[gone]?.program.stop('SIGKILL')
    const gateway = await startServe(t, configPath)

    const present = made.filter(({ node }) => node !== frozen && node !== gone)
    t.same(await find(gateway, nodes, present.map(({ meetingID }) => meetingID)), present)
    await eventually('both to be down', async () => {
      const health = await healthOf(gateway)
      return (health[frozen] === 'down' && health[gone] === 'down') || undefined
    })
    const away = await each([...idsOn[frozen] ?? [], ...idsOn[gone] ?? []], WIDTH, async (meetingID) => [
      outcome(await gateway.call('getMeetingInfo', { meetingID })),
      outcome(await gateway.call('isMeetingRunning', { meetingID })),
      outcome(await gateway.call('end', { meetingID })),
      outcome(await gateway.call('join', { meetingID, fullName: 'Ada', role: 'VIEWER' })),
    ].join(' '))
    t.same(new Set(away), new Set(['internalError internalError internalError internalError']), 'no call takes them for ended')
    t.equal(await listed(gateway), MEETINGS, 'they are listed')

    nodes[frozen]?.program.kill('SIGCONT')
    await eventually('the frozen node to be up', async () => (await healthOf(gateway))[frozen] === 'up' || undefined)
    t.same(await find(gateway, nodes, idsOn[frozen] ?? []), made.filter(({ node }) => node === frozen), 'they are back with their node')
    t.equal(outcome(await gateway.call('getMeetingInfo', { meetingID: idsOn[gone]?.[0] ?? '' })), 'internalError')
    await gateway.program.stop('SIGKILL')
  })
})

t.test('a meeting whose node does not answer is there from the first call on', async (t) => {
  const cluster = await startCluster(t, 2, { stateFile: 'ensemble.state', poll: { interval: '2s', timeout: '1500ms' }, timeouts: TIMEOUTS })
  const { nodes } = cluster
  const created = await cluster.call('create', { meetingID: 'room', ...CREATE })
  const node = nodes[await nodeOf(cluster, nodes, 'room')]
  await eventually('the state file', () => heldBy(join(cluster.directory, 'ensemble.state')) === 1 || undefined)
  await cluster.program.stop('SIGKILL')
  node?.program.kill('SIGSTOP')

  const gateway = await startListening(t, cluster.configPath)
  t.notMatch(gateway.program.stdout, 'every node has been polled', 'it has yet to hear of its nodes')
  const answers = await Promise.all([
    gateway.call('getMeetingInfo', { meetingID: 'room' }),
    gateway.call('isMeetingRunning', { meetingID: 'room' }),
  ])
  t.same(answers.map(outcome), ['internalError', 'internalError'])
  t.equal(outcome(await gateway.call('getMeetingInfo', { meetingID: 'another' })), 'notFound')

  node?.program.kill('SIGCONT')
  const back = await eventually('its node', async () => {
    const answer = await gateway.call('getMeetingInfo', { meetingID: 'room' })
    return outcome(answer) === 'SUCCESS' ? answer : undefined
  })
  t.equal(field(back.body, 'internalMeetingID'), field(created.body, 'internalMeetingID'))
})

/** What the gateway says of every meeting. */
async function find (gateway: GatewayProgram, nodes: readonly NodeProgram[], ids: readonly string[]): Promise<Found[]> {
  return await each(ids, WIDTH, async (meetingID) => {
    const info = await gateway.call('getMeetingInfo', { meetingID })
    return { meetingID, internalMeetingID: field(info.body, 'internalMeetingID') ?? info.body, node: await nodeOf(gateway, nodes, meetingID) }
  })
}

async function listed (gateway: GatewayProgram): Promise<number> {
  return (await gateway.call('getMeetings')).body.split('<internalMeetingID>').length - 1
}

/** How many meetings the state file holds; it is replaced whole, so that it can be read at any time. */
function heldBy (stateFile: string): number {
  try {
    return readFileSync(stateFile, 'utf8').trimEnd().split('\n').length - 2
  } catch {
    return 0
  }
}
