import { START_COSTS, type Costs } from './costs.js'

/** What a node's CPU does without any meeting, to begin with. */
const START_IDLE = 0.04

/** Below and above, the CPU says little about meetings: idle work, or a node that cannot give what is asked of it. */
const LEAST_RATIO = 0.1
const MOST_RATIO = 0.9

/** Fewer samples are not enough to tell the causes apart. */
const LEAST_SAMPLES = 500

/** How strongly the start values hold, as a part of what the samples say of each cause. */
const START_WEIGHT = 0.02

/** How far a cost may go from its start value, once all are scaled to the strength of these nodes. */
const LEAST_OF_START = 0.2
const MOST_OF_START = 4

/** What was learned a day ago weighs this much today, and costs are worked out anew every hour. */
const KEPT_PER_DAY = 0.9
const HOURS_PER_DAY = 24

/** Sweeps of the solver: it halves its error many times over. */
const SWEEPS = 200

/** Sums over samples, from which the costs are worked out; what a state file keeps. */
export interface LearnedSums {
  readonly samples: number
  /** Sums of the products of every two causes; the first cause is the node itself. */
  readonly products: readonly (readonly number[])[]
  /** Sums of the products of each cause and the CPU. */
  readonly outcomes: readonly number[]
}

/**
 * Learns from the CPU of all nodes what a meeting, a person, a microphone and a camera cost there: a ridge
 * regression towards the start values, scaled by the one factor that fits best, within bounds.
 */
export class CostLearning {
  #samples = 0
  readonly #products: number[][] = START.map(() => START.map(() => 0))
  readonly #outcomes: number[] = START.map(() => 0)

  /** Takes in that a node with these numbers of causes was busy to that ratio. */
  sample (causes: readonly number[], cpuRatio: number): void {
    if (cpuRatio <= LEAST_RATIO || cpuRatio >= MOST_RATIO) return
    this.#samples++
    const row = [1, ...causes]
    for (const [i, products] of this.#products.entries()) {
      for (let j = 0; j < products.length; j++) products[j] = (products[j] ?? 0) + (row[i] ?? 0) * (row[j] ?? 0)
      this.#outcomes[i] = (this.#outcomes[i] ?? 0) + (row[i] ?? 0) * cpuRatio
    }
  }

  /** The costs that explain the samples best; undefined while there are too few. Must be called once an hour: it also lets old samples fade. */
  solveHourly (): Costs | undefined {
    const costs = this.#samples < LEAST_SAMPLES ? undefined : this.#solve()
    const kept = KEPT_PER_DAY ** (1 / HOURS_PER_DAY)
    this.#samples *= kept
    for (const [i, products] of this.#products.entries()) {
      for (let j = 0; j < products.length; j++) products[j] = (products[j] ?? 0) * kept
      this.#outcomes[i] = (this.#outcomes[i] ?? 0) * kept
    }
    return costs
  }

  get sums (): LearnedSums {
    return { samples: this.#samples, products: this.#products, outcomes: this.#outcomes }
  }

  restore ({ samples, products, outcomes }: LearnedSums): void {
    this.#samples = samples
    for (const [i, row] of products.entries()) this.#products[i]?.splice(0, row.length, ...row)
    this.#outcomes.splice(0, outcomes.length, ...outcomes)
  }

  #solve (): Costs | undefined {
    const scale = this.#scale()
    if (!(scale > 0)) return undefined
    const start = START.map((cost, cause) => cause === 0 ? cost : cost * scale)
    const solution = [...start]
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      for (const [i, products] of this.#products.entries()) {
        const own = products[i] ?? 0
        const hold = START_WEIGHT * own
        // A cause that never occurred says nothing.
        if (own + hold === 0) continue
        let rest = (this.#outcomes[i] ?? 0) + hold * (start[i] ?? 0)
        for (const [j, product] of products.entries()) if (j !== i) rest -= product * (solution[j] ?? 0)
        const most = (start[i] ?? 0) * MOST_OF_START
        solution[i] = Math.min(most, Math.max((start[i] ?? 0) * LEAST_OF_START, rest / (own + hold)))
      }
    }
    return solution.slice(1)
  }

  /** The factor for all start costs together that fits best. */
  #scale (): number {
    let outcome = 0
    let square = 0
    for (const [i, products] of this.#products.entries()) {
      if (i === 0) continue
      const cost = START[i] ?? 0
      outcome += cost * ((this.#outcomes[i] ?? 0) - START_IDLE * (products[0] ?? 0))
      for (const [j, product] of products.entries()) if (j > 0) square += cost * (START[j] ?? 0) * product
    }
    return outcome / square
  }
}

/** The node itself, then CAUSES. */
const START: readonly number[] = [START_IDLE, ...START_COSTS]
