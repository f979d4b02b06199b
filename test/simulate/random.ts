/**
 * Random numbers that a seed decides: the same seed gives the same numbers in every process. The generator is
 * xoshiro128** by Blackman and Vigna, seeded through a hash of the seed and a label.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #d: number
  readonly #seed: string

  constructor (seed: string | number) {
    this.#seed = String(seed)
    const next = hasher(this.#seed)
    this.#a = next()
    this.#b = next()
    this.#c = next()
    // The generator stands still where its whole state is 0.
    this.#d = next() | 1
  }

  /** A generator of its own for one purpose, so that drawing more for one does not change what another gets. */
  branch (purpose: string | number): Random {
    return new Random(`${this.#seed}/${purpose}`)
  }

  /** 0 ≤ x < 1 */
  unit (): number {
    const result = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotate(this.#d, 11)
    return result / 0x1_0000_0000
  }

  between (low: number, high: number): number {
    return low + (high - low) * this.unit()
  }

  /** A whole number, 0 ≤ n < `below`. */
  whole (below: number): number {
    return Math.floor(this.unit() * below)
  }

  chance (probability: number): boolean {
    return this.unit() < probability
  }

  normal (mean: number, sd: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.unit()))
    return mean + sd * radius * Math.cos(2 * Math.PI * this.unit())
  }

  /** Its logarithm is normal around the logarithm of the median. */
  logNormal (median: number, logSd: number): number {
    return median * Math.exp(this.normal(0, logSd))
  }

  exponential (mean: number): number {
    return -mean * Math.log(1 - this.unit())
  }

  /** A share between 0 and 1 whose odds are log-normal. */
  share (median: number, spread: number): number {
    return 1 / (1 + Math.exp(-this.normal(Math.log(median / (1 - median)), spread)))
  }

  choice<T> (from: readonly T[]): T {
    const chosen = from[this.whole(from.length)]
    if (chosen === undefined) throw new RangeError('nothing to choose from')
    return chosen
  }

  /** One of `from`, each as often as its weight says. */
  weighted<T extends { readonly weight: number }> (from: readonly T[]): T {
    let left = this.unit() * from.reduce((sum, { weight }) => sum + weight, 0)
    for (const candidate of from) {
      left -= candidate.weight
      if (left < 0) return candidate
    }
    return this.choice(from)
  }

  /** The same elements in an order of their own. */
  shuffle<T> (elements: readonly T[]): T[] {
    const keyed = elements.map((element) => ({ element, key: this.unit() }))
    return keyed.sort((one, other) => one.key - other.key).map(({ element }) => element)
  }
}

/** Whole numbers of 32 bits that follow from a text (FNV-1a, then a mixer for each further number). */
function hasher (text: string): () => number {
  let state = 0x811C9DC5
  for (let index = 0; index < text.length; index++) state = Math.imul(state ^ text.charCodeAt(index), 0x01000193)
  return () => {
    state = (state + 0x9E3779B9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x85EBCA6B)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xC2B2AE35)
    return mixed ^ (mixed >>> 16)
  }
}

function rotate (value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
