import t from 'tap'
import { call, childNames, fetchReply, startNode } from './caller.js'

const RECORDING = [
  'recordID', 'meetingID', 'internalMeetingID', 'name', 'isBreakout', 'published', 'state', 'startTime', 'endTime',
  'participants', 'metadata', 'playback',
]

t.test('a recorded meeting with people becomes a recording a while after its end', async (t) => {
  const { node, clock } = await startNode(t)
  const created = await call(node, 'create', { meetingID: 'room-1', name: 'Room one', record: 'true', meta_tenant: 'blue' })
  await call(node, 'create', { meetingID: 'room-2', name: 'Nobody came', record: 'true' })
  node.meetings.addUsers('room-1', 3)
  await clock.advance(3_600_000)
  await call(node, 'end', { meetingID: 'room-1' })
  await clock.advance(200)
  t.equal((await call(node, 'getRecordings')).field('messageKey'), 'noRecordings', 'not processed yet')
  t.equal((await call(node, 'getRecordings', { state: 'any' })).field('state'), 'processing')
  await clock.advance(5_000)
  const reply = await call(node, 'getRecordings', { meetingID: 'room-1,room-2' })
  t.strictSame(childNames(reply.text, 'recording'), RECORDING)
  t.strictSame(childNames(reply.text, 'metadata'), ['isBreakout', 'meetingName', 'meetingId', 'tenant'])
  t.strictSame(childNames(reply.text, 'format'), ['type', 'url', 'processingTime', 'length', 'size', 'preview'])
  t.match(reply.text, /\n {6}<recordID>/, 'printed on many lines')
  t.equal(reply.field('recordID'), created.field('internalMeetingID'))
  t.equal(reply.field('participants'), '3')
  t.equal(reply.field('length'), '60')
  t.match((await fetchReply(reply.field('url') ?? '')).text, 'Room one', 'the playback page')
})

t.test('filters and pages', async (t) => {
  const { node } = await startNode(t)
  node.recordings.addMany(250, (number) => ({
    meetingID: `room-${number % 2}`,
    recordID: `${number % 2 === 0 ? 'even' : 'odd'}-${number}`,
    metadata: { tenant: number < 100 ? 'blue' : 'green' },
    state: number % 10 === 9 ? 'unpublished' : 'published',
  }))
  const count = async (parameters: Record<string, string>) =>
    (await call(node, 'getRecordings', parameters)).text.split('<recording>').length - 1
  for (const [parameters, expected] of [
    [{}, 250],
    [{ meetingID: 'room-1' }, 125],
    [{ meetingID: 'room-0, room-1' }, 250],
    [{ recordID: 'even-1' }, 55],
    [{ recordID: 'even-100,odd-101', meetingID: 'room-9' }, 2],
    [{ state: 'unpublished' }, 25],
    [{ state: 'deleted' }, 0],
    [{ meta_tenant: 'blue' }, 100],
    [{ meta_tenant: 'gr%' }, 150],
    [{ meta_tenant: '%ee%' }, 150],
    [{ meta_tenant: '%lue' }, 100],
    [{ limit: '1000' }, 100],
    [{ offset: '245', limit: '10' }, 5],
  ] as const) {
    t.equal(await count(parameters), expected, JSON.stringify(parameters))
  }
  const page = await call(node, 'getRecordings', { offset: '0', limit: '10' })
  t.equal(page.field('totalElements'), '250')
  t.strictSame(childNames(page.text, 'response'), ['returncode', 'recordings', 'totalElements'])
  t.equal((await call(node, 'getRecordings', {})).field('totalElements'), undefined, 'only for pages')
})

t.test('pages by release', async (t) => {
  for (const [version, entries, total] of [['2.5', 3, undefined], ['2.6', 2, undefined], ['2.7', 2, '3']] as const) {
    const { node } = await startNode(t, { version })
    node.recordings.addMany(3, (number) => ({ meetingID: 'room-1', recordID: `r-${number}` }))
    const reply = await call(node, 'getRecordings', { limit: '2' })
    t.equal(reply.text.split('<recording>').length - 1, entries, version)
    t.equal(reply.field('totalElements'), total, version)
  }
})

t.test('publish, update and delete', async (t) => {
  const { node } = await startNode(t)
  node.recordings.addMany(2, (number) => ({ meetingID: 'room-1', recordID: `r-${number}`, metadata: { old: 'x' } }))
  t.equal((await call(node, 'publishRecordings', { recordID: 'r-0,none', publish: 'false' })).field('published'), 'false')
  t.equal((await call(node, 'getRecordings', { state: 'unpublished' })).field('recordID'), 'r-0')
  t.equal((await call(node, 'updateRecordings', { recordID: 'r-0', meta_Name: 'new', meta_old: '' })).field('updated'), 'true')
  t.strictSame([...node.recordings.list()[0]?.metadata ?? []], [['name', 'new']])
  t.equal((await call(node, 'deleteRecordings', { recordID: 'r-1' })).field('deleted'), 'true')
  t.equal((await call(node, 'getRecordings', { recordID: 'r-1' })).field('messageKey'), 'noRecordings')
  t.equal((await call(node, 'publishRecordings', { publish: 'true' })).field('messageKey'), 'missingParamRecordID')
  t.equal((await call(node, 'publishRecordings', { recordID: 'r-0' })).field('messageKey'), 'missingParamPublish')
  t.equal((await call(node, 'deleteRecordings', { recordID: 'none' })).field('messageKey'), 'notFound')
})

t.test('text tracks go up as a form and come back as JSON', async (t) => {
  const { node } = await startNode(t)
  node.recordings.add({ meetingID: 'room-1', recordID: 'r-0' })
  const asked = async () => JSON.parse((await call(node, 'getRecordingTextTracks', { recordID: 'r-0' })).text).response
  t.match(await asked(), { returncode: 'FAILED', messageKey: 'noCaptionsFound' })
  const put = async (parameters: Record<string, string>, file: string) => JSON.parse((await call(node, 'putRecordingTextTrack', parameters, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=XX' },
    body: `--XX\r\nContent-Disposition: form-data; name="file"; filename="a.vtt"\r\nContent-Type: text/vtt\r\n\r\n${file}\r\n--XX--\r\n`,
  })).text).response
  const track = { recordID: 'r-0', kind: 'subtitles', lang: 'en-US', label: 'English' }
  t.match(await put({ ...track, kind: 'songs' }, 'x'), { messageKey: 'invalidKind' })
  t.match(await put({ ...track, lang: '??' }, 'x'), { messageKey: 'invalidLang' })
  t.match(await put({ ...track, recordID: 'none' }, 'x'), { messageKey: 'noRecordings' })
  t.match(await put(track, ''), { messageKey: 'empty_uploaded_text_track' })
  t.match(await put(track, 'WEBVTT'), { returncode: 'SUCCESS', messageKey: 'upload_text_track_success', recordId: 'r-0' })
  const { tracks } = await asked()
  t.match(tracks, [{ kind: 'subtitles', label: 'English', lang: 'en-US', source: 'upload' }])
  t.equal((await fetchReply(tracks[0].href)).text, 'WEBVTT')
  t.equal((await fetchReply(tracks[0].href)).status, 404, 'a link works once')
})
