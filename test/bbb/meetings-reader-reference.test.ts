import fc from 'fast-check'
import { SaxesParser } from 'saxes'
import t from 'tap'
import type { Test } from 'tap'
import { readEnvelope } from '../../src/bbb/envelope.js'
import { readItems } from '../../src/bbb/list-walk.js'
import { readMeetings } from '../../src/bbb/meetings-reader.js'
import { UnreadableAnswer } from '../../src/bbb/unreadable-answer.js'
import { escapeXml } from '../../src/bbb/xml.js'

/** An element as a real parser sees it; `text` is the text directly in it. */
interface Tree { name: string, text: string, children: Tree[] }

function parse (xml: string): Tree | undefined {
  const parser = new SaxesParser()
  const top: Tree = { name: '', text: '', children: [] }
  const open = [top]
  // Going on after the first error only costs time.
  parser.on('error', (error) => { throw error })
  parser.on('opentag', ({ name }) => {
    const element = { name, text: '', children: [] }
    open.at(-1)?.children.push(element)
    open.push(element)
  })
  parser.on('text', (text) => { const last = open.at(-1); if (last !== undefined) last.text += text })
  parser.on('cdata', (text) => { const last = open.at(-1); if (last !== undefined) last.text += text })
  parser.on('closetag', () => { open.pop() })
  try {
    parser.write(xml).close()
    return top.children[0]
  } catch {
    return undefined
  }
}

function child (tree: Tree, name: string): Tree | undefined {
  return tree.children.find((candidate) => candidate.name === name)
}

/** The number of people that a meeting's metadata announce, as a parser reads them. */
function announced (meeting: Tree): number {
  const metadata = child(meeting, 'metadata')?.children ?? []
  const element = metadata.find(({ name }) => name === 'ensemble-expected-participants') ?? metadata.find(({ name }) => name === 'bbb-meeting-size-hint')
  const text = element?.children.length === 0 ? element.text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '') : ''
  return /^[0-9]+$/.test(text) && Number(text) <= 100_000 ? Number(text) : 0
}

/** What a parser makes of an answer's meetings, undefined if it is not the answer of a getMeetings that succeeded. */
function meetingsOf (xml: string): Array<Record<string, string>> | undefined {
  const root = parse(xml)
  if (root?.name !== 'response' || child(root, 'returncode')?.text.trim() !== 'SUCCESS') return undefined
  const lists = root.children.filter(({ name }) => name === 'meetings')
  if (lists.length !== 1 || lists[0] === undefined || root.text.trim() !== '' || lists[0].text.trim() !== '') return undefined
  if (lists[0].children.some(({ name }) => name !== 'meeting')) return undefined
  return lists[0].children.map((meeting) => ({
    ...Object.fromEntries(meeting.children.toReversed().map(({ name, text, children }) => [name, children.length === 0 ? text : ''])),
    announced: String(announced(meeting)),
  }))
}

// Carriage returns are left out: a parser turns them into line feeds.
const TEXT = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replace(/[^\t\n\u0020-\ud7ff\ue000-\ufffd]/g, '')),
  fc.constantFrom('</meeting>', '</attendees>', ']]>', '<![CDATA[', '<!--', '<meeting><meetingID>evil</meetingID></meeting>', '&amp;', '1 000', '"\'', '')
)
const CONTENT = fc.tuple(TEXT, fc.constantFrom('escaped', 'cdata', 'mixed', 'commented')).map(([text, form]) => {
  const cdata = `<![CDATA[${text.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`
  if (form === 'cdata') return cdata
  if (form === 'mixed') return escapeXml(text) + cdata
  if (form === 'commented') return `<!--${text.replaceAll('-', '')}-->${escapeXml(text)}`
  return escapeXml(text)
})
const SIZE = fc.constantFrom('0', '1', '7', '40', '100000', '100001', '1,000', ' 25\n', '<![CDATA[40]]>', '4<!-- 1 -->0', '4<![CDATA[0]]>', 'many')
const BLANK = fc.constantFrom('', '', ' ', '\n    ', '<!-- </meeting> -->')
const NUMBER = fc.constantFrom('0', '1', '7', '250', '1,000', '1.500')
const FLAG = fc.constantFrom('true', 'false')
const TRAP = fc.constantFrom('meetingID', 'meetingid', 'internalMeetingID', 'participantcount', 'participantCount', 'attendees', 'metadata', 'meeting', 'meetings', 'isBreakout', 'a', 'x-y', 'ü', 'ensemble-expected-participants', 'bbb-meeting-size-hint')

function leaf (name: string, content: string, spacing: string): string {
  if (content === '') return spacing === '' ? `<${name}/>` : `<${name}></${name}>`
  return spacing === ' ' ? `<${name} a="${escapeXml('>')}" >${content}</${name} >` : `<${name}>${content}</${name}>`
}

const field = (name: string, content: fc.Arbitrary<string>) => fc.tuple(content, BLANK).map(([value, spacing]) => leaf(name, value, spacing))
const id = (name: string) => fc.tuple(fc.stringMatching(/^[a-z0-9&<>-]{1,12}$/), fc.boolean()).map(([text, isCdata]) => leaf(name, isCdata ? `<![CDATA[${text}]]>` : escapeXml(text), ''))
const traps = (container: string) => fc.tuple(fc.array(fc.tuple(TRAP, fc.oneof({ weight: 3, arbitrary: CONTENT }, SIZE), BLANK)), BLANK).map(([entries, spacing]) =>
  leaf(container, entries.map(([name, content, blank]) => blank + leaf(name, content, blank)).join(''), spacing))
const ATTENDEES = fc.array(fc.tuple(CONTENT, fc.array(fc.tuple(TRAP.filter((name) => name !== 'attendees'), fc.oneof(CONTENT, SIZE)), { maxLength: 3 }), BLANK), { maxLength: 3 }).map((people) =>
  leaf('attendees', people.map(([name, data, blank]) =>
    `${blank}<attendee><fullName>${name}</fullName><customdata>${data.map(([key, value]) => leaf(key, value, '')).join('')}</customdata></attendee>`).join(''), ''))

const MEETING = fc.tuple(
  id('meetingID'), id('internalMeetingID'), field('meetingName', CONTENT), field('createTime', fc.constant('1767225600123')), field('voiceBridge', fc.constant('48213')),
  field('participantCount', NUMBER), field('moderatorCount', NUMBER), field('listenerCount', NUMBER), field('voiceParticipantCount', NUMBER), field('videoCount', NUMBER),
  field('hasUserJoined', FLAG), field('hasBeenForciblyEnded', FLAG), field('isBreakout', FLAG), field('parentMeetingID', fc.constantFrom('', 'p-1')), field('maxUsers', NUMBER),
  ATTENDEES, traps('metadata'), traps('breakoutRooms'), field('unknown', CONTENT), traps('deep')
).chain((parts) => fc.tuple(fc.shuffledSubarray(parts, { minLength: parts.length }), BLANK)).map(([parts, blank]) => `<meeting>${parts.join(blank)}${blank}</meeting>`)

const ANSWER = fc.tuple(fc.array(MEETING, { maxLength: 4 }), BLANK, fc.constantFrom('', '<?xml version="1.0" encoding="UTF-8"?>\n'), fc.constantFrom('', '<totalElements>1</totalElements>')).map(([meetings, blank, declaration, tail]) =>
  `${declaration}${blank}<response>${blank}<returncode>SUCCESS</returncode>${blank}${leaf('meetings', meetings.map((meeting) => blank + meeting).join(''), blank)}${tail}${blank}</response>${blank}`)

const numberOf = (text: string | undefined) => Number((text ?? '').replace(/[.,]/g, ''))

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const timeMs = Number(process.env['FUZZ_MS'] ?? 5_000)
const limits = { seed, numRuns: 1_000_000, interruptAfterTimeLimit: timeMs, markInterruptAsFailure: false, endOnFailure: true }

function assertFor<T> (t: Test, property: fc.IProperty<T>): void {
  t.comment(`FUZZ_SEED=${seed}`)
  const result = fc.check(property, limits)
  t.comment(`${result.numRuns} answers`)
  if (result.failed) t.fail(`${String(result.errorInstance)}\n${fc.defaultReportMessage(result)}`)
  else t.pass('no difference')
}

t.test('the walk reads what a parser reads', async (t) => {
  assertFor(t, fc.property(ANSWER, (xml) => {
    const body = Buffer.from(xml)
    const { meetings, malformed } = readMeetings(body)
    const expected = meetingsOf(xml)
    if (expected === undefined) throw new Error('the generator made what the parser does not take')
    same(malformed, 0)
    same(meetings.length, expected.length)
    same(readItems(body, 'meetings', 'meeting').length, expected.length)
    same(readEnvelope(body)?.returncode, 'SUCCESS')
    for (const [index, listed] of meetings.entries()) {
      const fields = expected[index] ?? {}
      same(listed.meetingID, fields['meetingID'])
      same(listed.internalMeetingID, fields['internalMeetingID'])
      same(listed.name, fields['meetingName'])
      same(listed.createdAtMs, numberOf(fields['createTime']))
      same(listed.voiceBridge, fields['voiceBridge'])
      same(listed.parentMeetingID, fields['parentMeetingID'])
      same(listed.isBreakout, fields['isBreakout'] === 'true')
      same(listed.maxParticipants, numberOf(fields['maxUsers']))
      same(String(listed.expectedParticipants), fields['announced'])
      same(listed.counts?.participants, numberOf(fields['participantCount']))
      same(listed.counts?.moderators, numberOf(fields['moderatorCount']))
      same(listed.counts?.voices, numberOf(fields['voiceParticipantCount']))
      same(listed.counts?.videos, numberOf(fields['videoCount']))
      const slice = body.toString('utf8', listed.start, listed.end)
      if (parse(slice)?.name !== 'meeting') throw new Error(`not a meeting: ${slice}`)
    }
  }))
})

type Edit = { kind: 'flip' | 'delete' | 'insert' | 'cut' | 'copy', at: number, length: number, byte: number }
const PIECES = ['<', '>', '/', '</meeting>', '<meeting>', '</attendees>', '<attendees>', '<![CDATA[', ']]>', '<!--', '-->', '<meetingID>', '</meetingID>', '</meetings>', '"', ' ', '<a>', '</a>', '<//a>', '<a/>', '<meeting></meeting>', '<meetingID>evil</meetingID>', '<!--x-->', '<![CDATA[<]]>', '&lt;', '\n', '7']
const EDIT: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('flip', 'delete', 'insert', 'cut', 'copy'), at: fc.noBias(fc.nat(999_999)).map((millionths) => millionths / 1e6), length: fc.integer({ min: 1, max: 30 }), byte: fc.noBias(fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) }, fc.nat(255))),
})

function edited (body: Buffer, { kind, at, length, byte }: Edit): Buffer {
  const from = Math.floor(at * body.length)
  const before = body.subarray(0, from)
  const after = body.subarray(from)
  switch (kind) {
    case 'flip': return Buffer.concat([before, Buffer.from([byte]), after.subarray(1)])
    case 'delete': return Buffer.concat([before, after.subarray(length)])
    case 'insert': return Buffer.concat([before, Buffer.from(PIECES[byte % PIECES.length] ?? ''), after])
    case 'copy': return Buffer.concat([before, after.subarray(0, length * 10), after])
    case 'cut': return before
  }
}

t.test('no damage to an answer makes the walk crash, hang or invent a meeting', async (t) => {
  let accepted = 0
  let tried = 0
  assertFor(t, fc.property(ANSWER, fc.array(fc.array(EDIT, { minLength: 1, maxLength: 3 }), { minLength: 40, maxLength: 40 }), (xml, damages) => {
    const whole = Buffer.from(xml)
    for (const edits of damages) check(edits.reduce(edited, whole))
  }))
  t.comment(`${tried} damaged answers, ${accepted} read by both`)

  function check (body: Buffer): void {
    tried++
    readEnvelope(body)
    let answer
    try {
      answer = readMeetings(body)
    } catch (error) {
      if (error instanceof UnreadableAnswer) return
      throw error
    }
    const expected = meetingsOf(body.toString('utf8'))
    if (expected === undefined) return
    accepted++
    const known = expected.map((fields) => `${withoutBlanks(fields['meetingID'])} ${withoutBlanks(fields['internalMeetingID'])}`)
    for (const { meetingID, internalMeetingID, counts, expectedParticipants } of answer.meetings) {
      const index = known.indexOf(`${withoutBlanks(meetingID)} ${withoutBlanks(internalMeetingID)}`)
      if (index === -1) throw new Error(`invented: ${JSON.stringify([meetingID, internalMeetingID])}, there are ${JSON.stringify(known)}`)
      if (expectedParticipants !== 0 && expected.length === 1) same(String(expectedParticipants), expected[index]?.['announced'])
      if (counts !== undefined && expected.length === 1) same(counts.participants, numberOf(expected[index]?.['participantCount']))
    }
    if (answer.malformed === 0) same(answer.meetings.length, expected.length)
  }
})

t.test('the walk is far faster than a parser', async (t) => {
  const attendee = '<attendee><userID>w_abcdefgh</userID><fullName>Some User &amp; Co</fullName><role>VIEWER</role><isPresenter>false</isPresenter><isListeningOnly>false</isListeningOnly><hasVideo>false</hasVideo></attendee>'
  const meetings = Array.from({ length: 1_000 }, (_, index) =>
    `<meeting><meetingName>Room ${index}</meetingName><meetingID>room-${index}</meetingID><internalMeetingID>ab-${index}</internalMeetingID><participantCount>20</participantCount>` +
    `<attendees>${attendee.repeat(20)}</attendees><metadata><a>b</a></metadata><isBreakout>false</isBreakout></meeting>`)
  const xml = `<response><returncode>SUCCESS</returncode><meetings>${meetings.join('')}</meetings></response>`
  const body = Buffer.from(xml)
  const walkMs = fastestMs(20, () => { same(readMeetings(body).meetings.length, 1_000) })
  const parserMs = fastestMs(2, () => { same(idsByParser(body.toString('utf8')).length, 1_000) })
  t.comment(`${(body.length / 1e6).toFixed(1)} MB: walk ${walkMs.toFixed(1)} ms, parser ${parserMs.toFixed(1)} ms`)
  t.ok(walkMs * 10 < parserMs)
})

function idsByParser (xml: string): string[] {
  const ids: string[] = []
  const parser = new SaxesParser()
  let text = ''
  parser.on('text', (piece) => { text += piece })
  parser.on('opentag', () => { text = '' })
  parser.on('closetag', ({ name }) => { if (name === 'meetingID') ids.push(text) })
  parser.write(xml).close()
  return ids
}

function fastestMs (runs: number, run: () => void): number {
  let fastest = Infinity
  for (let index = 0; index < runs; index++) {
    const startMs = performance.now()
    run()
    fastest = Math.min(fastest, performance.now() - startMs)
  }
  return fastest
}

// A parser also turns carriage returns into line feeds.
function withoutBlanks (text: string | undefined): string {
  return (text ?? '').replace(/\r\n?/g, '\n').replace(/^[ \t\n]+|[ \t\n]+$/g, '')
}

function same (actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`)
}
