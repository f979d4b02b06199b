import t from 'tap'
import type { NodeLoad } from '../../src/cluster/load.js'
import { chooseNode, rankNodes, type Obstacle, type PlaceableNode, type Placing } from '../../src/cluster/placement.js'
import { NO_WISH, parseTagWish } from '../../src/cluster/tags.js'

const IDLE: NodeLoad = { background: 0, live: 0, reserved: 0, booked: 0 }

function node (id: string, settings: Partial<Omit<PlaceableNode, 'load' | 'id'>> & { readonly load?: Partial<NodeLoad> } = {}): PlaceableNode {
  return {
    id,
    state: 'enabled',
    health: 'up',
    weight: 1,
    tags: [],
    limits: { meetings: 0, participants: 0 },
    meetings: 0,
    participants: 0,
    ...settings,
    load: { ...IDLE, ...settings.load },
  }
}

function placing (settings: Partial<Placing> = {}): Placing {
  return { share: 0.1, tags: NO_WISH, except: new Set(), ...settings }
}

/** Numbers that look random and are the same in every run. */
function draws (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function chosen (nodes: PlaceableNode[], wanted: Partial<Placing> = {}): string | undefined {
  return chooseNode(nodes, placing(wanted), draws(1))?.node.id
}

t.test('the node that is least loaded with the meeting on it takes it', async (t) => {
  t.equal(chosen([node('a', { load: { live: 0.3 } }), node('b', { load: { live: 0.2 } }), node('c', { load: { live: 0.4 } })]), 'b')
  for (const term of ['background', 'live', 'reserved', 'booked'] as const) {
    t.equal(chosen([node('a', { load: { [term]: 0.01 } }), node('b')]), 'b', `${term} counts`)
  }
  t.equal(chosen([]), undefined)
})

t.test('a stronger node takes more', async (t) => {
  t.equal(chosen([node('weak'), node('strong', { weight: 4 })]), 'strong', 'both idle: a quarter of the meeting on the strong one')
  t.equal(chosen([node('weak'), node('strong', { weight: 4, load: { live: 0.08 } })]), 'weak', '0.1 against 0.08 + 0.025')
  t.equal(chosen([node('weak'), node('strong', { weight: 4, load: { live: 0.07 } })]), 'strong', '0.1 against 0.07 + 0.025')
  const [candidate] = rankNodes([node('strong', { weight: 4, load: { background: 0.1, live: 0.2, reserved: 0.3, booked: 0.05 } })], placing())
  t.equal(candidate?.share, 0.025)
  t.equal(candidate?.score.toFixed(6), '0.675000')
})

t.test('a node that cannot take the meeting says why and is not chosen', async (t) => {
  const table: Array<[Obstacle, PlaceableNode, Partial<Placing>]> = [
    ['state', node('a', { state: 'draining' }), {}],
    ['state', node('a', { state: 'archive' }), {}],
    ['state', node('a', { state: 'disabled' }), {}],
    ['down', node('a', { health: 'down' }), {}],
    ['refused', node('a'), { except: new Set(['a']) }],
    ['tags', node('a', { tags: ['gpu!'] }), {}],
    ['tags', node('a'), { tags: parseTagWish('gpu!') }],
    ['meetings-limit', node('a', { limits: { meetings: 5, participants: 0 }, meetings: 5 }), {}],
    ['participants-limit', node('a', { limits: { meetings: 0, participants: 100 }, participants: 100 }), {}],
    ['', node('a', { limits: { meetings: 5, participants: 100 }, meetings: 4, participants: 99 }), {}],
    ['', node('a', { health: 'suspect' }), {}],
    ['', node('a', { meetings: 10_000, participants: 100_000 }), {}],
  ]
  for (const [obstacle, candidate, wanted] of table) {
    t.equal(rankNodes([candidate], placing(wanted))[0]?.obstacle, obstacle, obstacle)
    t.equal(chosen([candidate], wanted), obstacle === '' ? 'a' : undefined, obstacle)
    const busy = node('busy', { load: { live: 5 }, tags: ['gpu'], health: candidate.health === 'suspect' ? 'suspect' : 'up' })
    t.equal(chosen([candidate, busy], wanted), obstacle === '' ? 'a' : 'busy', 'however loaded the other is')
  }
})

t.test('a suspect node is chosen only when no node that is up is left', async (t) => {
  const suspect = node('suspect', { health: 'suspect' })
  t.equal(chosen([suspect, node('busy', { load: { live: 3 } })]), 'busy')
  t.equal(chosen([suspect, node('full', { limits: { meetings: 1, participants: 0 }, meetings: 1 })]), 'suspect')
  t.equal(chosen([suspect, node('busy', { load: { live: 3 } })], { except: new Set(['busy']) }), 'suspect')
  t.equal(chosen([suspect, node('other', { health: 'suspect', load: { live: 0.1 } })]), 'suspect')
})

t.test('a wished tag is worth any load, but not a suspect node', async (t) => {
  const wish = { tags: parseTagWish('gpu') }
  t.equal(chosen([node('plain'), node('gpu', { tags: ['gpu'], load: { live: 3 } })], wish), 'gpu')
  t.equal(chosen([node('plain'), node('gpu', { tags: ['gpu!'], health: 'suspect' })], wish), 'plain')
  t.equal(chosen([node('plain'), node('gpu', { tags: ['gpu!'], health: 'down' })], wish), 'plain', 'a wish falls back to untagged nodes')
  t.equal(chosen([node('plain'), node('gpu', { tags: ['gpu'], health: 'suspect' })], { tags: parseTagWish('gpu!') }), 'gpu', 'a must does not')
})

t.test('all nodes are ranked, those that cannot take the meeting last', async (t) => {
  const ranked = rankNodes([
    node('off', { state: 'disabled' }),
    node('suspect-plain', { health: 'suspect' }),
    node('up-plain'),
    node('up-gpu-busy', { tags: ['gpu'], load: { live: 0.5 } }),
    node('suspect-gpu', { tags: ['gpu!'], health: 'suspect' }),
    node('up-gpu', { tags: ['gpu'] }),
  ], placing({ tags: parseTagWish('gpu') }))
  t.strictSame(ranked.map(({ node: { id }, rank, obstacle }) => [id, rank, obstacle]), [
    ['up-gpu', 0, ''], ['up-gpu-busy', 0, ''], ['up-plain', 1, ''], ['suspect-gpu', 2, ''], ['suspect-plain', 3, ''], ['off', 1, 'state'],
  ])
  t.equal(ranked[0]?.node.id, chosen(ranked.map(({ node }) => node).reverse(), { tags: parseTagWish('gpu') }), 'the first is the one that is chosen')
})

t.test('equal nodes are drawn evenly, whatever their order', async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const equal = names.map((id, index) => node(id, { load: { live: 0.1 + 0.2 + index * 1e-12 } }))
  const nodes = [node('full', { load: { live: 0.9 } }), ...equal, node('off', { state: 'draining' })]
  const random = draws(2026)
  const counts = new Map<string, number>()
  for (let i = 0; i < 10_000; i++) {
    const id = chooseNode(nodes, placing(), random)?.node.id ?? ''
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  t.strictSame([...counts.keys()].sort(), names)
  // With four degrees of freedom an even draw is above 18.5 once in a thousand times.
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 2_000) ** 2 / 2_000, 0)
  t.ok(chiSquare < 18.5, `chi-square ${chiSquare.toFixed(1)} of ${[...counts].join(' ')}`)
})

t.test('one of a thousand nodes is chosen in well under a millisecond', async (t) => {
  const random = draws(7)
  const nodes = Array.from({ length: 1_000 }, (_, i) => node(`n${i}`, { tags: ['eu', 'de'], load: { live: random() } }))
  const wanted = placing({ tags: parseTagWish('eu') })
  let bestMs = Infinity
  for (let i = 0; i < 100; i++) {
    const startedAtMs = performance.now()
    chooseNode(nodes, wanted, random)
    bestMs = Math.min(bestMs, performance.now() - startedAtMs)
  }
  t.ok(bestMs < 0.7, `${bestMs.toFixed(3)} ms`)
})
