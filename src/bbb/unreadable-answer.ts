/**
 * What makes an answer unusable as a whole:
 * `not-xml` (empty, HTML, anything that does not begin as a BBB answer), `failed` (the server said FAILED),
 * `cut-off` (the document's end is missing), `malformed` (its end is there, its shape is not that of the answer).
 */
export type UnreadableReason = 'not-xml' | 'failed' | 'cut-off' | 'malformed'

/** An answer that must be treated as a failure of its call, never as an empty list. */
export class UnreadableAnswer extends Error {
  override readonly name = 'UnreadableAnswer'
  readonly reason: UnreadableReason
  /** The server's key; only with reason `failed`, and only if it gave one. */
  declare readonly messageKey?: string

  constructor (reason: UnreadableReason, detail: string, messageKey = '') {
    super(`unreadable answer (${reason}): ${detail}`)
    this.reason = reason
    if (messageKey !== '') this.messageKey = messageKey
  }
}
