/** The parameters of one call as BBB sees them: those of the query first, then those of a form body. */
export class Parameters {
  readonly query: URLSearchParams
  readonly form: URLSearchParams

  constructor (rawQuery: string, formBody = '') {
    this.query = new URLSearchParams(rawQuery)
    this.form = new URLSearchParams(formBody)
  }

  /** The first value of a parameter, or undefined where it was not sent. */
  get (name: string): string | undefined {
    return this.query.get(name) ?? this.form.get(name) ?? undefined
  }

  /** Like `get`, with an empty value taken as not sent. */
  text (name: string): string | undefined {
    const value = this.get(name)
    return value === '' ? undefined : value
  }

  /** Every value of a parameter. */
  all (name: string): string[] {
    return [...this.query.getAll(name), ...this.form.getAll(name)]
  }

  /** Whether the parameter is `true`, in any case of letters. */
  flag (name: string): boolean {
    return this.get(name)?.toLowerCase() === 'true'
  }

  /** A whole number, or the default where it is missing or no number. */
  integer (name: string, otherwise: number): number {
    const value = this.get(name)
    return value !== undefined && /^-?\d{1,15}$/.test(value.trim()) ? Number(value) : otherwise
  }

  /** The parts of a comma list, trimmed, without empty ones. */
  list (name: string): string[] {
    return (this.get(name) ?? '').split(',').map((part) => part.trim()).filter((part) => part !== '')
  }

  /** Every pair in order, query before form. */
  * entries (): Generator<[string, string]> {
    yield * this.query.entries()
    yield * this.form.entries()
  }

  /** The names sent, each once. */
  names (): Set<string> {
    return new Set([...this.query.keys(), ...this.form.keys()])
  }
}
