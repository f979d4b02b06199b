import t from 'tap'
import { readEnvelope, readField, saysSuccess } from '../../src/bbb/envelope.js'

const CREATED = `<response>
  <returncode>SUCCESS</returncode>
  <meetingID>a &amp; b</meetingID>
  <internalMeetingID>ab12-1767225600123</internalMeetingID>
  <parentMeetingID>bbb-none</parentMeetingID>
  <createTime>1767225600123</createTime>
  <voiceBridge/>
  <messageKey></messageKey>
  <message><![CDATA[<b>]]></message>
</response>
`
const FAILED = '<response><returncode>FAILED</returncode>'

/** A getMeetingInfo answer with a user whose own data have these names. */
function info (...names: string[]): string {
  const customdata = names.map((name) => `<${name}>v</${name}>`).join('')
  return '<response><returncode>SUCCESS</returncode><meetingID>room-1</meetingID><attendees><attendee>' +
    `<customdata>${customdata}</customdata></attendee></attendees><metadata><voiceBridge>9</voiceBridge></metadata><isBreakout>false</isBreakout></response>`
}

t.test('heads of answers', async (t) => {
  const table: Array<[string, object | undefined]> = [
    [CREATED, { returncode: 'SUCCESS', messageKey: '', message: '<b>' }],
    [`\ufeff<?xml version="1.0"?>\n<!-- x -->${CREATED}`, { returncode: 'SUCCESS', messageKey: '', message: '<b>' }],
    [`${FAILED}<messageKey>notFound</messageKey><message>no &quot;x&quot;</message></response>`, { returncode: 'FAILED', messageKey: 'notFound', message: 'no "x"' }],
    [`${FAILED}<errors><error><key>nonUniqueVoiceBridge</key><message>in use</message></error><error><key>b</key></error></errors></response>`, { returncode: 'FAILED', messageKey: 'nonUniqueVoiceBridge', message: 'in use' }],
    [`${FAILED}<errors>\n<error key="nonUniqueVoiceBridge" message="it's &lt; in use"/>\n<error key="b" message="c"/></errors></response>`, { returncode: 'FAILED', messageKey: 'nonUniqueVoiceBridge', message: "it's < in use" }],
    [`${FAILED}<errors><error message='m' key='k'></error></errors></response>`, { returncode: 'FAILED', messageKey: 'k', message: 'm' }],
    [`${FAILED}<errors/></response>`, { returncode: 'FAILED', messageKey: '', message: '' }],
    [info('1x', 'a b'), { returncode: 'SUCCESS', messageKey: '', message: '' }],
    [info('/attendees', '/response'), { returncode: 'SUCCESS', messageKey: '', message: '' }],
    [info('attendees ', '/response'), { returncode: 'SUCCESS', messageKey: '', message: '' }],
    ['', undefined],
    ['  ', undefined],
    ['{"response":{"returncode":"FAILED"}}', undefined],
    ['<!DOCTYPE html><html><body>502</body></html>', undefined],
    ['<html><returncode>SUCCESS</returncode></html>', undefined],
    ['<response/>', undefined],
    ['<response><returncode>PERHAPS</returncode></response>', undefined],
    ['<response><a><returncode>SUCCESS</returncode></a></response>', undefined],
    ['<response><returncode>SUCCESS</returncode></response>x', undefined],
    ['<response><returncode>SUCCESS</returncode><a></b></response>', undefined],
    ['<response><a b="</a>"/><returncode>SUCCESS</returncode></response>', undefined],
  ]
  for (const [text, expected] of table) t.strictSame(readEnvelope(Buffer.from(text)), expected, text.slice(0, 80))
})

t.test('an answer cut off anywhere has no head', async (t) => {
  for (const text of [CREATED.trim(), info('1x'), `${FAILED}<errors><error key="a"/></errors></response>`]) {
    const whole = Buffer.from(text)
    for (let length = 0; length < whole.length; length++) {
      if (readEnvelope(whole.subarray(0, length)) !== undefined) t.fail(`cut at ${length}`)
      if (readField(whole.subarray(0, length), 'returncode') !== undefined) t.fail(`field, cut at ${length}`)
    }
  }
})

t.test('fields', async (t) => {
  const table: Array<[string, string, string | undefined]> = [
    [CREATED, 'meetingID', 'a & b'],
    [CREATED, 'internalMeetingID', 'ab12-1767225600123'],
    [CREATED, 'createTime', '1767225600123'],
    [CREATED, 'voiceBridge', ''],
    [CREATED, 'message', '<b>'],
    [CREATED, 'meeting', undefined],
    [CREATED, '', undefined],
    [info('x'), 'isBreakout', 'false'],
    [info('x'), 'voiceBridge', undefined],
    [info('x'), 'metadata', undefined],
    [info('/attendees', 'meetingID', 'voiceBridge'), 'meetingID', 'room-1'],
    ['<html><a>b</a></html>', 'a', undefined],
    ['<response><a>1</a><a>2</a></response>', 'a', '1'],
  ]
  for (const [text, name, expected] of table) t.equal(readField(Buffer.from(text), name), expected, `${name} in ${text.slice(0, 60)}`)
})

t.test('a look at both ends of an answer finds SUCCESS, and nothing else', (t) => {
  const whole = '<response><returncode>SUCCESS</returncode><running>true</running></response>'
  const table: Array<[string, boolean]> = [
    [whole, true],
    [' \n<response>\n  <returncode>SUCCESS</returncode>\n</response>\n ', true],
    ['<response><returncode>FAILED</returncode><messageKey>notFound</messageKey></response>', false],
    ['<response><running>true</running><returncode>SUCCESS</returncode></response>', false],
    ['<html><response><returncode>SUCCESS</returncode></response>', false],
    ['<response><returncode>SUCCESS</returncode></response><p>', false],
    ['', false],
    [' ', false],
    ['<response>', false],
  ]
  for (const [text, expected] of table) t.equal(saysSuccess(Buffer.from(text)), expected, text)
  for (let length = 0; length < whole.length; length++) t.equal(saysSuccess(Buffer.from(whole.slice(0, length))), false, `cut off after ${length} bytes`)
  t.end()
})
