import type { Failure } from '../bbb/errors.js'
import { valueOf } from '../bbb/query.js'
import { escapeXml } from '../bbb/xml.js'
import { failure, type Answer, type Result } from './answer.js'
import { wantsNoRedirect, type ApiRequest } from './api-request.js'

/**
 * A join that cannot be carried out. A browser is sent where the client wants its users to be told, with
 * BBB's `errors` behind the address; without such an address a person gets a page in words, a program XML.
 * Only for requests whose checksum was right: else anyone could make the gateway redirect anywhere.
 */
export function joinFailure (request: ApiRequest, reason: Failure, result: Result): Answer {
  if (wantsNoRedirect(request.params)) return failure(reason, result)
  const target = errorTarget(request)
  return target === undefined
    ? forPersonOrProgram(reason, result, request.accept)
    : { statusCode: 302, contentType: 'text/plain', body: '', location: withErrors(target, reason), result, messageKey: reason.key }
}

/** The same for a join that is not to be trusted with a redirect. */
export function forPersonOrProgram (reason: Failure, result: Result, accept: string): Answer {
  if (!accept.includes('text/html')) return failure(reason, result)
  return { statusCode: 200, contentType: 'text/html;charset=utf-8', body: page(reason), result, messageKey: reason.key }
}

/** Why a node refused a join, from the address it sends the caller to; undefined if that does not say. */
export function errorOf (location: string): Failure | undefined {
  const errors = URL.canParse(location) ? new URL(location).searchParams.get('errors') : null
  try {
    const [first] = JSON.parse(errors ?? '[]') as ReadonlyArray<{ key?: unknown, message?: unknown } | null>
    return typeof first?.key === 'string' && typeof first.message === 'string' ? { key: first.key, message: first.message } : undefined
  } catch {
    return undefined
  }
}

function errorTarget ({ params }: ApiRequest): URL | undefined {
  for (const name of ['errorRedirectUrl', 'logoutURL']) {
    const value = valueOf(params, name)
    if (value === undefined || !URL.canParse(value)) continue
    const url = new URL(value)
    if (url.protocol === 'https:' || url.protocol === 'http:') return url
  }
  return undefined
}

function withErrors (target: URL, { key, message }: Failure): string {
  const errors = `errors=${encodeURIComponent(JSON.stringify([{ message, key }]))}`
  target.search = target.search === '' ? errors : `${target.search}&${errors}`
  return target.href
}

const WORDS: Readonly<Record<string, string>> = {
  invalidMeetingIdentifier: 'This meeting is not running. It may not have started yet, or it has already ended.',
  internalError: 'The meeting cannot be reached at the moment. Please try again in a minute.',
  checksumError: 'This link is not valid. Please open the meeting from your course or portal again.',
}

function page ({ key, message }: Failure): string {
  const words = WORDS[key] ?? message
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cannot join the meeting</title>
<style>
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f3f5f8; color: #1c2733; font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 26rem; margin: 1rem; padding: 2rem; background: #fff; border-radius: .75rem; box-shadow: 0 1px 4px #0002 }
h1 { margin: 0 0 .5rem; font-size: 1.25rem }
p { margin: 0 }
small { display: block; margin-top: 1.25rem; color: #5b6875 }
</style>
</head>
<body>
<main>
<h1>You cannot join the meeting</h1>
<p>${escapeXml(words)}</p>
<small>${escapeXml(key)}</small>
</main>
</body>
</html>
`
}
