/** What the `instance` label of a series says: where a target is scraped. */
export interface Instance {
  /** In lower case, an IPv6 address without brackets. */
  readonly host: string
  /** '' where it has none. */
  readonly port: string
}

/** Reads `host:port`, `[IPv6]:port`, or either without a port. Operators may put any text there: then all of it is the host. */
export function parseInstance (text: string): Instance {
  const lower = text.toLowerCase()
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(lower) ?? []
  return { host: bracketed ?? plain ?? lower, port }
}

/** Whether an instance is the one looked for: its host, and its port as well if one is asked for. */
export function isInstance ({ host, port }: Instance, wanted: Instance): boolean {
  return host === wanted.host && (wanted.port === '' || port === wanted.port)
}

/** Puts an instance into the places `{host}` (without its port) and `{instance}` (as it is) of a text. */
export function fillTemplate (template: string, instance: string): string {
  const { host } = parseInstance(instance)
  return template.replaceAll('{host}', () => host.includes(':') ? `[${host}]` : host).replaceAll('{instance}', () => instance)
}

/** Whether no place is left in a text. */
export function isFilled (text: string): boolean {
  return !/[{}]/.test(text)
}
