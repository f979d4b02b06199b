import t from 'tap'
import { readItems } from '../../src/bbb/list-walk.js'
import { readMeetings } from '../../src/bbb/meetings-reader.js'
import { UnreadableAnswer } from '../../src/bbb/unreadable-answer.js'

const FIELDS = {
  meetingName: 'Room one',
  meetingID: 'room-1',
  internalMeetingID: 'ab12-1767225600123',
  createTime: '1767225600123',
  voiceBridge: '48213',
  hasUserJoined: 'true',
  hasBeenForciblyEnded: 'false',
  participantCount: '3',
  listenerCount: '1',
  voiceParticipantCount: '2',
  videoCount: '1',
  maxUsers: '20',
  moderatorCount: '1',
}

const ATTENDEE = '<userID>u-7</userID><fullName>Ada</fullName><role>MODERATOR</role>'
const OTHER = '<meeting><meetingID>other</meetingID><internalMeetingID>cd-2</internalMeetingID><participantCount>5</participantCount></meeting>'

interface Parts { fields?: Record<string, string>, attendees?: string, metadata?: string, tail?: string }

/** A meeting as BBB's template writes it; `parts` replace what is in it, as markup. */
function meeting ({ fields = {}, attendees = '', metadata = '', tail = '<isBreakout>false</isBreakout>' }: Parts = {}): string {
  const head = Object.entries({ ...FIELDS, ...fields }).map(([name, value]) => `<${name}>${value}</${name}>`).join('')
  return `<meeting>${head}<attendees>${attendees}</attendees><metadata>${metadata}</metadata>${tail}</meeting>`
}

/** A user whose own data have these names, each with the value `v`, written as BBB writes it. */
function userdata (names: string[], value = 'v'): string {
  return `<attendee>${ATTENDEE}<customdata>${names.map((name) => `<${name}>${value}</${name}>`).join('')}</customdata></attendee>`
}

function answer (...meetings: string[]): string {
  return `<response><returncode>SUCCESS</returncode><meetings>${meetings.join('')}</meetings></response>`
}

function read (text: string | Buffer) {
  return readMeetings(Buffer.from(text))
}

function ids (text: string): string[] {
  return read(text).meetings.map((listed) => listed.meetingID)
}

function errorOf (run: () => unknown): UnreadableAnswer | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof UnreadableAnswer) return error
    throw error
  }
}

function reasonOf (run: () => unknown): string {
  return errorOf(run)?.reason ?? 'read'
}

t.test('a meeting as BBB writes it', async (t) => {
  const text = answer(meeting({ attendees: userdata(['color']) }), meeting({
    fields: { meetingName: 'A &amp; B', meetingID: 'b' },
    tail: '<isBreakout>true</isBreakout><parentMeetingID>ab12-1767225600123</parentMeetingID><sequence>1</sequence>',
  }))
  const { meetings, malformed } = read(text)
  t.equal(malformed, 0)
  t.equal(meetings.length, 2)
  t.match(meetings[0], {
    meetingID: 'room-1',
    internalMeetingID: 'ab12-1767225600123',
    name: 'Room one',
    createdAtMs: 1767225600123,
    voiceBridge: '48213',
    counts: { participants: 3, moderators: 1, voices: 2, videos: 1 },
    isBreakout: false,
    parentMeetingID: '',
    maxParticipants: 20,
  })
  t.match(meetings[1], { name: 'A & B', isBreakout: true, parentMeetingID: 'ab12-1767225600123' })
  for (const { start, end } of meetings) {
    t.ok(text.slice(start, end).startsWith('<meeting>'))
    t.ok(text.slice(start, end).endsWith('</meeting>'))
    t.notOk(text.slice(start + 1, end - 1).includes('</meeting>'))
  }
})

t.test('envelopes', async (t) => {
  const S = '<returncode>SUCCESS</returncode>'
  const M = meeting()
  const NO_MEETINGS = '<messageKey>noMeetings</messageKey><message>no meetings were found on this server</message>'
  const table: Array<[what: string, text: string, expected: string | number]> = [
    ['empty list', `<response>${S}<meetings></meetings>${NO_MEETINGS}</response>`, 0],
    ['empty list, short form', `<response>${S}<meetings/>${NO_MEETINGS}</response>`, 0],
    ['empty list, spaced short form', `<response>${S}<meetings /></response>`, 0],
    ['no list, and the key says so', `<response>${S}${NO_MEETINGS}</response>`, 0],
    ['no list', `<response>${S}</response>`, 'malformed'],
    ['no list, another key', `<response>${S}<messageKey>noRecordings</messageKey></response>`, 'malformed'],
    ['declaration', `<?xml version="1.0" encoding="UTF-8"?>\n<response>${S}<meetings>${M}</meetings></response>`, 1],
    ['byte order mark', `\ufeff<response>${S}<meetings>${M}</meetings></response>`, 1],
    ['blanks and comments', `\n <!-- a --> <response> ${S}\n<!-- b --><meetings>\n<!-- </meetings> -->${M}\n</meetings>\n</response>\n<!-- c -->\n`, 1],
    ['attributes', `<response a="1">${S}<meetings b='2'><meeting c="3" >${M.slice(9)}</meetings ></response >`, 1],
    ['key before the list', `<response>${S}<messageKey>x</messageKey><meetings>${M}</meetings></response>`, 1],
    ['unknown elements', `<response>${S}<a><b/>c</a><meetings>${M}</meetings><pagination><size>1</size></pagination></response>`, 1],
    ['returncode last', `<response><meetings>${M}</meetings>${S}</response>`, 1],
    ['empty', '', 'not-xml'],
    ['blank', ' \n', 'not-xml'],
    ['HTML', '<html><body><response></response></body></html>', 'not-xml'],
    ['HTML 5', '<!DOCTYPE html><html></html>', 'not-xml'],
    ['JSON', '{"response":{"returncode":"SUCCESS"}}', 'not-xml'],
    ['text before', `x<response>${S}<meetings/></response>`, 'not-xml'],
    ['another root', `<responses>${S}<meetings/></responses>`, 'not-xml'],
    ['text after', `<response>${S}<meetings/></response>x`, 'cut-off'],
    ['two roots', `<response>${S}<meetings/></response><response>${S}<meetings/></response>`, 'malformed'],
    ['two lists', `<response>${S}<meetings/><meetings/></response>`, 'malformed'],
    ['no returncode', '<response><meetings/></response>', 'malformed'],
    ['unknown returncode', '<response><returncode>OK</returncode><meetings/></response>', 'malformed'],
    ['text in the list', `<response>${S}<meetings>x${M}</meetings></response>`, 'malformed'],
    ['another element in the list', `<response>${S}<meetings>${M}<meetin></meetin></meetings></response>`, 'malformed'],
    ['text in the response', `<response>${S}<meetings/>x</response>`, 'malformed'],
    ['meeting not closed', `<response>${S}<meetings><meeting><meetingID>a</meetingID></meetings></response>`, 'malformed'],
    ['meeting not closed before another', `<response>${S}<meetings>${M.slice(0, -10)}${M}</meetings></response>`, 'malformed'],
    ['list not closed', `<response>${S}<meetings>${M}</response>`, 'malformed'],
    ['unbalanced tail', `<response>${S}<meetings/><a><b></a></response>`, 'malformed'],
    ['FAILED', '<response><returncode>FAILED</returncode><messageKey>checksumError</messageKey><message>m</message></response>', 'failed'],
    ['FAILED with a list', `<response><returncode>FAILED</returncode><meetings>${M}</meetings></response>`, 'failed'],
  ]
  for (const [what, text, expected] of table) {
    if (typeof expected === 'number') t.equal(read(text).meetings.length, expected, what)
    else t.equal(reasonOf(() => read(text)), expected, what)
  }
  t.match(errorOf(() => read('<response><returncode>FAILED</returncode><messageKey>apiNotEnabled</messageKey></response>')), { messageKey: 'apiNotEnabled' })
  t.match(errorOf(() => read('<response><returncode>FAILED</returncode><errors><error key="k" message="m"/></errors></response>')), { messageKey: 'k' })
  t.notOk('messageKey' in (errorOf(() => read('<response><returncode>FAILED</returncode></response>')) ?? {}))
})

t.test('an answer cut off anywhere is a failure', async (t) => {
  const rich = meeting({ fields: { meetingName: '<![CDATA[</response>]]>' }, attendees: userdata(['1x', 'a b']), metadata: '<a><![CDATA[b]]></a>' })
  const whole = Buffer.from(`<?xml version="1.0"?>\n<!-- c --><response>\n<returncode>SUCCESS</returncode><meetings>${rich}\n${OTHER}</meetings>\n<totalElements>2</totalElements></response>  \n`)
  const needed = whole.lastIndexOf('>') + 1
  const insideCdata = whole.indexOf('</response>') + '</response>'.length
  for (let length = 0; length < whole.length; length++) {
    const reason = reasonOf(() => readMeetings(whole.subarray(0, length)))
    const expected = length >= needed ? ['read'] : length <= 32 ? ['not-xml', 'cut-off'] : length === insideCdata ? ['malformed'] : ['cut-off']
    if (!expected.includes(reason)) t.fail(`cut at ${length}: ${reason}`)
  }
})

t.test('faults that cost nothing', async (t) => {
  const table: Array<[string, Parts]> = [
    ['names of userdata that XML does not take', { attendees: userdata(['bbb custom', 'a&amp;b', 'a&b', '1x', '', '=', 'é', 'a/', '!x', '?x', ']]', 'a=&quot;']) }],
    ['the same as CDATA', { attendees: userdata(['bbb custom', '1x'], '<![CDATA[</attendees></meeting>]]>') }],
    ['short form of it', { attendees: '<attendee><customdata><1x/></customdata></attendee>' }],
    ['odd metadata names', { metadata: '<1x>a</1x><a b>c</a b>' }],
    ['unknown elements', { tail: '<new a="b"><deep><deep/></deep></new><isBreakout>false</isBreakout><x/>' }],
    ['an unknown element that XML does not take', { tail: '<1x>y</1x>' }],
    ['control characters', { fields: { meetingName: 'a\u0001\u0000b' }, attendees: userdata(['\u0001'], '\u0000') }],
    ['a start of CDATA called userdata', { attendees: userdata(['![CDATA[']) + userdata([']]']) }],
    ['a start of CDATA called userdata, with more', { attendees: userdata(['x', '![CDATA[x']) }],
    ['a start of CDATA called userdata, CDATA in it', { attendees: userdata(['![CDATA[x'], '<![CDATA[v]]>') }],
    ['no attendees', { attendees: '' }],
    ['fields that nobody needs', { fields: { listenerCount: 'many', hasUserJoined: 'maybe', hasBeenForciblyEnded: '' } }],
    ['CDATA in attendees', { attendees: '<attendee><fullName><![CDATA[</attendees></meeting></meetings><meeting><meetingID>evil</meetingID>]]></fullName></attendee>' }],
    ['comments in attendees', { attendees: '<!-- </attendees></meeting> -->' }],
    ['userdata called attendees', { attendees: userdata(['attendees']) }],
    ['userdata called meeting', { attendees: userdata(['meeting', 'meeting ', 'meetingID', '/meetings']) }],
    ['userdata that ends the attendees', { attendees: userdata(['/customdata', '/attendee', '/attendees', 'participantCount', 'isBreakout']) }],
    ['metadata called like fields', { metadata: '<meetingID>evil</meetingID><meetingid>evil</meetingid><participantcount>9</participantcount><participantCount>9</participantCount><isBreakout>true</isBreakout>' }],
    ['metadata called like containers', { metadata: '<metadata>a</metadata><attendees>b</attendees><meeting>c</meeting><meetings>d</meetings><response>e</response>' }],
    ['metadata called attendees, as CDATA', { metadata: '<attendees><![CDATA[b]]></attendees>' }],
    ['breakout rooms', { tail: '<isBreakout>false</isBreakout><breakoutRooms><breakout>meetingID</breakout><meetingID>evil</meetingID></breakoutRooms>' }],
    ['comments between', { tail: '<!-- <meetingID>evil</meetingID> --><isBreakout>false</isBreakout>' }],
  ]
  for (const [what, parts] of table) {
    const { meetings, malformed } = read(answer(OTHER, meeting(parts), OTHER))
    t.strictSame(meetings.map((listed) => listed.meetingID), ['other', 'room-1', 'other'], what)
    t.equal(malformed, 0, what)
    t.match(meetings[1], { internalMeetingID: 'ab12-1767225600123', isBreakout: false, counts: { participants: 3 } }, what)
  }
})

t.test('faults that cost the counts of one meeting', async (t) => {
  const table: Array<[string, Parts]> = [
    ['no number', { fields: { participantCount: 'many' } }],
    ['an empty number', { fields: { participantCount: '' } }],
    ['a negative number', { fields: { moderatorCount: '-1' } }],
    ['a broken number', { fields: { videoCount: '1.5' } }],
    ['an absurd number', { fields: { videoCount: '99999999999999999999' } }],
    ['elements in a number', { fields: { participantCount: '<b>3</b>' } }],
    ['a name that was not escaped', { fields: { meetingName: 'a < b <c' } }],
    ['userdata that ends the meeting early', { attendees: userdata(['/customdata', '/attendee', '/attendees', '/meeting', '/meetings']) }],
    ['the same without values', { attendees: userdata(['/customdata', '/attendee', '/attendees', '/meeting', '/meetings'], '') }],
    ['userdata that ends it and begins another', { attendees: userdata(['/attendees', '/meeting', 'meeting', 'meeting ', 'meetingID', 'meeting x', '/meetings', '/response']) }],
    ['the same in another order', { attendees: userdata(['meeting', '/attendees', 'meeting ', '/meeting', '/meetings', 'parentMeetingID']) }],
    ['and as CDATA', { attendees: userdata(['meeting', '/attendees', 'meeting ', '/meeting', '/meetings'], '<![CDATA[x]]>') }],
    ['and reaching for the true end', { attendees: userdata(['/meeting', 'attendees ', 'isBreakout', 'attendees'], '<![CDATA[true]]>') }],
    ['attendees that do not balance', { tail: '</attendees><isBreakout>false</isBreakout>' }],
    ['text between the fields', { tail: 'text<isBreakout>false</isBreakout>' }],
    ['CDATA between the fields', { tail: '<![CDATA[</meeting>]]><isBreakout>false</isBreakout>' }],
    ['an element that is not closed', { tail: '<isBreakout>false</isBreakout><x><y></y>' }],
  ]
  for (const [what, parts] of table) {
    const { meetings, malformed } = read(answer(OTHER, meeting(parts), OTHER))
    t.strictSame(meetings.map((listed) => listed.meetingID), ['other', 'room-1', 'other'], what)
    t.equal(malformed, 1, what)
    t.match(meetings[1], { internalMeetingID: 'ab12-1767225600123', isBreakout: false, parentMeetingID: '' }, what)
    t.equal(meetings[1]?.counts, undefined, what)
    t.equal(meetings[2]?.counts?.participants, 5, what)
    t.strictSame(ids(answer(meeting(parts))), ['room-1'], what)
  }
})

t.test('whether a forged meeting is a breakout is read from behind what its users chose', async (t) => {
  const attendees = userdata(['/attendees', 'isBreakout', 'parentMeetingID'], 'true')
  const tail = '<isBreakout>true</isBreakout><parentMeetingID>parent</parentMeetingID>'
  t.match(read(answer(meeting({ attendees: userdata(['/attendees', '/meeting']), tail }))).meetings, [{ isBreakout: true, parentMeetingID: 'parent' }])
  t.match(read(answer(meeting({ attendees: attendees + userdata(['/meeting']) }))).meetings, [{ isBreakout: false, parentMeetingID: '' }])
})

t.test('meetings without ids are left out and counted', async (t) => {
  for (const fields of [{ meetingID: '' }, { internalMeetingID: ' ' }, { meetingID: '<a/>' }]) {
    const { meetings, malformed } = read(answer(meeting({ fields }), OTHER))
    t.strictSame(meetings.map((listed) => listed.meetingID), ['other'])
    t.equal(malformed, 1)
  }
  t.match(read(answer('<meeting/>', '<meeting></meeting>', OTHER)), { malformed: 2, meetings: [{ meetingID: 'other' }] })
})

t.test('what cannot forge or hide a meeting', async (t) => {
  const forged = '</meeting><meeting><meetingID>evil</meetingID><internalMeetingID>e-1</internalMeetingID></meeting>'
  const table: Array<[string, Parts]> = [
    ['CDATA name', { fields: { meetingName: `<![CDATA[${forged}]]>` } }],
    ['CDATA name that looks like userdata', { fields: { meetingName: `<![CDATA[>x</![CDATA[>${forged}]]>` } }],
    ['split CDATA', { fields: { meetingName: `<![CDATA[]]]]><![CDATA[>${forged}]]>` } }],
    ['escaped name', { fields: { meetingName: forged.replaceAll('<', '&lt;') } }],
    ['comment', { fields: { meetingName: `<!-- ${forged} -->x` } }],
    ['CDATA in metadata', { metadata: `<a><![CDATA[${forged}]]></a>` }],
    ['CDATA in attendees', { attendees: `<attendee><fullName><![CDATA[${forged}]]></fullName></attendee>` }],
    ['CDATA in userdata', { attendees: userdata(['x', 'y'], `<![CDATA[${forged}]]>`) }],
    ['CDATA in broken userdata', { attendees: userdata(['/attendees', '/meeting'], `<![CDATA[${forged}]]>`) }],
  ]
  for (const [what, parts] of table) t.strictSame(ids(answer(OTHER, meeting(parts), OTHER)), ['other', 'room-1', 'other'], what)
  t.equal(reasonOf(() => read(answer(`<meeting><x a="${forged}"/>${meeting().slice(9)}`))), 'malformed', 'attribute')
  t.strictSame(ids(answer(meeting({ attendees: userdata(['![CDATA[', '!--']) }), OTHER, meeting({ attendees: userdata([']]', '--']) }))), ['room-1', 'other', 'room-1'])
})

t.test('values', async (t) => {
  const numbers: Array<[string, number | undefined]> = [
    ['0', 0], ['1000', 1000], ['1,000', 1000], ['1.000', 1000], ['1 000', 1000], ['1\u00a0000', 1000], ['1\u202f000', 1000], ['1\u2019234', 1234],
    ['1,234,567', 1234567], [' 7\n', 7], ['<![CDATA[8]]>', 8], ['&#49;2', 12], ['1,00', undefined], ['1e3', undefined], ['0x10', undefined], ['٣', undefined],
  ]
  for (const [text, expected] of numbers) {
    t.equal(read(answer(meeting({ fields: { participantCount: text } }))).meetings[0]?.counts?.participants, expected, text)
  }
  t.match(read(answer(meeting({ fields: { createTime: '1,767,225,600,123', maxUsers: '1,500' } }))).meetings, [{ createdAtMs: 1767225600123, maxParticipants: 1500 }])
  t.match(read(answer(meeting({ fields: { createTime: 'x' } }))).meetings, [{ createdAtMs: 1767225600123 }], 'the internal id holds it too')
  t.match(read(answer(meeting({ fields: { createTime: 'x', internalMeetingID: 'i' } }))).meetings, [{ createdAtMs: 0 }])
  t.match(read(answer(meeting({ fields: { meetingID: '\n  007\n  ', meetingName: ' a ' } }))).meetings, [{ meetingID: '007', name: ' a ' }])
  t.match(read(answer(meeting({ fields: { meetingName: '&lt;b&gt; <![CDATA[&lt;]]>&#x1F600;<!-- no -->&unknown;' } }))).meetings, [{ name: '<b> &lt;😀&unknown;' }])
  t.match(read(answer(meeting({ fields: { meetingID: '__proto__' } }))).meetings, [{ meetingID: '__proto__' }])
  const invalid = Buffer.from(answer(meeting({ fields: { meetingName: 'a@b' } })))
  invalid[invalid.indexOf('@')] = 0xff
  t.match(readMeetings(invalid), { malformed: 0, meetings: [{ name: 'a\ufffdb', meetingID: 'room-1' }] })
  const old = '<meeting><meetingID>a</meetingID><internalMeetingID>b</internalMeetingID><participantCount>2</participantCount></meeting>'
  t.strictSame(read(answer(old)).meetings[0]?.counts, { participants: 2, moderators: 0, voices: 0, videos: 0 })
})

t.test('how many people the metadata announce', async (t) => {
  const own = (value: string) => `<ensemble-expected-participants>${value}</ensemble-expected-participants>`
  const hint = (value: string) => `<bbb-meeting-size-hint>${value}</bbb-meeting-size-hint>`
  const others = '<bbb-origin>Moodle</bbb-origin><endcallbackurl>https://lms.example.org/end?a=1&amp;b=2</endcallbackurl><gl-listed/><bbb-context></bbb-context>'
  const table: Array<[string, Parts, number]> = [
    ['nothing', { metadata: others }, 0],
    ['no metadata', { metadata: '' }, 0],
    ['the name of this gateway', { metadata: own('40') }, 40],
    ['the hint of front ends', { metadata: hint('25') }, 25],
    ['among others', { metadata: others + own('40') + others }, 40],
    ['the hint among others', { metadata: others + hint('25') + others }, 25],
    ['both', { metadata: hint('25') + others + own('40') }, 40],
    ['both, the other way round', { metadata: own('40') + hint('25') }, 40],
    ['this gateway\'s name with what is no number, and the hint', { metadata: own('many') + hint('25') }, 0],
    ['the smallest', { metadata: own('1') }, 1],
    ['the largest', { metadata: own('100000') }, 100_000],
    ['too many', { metadata: own('100001') }, 0],
    ['absurdly many', { metadata: own('9'.repeat(400)) }, 0],
    ['nobody', { metadata: own('0') }, 0],
    ['fewer than nobody', { metadata: own('-5') }, 0],
    ['a part of somebody', { metadata: own('1.5') }, 0],
    ['a grouped number', { metadata: own('1,000') }, 0],
    ['another notation', { metadata: own('1e3') }, 0],
    ['other digits', { metadata: own('٣') }, 0],
    ['two numbers', { metadata: own('4 0') }, 0],
    ['an empty element', { metadata: own('') }, 0],
    ['the short form of it', { metadata: '<ensemble-expected-participants/>' }, 0],
    ['an empty hint', { metadata: '<bbb-meeting-size-hint/>40' }, 0],
    ['leading zeros', { metadata: own('0040') }, 40],
    ['white space around it', { metadata: `\n  ${own('\n 40\t')}\n` }, 40],
    ['as CDATA', { metadata: '<bbb-origin><![CDATA[Moodle]]></bbb-origin>' + own('<![CDATA[40]]>') }, 40],
    ['as references', { metadata: own('&#52;&#x30;') }, 40],
    ['a comment in it', { metadata: own('4<!-- 7 -->0') }, 40],
    ['elements in it', { metadata: own('<b>40</b>') }, 0],
    ['with an attribute', { metadata: '<ensemble-expected-participants type="number" >40</ensemble-expected-participants >' }, 40],
    ['twice: the first counts', { metadata: own('40') + own('50') }, 40],
    ['a hint twice', { metadata: hint('25') + hint('26') }, 25],
    ['behind names that XML does not take', { metadata: `<1x>a</1x><a b>c</a b>${own('40')}` }, 40],
    ['behind keys named like containers', { metadata: `<attendees><![CDATA[b]]></attendees><metadata>a</metadata><meeting>c</meeting>${own('40')}` }, 40],
    ['a longer name', { metadata: '<x-ensemble-expected-participants>40</x-ensemble-expected-participants><bbb-meeting-size-hint-2>3</bbb-meeting-size-hint-2>' }, 0],
    ['in other letters', { metadata: '<Ensemble-Expected-Participants>40</Ensemble-Expected-Participants>' }, 0],
    ['in a CDATA value', { metadata: `<a><![CDATA[</a>${own('40')}<a>]]></a>` }, 0],
    ['in an escaped value', { metadata: `<a>${own('40').replaceAll('<', '&lt;')}</a>` }, 0],
    ['in a comment', { metadata: `<!-- ${own('40')} -->` }, 0],
    ['in another element', { metadata: `<a>${own('40')}</a>` }, 0],
    ['behind an element in another', { metadata: `<a><b/></a>${own('40')}` }, 0],
    ['before an element in another', { metadata: `${hint('25')}<a><b/></a>` }, 0],
    ['before what does not balance', { metadata: `${hint('25')}<1x>a</2x>` }, 0],
    ['in what does not balance', { metadata: `</x>${own('40')}` }, 0],
    ['beside the metadata', { metadata: others, tail: `<isBreakout>false</isBreakout>${own('40')}${hint('25')}` }, 0],
    ['in a second list of metadata', { metadata: others, tail: `<isBreakout>false</isBreakout><metadata>${own('40')}</metadata>` }, 0],
    ['in breakout rooms', { tail: `<isBreakout>false</isBreakout><breakoutRooms><breakout>a</breakout>${own('40')}</breakoutRooms>` }, 0],
    ['in the name', { fields: { meetingName: `<![CDATA[<metadata>${own('40')}</metadata>]]>` } }, 0],
    ['as a user\'s own data', { attendees: userdata(['ensemble-expected-participants', 'bbb-meeting-size-hint', 'metadata'], '40') }, 0],
    ['the same beside the announced size', { attendees: userdata(['ensemble-expected-participants', 'metadata'], '50'), metadata: own('40') }, 40],
    ['as data of a user who ends the attendees', { attendees: userdata(['/customdata', '/attendee', '/attendees', 'metadata', 'ensemble-expected-participants'], '50'), metadata: own('40') }, 40],
    ['and the meeting as well', { attendees: userdata(['/attendees', '/meeting', 'metadata', 'ensemble-expected-participants'], '50'), metadata: own('40') }, 0],
  ]
  for (const [what, parts, expected] of table) {
    const { meetings } = read(answer(OTHER, meeting(parts), meeting({ metadata: own('7') })))
    t.strictSame(meetings.map((listed) => listed.expectedParticipants), [0, expected, 7], what)
  }
  // The search for the names leaps over bytes; wherever they stand it must not leap over both tags.
  const missed: string[] = []
  for (let before = 0; before < 25; before++) {
    for (let zeros = 0; zeros < 25; zeros++) {
      const [first, second] = [hint, own].map((write) => `<x>${'_'.repeat(before)}</x>${write('0'.repeat(zeros) + '9')}`)
      const { meetings } = read(answer(meeting({ metadata: first ?? '' }), meeting({ metadata: second ?? '' })))
      if (meetings.some((listed) => listed.expectedParticipants !== 9)) missed.push(`${before} before, ${zeros} zeros`)
    }
  }
  t.strictSame(missed, [])
})

t.test('items of other lists', async (t) => {
  const sessions = '<response><returncode>SUCCESS</returncode><sessions><meeting><meetingID>a</meetingID></meeting>\n<meeting><meetingID>b</meetingID></meeting></sessions></response>'
  t.strictSame(readItems(Buffer.from(sessions), 'sessions', 'meeting').map(({ start, end }) => sessions.slice(start, end)),
    ['<meeting><meetingID>a</meetingID></meeting>', '<meeting><meetingID>b</meetingID></meeting>'])
  const empty = '<response><returncode>SUCCESS</returncode><sessions/><messageKey>noSessions</messageKey><message>no sessions were found on this serverr</message></response>'
  t.strictSame(readItems(Buffer.from(empty), 'sessions', 'meeting'), [])
  const recording = '<recording><recordID>r</recordID><metadata><recording>x</recording></metadata><playback><format><url>u</url><preview><images><image alt="a &lt; b" width=\'1\'>i</image></images></preview></format></playback></recording>'
  const recordings = `<response><returncode>SUCCESS</returncode><recordings>${recording}${recording}</recordings><totalElements>2</totalElements></response>`
  t.strictSame(readItems(Buffer.from(recordings), 'recordings', 'recording').map(({ start, end }) => recordings.slice(start, end)), [recording, recording])
  const none = '<response><returncode>SUCCESS</returncode><messageKey>noRecordings</messageKey><message>No recordings found. This may occur if you attempt to retrieve all recordings.</message></response>'
  t.strictSame(readItems(Buffer.from(none), 'recordings', 'recording'), [])
  t.equal(reasonOf(() => readItems(Buffer.from(none), 'sessions', 'meeting')), 'malformed')
  t.equal(reasonOf(() => readItems(Buffer.from(recordings.slice(0, -1)), 'recordings', 'recording')), 'cut-off')
  t.equal(readItems(Buffer.from(answer(meeting({ attendees: userdata(['/attendees', '/meeting']) }), OTHER)), 'meetings', 'meeting').length, 2)
})

t.test('hostile shapes take linear time', async (t) => {
  const shapes = ['<a>', '<', '<meeting>', '</meeting>', '<attendees><a/></attendees>', '<attendees><![CDATA[', '<![CDATA[>a</![CDATA[>', '<a b="', '<a><a></a>', '<?', '<!--', 'x', '!', '<a ', '</meeting></meetings>']
  const named = ['ensemble-expected-participants', '<ensemble-expected-participants>', '<bbb-meeting-size-hint>x</bbb-meeting-size-hint>', '<bbb-meeting-size-hint><!--', '<bbb-meeting-size-hint a="']
  const cpuMs = (shape: string, bytes: number) => {
    const content = named.includes(shape) ? `<metadata>${shape.repeat(bytes / shape.length)}</metadata>` : shape.repeat(bytes / shape.length)
    const body = Buffer.from(answer(`<meeting><meetingID>a</meetingID>${content}</meeting>${OTHER}`))
    const before = process.cpuUsage()
    reasonOf(() => readMeetings(body))
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  }
  for (const shape of [...shapes, ...named]) {
    const [oneMs, eightMs] = [cpuMs(shape, 100_000), cpuMs(shape, 800_000)]
    // Quadratic would be 64 times as much.
    t.ok(eightMs < 24 * oneMs + 100, `${shape}: ${Math.round(oneMs)} ms, of eight times the size ${Math.round(eightMs)} ms`)
  }
})
