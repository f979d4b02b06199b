import t from 'tap'
import { sign } from '../../src/bbb/checksum.js'
import { field, startGateway } from '../helpers/gateway.js'
import { callsTo, having, nodeAt, outcome, steady } from './cluster-of-nodes.js'

const FAILED_TAG = (tag: string): string =>
  `<response><returncode>FAILED</returncode><messageKey>serverTagUnavailable</messageKey><message>There is no available server with the required tag=${tag}.</message></response>`

const TAGGED = [{}, { tags: ['eu'] }, { tags: ['gpu!'] }]

t.test('meta_server-tag chooses among the nodes, and its ! stays here', async (t) => {
  const rows: ReadonlyArray<readonly [tag: string | undefined, on: readonly string[], forwarded: string | undefined]> = [
    [undefined, ['bbb-01', 'bbb-02'], undefined],
    ['none', ['bbb-01', 'bbb-02'], 'none'],
    ['', ['bbb-01', 'bbb-02'], ''],
    ['eu', ['bbb-02'], 'eu'],
    ['eu!', ['bbb-02'], 'eu'],
    ['gpu', ['bbb-03'], 'gpu'],
    ['gpu!', ['bbb-03'], 'gpu'],
    ['eu;gpu!', ['bbb-02', 'bbb-03'], 'eu;gpu'],
    ['us', ['bbb-01', 'bbb-02'], 'us'],
    ['us;gpu', ['bbb-03'], 'us;gpu'],
  ]
  for (const [tag, on, forwarded] of rows) {
    const { call, nodes } = await startGateway(t, { nodes: 3, nodeConfig: TAGGED, random: steady })
    const seen = new Set<string>()
    for (let i = 0; i < 4; i++) {
      t.equal(outcome(await call('create', { meetingID: `room-${i}`, name: 'A room', ...(tag === undefined ? {} : { 'meta_server-tag': tag }) })), 'SUCCESS', `tag ${tag}`)
      for (const name of having(nodes, `room-${i}`)) seen.add(name)
      const node = nodes.find(({ meetings }) => meetings.get(`room-${i}`) !== undefined)
      t.equal(node?.meetings.get(`room-${i}`)?.metadata['server-tag'], forwarded, `tag ${tag}`)
    }
    t.strictSame([...seen].sort(), on, `tag ${tag}`)
  }
})

t.test('a tag that must be, and is nowhere, fails in Scalelite\'s words', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 3, nodeConfig: TAGGED })
  t.equal((await call('create', { meetingID: 'room-1', name: 'Room one', 'meta_server-tag': 'us!' })).body, FAILED_TAG('us'))
  t.equal((await call('create', { meetingID: 'room-1', name: 'Room one', 'meta_server-tag': 'us;asia!' })).body, FAILED_TAG('us;asia'))
  for (const node of nodes) t.strictSame(callsTo(node), [])
})

t.test('a tag keeps its bytes where there is no ! in it, and every spelling of its name is one', async (t) => {
  const { origin, nodes } = await startGateway(t, { nodes: 1, nodeConfig: [{ tags: ['eu'] }] })
  const node = nodeAt(nodes, 0)
  const send = async (query: string): Promise<string | undefined> => {
    node.clearRequests()
    await (await fetch(`${origin}/bigbluebutton/api/create?${query}&checksum=${sign('create', query, 'the-secret-of-the-gateway', 'sha1')}`)).text()
    return node.requests.find(({ call }) => call === 'create')?.query.replace(/&checksum=.*/, '')
  }
  const untouched = 'name=A%20b+c*~!&meta_Server%2Dtag=%65u&meetingID=room-1&x=%zz&meta_a=1&meta_A=2&flag&=v'
  t.equal(await send(untouched), untouched)
  t.equal(await send('name=A%20b+c*~!&meta_Server%2Dtag=%65u!&meetingID=room-2&x=%zz'), 'name=A%20b+c*~!&meta_server-tag=eu&meetingID=room-2&x=%zz')
  t.equal(await send('meta_server-tag=eu%21&name=xx&META_SERVER-TAG=gpu!&meetingID=room-3'), 'meta_server-tag=eu&name=xx&meetingID=room-3')
})

t.test('a node takes no more meetings and no more people than it may', async (t) => {
  const { call, nodes, gateway } = await startGateway(t, { nodes: 3, random: steady, nodeConfig: [{ limits: { meetings: 2 } }, { limits: { participants: 1 } }] })
  await Promise.all(Array.from({ length: 9 }, (_, i) => call('create', { meetingID: `room-${i}`, name: 'A room' })))
  t.strictSame(nodes.map((node) => node.meetings.list().length), [2, 4, 3], 'creates at once see each other')
  const member = gateway.cluster.members.get('bbb-02')
  const [meeting] = nodeAt(nodes, 1).meetings.list()
  await call('join', { meetingID: meeting?.meetingID ?? '', fullName: 'Ada', role: 'MODERATOR' })
  t.equal(member === undefined ? undefined : gateway.cluster.participantsOn(member.node), 1, 'a join under way counts')
  for (const id of ['more-1', 'more-2', 'more-3']) {
    await call('create', { meetingID: id, name: 'A room' })
    t.strictSame(having(nodes, id), ['bbb-03'], 'full in meetings, full in people, free')
  }
})

t.test('maxParticipants says how much to expect of a meeting', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 2, random: steady })
  await call('create', { meetingID: 'large', name: 'A lecture' })
  t.strictSame(having(nodes, 'large'), ['bbb-01'])
  for (let i = 0; i < 3; i++) {
    await call('create', { meetingID: `small-${i}`, name: 'Two people', maxParticipants: 2 })
    t.strictSame(having(nodes, `small-${i}`), ['bbb-02'], 'several small ones weigh less than one of unknown size')
  }
  t.equal(nodeAt(nodes, 1).meetings.get('small-0')?.maxParticipants, 2, 'the node knows it too')
})

t.test('a breakout room opens on the node of its parent', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: [{ endDelayMs: 60_000 }, {}, {}], random: steady })
  const parent = await call('create', { meetingID: 'parent', name: 'Parent' })
  t.strictSame(having(nodes, 'parent'), ['bbb-01'])
  for (const [meetingID, parentMeetingID] of [['child-1', 'parent'], ['child-2', field(parent.body, 'internalMeetingID') ?? '']] as const) {
    const child = await call('create', { meetingID, name: 'Child', isBreakout: 'true', parentMeetingID, sequence: 1 })
    t.equal(outcome(child), 'SUCCESS')
    t.strictSame(having(nodes, meetingID), ['bbb-01'], `parent given as ${parentMeetingID}`)
    t.equal(nodeAt(nodes, 0).meetings.get(meetingID)?.parent?.meetingID, 'parent')
  }
  t.equal(outcome(await call('getMeetingInfo', { meetingID: 'child-1' })), 'SUCCESS')
  t.equal((await call('join', { meetingID: 'child-1', fullName: 'Ada', role: 'VIEWER' })).status, 302)

  t.equal((await call('create', { meetingID: 'child-3', name: 'Child', isBreakout: 'true' })).body,
    '<response><returncode>FAILED</returncode><messageKey>parentMeetingIDMissing</messageKey><message>No parent meeting ID was provided for the breakout room</message></response>')
  t.equal((await call('create', { meetingID: 'child-3', name: 'Child', isBreakout: 'TRUE', parentMeetingID: 'nobody' })).body,
    '<response><returncode>FAILED</returncode><messageKey>parentMeetingDoesNotExist</messageKey><message>No parent meeting exists for the breakout room</message></response>')
  t.strictSame(having(nodes, 'child-3'), [])

  t.equal(outcome(await call('end', { meetingID: 'parent' })), 'SUCCESS sentEndMeetingRequest')
  t.equal(outcome(await call('end', { meetingID: 'child-1' })), 'SUCCESS sentEndMeetingRequest', 'and the child afterwards')
})

t.test('a breakout room is not opened away from a parent that cannot be reached', async (t) => {
  const { call, nodes } = await startGateway(t, { nodes: 2, random: steady })
  await call('create', { meetingID: 'parent', name: 'Parent' })
  for (const kind of ['502', '503', 'reset'] as const) {
    nodeAt(nodes, 0).faults.add({ kind, call: 'create' })
    const child = await call('create', { meetingID: 'child', name: 'Child', isBreakout: 'true', parentMeetingID: 'parent' })
    t.equal(child.body, '<response><returncode>FAILED</returncode><messageKey>internalError</messageKey><message>Unable to create meeting on server.</message></response>', kind)
    t.strictSame(having(nodes, 'child'), [], kind)
    nodeAt(nodes, 0).faults.clear()
  }
  t.strictSame(callsTo(nodeAt(nodes, 1)), [])
})
