import t from 'tap'
import { documentNotFound, FAILURES, failed, isFaultOfNode, tagUnavailable } from '../../src/bbb/errors.js'

/** What clients see. Keys and texts of BBB and Scalelite are fixed: LMS plug-ins decide on the keys and show the texts. */
const EXPECTED = {
  checksumMissing: ['checksumError', 'You must provide the checksum'],
  checksumWrong: ['checksumError', 'Checksums do not match'],
  checksumDoubled: ['checksumError', 'The checksum must be given only once'],
  meetingIdMissing: ['missingParamMeetingID', 'You must provide a meeting ID'],
  meetingIdSize: ['sizeError', 'Meeting ID must be between 2 and 256 characters'],
  meetingIdComma: ['validationError', "Meeting ID cannot contain ','"],
  meetingIdDoubled: ['validationError', 'The meeting ID must be given only once'],
  meetingIdEncoding: ['validationError', 'The percent-encoding of the meeting ID is broken'],
  nameEncoding: ['validationError', "The percent-encoding of a parameter's name is broken"],
  formEncoding: ['validationError', 'The percent-encoding of a parameter in the form is broken'],
  getWithBody: ['validationError', 'A GET request cannot carry a body: send the parameters in the URL'],
  paramsInTwoPlaces: ['validationError', 'Send the parameters in the URL or in the form, not in both'],
  contentType: ['unsupportedContentType', 'POST request Content-Type is missing or unsupported'],
  bodyTooLarge: ['sizeError', 'The request body is larger than this server accepts'],
  bodyCutOff: ['validationError', 'The request body ended before it was complete'],
  unsupported: ['unsupportedRequest', 'This request is not supported.'],
  notFound: ['notFound', 'A meeting with that ID does not exist'],
  joinNotFound: ['invalidMeetingIdentifier', 'A meeting with that ID does not exist'],
  chatNotFound: ['meetingNotFound', 'Meeting not found'],
  idNotUnique: ['idNotUnique', 'A meeting already exists with that meeting ID.  Please use a different meeting ID.'],
  parentMissing: ['parentMeetingIDMissing', 'No parent meeting ID was provided for the breakout room'],
  parentNotFound: ['parentMeetingDoesNotExist', 'No parent meeting exists for the breakout room'],
  noServers: ['internalError', 'Could not find any available servers.'],
  createFailed: ['internalError', 'Unable to create meeting on server.'],
  unreachable: ['internalError', 'Unable to access meeting on server.'],
  internal: ['internalError', 'The request could not be carried out because of a fault in the gateway.'],
}

t.test('every failure has the key and the text that clients know', async (t) => {
  t.strictSame(Object.fromEntries(Object.entries(FAILURES).map(([name, { key, message }]) => [name, [key, message]])), EXPECTED)
})

t.test('a failure is written in BBB\'s XML, with its text escaped', async (t) => {
  t.equal(failed(FAILURES.meetingIdComma), '<response><returncode>FAILED</returncode><messageKey>validationError</messageKey><message>Meeting ID cannot contain &#39;,&#39;</message></response>')
  t.equal(failed(documentNotFound('a</message>&')), '<response><returncode>FAILED</returncode><messageKey>notFound</messageKey><message>Meeting with id [a&lt;/message&gt;&amp;] not found.</message></response>')
})

t.test('a tag that cannot be had is named as Scalelite names it', async (t) => {
  t.strictSame(tagUnavailable(['gpu']), { key: 'serverTagUnavailable', message: 'There is no available server with the required tag=gpu.' })
  t.strictSame(tagUnavailable(['eu', 'gpu']), { key: 'serverTagUnavailable', message: 'There is no available server with the required tag=eu;gpu.' })
})

t.test('only a no to the gateway itself is a fault of the node', async (t) => {
  for (const key of ['checksumError', 'apiNotEnabled', 'unsupportedContentType']) t.equal(isFaultOfNode(key), true, key)
  for (const key of ['', 'notFound', 'idNotUnique', 'nonUniqueVoiceBridge', 'invalidPassword', 'internalError', 'ChecksumError']) t.equal(isFaultOfNode(key), false, key)
})
