import { createRequire } from 'node:module'
import t from 'tap'
import { directoryFor, configFor, eventually, SECRET, startNodes, startServe, writeConfig } from '../helpers/process.js'

/** What bigbluebutton-js 0.2.0 gives: a client that knows nothing of the gateway. */
interface ForeignClient {
  api (host: string, salt: string): {
    administration: {
      create (name: string, id: string, params: Record<string, string | boolean>): string
      join (fullName: string, meetingID: string, password: string, params?: Record<string, string | boolean>): string
      end (meetingID: string, password: string): string
    }
    monitoring: {
      getMeetingInfo (meetingID: string): string
      isMeetingRunning (meetingID: string): string
      getMeetings (): string
    }
    recording: { getRecordings (params: Record<string, string>): string }
  }
  http (url: string): Promise<ForeignAnswer>
}

type Fields = Record<string, unknown>
/** An empty list is '' to it. */
type ForeignAnswer = Fields & { meetings?: Fields[] | '', recordings?: Fields[] | '' }

const { api, http } = createRequire(import.meta.url)('bigbluebutton-js') as ForeignClient

function idsIn (list: Fields[] | '' | undefined, name: string): unknown[] {
  return (list || []).map((item) => item[name])
}

t.test('a client of others runs meetings through the gateway', async (t) => {
  const nodes = await startNodes(t, 3)
  const { origin } = await startServe(t, writeConfig(directoryFor(t), configFor(nodes)))
  const { administration, monitoring, recording } = api(`${origin}/bigbluebutton/`, SECRET)
  const passwords = { attendeePW: 'ap', moderatorPW: 'mp' }

  t.test('create, join, info, list, end', async (t) => {
    const created = await http(administration.create('Physik & Chemie – 1. Stunde', 'raum 1/ü', { ...passwords, welcome: 'Grüß Gott, <b>alle</b>' }))
    t.equal(created['returncode'], 'SUCCESS')
    t.equal(created['meetingID'], 'raum 1/ü')
    t.equal((await http(monitoring.isMeetingRunning('raum 1/ü')))['running'], false, 'nobody is in yet')

    const joined = await fetch(administration.join('Ada Lovelace', 'raum 1/ü', 'mp'), { redirect: 'manual' })
    t.equal(joined.status, 302)
    const target = joined.headers.get('location') ?? ''
    t.equal(nodes.filter(({ url }) => target.startsWith(`${url}/join?`)).length, 1, 'the browser is sent to one of the nodes')
    const page = await fetch(target)
    t.equal(page.status, 200, 'which lets it in')
    await page.arrayBuffer()

    t.equal((await http(monitoring.isMeetingRunning('raum 1/ü')))['running'], true)
    const info = await http(monitoring.getMeetingInfo('raum 1/ü'))
    t.match(info, { returncode: 'SUCCESS', internalMeetingID: created['internalMeetingID'], participantCount: 1, moderatorCount: 1 })
    t.match(info['attendees'], { attendee: { fullName: 'Ada Lovelace', role: 'MODERATOR' } })

    t.equal((await http(administration.create('Two', 'room-2', passwords)))['returncode'], 'SUCCESS')
    t.equal((await http(administration.create('Three', 'room-3', passwords)))['returncode'], 'SUCCESS')
    t.same(idsIn((await http(monitoring.getMeetings())).meetings, 'meetingID').sort(), ['raum 1/ü', 'room-2', 'room-3'])

    t.equal((await http(administration.end('raum 1/ü', 'mp')))['messageKey'], 'sentEndMeetingRequest')
    await eventually('the end', async () => (await http(monitoring.getMeetingInfo('raum 1/ü')))['messageKey'] === 'notFound' || undefined)
    t.equal((await http(monitoring.isMeetingRunning('raum 1/ü')))['running'], false)
    t.same(idsIn((await http(monitoring.getMeetings())).meetings, 'meetingID').sort(), ['room-2', 'room-3'])
  })

  t.test('a create repeated finds the meeting that is there', async (t) => {
    const first = await http(administration.create('Again', 'again', passwords))
    const second = await http(administration.create('Again', 'again', passwords))
    t.equal(second['returncode'], 'SUCCESS')
    t.equal(second['messageKey'], 'duplicateWarning')
    t.equal(second['internalMeetingID'], first['internalMeetingID'])
  })

  t.test('a recorded meeting leaves a recording', async (t) => {
    t.equal((await http(recording.getRecordings({ meetingID: 'recorded' })))['messageKey'], 'noRecordings')
    const created = await http(administration.create('Recorded', 'recorded', { ...passwords, record: true, meta_course: 'Physik 1' }))
    const joined = await fetch(administration.join('Ada', 'recorded', 'ap'))
    t.equal(joined.status, 200)
    await joined.arrayBuffer()
    t.equal((await http(administration.end('recorded', 'mp')))['returncode'], 'SUCCESS')
    const shown = await eventually('the recording', async () => (await http(recording.getRecordings({ meetingID: 'recorded' }))).recordings || undefined)
    t.match(shown, [{ recordID: created['internalMeetingID'], meetingID: 'recorded', name: 'Recorded', published: true, state: 'published', metadata: { course: 'Physik 1' } }])
    t.equal(shown.length, 1)
    t.same(idsIn((await http(recording.getRecordings({}))).recordings, 'recordID'), [created['internalMeetingID']])
  })

  t.test('what is wrong is answered as a BBB server answers it', async (t) => {
    const stranger = api(`${origin}/bigbluebutton/`, 'another-secret')
    t.match(await http(stranger.monitoring.getMeetings()), { returncode: 'FAILED', messageKey: 'checksumError' })
    t.match(await http(stranger.administration.create('x', 'stranger', passwords)), { returncode: 'FAILED', messageKey: 'checksumError' })
    t.match(await http(stranger.administration.join('x', 'room-2', 'ap')), { returncode: 'FAILED', messageKey: 'checksumError' })
    t.match(await http(monitoring.getMeetingInfo('nobody-made-this')), { returncode: 'FAILED', messageKey: 'notFound' })
    t.match(await http(administration.end('nobody-made-this', 'mp')), { returncode: 'FAILED', messageKey: 'notFound' })
    t.match(await http(administration.join('x', 'nobody-made-this', 'ap')), { returncode: 'FAILED', messageKey: 'invalidMeetingIdentifier' })
    t.match(await http(monitoring.isMeetingRunning('nobody-made-this')), { returncode: 'SUCCESS', running: false })
    t.match(await http(administration.create('x', 'a,b', passwords)), { returncode: 'FAILED', messageKey: 'validationError' })
    t.match(await http(administration.create('Two', 'room-2', { attendeePW: 'other', moderatorPW: 'other2' })), { returncode: 'FAILED', messageKey: 'idNotUnique' })
    t.match(await http(monitoring.getMeetingInfo('stranger')), { messageKey: 'notFound' }, 'the stranger made nothing')
  })
})
