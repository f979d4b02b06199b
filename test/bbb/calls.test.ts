import t from 'tap'
import { CALLS } from '../../src/bbb/calls.js'

const GET = ['GET']
const POST = ['POST']
const BOTH = ['GET', 'POST']

/** Name, methods, body and way of every call, as BBB 2.6 to 3.0 map them. */
const EXPECTED: Array<[string, string[], string, string]> = [
  ['create', BOTH, 'xml', 'place'],
  ['join', GET, 'none', 'redirect'],
  ['isMeetingRunning', BOTH, 'none', 'follow'],
  ['getMeetingInfo', BOTH, 'none', 'follow'],
  ['end', BOTH, 'none', 'follow'],
  ['insertDocument', POST, 'xml', 'follow'],
  ['sendChatMessage', GET, 'none', 'follow'],
  ['getMeetings', BOTH, 'none', 'gather'],
  ['getSessions', BOTH, 'none', 'gather'],
  ['getRecordings', BOTH, 'none', 'gather'],
]

t.test('every call has BBB\'s methods and bodies, and one way of being answered', async (t) => {
  t.strictSame([...CALLS.values()].map(({ name, methods, body, way }) => [name, [...methods], body, way.kind]), EXPECTED)
  for (const [name, call] of CALLS) t.equal(call.name, name)
})

t.test('names of calls are case-sensitive, and nothing but a name of the table is a call', async (t) => {
  for (const name of ['Create', 'getmeetings', 'CREATE', '', 'constructor', '__proto__', 'toString', 'enter', 'setConfigXML']) {
    t.equal(CALLS.get(name), undefined, name)
  }
})

t.test('a meeting nobody has is answered for in the words of each call', async (t) => {
  const notFound = '<response><returncode>FAILED</returncode><messageKey>notFound</messageKey><message>A meeting with that ID does not exist</message></response>'
  const table: Array<[string, string]> = [
    ['isMeetingRunning', '<response><returncode>SUCCESS</returncode><running>false</running></response>'],
    ['getMeetingInfo', notFound],
    ['end', notFound],
    ['insertDocument', '<response><returncode>FAILED</returncode><messageKey>notFound</messageKey><message>Meeting with id [a&lt;b&gt;&amp;&quot;] not found.</message></response>'],
    ['sendChatMessage', '<response><returncode>FAILED</returncode><messageKey>meetingNotFound</messageKey><message>Meeting not found</message></response>'],
  ]
  for (const [name, expected] of table) {
    const way = CALLS.get(name)?.way
    if (way?.kind === 'follow') t.equal(way.unknown('a<b>&"'), expected, name)
    else t.fail(`${name} does not follow`)
  }
})

t.test('only the calls that change a meeting say so, and only end concerns every copy', async (t) => {
  const follows = [...CALLS.values()].flatMap(({ name, way }) => way.kind === 'follow' ? [{ name, ...way }] : [])
  t.strictSame(follows.filter(({ changes }) => changes).map(({ name }) => name), ['end', 'insertDocument', 'sendChatMessage'])
  t.strictSame(follows.filter(({ everyCopy }) => everyCopy).map(({ name }) => name), ['end'])
  t.strictSame(follows.filter(({ fromLastPoll }) => fromLastPoll).map(({ name }) => name), ['isMeetingRunning', 'getMeetingInfo'])
  t.strictSame(follows.filter(({ anyIdLength }) => anyIdLength).map(({ name }) => name), ['isMeetingRunning'])
})

t.test('gathered lists have BBB\'s elements and its words for an empty one', async (t) => {
  const gathered = [...CALLS.values()].flatMap(({ name, way }) => way.kind === 'gather' ? [[name, way.list, way.item, way.none.key, way.none.message, way.polled]] : [])
  t.strictSame(gathered, [
    ['getMeetings', 'meetings', 'meeting', 'noMeetings', 'no meetings were found on this server', true],
    ['getSessions', 'sessions', 'meeting', 'noSessions', 'no sessions were found on this server', false],
    ['getRecordings', 'recordings', 'recording', 'noRecordings', 'There are no recordings for the meeting(s).', false],
  ])
})
