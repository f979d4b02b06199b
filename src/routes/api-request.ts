import type { IncomingMessage } from 'node:http'
import type { Call } from '../bbb/calls.js'
import { FAILURES, type Failure } from '../bbb/errors.js'
import { countOf, decode, find, paramsOf, sortedForm, valueOf, withoutParam, type Param } from '../bbb/query.js'
import type { Clock } from '../clock.js'
import type { Health } from '../cluster/health.js'
import type { Tenant, Tenants } from '../tenants/tenants.js'
import { BodyRefused, holdBody, type HeldBody } from './held-body.js'

/** A form carries parameters only: more than this is not one. */
const LARGEST_FORM_BYTES = 256 * 1024

const FORM = 'application/x-www-form-urlencoded'

/** What BBB compares the whole header with: a charset behind it would be refused by some versions. */
const XML_TO_NODES = 'application/xml'

/** A call of a client, recognised and verified. */
export interface ApiRequest {
  readonly call: Call
  readonly method: 'GET' | 'POST'
  readonly tenant: Tenant
  readonly requestId: string
  readonly arrivedAtMs: number
  /** The parameters as text, without the checksum, in the client's bytes. */
  readonly text: string
  readonly params: readonly Param[]
  /** The Accept header; '' if there is none. */
  readonly accept: string
}

/** A request that is refused. */
export interface Refusal {
  readonly failure: Failure
}

export interface RequestRules {
  readonly tenants: Tenants
  /** Whether parameters in a form are accepted that the checksum does not cover. */
  readonly unsignedForms: boolean
}

/** A request that arrived: when, under which id, and the time its body is waited for by. */
interface Origin {
  readonly requestId: string
  readonly arrivedAtMs: number
  readonly clock: Clock
}

interface Verified {
  readonly tenant: Tenant
  readonly text: string
  readonly params: readonly Param[]
}

/** What kind of body a request carries, as far as its headers tell. */
type Carried = 'nothing' | 'form' | 'xml' | 'other'

/**
 * Reads and verifies the parameters of a call. A form is read for it; a larger body is left unread, for
 * `holdXml`, so that nobody without a secret can make the gateway read one.
 */
export function readRequest (
  raw: IncomingMessage, call: Call, query: string, origin: Origin, rules: RequestRules
): ApiRequest | Refusal | Promise<ApiRequest | Refusal> {
  const carried = carriedBy(raw)
  if (carried === 'form' && raw.method === 'POST') {
    return readForm(raw, origin.clock).then((form) => complete(typeof form === 'string' ? verifyForm(call, query, form, rules) : form))
  }
  const verified = verifyQuery(call, query, rules.tenants)
  if ('failure' in verified) return verified
  if (raw.method === 'GET' && carried !== 'nothing') return refuse(FAILURES.getWithBody)
  if (carried === 'other' || (carried === 'xml' && call.body !== 'xml')) return refuse(FAILURES.contentType)
  return complete(verified)

  function complete (result: Verified | Refusal): ApiRequest | Refusal {
    if ('failure' in result) return result
    const { tenant, text, params } = result
    let meetingIDs = 0
    for (const { name } of params) {
      if (name === undefined) return refuse(FAILURES.nameEncoding)
      if (name === 'meetingID') meetingIDs++
    }
    if (meetingIDs > 1) return refuse(FAILURES.meetingIdDoubled)
    const { requestId, arrivedAtMs } = origin
    return { call, method: raw.method === 'POST' ? 'POST' : 'GET', tenant, requestId, arrivedAtMs, text, params, accept: raw.headers.accept ?? '' }
  }
}

/** The XML body of a verified request, held so that it can be sent again; undefined if there is none. */
export async function holdXml (raw: IncomingMessage, limitBytes: number, clock: Clock): Promise<HeldBody | undefined> {
  if (carriedBy(raw) !== 'xml') return undefined
  const body = await holdBody(raw, XML_TO_NODES, limitBytes, clock)
  if (body.byteLength > 0) return body
  await body.release()
  return undefined
}

/** The meeting a call is about, or why it does not name one as BBB demands. */
export function readMeetingID (params: readonly Param[], anyLength: boolean): string | Failure {
  const param = find(params, 'meetingID')
  if (param === undefined || param.rawValue === '') return FAILURES.meetingIdMissing
  const meetingID = decode(param.rawValue)
  if (meetingID === undefined) return FAILURES.meetingIdEncoding
  if (!anyLength && (meetingID.length < 2 || meetingID.length > 256)) return FAILURES.meetingIdSize
  if (meetingID.includes(',')) return FAILURES.meetingIdComma
  return meetingID
}

function verifyQuery (call: Call, query: string, tenants: Tenants): Verified | Refusal {
  const params = paramsOf(query)
  const checksum = find(params, 'checksum')
  if (checksum === undefined || checksum.rawValue === '') return refuse(FAILURES.checksumMissing)
  if (countOf(params, 'checksum') > 1) return refuse(FAILURES.checksumDoubled)
  const text = withoutParam(query, checksum)
  const tenant = tenants.signer(call.name, text, checksum.rawValue)
  if (tenant === undefined) return refuse(FAILURES.checksumWrong)
  return { tenant, text, params: params.filter((param) => param !== checksum) }
}

/**
 * Verifies a form by the rule BBB had from 2.4 to 2.6.17, which signs its values. Later versions sign nothing
 * in a body, so that whoever sees one signed URL can send any parameters: only if the operator allows it.
 */
function verifyForm (call: Call, query: string, form: string, { tenants, unsignedForms }: RequestRules): Verified | Refusal {
  const outside = paramsOf(query)
  if (outside.some((param) => param.name !== 'checksum')) {
    const verified = verifyQuery(call, query, tenants)
    return 'failure' in verified ? verified : refuse(FAILURES.paramsInTwoPlaces)
  }
  const params = paramsOf(form)
  const given = [...outside, ...params].filter((param) => param.name === 'checksum')
  const [checksum] = given
  if (checksum === undefined || checksum.rawValue === '') return refuse(FAILURES.checksumMissing)
  if (given.length > 1) return refuse(FAILURES.checksumDoubled)
  const sorted = sortedForm(params)
  if (sorted === undefined) return refuse(FAILURES.formEncoding)
  const tenant = tenants.signer(call.name, sorted, checksum.rawValue) ??
    (unsignedForms ? tenants.signer(call.name, '', checksum.rawValue) : undefined)
  if (tenant === undefined) return refuse(FAILURES.checksumWrong)
  const text = params.includes(checksum) ? withoutParam(form, checksum) : form
  return { tenant, text, params: paramsOf(text) }
}

const UNSAFE_IN_URL = /[^\x21-\x7e]/g

async function readForm (raw: IncomingMessage, clock: Clock): Promise<string | Refusal> {
  try {
    const body = await holdBody(raw, FORM, LARGEST_FORM_BYTES, clock)
    const bytes = body.open()
    if (!Buffer.isBuffer(bytes)) throw new Error('a form is too small for a file')
    // Bytes that may not stand in a URL are encoded, so that the text can go on as a query.
    return bytes.toString('latin1').replace(UNSAFE_IN_URL, (char) => '%' + char.charCodeAt(0).toString(16).padStart(2, '0'))
  } catch (error) {
    if (error instanceof BodyRefused) return refuse(error.reason)
    throw error
  }
}

/** Whether a request has a body, as far as its headers tell. */
export function carriesBody ({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

function carriedBy (raw: IncomingMessage): Carried {
  if (!carriesBody(raw)) return 'nothing'
  const mime = (raw.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (mime === FORM) return 'form'
  return mime === 'application/xml' || mime === 'text/xml' ? 'xml' : 'other'
}

function refuse (failure: Failure): Refusal {
  return { failure }
}

/** How long a node may take for a call, and how long a client waits at most, from the arrival of its request. */
export interface Timeouts {
  readonly callTimeoutMs: number
  readonly totalTimeoutMs: number
  readonly nowMs: () => number
}

/** A suspect node is not waited for longer where what was last seen of it can stand in. */
const SUSPECT_PATIENCE_MS = 1_000

/**
 * How long a node may take now for its part in a request. `isReplaceable`: what was last seen of the node
 * can stand in for its answer.
 */
export function patienceMs ({ arrivedAtMs }: ApiRequest, { callTimeoutMs, totalTimeoutMs, nowMs }: Timeouts, health: Health, isReplaceable: boolean): number {
  const leftMs = Math.max(1, Math.min(callTimeoutMs, arrivedAtMs + totalTimeoutMs - nowMs()))
  return isReplaceable && health === 'suspect' ? Math.min(SUSPECT_PATIENCE_MS, leftMs) : leftMs
}

/** Whether the caller asked for an answer in XML instead of being sent on. */
export function wantsNoRedirect (params: readonly Param[]): boolean {
  return valueOf(params, 'redirect')?.toLowerCase() === 'false'
}
