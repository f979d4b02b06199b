import { SaxesParser } from 'saxes'
import { readItems } from '../../src/bbb/list-walk.js'
import { readMeetings } from '../../src/bbb/meetings-reader.js'

// How long the poll reader takes for one big getMeetings answer, next to a real parser that collects the same fields.
// Run: npx tsx test/bench/reader.ts

const MEETINGS = 2_000
const ATTENDEES = 20
const RUNS = 40
const WANTED = new Set(['meetingID', 'internalMeetingID', 'meetingName', 'createTime', 'voiceBridge', 'participantCount', 'moderatorCount',
  'voiceParticipantCount', 'videoCount', 'isBreakout', 'parentMeetingID', 'maxUsers'])

function attendee (index: number): string {
  return `<attendee><userID>w_abc${index}</userID><fullName>User ${index} &amp; Co</fullName><role>VIEWER</role><isPresenter>false</isPresenter>` +
    '<isListeningOnly>false</isListeningOnly><hasJoinedVoice>false</hasJoinedVoice><hasVideo>false</hasVideo></attendee>'
}

function meeting (index: number, people: string): string {
  return `<meeting><meetingName>Room ${index}</meetingName><meetingID>room-${index}</meetingID>` +
    `<internalMeetingID>0e9770ee13188deca3cd34f598eb93650a2f97c3-${1767225600123 + index}</internalMeetingID><createTime>${1767225600123 + index}</createTime>` +
    '<createDate>Thu Jan 01 00:00:00 UTC 2026</createDate><voiceBridge>48213</voiceBridge><dialNumber>613-555-1234</dialNumber>' +
    '<attendeePW>att-9x</attendeePW><moderatorPW>mod-9x</moderatorPW><running>true</running><duration>0</duration><hasUserJoined>true</hasUserJoined>' +
    '<recording>false</recording><hasBeenForciblyEnded>false</hasBeenForciblyEnded><startTime>1767225600131</startTime><endTime>0</endTime>' +
    `<participantCount>${ATTENDEES}</participantCount><listenerCount>0</listenerCount><voiceParticipantCount>1</voiceParticipantCount>` +
    '<videoCount>0</videoCount><maxUsers>0</maxUsers><moderatorCount>1</moderatorCount>' +
    `<attendees>${people}</attendees><metadata><tenant>blue</tenant><endcallbackurl>https://x.example.org/e</endcallbackurl></metadata>` +
    '<isBreakout>false</isBreakout></meeting>'
}

function parserFields (body: Buffer): number {
  const meetings: Array<Map<string, string>> = []
  const parser = new SaxesParser()
  let depth = 0
  let text = ''
  parser.on('opentag', ({ name }) => {
    depth++
    text = ''
    if (depth === 3 && name === 'meeting') meetings.push(new Map())
  })
  parser.on('text', (piece) => { if (depth === 4) text += piece })
  parser.on('closetag', ({ name }) => {
    if (depth === 4 && WANTED.has(name)) meetings.at(-1)?.set(name, text)
    depth--
  })
  parser.write(body.toString('utf8')).close()
  return meetings.length
}

function measure (what: string, runs: number, run: () => number): void {
  const wallMs: number[] = []
  const cpuMs: number[] = []
  for (let index = 0; index < runs; index++) {
    const before = process.cpuUsage()
    const startMs = performance.now()
    if (run() !== MEETINGS) throw new Error('wrong number of meetings')
    wallMs.push(performance.now() - startMs)
    const { user, system } = process.cpuUsage(before)
    cpuMs.push((user + system) / 1000)
  }
  const [wall, cpu] = [wallMs, cpuMs].map((values) => values.sort((a, b) => a - b))
  const at = (values: number[] | undefined, share: number) => (values?.[Math.floor(share * runs)] ?? NaN).toFixed(1).padStart(8)
  console.log(`${what.padEnd(28)}${at(wall, 0)} ms fastest ${at(wall, 0.5)} ms median ${at(cpu, 0.5)} ms CPU`)
}

const people = Array.from({ length: ATTENDEES }, (_, index) => attendee(index)).join('')
const list = Array.from({ length: MEETINGS }, (_, index) => meeting(index, people)).join('')
const body = Buffer.from(`<response><returncode>SUCCESS</returncode><meetings>${list}</meetings></response>`)
const withCdata = Buffer.from(body.toString('utf8').replace(/(<fullName>)(.*?)(<\/fullName>)/g, '$1<![CDATA[$2]]>$3'))

console.log(`${(body.length / 1e6).toFixed(1)} MB, ${MEETINGS} meetings with ${ATTENDEES} attendees each`)
measure('walk, fields of all meetings', RUNS, () => readMeetings(body).meetings.length)
measure('walk, cut into items', RUNS, () => readItems(body, 'meetings', 'meeting').length)
measure('walk, every name in CDATA', RUNS, () => readMeetings(withCdata).meetings.length)
measure('parser, the same fields', 5, () => parserFields(body))
