import fc from 'fast-check'
import t from 'tap'
import { readEnvelope, readField } from '../../src/bbb/envelope.js'
import { readItems } from '../../src/bbb/list-walk.js'
import { readMeetings } from '../../src/bbb/meetings-reader.js'

// BBB writes the names of a user's own data (userdata-NAME) as element names, escaped like text, so that a name holds anything but
// < > & " ' and the hyphen, at which it would be split. No choice of them may forge, hide or end a meeting, or cost the node.

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const timeMs = Number(process.env['FUZZ_MS'] ?? 3_000)

const WORDS = ['meeting', 'meetings', 'meetingID', 'internalMeetingID', 'attendees', 'attendee', 'customdata', 'participantCount', 'isBreakout', 'parentMeetingID',
  'response', '![CDATA[', ']]', '!', '!--', '--', '?', '/', '//', ' ', '=', 'x', 'x=', '&quot;', '&lt;', '&gt;', '\u0001', '\n', ':', '1', 'é']
const NAME = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 3, arbitrary: fc.array(fc.constantFrom(...WORDS), { maxLength: 3 }).map((words) => words.join('')) },
  { weight: 3, arbitrary: fc.constantFrom('/customdata', '/attendee', '/attendees', '/meeting', '/meetings', '/response', 'meeting ', 'meeting/', '/meeting ', 'attendees ', 'attendees x') },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }).map((text) => text.replace(/[<>&"']/g, '')) }
).map((name) => name.replaceAll('-', ''))
const VALUE = fc.constantFrom('', '', 'v', ' ', ']]&gt;', '&lt;/meeting&gt;', '<![CDATA[v]]>', '<![CDATA[&lt;/meeting&gt;]]>', '<![CDATA[]]>')
const USER = fc.tuple(fc.uniqueArray(NAME, { maxLength: 8 }), VALUE, fc.constantFrom('', '\n')).map(([names, value, blank]) =>
  `<attendee><userID>u</userID><fullName>n</fullName><customdata>${blank}${names.map((name) => `<${name}>${value}</${name}>${blank}`).join('')}</customdata></attendee>`)
const USERS = fc.array(USER, { maxLength: 4 }).map((users) => `<attendees>${users.join('')}</attendees>`)

function meeting (id: string, attendees: string): string {
  return `<meeting><meetingName>n</meetingName><meetingID>${id}</meetingID><internalMeetingID>i${id}</internalMeetingID><createTime>1767225600123</createTime>` +
    `<participantCount>2</participantCount>${attendees}<metadata><a>b</a></metadata><isBreakout>true</isBreakout><parentMeetingID>p</parentMeetingID></meeting>`
}

t.test('no names of userdata forge, hide or end a meeting', async (t) => {
  t.comment(`FUZZ_SEED=${seed}`)
  const result = fc.check(fc.property(fc.tuple(USERS, USERS, USERS), fc.constantFrom('', '\n'), (users, blank) => {
    const meetings = users.map((attendees, index) => meeting(`r${index}`, attendees))
    const text = `<response><returncode>SUCCESS</returncode><meetings>${blank}${meetings.join(blank)}${blank}</meetings></response>`
    const body = Buffer.from(text)
    const read = readMeetings(body).meetings
    const seen = read.map(({ meetingID, internalMeetingID, isBreakout, parentMeetingID, counts, start, end }) =>
      [meetingID, internalMeetingID, isBreakout, parentMeetingID, counts?.participants ?? 2, body.toString('utf8', start, end)])
    const expected = meetings.map((markup, index) => [`r${index}`, `ir${index}`, true, 'p', 2, markup])
    if (JSON.stringify(seen) !== JSON.stringify(expected)) throw new Error(`${JSON.stringify(seen)} in ${text}`)
    if (readItems(body, 'meetings', 'meeting').length !== meetings.length) throw new Error(`items of ${text}`)
  }), { seed, numRuns: 1_000_000, interruptAfterTimeLimit: timeMs, markInterruptAsFailure: false, endOnFailure: true })
  t.comment(`${result.numRuns} answers`)
  if (result.failed) t.fail(String(result.errorInstance))
  else t.pass('none did')
})

t.test('nor the head of a getMeetingInfo answer', async (t) => {
  const result = fc.check(fc.property(USERS, (attendees) => {
    const body = Buffer.from(`<response><returncode>SUCCESS</returncode><meetingID>r</meetingID>${attendees}<metadata/><isBreakout>false</isBreakout></response>`)
    if (readEnvelope(body)?.returncode !== 'SUCCESS' || readField(body, 'meetingID') !== 'r') throw new Error(body.toString())
  }), { seed, numRuns: 1_000_000, interruptAfterTimeLimit: timeMs / 3, markInterruptAsFailure: false, endOnFailure: true })
  if (result.failed) t.fail(String(result.errorInstance))
  else t.pass('none did')
})
