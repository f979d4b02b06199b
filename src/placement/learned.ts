import { z } from 'zod'
import { CAUSES } from './costs.js'
import type { Forecast } from './forecast.js'

/** What a forecast has learned, in the shape in which it outlives a restart. Numbers, tags and the ids of tenants. */
export interface SavedForecast {
  readonly learned: unknown
  /** One line for each room. */
  readonly rooms: Iterable<readonly unknown[]>
}

const amount = z.number().nonnegative()
const sum = z.number()
const causes = z.array(sum).length(CAUSES.length + 1)

const LEARNED = z.object({
  costs: z.array(amount).length(CAUSES.length),
  sums: z.object({ samples: amount, products: z.array(causes).length(CAUSES.length + 1), outcomes: causes }),
  trust: z.object({ once: z.number().min(0).max(1), regular: z.number().min(0).max(1) }),
  tenants: z.array(z.object({
    tenantId: z.string(),
    typical: z.object({ people: amount, microphones: amount, cameras: amount, durationMs: amount }),
    meetings: amount,
    variance: amount,
  })),
  tags: z.array(z.string()),
})

/** What has been learned so far. The rooms are read off while they are written. */
export function saveForecast ({ costs, learning, bookings, rooms }: Forecast): SavedForecast {
  const { rooms: lines, ...learnedOfRooms } = rooms.save()
  return { learned: { costs, sums: learning.sums, trust: bookings.trust, ...learnedOfRooms }, rooms: lines }
}

/** Lets a forecast go on where another stopped. Throws where `saved` cannot be understood. */
export function restoreForecast (forecast: Forecast, saved: SavedForecast): void {
  const { costs, sums, trust, tenants, tags } = LEARNED.parse(saved.learned)
  forecast.rooms.restore({ tenants, tags, rooms: saved.rooms })
  forecast.learning.restore(sums)
  forecast.bookings.trust = trust
  forecast.costs = costs
}
