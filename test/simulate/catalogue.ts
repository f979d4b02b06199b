import { COMPLETE, Ensemble, type Variant } from './ensemble.js'
import { AnyNode, B3lb, B3scale, Bbblb, BigBlueSwarm, LeastCpu, Pilos, RoundRobin, Scalelite } from './published.js'
import { Random } from './random.js'
import { Clairvoyant, offline } from './references.js'
import { outcomeOf, replay, type Outcome } from './replay.js'
import type { Strategy } from './strategy.js'
import type { Trace } from './trace.js'

/** What a strategy is there for: systems to compare with, Ensemble and parts of it, and what knows the future. */
export type Role = 'published' | 'ensemble' | 'reference'

interface Entry {
  readonly name: string
  readonly role: Role
  /** Undefined where it has no meaning for the scenario. */
  readonly run: (trace: Trace) => Outcome | undefined
}

export const CATALOGUE: readonly Entry[] = [
  entry('round robin', 'published', () => new RoundRobin()),
  entry('random', 'published', (trace) => new AnyNode(randomOf(trace, 'random'))),
  entry('least CPU', 'published', (trace) => new LeastCpu(trace.nodes)),
  entry('Scalelite', 'published', (trace) => new Scalelite(trace.nodes)),
  entry('bbblb', 'published', (trace) => new Bbblb(trace.nodes)),
  entry('b3lb', 'published', (trace) => new B3lb(trace.nodes, randomOf(trace, 'b3lb'))),
  entry('b3scale', 'published', (trace) => new B3scale(trace.nodes)),
  entry('PILOS', 'published', (trace) => new Pilos(trace.nodes)),
  entry('BigBlueSwarm', 'published', (trace) => new BigBlueSwarm(trace.nodes)),
  ensemble('Ensemble', COMPLETE),
  ensemble('without Prometheus', { ...COMPLETE, prometheus: false }),
  ensemble('without bookings', { ...COMPLETE, bookings: false }),
  ensemble('without history', { ...COMPLETE, rooms: false, bookings: false }),
  ensemble('counts only', { prometheus: false, rooms: false, bookings: false }),
  entry('clairvoyant', 'reference', (trace) => new Clairvoyant(trace)),
  // Where nodes are lost, what meetings there are depends on where they were placed.
  { name: 'offline', role: 'reference', run: (trace) => trace.losses.length > 0 ? undefined : outcomeOf(trace, offline(trace)) },
]

/** Not a strategy, but it stands in the tables as one. */
export const LOWER_BOUND = 'lower bound'

function entry (name: string, role: Role, make: (trace: Trace) => Strategy): Entry {
  return { name, role, run: (trace) => replay(trace, make(trace)) }
}

function ensemble (name: string, variant: Variant): Entry {
  return entry(name, 'ensemble', (trace) => new Ensemble(trace.nodes, variant, randomOf(trace, 'ensemble')))
}

function randomOf ({ seed, scenario }: Trace, name: string): Random {
  return new Random(`${seed}/${scenario.name}/${name}`)
}
