import { element } from './xml.js'

/** A FAILED answer: BBB's messageKey, on which clients decide, and a text for people. */
export interface Failure {
  readonly key: string
  readonly message: string
}

/**
 * Everything the gateway itself says no with. Keys and texts are BBB's own where BBB has one for the
 * case, else those Scalelite's clients know; what neither has says what to change.
 */
export const FAILURES = {
  checksumMissing: { key: 'checksumError', message: 'You must provide the checksum' },
  checksumWrong: { key: 'checksumError', message: 'Checksums do not match' },
  checksumDoubled: { key: 'checksumError', message: 'The checksum must be given only once' },

  meetingIdMissing: { key: 'missingParamMeetingID', message: 'You must provide a meeting ID' },
  meetingIdSize: { key: 'sizeError', message: 'Meeting ID must be between 2 and 256 characters' },
  meetingIdComma: { key: 'validationError', message: "Meeting ID cannot contain ','" },
  meetingIdDoubled: { key: 'validationError', message: 'The meeting ID must be given only once' },
  meetingIdEncoding: { key: 'validationError', message: 'The percent-encoding of the meeting ID is broken' },
  nameEncoding: { key: 'validationError', message: "The percent-encoding of a parameter's name is broken" },
  formEncoding: { key: 'validationError', message: 'The percent-encoding of a parameter in the form is broken' },
  getWithBody: { key: 'validationError', message: 'A GET request cannot carry a body: send the parameters in the URL' },
  paramsInTwoPlaces: { key: 'validationError', message: 'Send the parameters in the URL or in the form, not in both' },
  contentType: { key: 'unsupportedContentType', message: 'POST request Content-Type is missing or unsupported' },
  bodyTooLarge: { key: 'sizeError', message: 'The request body is larger than this server accepts' },
  bodyCutOff: { key: 'validationError', message: 'The request body ended before it was complete' },
  unsupported: { key: 'unsupportedRequest', message: 'This request is not supported.' },

  notFound: { key: 'notFound', message: 'A meeting with that ID does not exist' },
  joinNotFound: { key: 'invalidMeetingIdentifier', message: 'A meeting with that ID does not exist' },
  chatNotFound: { key: 'meetingNotFound', message: 'Meeting not found' },
  // Two blanks, as BBB writes it.
  idNotUnique: { key: 'idNotUnique', message: 'A meeting already exists with that meeting ID.  Please use a different meeting ID.' },
  parentMissing: { key: 'parentMeetingIDMissing', message: 'No parent meeting ID was provided for the breakout room' },
  parentNotFound: { key: 'parentMeetingDoesNotExist', message: 'No parent meeting exists for the breakout room' },

  noServers: { key: 'internalError', message: 'Could not find any available servers.' },
  createFailed: { key: 'internalError', message: 'Unable to create meeting on server.' },
  unreachable: { key: 'internalError', message: 'Unable to access meeting on server.' },
  internal: { key: 'internalError', message: 'The request could not be carried out because of a fault in the gateway.' },
} as const satisfies Record<string, Failure>

/** The failure of a create that insists on a tag no usable node has (Scalelite's key and text). */
export function tagUnavailable (tags: readonly string[]): Failure {
  return { key: 'serverTagUnavailable', message: `There is no available server with the required tag=${tags.join(';')}.` }
}

/** The failure of insertDocument on an unknown meeting, in BBB's words. */
export function documentNotFound (meetingID: string): Failure {
  return { key: 'notFound', message: `Meeting with id [${meetingID}] not found.` }
}

/** A FAILED answer in BBB's XML, to be sent with HTTP 200: clients throw away the body of any other status. */
export function failed (failure: Failure): string {
  return `<response><returncode>FAILED</returncode>${element('messageKey', failure.key)}${element('message', failure.message)}</response>`
}

/**
 * Whether a node's FAILED is about the gateway and not about the client's request: the node has another
 * secret, refuses the algorithm, or has its API switched off. Clients must never see it as their own.
 */
export function isFaultOfNode (messageKey: string): boolean {
  return messageKey === 'checksumError' || messageKey === 'apiNotEnabled' || messageKey === 'unsupportedContentType'
}
