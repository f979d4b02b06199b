import t from 'tap'
import { sign, type ChecksumAlgorithm } from '../../src/bbb/checksum.js'
import { SECRET, startGateway } from '../helpers/gateway.js'
import { chunked, head, sendRaw } from './raw-request.js'

const API = '/bigbluebutton/api'
const XML = 'text/xml;charset=utf-8'
const JSON_OF_NODE = 'application/json'
const JSON_OF_ROUTER = 'application/json; charset=utf-8'
const NOTHING_THERE = '{"error":"there is nothing at this path"}'
const FORM = 'Content-Type: application/x-www-form-urlencoded'

/** A malformed request and all of its answer. */
interface Row {
  readonly title: string
  readonly pieces: readonly string[]
  readonly status: number
  /** undefined: the answer has none. */
  readonly type: string | undefined
  readonly body: string
}

function row (title: string, pieces: readonly string[], status: number, type: string | undefined, body: string): Row {
  return { title, pieces, status, type, body }
}

/** The usual answer: HTTP 200, because clients throw away the body of any other status. */
function failing (title: string, pieces: readonly string[], key: string, message: string): Row {
  return row(title, pieces, 200, XML, `<response><returncode>FAILED</returncode><messageKey>${key}</messageKey><message>${message}</message></response>`)
}

function get (target: string): string[] {
  return [head('GET', target)]
}

function post (target: string, headers: readonly string[], body: string): string[] {
  return [head('POST', target, [`Content-Length: ${Buffer.byteLength(body)}`, ...headers]), body]
}

/** A URL with the right checksum over a query as it stands. */
function url (call: string, query: string, algorithm: ChecksumAlgorithm = 'sha256', secret = SECRET): string {
  return `${API}/${call}?${query}${query === '' ? '' : '&'}checksum=${sign(call, query, secret, algorithm)}`
}

const MISSING = ['checksumError', 'You must provide the checksum'] as const
const WRONG = ['checksumError', 'Checksums do not match'] as const
const TWICE = ['checksumError', 'The checksum must be given only once'] as const
const ID_MISSING = ['missingParamMeetingID', 'You must provide a meeting ID'] as const
const ID_SIZE = ['sizeError', 'Meeting ID must be between 2 and 256 characters'] as const
const ID_COMMA = ['validationError', 'Meeting ID cannot contain &#39;,&#39;'] as const
const ID_TWICE = ['validationError', 'The meeting ID must be given only once'] as const
const ID_ENCODING = ['validationError', 'The percent-encoding of the meeting ID is broken'] as const
const NAME_ENCODING = ['validationError', 'The percent-encoding of a parameter&#39;s name is broken'] as const
const CONTENT_TYPE = ['unsupportedContentType', 'POST request Content-Type is missing or unsupported'] as const
const TOO_LARGE = ['sizeError', 'The request body is larger than this server accepts'] as const
const TWO_PLACES = ['validationError', 'Send the parameters in the URL or in the form, not in both'] as const
const GET_WITH_BODY = ['validationError', 'A GET request cannot carry a body: send the parameters in the URL'] as const
const UNSUPPORTED = ['unsupportedRequest', 'This request is not supported.'] as const

const ROOM = 'meetingID=room-1'
const RIGHT = sign('getMeetingInfo', ROOM, SECRET, 'sha256')
const CREATE = 'meetingID=room-1&name=Room+one'
const SIGNED_FORM = `${CREATE}&checksum=${sign('create', CREATE, SECRET, 'sha256')}`
const XML_TYPE = 'Content-Type: application/xml'
const MODULES = '<modules></modules>'
/** What is no media type, or more than one. */
const ODD_TYPES = ['garbage', '', ';', 'application/xml, text/xml', 'application/', 'application xml']
const BODY_LIMIT_BYTES = 64 * 1024

const ABOUT_CHECKSUMS = [
  failing('no query at all', get(`${API}/getMeetings`), ...MISSING),
  failing('no checksum', get(`${API}/getMeetingInfo?${ROOM}`), ...MISSING),
  failing('an empty checksum', get(`${API}/getMeetingInfo?${ROOM}&checksum=`), ...MISSING),
  failing('a checksum without =', get(`${API}/getMeetingInfo?${ROOM}&checksum`), ...MISSING),
  failing('a checksum one digit short', get(`${API}/getMeetingInfo?${ROOM}&checksum=${RIGHT.slice(1)}`), ...WRONG),
  failing('a checksum one digit long', get(`${API}/getMeetingInfo?${ROOM}&checksum=${RIGHT}0`), ...WRONG),
  failing('a checksum that is no hex', get(`${API}/getMeetingInfo?${ROOM}&checksum=${'z'.repeat(64)}`), ...WRONG),
  failing('a checksum of percent signs', get(`${API}/getMeetingInfo?${ROOM}&checksum=${'%'.repeat(40)}`), ...WRONG),
  failing('the right checksum percent-encoded', get(`${API}/getMeetingInfo?${ROOM}&checksum=%${RIGHT.charCodeAt(0).toString(16)}${RIGHT.slice(1)}`), ...WRONG),
  failing('a checksum under another secret', get(url('getMeetingInfo', ROOM, 'sha256', 'the-secret-of-somebody-else')), ...WRONG),
  failing('a checksum under a node\'s secret', get(url('getMeetingInfo', ROOM, 'sha256', 'secret-of-node-1')), ...WRONG),
  failing('a checksum under no secret', get(url('getMeetingInfo', ROOM, 'sha256', '')), ...WRONG),
  failing('a checksum for another call', get(`${API}/end?${ROOM}&checksum=${RIGHT}`), ...WRONG),
  failing('a checksum for another query', get(`${API}/getMeetingInfo?meetingID=room-2&checksum=${RIGHT}`), ...WRONG),
  failing('a parameter behind the checksum that it does not cover', get(`${API}/getMeetingInfo?${ROOM}&checksum=${RIGHT}&a=b`), ...WRONG),
  failing('an algorithm that is not accepted here', get(url('getMeetingInfo', ROOM, 'sha1')), ...WRONG),
  failing('the right checksum twice', get(`${API}/getMeetingInfo?${ROOM}&checksum=${RIGHT}&checksum=${RIGHT}`), ...TWICE),
  failing('the right checksum and a wrong one', get(`${API}/getMeetingInfo?checksum=${'0'.repeat(64)}&${ROOM}&checksum=${RIGHT}`), ...TWICE),
  failing('the right checksum twice, one name percent-encoded', get(`${API}/getMeetingInfo?${ROOM}&checksum=${RIGHT}&%63hecksum=${RIGHT}`), ...TWICE),
  failing('a right checksum over a second one in another spelling', get(url('getMeetingInfo', `${ROOM}&check%73um=${RIGHT}`)), ...TWICE),
  failing('a wrong checksum and no meeting ID: the checksum comes first', get(`${API}/getMeetingInfo?checksum=${'0'.repeat(64)}`), ...WRONG),
]

const ABOUT_MEETING_IDS = [
  failing('no meeting ID', get(url('getMeetingInfo', '')), ...ID_MISSING),
  failing('an empty meeting ID', get(url('create', 'meetingID=&name=Room+one')), ...ID_MISSING),
  failing('a meeting ID without =', get(url('end', 'meetingID')), ...ID_MISSING),
  failing('a meeting ID in other letters', get(url('getMeetingInfo', 'meetingid=room-1')), ...ID_MISSING),
  failing('a join without a meeting ID', get(url('join', 'fullName=Ada&role=VIEWER')), ...ID_MISSING),
  failing('a check of no meeting', get(url('isMeetingRunning', 'meetingID=')), ...ID_MISSING),
  failing('a meeting ID of 1 character', get(url('create', 'meetingID=a&name=Room+one')), ...ID_SIZE),
  failing('a meeting ID of 1 character in 3 bytes', get(url('create', 'meetingID=%E2%82%AC&name=Room+one')), ...ID_SIZE),
  failing('a meeting ID of 257 characters', get(url('create', `meetingID=${'a'.repeat(257)}&name=Room+one`)), ...ID_SIZE),
  failing('a meeting ID of 129 characters that count as 258', get(url('create', `meetingID=${'%F0%9F%98%80'.repeat(129)}&name=Room+one`)), ...ID_SIZE),
  failing('a join of an ID of 1 character', get(url('join', 'meetingID=a&fullName=Ada&role=VIEWER')), ...ID_SIZE),
  failing('a meeting ID with a comma', get(url('create', 'meetingID=a,b&name=Room+one')), ...ID_COMMA),
  failing('a meeting ID with an encoded comma', get(url('create', 'meetingID=a%2Cb&name=Room+one')), ...ID_COMMA),
  failing('a meeting ID with broken percent-encoding', get(url('create', 'meetingID=a%zzb&name=Room+one')), ...ID_ENCODING),
  failing('a meeting ID that is not UTF-8', get(url('getMeetingInfo', 'meetingID=a%FFb')), ...ID_ENCODING),
  failing('two meeting IDs', get(url('end', 'meetingID=room-1&meetingID=room-2')), ...ID_TWICE),
  failing('the same meeting ID twice', get(url('end', 'meetingID=room-1&meetingID=room-1')), ...ID_TWICE),
  failing('two meeting IDs, one name percent-encoded', get(url('end', 'meetingID=room-1&%6deetingID=room-2')), ...ID_TWICE),
  failing('two meeting IDs, the other name percent-encoded', get(url('end', 'meeting%49D=room-1&meetingID=room-2')), ...ID_TWICE),
  failing('two meeting IDs, one empty', get(url('join', 'meetingID=room-1&fullName=Ada&meetingID=')), ...ID_TWICE),
  failing('a name with broken percent-encoding', get(url('create', `${CREATE}&met%zza=b`)), ...NAME_ENCODING),
  failing('a name that is not UTF-8', get(url('getMeetings', '%FF=b')), ...NAME_ENCODING),
]

const ABOUT_BODIES = [
  failing('a body of another type', post(url('create', CREATE), ['Content-Type: text/plain'], MODULES), ...CONTENT_TYPE),
  failing('a body of no type', post(url('create', CREATE), [], MODULES), ...CONTENT_TYPE),
  failing('a body in JSON', post(url('create', CREATE), ['Content-Type: application/json'], '{}'), ...CONTENT_TYPE),
  ...ODD_TYPES.map((type) => failing(`a body of the type "${type}"`, post(url('create', CREATE), [`Content-Type: ${type}`], MODULES), ...CONTENT_TYPE)),
  failing('a body of a type that is none, in chunks', [head('POST', url('create', CREATE), ['Content-Type: garbage', 'Transfer-Encoding: chunked']), chunked([MODULES])], ...CONTENT_TYPE),
  failing('a body of a type that is none, for an unknown call', post(url('getServers', ''), ['Content-Type: garbage'], MODULES), ...UNSUPPORTED),
  failing('a type that is none without a body, under no checksum', post(`${API}/create?${CREATE}`, ['Content-Type: garbage'], ''), ...MISSING),
  failing('a multipart body', post(url('create', CREATE), ['Content-Type: multipart/form-data; boundary=b'], '--b--'), ...CONTENT_TYPE),
  failing('XML for a call that takes none', post(url('end', ROOM), [XML_TYPE], MODULES), ...CONTENT_TYPE),
  failing('a document in another type', post(url('insertDocument', ROOM), ['Content-Type: application/octet-stream'], MODULES), ...CONTENT_TYPE),
  failing('a wrong checksum comes before a wrong type', post(`${API}/create?${CREATE}&checksum=${'0'.repeat(64)}`, ['Content-Type: text/plain'], MODULES), ...WRONG),
  failing('a body larger than allowed', post(url('create', CREATE), [XML_TYPE], 'x'.repeat(BODY_LIMIT_BYTES + 1)), ...TOO_LARGE),
  failing('a body in chunks larger than allowed', [
    head('POST', url('create', CREATE), [XML_TYPE, 'Transfer-Encoding: chunked']), chunked(Array.from({ length: 30 }, () => 'x'.repeat(10_000))),
  ], ...TOO_LARGE),
  failing('a form larger than any', post(`${API}/create`, [FORM], `${CREATE}&welcome=${'x'.repeat(256 * 1024)}`), ...TOO_LARGE),
  failing('a form under no checksum', post(`${API}/create`, [FORM], CREATE), ...MISSING),
  failing('an empty form', [head('POST', `${API}/create`, [FORM, 'Transfer-Encoding: chunked']), chunked([])], ...MISSING),
  failing('a form under a checksum of the call alone', post(`${API}/create?checksum=${sign('create', '', SECRET, 'sha256')}`, [FORM], CREATE), ...WRONG),
  failing('a form with a checksum inside and one outside', post(`${API}/create?checksum=${sign('create', CREATE, SECRET, 'sha256')}`, [FORM], SIGNED_FORM), ...TWICE),
  failing('a form with two meeting IDs', post(`${API}/create`, [FORM], `${CREATE}&meetingID=room-2&checksum=${sign('create', 'meetingID=room-1&meetingID=room-2&name=Room+one', SECRET, 'sha256')}`), ...ID_TWICE),
  failing('a form with a value whose encoding is broken', post(`${API}/create`, [FORM], `${CREATE}&welcome=%zz&checksum=${'0'.repeat(64)}`), 'validationError', 'The percent-encoding of a parameter in the form is broken'),
  failing('parameters in both places, both signed', post(url('create', CREATE), [FORM], SIGNED_FORM), ...TWO_PLACES),
  failing('a signed query with more in a form', post(url('create', CREATE), [FORM], 'welcome=Hello'), ...TWO_PLACES),
  failing('parameters in both places under a wrong checksum', post(`${API}/create?${CREATE}&checksum=${'0'.repeat(64)}`, [FORM], 'welcome=Hello'), ...WRONG),
  failing('a GET with a body', [head('GET', url('getMeetingInfo', ROOM), ['Content-Length: 3', 'Content-Type: text/plain']), 'abc'], ...GET_WITH_BODY),
  failing('a GET with a form', [head('GET', url('getMeetingInfo', ROOM), ['Content-Length: 3', FORM]), 'a=b'], ...GET_WITH_BODY),
  failing('a GET with a body in chunks', [head('GET', url('create', CREATE), ['Transfer-Encoding: chunked', XML_TYPE]), chunked([MODULES])], ...GET_WITH_BODY),
]

const ABOUT_CALLS = [
  failing('an unknown call', get(url('getServers', '')), ...UNSUPPORTED),
  failing('an unknown call without a checksum', get(`${API}/getServers`), ...UNSUPPORTED),
  failing('a name of the language', get(url('constructor', '')), ...UNSUPPORTED),
  failing('a call in other letters', get(url('getmeetings', '')), ...UNSUPPORTED),
  failing('a call with a letter percent-encoded', get(`${API}/getMeeting%73?checksum=${sign('getMeetings', '', SECRET, 'sha256')}`), ...UNSUPPORTED),
  failing('a call behind two slashes', get(`${API}//getMeetings?checksum=${sign('getMeetings', '', SECRET, 'sha256')}`), ...UNSUPPORTED),
  failing('a call behind another', get(url('create/end', ROOM)), ...UNSUPPORTED),
  failing('a call behind dots', get(url('../api/end', ROOM)), ...UNSUPPORTED),
  failing('a call of the client\'s own', get(`${API}/enter?sessionToken=abcdefgh12345678`), ...UNSUPPORTED),
  failing('a join by POST', [head('POST', url('join', `${ROOM}&fullName=Ada&role=VIEWER`), ['Content-Length: 0'])], ...UNSUPPORTED),
  failing('a join by form', post(`${API}/join`, [FORM], `${ROOM}&fullName=Ada`), ...UNSUPPORTED),
  failing('a document by GET', get(url('insertDocument', ROOM)), ...UNSUPPORTED),
  failing('a chat message by POST', [head('POST', url('sendChatMessage', `${ROOM}&message=Hi`), ['Content-Length: 0'])], ...UNSUPPORTED),
  ...['HEAD', 'PUT', 'OPTIONS', 'DELETE', 'PATCH'].map((method) => row(`${method} end`, [head(method, url('end', ROOM))], 405, undefined, '')),
  row('HEAD join, as link scanners send', [head('HEAD', url('join', `${ROOM}&fullName=Ada&role=VIEWER`))], 405, undefined, ''),
  row('HEAD of the index', [head('HEAD', API)], 405, undefined, ''),

  row('a path outside the API', get('/bigbluebutton/apicreate'), 404, JSON_OF_ROUTER, NOTHING_THERE),
  row('the API behind two slashes', get('//bigbluebutton/api'), 404, JSON_OF_ROUTER, NOTHING_THERE),
  row('the root', get('/'), 404, JSON_OF_ROUTER, NOTHING_THERE),
]

const NO_HTTP = '{"error":"Bad Request","message":"Client Error","statusCode":400}'
const PATH_UNREADABLE = '{"error":"the path cannot be read"}'
const SMUGGLED = `GET ${url('end', ROOM)} HTTP/1.1\r\nHost: gateway.example.org\r\n\r\n`

const ABOUT_HTTP = [
  row('a path with broken percent-encoding', get(`${API}/%zz`), 400, JSON_OF_ROUTER, PATH_UNREADABLE),
  row('a path with broken percent-encoding before a query with a checksum', get(url('%zz', ROOM)), 400, JSON_OF_ROUTER, PATH_UNREADABLE),
  row('a path that is not UTF-8, of a POST', post(url('%ff', ROOM), [XML_TYPE], MODULES), 400, JSON_OF_ROUTER, PATH_UNREADABLE),
  row('a URL larger than limits.header', get(url('create', `${CREATE}&welcome=${'x'.repeat(64 * 1024)}`)), 431, JSON_OF_NODE,
    '{"error":"Request Header Fields Too Large","message":"Exceeded maximum allowed HTTP header size","statusCode":431}'),
  row('a header larger than limits.header', [head('GET', url('getMeetings', ''), [`X-Long: ${'x'.repeat(64 * 1024)}`])], 431, JSON_OF_NODE,
    '{"error":"Request Header Fields Too Large","message":"Exceeded maximum allowed HTTP header size","statusCode":431}'),
  row('both lengths, the smuggler\'s shape', [head('POST', url('create', CREATE), [XML_TYPE, 'Content-Length: 5', 'Transfer-Encoding: chunked']), `0\r\n\r\n${SMUGGLED}`], 400, JSON_OF_NODE, NO_HTTP),
  row('both lengths the other way round', [head('POST', url('create', CREATE), [XML_TYPE, 'Transfer-Encoding: chunked', 'Content-Length: 5']), `0\r\n\r\n${SMUGGLED}`], 400, JSON_OF_NODE, NO_HTTP),
  row('two lengths', [head('POST', url('create', CREATE), [XML_TYPE, 'Content-Length: 0', `Content-Length: ${SMUGGLED.length}`]), SMUGGLED], 400, JSON_OF_NODE, NO_HTTP),
  row('a length with a sign', [head('POST', url('create', CREATE), [XML_TYPE, 'Content-Length: +5']), 'abcde'], 400, JSON_OF_NODE, NO_HTTP),
  row('chunked and then something else', [head('POST', url('create', CREATE), [XML_TYPE, 'Transfer-Encoding: chunked, identity']), chunked([MODULES])], 400, JSON_OF_NODE, NO_HTTP),
  row('a blank before the colon', [head('POST', url('create', CREATE), [XML_TYPE, 'Transfer-Encoding : chunked']), chunked([MODULES])], 400, JSON_OF_NODE, NO_HTTP),
  row('bare line feeds', [`GET ${url('end', ROOM)} HTTP/1.1\nHost: gateway.example.org\n\n`], 400, JSON_OF_NODE, NO_HTTP),
  row('a chunk whose size is no number', [head('POST', url('create', CREATE), [XML_TYPE, 'Transfer-Encoding: chunked']), 'zz\r\nabc\r\n0\r\n\r\n'], 400, JSON_OF_NODE, NO_HTTP),
  row('bytes in a URL that are not ASCII', get(url('create', 'meetingID=räume&name=xx')), 400, JSON_OF_NODE, NO_HTTP),
]

t.test('what is malformed is refused in a known way, and no node hears of it', async (t) => {
  const { origin, nodes: [node] } = await startGateway(t, {
    nodes: 1, config: { limits: { body: '64KB' }, checksums: ['sha256', 'sha384'], poll: { interval: '60m' } },
  })
  if (node === undefined) throw new Error('no node')
  node.meetings.create({ meetingID: 'room-1', name: 'Room one' })

  for (const { title, pieces, status, type, body } of [...ABOUT_CHECKSUMS, ...ABOUT_MEETING_IDS, ...ABOUT_BODIES, ...ABOUT_CALLS, ...ABOUT_HTTP]) {
    node.clearRequests()
    const answer = await sendRaw(origin, pieces)
    t.strictSame({ status: answer.status, type: answer.headers['content-type'], body: answer.body }, { status, type, body }, title)
    if (status === 405) t.equal(answer.headers['allow'], 'GET, POST', `${title}: says what is allowed`)
    t.notMatch(JSON.stringify(answer), /checksum=|[0-9a-f]{40}/, `${title}: no checksum is repeated`)
    t.strictSame(node.requests.map(({ call }) => call), [], `${title}: no node hears of it`)
  }
  t.equal(node.meetings.list().length, 1, 'nothing was created')
})

t.test('what only looks malformed reaches the node', async (t) => {
  const { origin, nodes: [node] } = await startGateway(t, {
    nodes: 1, config: { limits: { body: '64KB' }, checksums: ['sha256', 'sha384'], poll: { interval: '60m' } },
  })
  if (node === undefined) throw new Error('no node')
  const xmlPost = (target: string, type: string): string[] => post(target, [`Content-Type: ${type}`], MODULES)
  const id256 = 'a'.repeat(256)
  const euros256 = '%E2%82%AC'.repeat(256)
  const faces128 = '%F0%9F%98%80'.repeat(128)
  const rows: ReadonlyArray<readonly [title: string, pieces: readonly string[], method: string, query: string, type: string | undefined]> = [
    ['an ID of 2 characters', get(url('create', 'meetingID=ab&name=xx')), 'GET', 'meetingID=ab&name=xx', undefined],
    ['an ID of 256 characters', get(url('create', `meetingID=${id256}&name=xx`)), 'GET', `meetingID=${id256}&name=xx`, undefined],
    ['an ID of 256 characters in 768 bytes', get(url('create', `meetingID=${euros256}&name=xx`)), 'GET', `meetingID=${euros256}&name=xx`, undefined],
    ['an ID of 128 characters that count as 256', get(url('create', `meetingID=${faces128}&name=xx`)), 'GET', `meetingID=${faces128}&name=xx`, undefined],
    ['a broken encoding in another value', get(url('create', 'meetingID=broken&name=xx&welcome=50%')), 'GET', 'meetingID=broken&name=xx&welcome=50%', undefined],
    ['a checksum in capitals', get(`${API}/create?meetingID=capitals&name=xx&checksum=${sign('create', 'meetingID=capitals&name=xx', SECRET, 'sha256').toUpperCase()}`), 'GET', 'meetingID=capitals&name=xx', undefined],
    ['a checksum in front', get(`${API}/create?checksum=${sign('create', 'meetingID=front&name=xx', SECRET, 'sha384')}&meetingID=front&name=xx`), 'GET', 'meetingID=front&name=xx', undefined],
    ['ampersands in front, inside and behind', get(`${API}/create?&meetingID=amp&&name=xx&&checksum=${sign('create', '&meetingID=amp&&name=xx&', SECRET, 'sha256')}`), 'GET', '&meetingID=amp&&name=xx&', undefined],
    ['parameters without a value, and twice', get(url('create', 'meetingID=twice&name=xx&a&a=1&a=2')), 'GET', 'meetingID=twice&name=xx&a&a=1&a=2', undefined],
    ['a slash behind the call', get(`${API}/create/?${url('create', 'meetingID=slash&name=xx').split('?')[1] ?? ''}`), 'GET', 'meetingID=slash&name=xx', undefined],
    ['slashes behind the call', get(`${API}/create///?${url('create', 'meetingID=slashes&name=xx').split('?')[1] ?? ''}`), 'GET', 'meetingID=slashes&name=xx', undefined],
    ['a GET with the type of a body', [head('GET', url('create', 'meetingID=typed&name=xx'), [XML_TYPE])], 'GET', 'meetingID=typed&name=xx', undefined],
    ['a GET with a body of no bytes', [head('GET', url('create', 'meetingID=nobody&name=xx'), ['Content-Length: 0'])], 'GET', 'meetingID=nobody&name=xx', undefined],
    ['a POST without a body', [head('POST', url('create', 'meetingID=post&name=xx'), ['Content-Length: 0'])], 'POST', 'meetingID=post&name=xx', undefined],
    ['a POST without a body, with a type', [head('POST', url('create', 'meetingID=post2&name=xx'), ['Content-Length: 0', 'Content-Type: text/plain'])], 'POST', 'meetingID=post2&name=xx', undefined],
    ...ODD_TYPES.map((type, index) => [
      `a POST without a body, with the type "${type}"`, post(url('create', `meetingID=odd${index}&name=xx`), [`Content-Type: ${type}`], ''), 'POST', `meetingID=odd${index}&name=xx`, undefined,
    ] as const),
    ['XML with a charset', xmlPost(url('create', 'meetingID=charset&name=xx'), 'application/xml; charset=utf-8'), 'POST', 'meetingID=charset&name=xx', 'application/xml'],
    ['XML as text, in capitals', xmlPost(url('create', 'meetingID=text&name=xx'), 'TEXT/XML;charset=UTF-8'), 'POST', 'meetingID=text&name=xx', 'application/xml'],
    ['XML in chunks', [head('POST', url('create', 'meetingID=chunks&name=xx'), [XML_TYPE, 'Transfer-Encoding: chunked']), chunked([MODULES])], 'POST', 'meetingID=chunks&name=xx', 'application/xml'],
    ['XML of no bytes in chunks', [head('POST', url('create', 'meetingID=chunks2&name=xx'), [XML_TYPE, 'Transfer-Encoding: chunked']), chunked([])], 'POST', 'meetingID=chunks2&name=xx', undefined],
    ['a body as large as allowed', post(url('create', 'meetingID=large&name=xx'), [XML_TYPE], 'x'.repeat(BODY_LIMIT_BYTES)), 'POST', 'meetingID=large&name=xx', 'application/xml'],
  ]
  for (const [title, pieces, method, query, type] of rows) {
    node.clearRequests()
    const answer = await sendRaw(origin, pieces)
    t.equal(answer.status, 200, title)
    t.match(answer.body, /^<response><returncode>SUCCESS<\/returncode>/, title)
    t.strictSame(
      node.requests.map(({ call, method, query, headers }) => ({ call, method, query, type: headers['content-type'] })),
      [{ call: 'create', method, query: `${query}&checksum=${sign('create', query, node.secret, 'sha256')}`, type }],
      `${title}: as the client wrote it, signed for the node`
    )
  }
})

t.test('a URL of 40,000 characters goes to the node as a form', async (t) => {
  const { origin, nodes: [node] } = await startGateway(t, { nodes: 1 })
  if (node === undefined) throw new Error('no node')
  node.clearRequests()
  const query = `meetingID=long&name=xx&meta_note=${'x'.repeat(40_000)}`
  const answer = await sendRaw(origin, get(url('create', query)))
  t.match(answer.body, /^<response><returncode>SUCCESS<\/returncode><meetingID>long<\/meetingID>/)
  const received = node.requests.find(({ call }) => call === 'create')
  t.equal(received?.method, 'POST')
  t.equal(received?.query, `checksum=${sign('create', '', node.secret, 'sha256')}`)
  t.equal(received?.headers['content-type'], 'application/x-www-form-urlencoded')
  t.equal(received?.bodyBytes, query.length)
  t.equal(node.meetings.get('long')?.metadata['note'], 'x'.repeat(40_000))
})
