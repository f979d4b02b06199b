import type { ServerResponse } from 'node:http'
import type { Answer } from './answers.js'
import { failed, htmlAnswer, htmlError } from './answers.js'

/** Something to go wrong. */
export interface Fault {
  kind: FaultKind
  /** The call it happens to; `*` for every one, also the default. `hooks/*` means every call below hooks. */
  call?: string
  /** How many calls it happens to before it is over; without it, it stays. */
  times?: number
  /** How long the answer waits first, by the node's clock; `slow` without it waits a second. */
  delayMs?: number
}

/** What a fault does to a call. Each kind does one of these. */
interface FaultEffect {
  /** One sentence for people who look at the list. */
  explains: string
  /** Calls it can happen to; every one where left out. */
  concerns?: (call: string) => boolean
  /** How long the answer waits where the fault does not say. */
  delayMs?: number
  /** What happens to the connection before the call is looked at. */
  before?: 'never-answer' | 'destroy'
  /** The answer given without carrying out the call. */
  instead?: () => Answer
  /** What becomes of the text of the answer. */
  rewrite?: (body: string) => string
  /** How an answer that is ready is sent. */
  send?: (response: ServerResponse, answer: Answer) => void
}

const isHook = (call: string): boolean => call.startsWith('hooks/')
const isReport = (call: string): boolean => call === 'getMeetings' || call === 'getMeetingInfo'

const EFFECTS = {
  slow: { explains: 'Waits delayMs, then carries out the call.', delayMs: 1_000 },
  hang: { explains: 'Never answers and does nothing.', before: 'never-answer' },
  reset: { explains: 'Closes the connection before a byte is sent and does nothing.', before: 'destroy' },
  'reset-after': {
    explains: 'Carries out the call, then closes the connection without an answer.',
    send: (response) => { response.socket?.destroy() },
  },
  500: {
    explains: 'Answers 500 with the HTML of the web application.',
    instead: () => htmlError(500, 'Internal Server Error'),
  },
  502: {
    explains: 'Answers 502 with the HTML of the proxy on the node.',
    instead: () => htmlError(502, 'Bad Gateway', 'nginx'),
  },
  503: {
    explains: 'Answers 503 with the HTML of the proxy on the node.',
    instead: () => htmlError(503, 'Service Temporarily Unavailable', 'nginx'),
  },
  truncated: {
    explains: 'Carries out the call and sends the first half of the answer as if it were all.',
    send: sendHalfAsAll,
  },
  cut: {
    explains: 'Carries out the call, announces the whole answer and closes the connection in the middle of it.',
    send: sendHalf,
  },
  html: {
    explains: 'Answers 200 with an HTML page, as a captive portal or a page under maintenance does.',
    instead: () => htmlAnswer(200, '<!doctype html>\n<html><head><title>Maintenance</title></head>' +
      '<body><h1>We will be back soon</h1></body></html>\n'),
  },
  'wrong-secret': {
    explains: 'Refuses every checksum, as a node whose secret was changed does.',
    concerns: (call) => call !== '' && call !== 'hooks/ping',
    instead: () => failed('checksumError', 'Checksums do not match'),
  },
  'api-disabled': {
    explains: 'Answers as a node whose API is switched off.',
    instead: () => failed('apiNotEnabled', 'The API is not enabled on this server.'),
  },
  'unparsable-name': {
    explains: 'Gives one person custom data with an element name that no XML parser takes.',
    concerns: isReport,
    rewrite: (body) => body.replace(/<customdata>|<customdata\/>/, (tag) => tag === '<customdata/>'
      ? `<customdata>${UNPARSABLE}</customdata>`
      : `<customdata>${UNPARSABLE}`),
  },
  'control-character': {
    explains: 'Puts a character into a meeting name that XML does not allow.',
    concerns: isReport,
    rewrite: (body) => body.replace('<meetingName>', '<meetingName>\u0001'),
  },
  thousands: {
    explains: 'Writes participant counts as 1,000, as old releases do with large numbers.',
    concerns: isReport,
    rewrite: (body) => body.replace(/<participantCount>\d+</g, '<participantCount>1,000<'),
  },
  'no-hooks': {
    explains: 'Answers 404 to the web hooks API, as a node without that package.',
    concerns: isHook,
    instead: () => htmlError(404, 'Not Found', 'nginx'),
  },
} satisfies Record<string, FaultEffect>

const UNPARSABLE = '<bbb custom=1>yes</bbb custom=1>'

export type FaultKind = `${keyof typeof EFFECTS}`

/** Every kind of fault with a sentence about it. */
export function faultKinds (): Record<string, string> {
  return Object.fromEntries(Object.entries(EFFECTS).map(([kind, effect]) => [kind, effect.explains]))
}

/** Whether there is such a kind. */
export function isFaultKind (kind: string): kind is FaultKind {
  return Object.hasOwn(EFFECTS, kind)
}

/** What is to happen to one call: the effects of all faults that concern it. */
export interface Mishap {
  delayMs: number
  before: 'never-answer' | 'destroy' | undefined
  instead: (() => Answer) | undefined
  rewrite: Array<(body: string) => string>
  send: ((response: ServerResponse, answer: Answer) => void) | undefined
}

/** The faults in force on a node. */
export class Faults {
  #active: Fault[] = []

  /** Adds a fault; it works from the next call on. */
  add (fault: Fault): void {
    this.#active.push({ ...fault })
  }

  /** Takes away all faults, or those of one kind. */
  clear (kind?: FaultKind): void {
    this.#active = kind === undefined ? [] : this.#active.filter((fault) => fault.kind !== kind)
  }

  /** The faults that are not over. */
  list (): Fault[] {
    return this.#active.map((fault) => ({ ...fault }))
  }

  /** What happens to this call, counted as one time of every fault that concerns it; undefined for nothing. */
  next (call: string): Mishap | undefined {
    if (this.#active.length === 0) return undefined
    const concerned = this.#active.filter((fault) => concerns(fault, call))
    if (concerned.length === 0) return undefined
    const mishap: Mishap = { delayMs: 0, before: undefined, instead: undefined, rewrite: [], send: undefined }
    for (const fault of concerned) {
      const effect: FaultEffect = EFFECTS[fault.kind]
      if (fault.times !== undefined) fault.times--
      mishap.delayMs += fault.delayMs ?? effect.delayMs ?? 0
      mishap.before ??= effect.before
      mishap.instead ??= effect.instead
      if (effect.rewrite !== undefined) mishap.rewrite.push(effect.rewrite)
      mishap.send ??= effect.send
    }
    this.#active = this.#active.filter((fault) => fault.times === undefined || fault.times > 0)
    return mishap
  }
}

function concerns (fault: Fault, call: string): boolean {
  const effect: FaultEffect = EFFECTS[fault.kind]
  if (effect.concerns !== undefined && !effect.concerns(call)) return false
  const wanted = fault.call ?? '*'
  return wanted === '*' || wanted === call || (wanted.endsWith('/*') && call.startsWith(wanted.slice(0, -1)))
}

function sendHalfAsAll (response: ServerResponse, answer: Answer): void {
  const half = firstHalf(answer)
  response.writeHead(answer.status, headersFor(answer, half.length))
  response.end(half)
}

function sendHalf (response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, headersFor(answer, Buffer.byteLength(answer.body)))
  response.write(firstHalf(answer), () => response.socket?.end())
}

function firstHalf (answer: Answer): Buffer {
  const bytes = Buffer.from(answer.body)
  return bytes.subarray(0, Math.ceil(bytes.length / 2))
}

function headersFor (answer: Answer, length: number): Record<string, string | number> {
  return { ...answer.headers, 'content-type': answer.contentType, 'content-length': length }
}
