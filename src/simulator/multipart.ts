const BOUNDARY = /boundary=(?:"([^"]+)"|([^\s;]+))/i
const HEADERS_END = '\r\n\r\n'

/** The content of the named part of a multipart/form-data body; undefined where there is no such part. */
export function filePart (body: Buffer | undefined, contentType: string | undefined, name: string): Buffer | undefined {
  const match = BOUNDARY.exec(contentType ?? '')
  const boundary = match?.[1] ?? match?.[2]
  if (body === undefined || boundary === undefined) return undefined
  const delimiter = `--${boundary}`
  let start = body.indexOf(delimiter)
  while (start >= 0) {
    const next = body.indexOf(delimiter, start + delimiter.length)
    if (next < 0) return undefined
    const part = body.subarray(start + delimiter.length, next)
    const headersEnd = part.indexOf(HEADERS_END)
    const headers = part.subarray(0, Math.max(0, headersEnd)).toString('latin1')
    // A part ends with the line break before the next delimiter.
    if (headers.includes(`name="${name}"`)) return part.subarray(headersEnd + HEADERS_END.length, -'\r\n'.length)
    start = next
  }
  return undefined
}
