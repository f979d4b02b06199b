import t from 'tap'
import { fetchReply, startNode } from './caller.js'

function idleSeconds (metrics: string): number {
  const values = [...metrics.matchAll(/^node_cpu_seconds_total\{cpu="\d+",mode="idle"\} (.*)$/gm)].map((match) => Number(match[1]))
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

t.test('CPU follows what people do', async (t) => {
  const { node, clock } = await startNode(t, { cores: 4 })
  const near = (expected: number, what: string) => t.ok(Math.abs(node.cpuUtilisation - expected) < 1e-9, `${what}: ${node.cpuUtilisation}`)
  near(0.04, 'idle')
  node.meetings.create({ meetingID: 'room-1', name: 'One' })
  near(0.04 + 0.05 / 4, 'one meeting')
  const users = node.meetings.addUsers('room-1', 10)
  near(0.04 + (0.05 + 10 * 0.015) / 4, 'ten people')
  for (const user of users.slice(0, 3)) node.meetings.changeUser('room-1', user.userID, { hasVideo: true, hasJoinedVoice: true })
  for (const user of users.slice(3)) node.meetings.changeUser('room-1', user.userID, { isListeningOnly: true })
  const received = 3 * 2 + 7 * 3
  near(0.04 + (0.05 + 0.15 + 7 * 0.004 + 3 * 0.025 + 3 * 0.01 + received * 0.005) / 4, 'cameras, microphones, listeners')
  node.meetings.setCounts('room-1', { participantCount: 300, videoCount: 20, voiceParticipantCount: 100 })
  t.equal(node.cpuUtilisation, 1, 'never more than everything')
  node.meetings.end('room-1')
  near(0.04, 'idle again')
  await clock.advance(0)
})

t.test('the idle counters give the same by their rate', async (t) => {
  const { node, clock } = await startNode(t, { cores: 2 })
  const scrape = async () => idleSeconds((await fetchReply(`http://127.0.0.1:${node.port}/metrics`)).text)
  const before = await scrape()
  await clock.advance(60_000)
  node.meetings.create({ meetingID: 'room-1', name: 'One' })
  node.meetings.addUsers('room-1', 30)
  const busy = node.cpuUtilisation
  await clock.advance(60_000)
  const after = await scrape()
  t.ok(Math.abs(1 - (after - before) / 120 - (0.04 + busy) / 2) < 1e-9)
})
