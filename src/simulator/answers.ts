import { element, escapeXml } from '../bbb/xml.js'

/** What a call answers, before faults and the socket have their say. */
export interface Answer {
  status: number
  contentType: string
  body: string
  headers?: Readonly<Record<string, string>>
}

const XML = 'text/xml;charset=utf-8'
const JSON_TYPE = 'application/json;charset=utf-8'
const HTML = 'text/html;charset=utf-8'
const NO_CACHE = { 'cache-control': 'no-cache' }

/** An XML answer around these elements, in BBB's envelope; status 200 as always. */
export function xmlAnswer (elements: string): Answer {
  return { status: 200, contentType: XML, body: `<response>${elements}</response>`, headers: NO_CACHE }
}

/** SUCCESS with these elements after the return code. */
export function success (elements: string): Answer {
  return xmlAnswer(`<returncode>SUCCESS</returncode>${elements}`)
}

/** FAILED in BBB's usual form. */
export function failed (messageKey: string, message: string): Answer {
  return xmlAnswer(`<returncode>FAILED</returncode>${element('messageKey', messageKey)}${element('message', message)}`)
}

/** FAILED in the form that has a list of errors and no messageKey, which create uses for a voice bridge in use. */
export function failedWithList (key: string, message: string): Answer {
  const error = `<error>${element('key', key)}${element('message', message)}</error>`
  return xmlAnswer(`<returncode>FAILED</returncode><errors>${error}</errors>`)
}

/** The pair that many SUCCESS answers end with. */
export function messageElements (messageKey: string, message: string): string {
  return element('messageKey', messageKey) + element('message', message)
}

/** A JSON answer. */
export function jsonAnswer (value: unknown, status = 200): Answer {
  return { status, contentType: JSON_TYPE, body: JSON.stringify(value), headers: NO_CACHE }
}

/** A complete HTML page. */
export function htmlAnswer (status: number, body: string, headers?: Readonly<Record<string, string>>): Answer {
  return { status, contentType: HTML, body, ...(headers === undefined ? {} : { headers }) }
}

/** An HTML error page as the web framework or the proxy in front of a node writes it. */
export function htmlError (status: number, title: string, server: 'grails' | 'nginx' = 'grails'): Answer {
  const heading = `${status} ${escapeXml(title)}`
  return htmlAnswer(status, server === 'nginx'
    ? `<html>\r\n<head><title>${heading}</title></head>\r\n<body>\r\n<center><h1>${heading}</h1></center>\r\n` +
      '<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n'
    : `<!doctype html>\n<html>\n<head><title>${escapeXml(title)}</title></head>\n<body>\n<h1>${heading}</h1>\n</body>\n</html>\n`)
}

/** A temporary redirect. */
export function redirect (location: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 302, contentType: HTML, body: '', headers: { ...NO_CACHE, ...headers, location } }
}

/** Plain text. */
export function textAnswer (body: string, contentType = 'text/plain;charset=utf-8'): Answer {
  return { status: 200, contentType, body }
}

/** The same failure as JSON, which BBB gives to callers that prefer it. */
export function asJsonFailure (answer: Answer): Answer {
  const read = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(answer.body)?.[1] ?? ''
  return jsonAnswer({ response: { returncode: 'FAILED', messageKey: read('messageKey'), message: read('message') } })
}
