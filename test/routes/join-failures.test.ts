import t from 'tap'
import { sign } from '../../src/bbb/checksum.js'
import { SECRET, startGateway } from '../helpers/gateway.js'
import { callsTo, nodeAt } from './cluster-of-nodes.js'
import { head, sendRaw, type RawAnswer } from './raw-request.js'

const XML = 'text/xml;charset=utf-8'
const HTML = 'text/html;charset=utf-8'
const BROWSER = 'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
const PORTAL = 'https://portal.example.org'
const UNKNOWN = 'meetingID=nobody&fullName=Ada&role=VIEWER'
const NOT_FOUND = { key: 'invalidMeetingIdentifier', message: 'A meeting with that ID does not exist' }

/** BBB's errors and the rest of the address they came with. */
function readErrors (location: string | undefined): { url: string, errors: unknown } {
  const url = new URL(location ?? '')
  const errors: unknown = JSON.parse(url.searchParams.get('errors') ?? 'null')
  url.searchParams.delete('errors')
  return { url: url.href, errors }
}

t.test('a join that fails', async (t) => {
  const { origin, nodes } = await startGateway(t, { nodes: 1 })
  const join = (query: string, headers: readonly string[] = [], checksum = sign('join', query, SECRET, 'sha256')): Promise<RawAnswer> =>
    sendRaw(origin, [head('GET', `/bigbluebutton/api/join?${query}&checksum=${checksum}`, headers)])
  const url = encodeURIComponent

  t.test('sends the browser where the client wants its users to be told', async (t) => {
    const rows: ReadonlyArray<readonly [params: string, url: string]> = [
      [`errorRedirectUrl=${url(`${PORTAL}/oops`)}`, `${PORTAL}/oops`],
      [`errorRedirectUrl=${url(`${PORTAL}/oops?room=7&x=%20`)}`, `${PORTAL}/oops?room=7&x=+`],
      [`errorRedirectUrl=${url(`${PORTAL}/oops?room=7#part`)}`, `${PORTAL}/oops?room=7#part`],
      [`errorRedirectUrl=${url('http://localhost:3000/räume')}`, 'http://localhost:3000/r%C3%A4ume'],
      [`logoutURL=${url(`${PORTAL}/bye`)}`, `${PORTAL}/bye`],
      [`logoutURL=${url(`${PORTAL}/bye`)}&errorRedirectUrl=${url(`${PORTAL}/oops`)}`, `${PORTAL}/oops`],
      [`errorRedirectUrl=&logoutURL=${url(`${PORTAL}/bye`)}`, `${PORTAL}/bye`],
      [`errorRedirectUrl=${url('javascript:alert(1)')}&logoutURL=${url(`${PORTAL}/bye`)}`, `${PORTAL}/bye`],
      [`redirect=true&errorRedirectUrl=${url(`${PORTAL}/oops`)}`, `${PORTAL}/oops`],
    ]
    for (const [params, target] of rows) {
      for (const headers of [[], [BROWSER]]) {
        const answer = await join(`${UNKNOWN}&${params}`, headers)
        t.equal(answer.status, 302, params)
        t.equal(answer.body, '')
        t.strictSame(readErrors(answer.headers['location']), { url: target, errors: [{ message: NOT_FOUND.message, key: NOT_FOUND.key }] }, params)
      }
    }
  })

  t.test('is told to a person in words and to a program in XML where no address is given', async (t) => {
    const addresses = [
      '', '&errorRedirectUrl=', '&logoutURL=%zz', `&errorRedirectUrl=${url('javascript:alert(1)')}`, `&errorRedirectUrl=${url('data:text/html,x')}`,
      `&errorRedirectUrl=${url('ftp://portal.example.org/')}`, `&errorRedirectUrl=${url('/oops')}`, `&errorRedirectUrl=${url('//portal.example.org')}`, '&errorRedirectUrl=oops',
    ]
    for (const address of addresses) {
      const xml = await join(UNKNOWN + address)
      t.strictSame([xml.status, xml.headers['content-type'], xml.headers['location']], [200, XML, undefined], address)
      t.equal(xml.body, `<response><returncode>FAILED</returncode><messageKey>${NOT_FOUND.key}</messageKey><message>${NOT_FOUND.message}</message></response>`)
      const html = await join(UNKNOWN + address, [BROWSER])
      t.strictSame([html.status, html.headers['content-type'], html.headers['location']], [200, HTML, undefined], address)
      t.match(html.body, /^<!doctype html>\n<html lang="en">/)
      t.match(html.body, '<p>This meeting is not running. It may not have started yet, or it has already ended.</p>')
      t.match(html.body, '<small>invalidMeetingIdentifier</small>')
      t.notMatch(html.body, 'javascript')
    }
  })

  t.test('with redirect=false is XML, whoever asks', async (t) => {
    for (const headers of [[], [BROWSER]]) {
      const answer = await join(`${UNKNOWN}&redirect=false&errorRedirectUrl=${url(`${PORTAL}/oops`)}`, headers)
      t.strictSame([answer.status, answer.headers['content-type'], answer.headers['location']], [200, XML, undefined])
      t.match(answer.body, '<messageKey>invalidMeetingIdentifier</messageKey>')
    }
  })

  t.test('with a checksum that is wrong, missing or doubled is never a redirect', async (t) => {
    const query = `${UNKNOWN}&errorRedirectUrl=${url(`${PORTAL}/oops`)}&logoutURL=${url(`${PORTAL}/bye`)}`
    const right = sign('join', query, SECRET, 'sha256')
    for (const checksum of ['0'.repeat(64), '', '12', `${right}&checksum=${right}`]) {
      const xml = await join(query, [], checksum)
      t.strictSame([xml.status, xml.headers['content-type'], xml.headers['location']], [200, XML, undefined], checksum)
      t.match(xml.body, '<messageKey>checksumError</messageKey>')
      const html = await join(query, [BROWSER], checksum)
      t.strictSame([html.status, html.headers['content-type'], html.headers['location']], [200, HTML, undefined], checksum)
      t.match(html.body, '<p>This link is not valid. Please open the meeting from your course or portal again.</p>')
      t.notMatch(html.body, 'portal.example.org', 'nothing of the link is shown')
    }
  })

  t.test('for a reason that leaves its parameters in doubt is no redirect either', async (t) => {
    const query = `${UNKNOWN}&meetingID=another&errorRedirectUrl=${url(`${PORTAL}/oops`)}`
    const xml = await join(query)
    t.strictSame([xml.status, xml.headers['content-type'], xml.headers['location']], [200, XML, undefined])
    t.match(xml.body, '<message>The meeting ID must be given only once</message>')
    const html = await join(query, [BROWSER])
    t.strictSame([html.status, html.headers['content-type'], html.headers['location']], [200, HTML, undefined])
    t.match(html.body, '<p>The meeting ID must be given only once</p>')
  })

  t.test('says what is wrong with its meeting ID', async (t) => {
    const target = `errorRedirectUrl=${url(`${PORTAL}/oops`)}`
    const rows = [
      [`fullName=Ada&${target}`, 'missingParamMeetingID', 'You must provide a meeting ID'],
      [`meetingID=a&${target}`, 'sizeError', 'Meeting ID must be between 2 and 256 characters'],
      [`meetingID=a%2Cb&${target}`, 'validationError', "Meeting ID cannot contain ','"],
      [`meetingID=%zz&${target}`, 'validationError', 'The percent-encoding of the meeting ID is broken'],
    ] as const
    for (const [query, key, message] of rows) {
      t.strictSame(readErrors((await join(query)).headers['location']), { url: `${PORTAL}/oops`, errors: [{ message, key }] })
    }
  })

  t.test('reaches no node', async (t) => {
    t.strictSame(callsTo(nodeAt(nodes, 0)), [])
  })
})
