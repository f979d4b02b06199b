/** The BBB releases a simulated node can stand for: the last patch of each line, but 2.4 and 2.5 with their early rules. */
export const BBB_VERSIONS = ['2.4', '2.5', '2.6', '2.7', '3.0'] as const
export type BbbVersion = typeof BBB_VERSIONS[number]

/** In what one BBB release differs from another, as far as a client of the API can see. */
export interface VersionTraits {
  /** Whether a POST without a query is hashed over its sorted, re-encoded parameters (2.4 … 2.6.17). */
  rebuildsPostQuery: boolean
  /** Whether a POST body needs a Content-Type from the call's list, compared as a whole (2.6.18+). */
  checksContentType: boolean
  /** Whether two `checksum` parameters are refused instead of the first being taken. */
  refusesDoubledChecksum: boolean
  /** Whether a second create without passwords finds the first meeting (2.6+) or clashes with it. */
  createIsIdempotentWithoutPasswords: boolean
  /** Whether a meeting is also found by (the beginning of) its internal id. */
  findsByInternalId: boolean
  /** Whether `end` wants the moderator password. */
  endNeedsPassword: boolean
  /** Whether `redirect=false` also turns validation errors of join into XML. */
  xmlForJoinValidationErrors: boolean
  /** Which parameters of join name the place to go with an error, the first one given winning. */
  joinErrorTargets: readonly string[]
  /** Path and query of the client page, to which the session token is added. */
  clientPath: string
  /** Path of the page for guests who wait. */
  guestPath: string
  /** Whether people who left stay in counts and lists until they time out. */
  countsDeparted: boolean
  /** Whether getRecordings knows offset and limit, and whether it says totalElements. */
  recordingPages: 'none' | 'pages' | 'pages-and-total'
  /** Whether texts of recordings come as CDATA. */
  recordingsInCdata: boolean
  /** How an element without content is written. */
  emptyElements: 'pair' | 'self-closing'
  /** Whether metadata of getMeetingInfo comes after the breakout elements or before them. */
  infoMetadataLast: boolean
  /** Elements of the bare API answer after `version`. */
  indexFields: readonly string[]
}

const INDEX_BEFORE_3_0 = ['apiVersion', 'bbbVersion']
const INDEX_3_0 = ['apiVersion', 'bbbVersion', 'html5PluginSdkVersion', 'graphqlWebsocketUrl', 'graphqlApiUrl']

const V2_4: VersionTraits = {
  rebuildsPostQuery: true,
  checksContentType: false,
  refusesDoubledChecksum: false,
  createIsIdempotentWithoutPasswords: false,
  findsByInternalId: false,
  endNeedsPassword: true,
  xmlForJoinValidationErrors: false,
  joinErrorTargets: [],
  clientPath: '/html5client/join?sessionToken=',
  guestPath: '/html5client/guestWait?sessionToken=',
  countsDeparted: true,
  recordingPages: 'none',
  recordingsInCdata: true,
  emptyElements: 'self-closing',
  infoMetadataLast: false,
  indexFields: INDEX_BEFORE_3_0,
}

const V2_6: VersionTraits = {
  ...V2_4,
  rebuildsPostQuery: false,
  checksContentType: true,
  createIsIdempotentWithoutPasswords: true,
  findsByInternalId: true,
  endNeedsPassword: false,
  countsDeparted: false,
  recordingPages: 'pages',
  recordingsInCdata: false,
  emptyElements: 'pair',
}

const V2_7: VersionTraits = {
  ...V2_6,
  xmlForJoinValidationErrors: true,
  joinErrorTargets: ['errorRedirectUrl'],
  recordingPages: 'pages-and-total',
}

const TRAITS: Readonly<Record<BbbVersion, VersionTraits>> = {
  2.4: V2_4,
  2.5: V2_4,
  2.6: V2_6,
  2.7: V2_7,
  '3.0': {
    ...V2_7,
    refusesDoubledChecksum: true,
    joinErrorTargets: ['errorRedirectUrl', 'logoutURL'],
    clientPath: '/html5client/?sessionToken=',
    guestPath: '/html5client/?sessionToken=',
    infoMetadataLast: true,
    indexFields: INDEX_3_0,
  },
}

/** The traits of one release. */
export function traitsOf (version: BbbVersion): VersionTraits {
  return TRAITS[version]
}

/** Whether `version` is `since` or newer. */
export function isAtLeast (version: BbbVersion, since: BbbVersion): boolean {
  return BBB_VERSIONS.indexOf(version) >= BBB_VERSIONS.indexOf(since)
}
