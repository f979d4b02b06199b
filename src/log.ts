/** Where events go: one line each, with fields. Never secrets, checksums, passwords or join URLs. */
export interface Log {
  info (fields: object, event: string): void
  warn (fields: object, event: string): void
  error (fields: object, event: string): void
}
