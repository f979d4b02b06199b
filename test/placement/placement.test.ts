import t from 'tap'
import { flat, STEP_MS } from '../../src/placement/horizon.js'
import { chooseNode, peakOf, rankNodes, scoreOf, type Obstacle, type PlaceableNode, type Placing } from '../../src/placement/placement.js'
import { NO_WISH, parseTagWish } from '../../src/placement/tags.js'
import { about, booking, draws, placeable as node, steps } from './parts.js'

function placing (settings: Partial<Placing> = {}): Placing {
  return { curve: flat(0.1), share: 0.1, room: '', tags: NO_WISH, except: new Set(), ...settings }
}

function chosen (nodes: PlaceableNode[], wanted: Partial<Placing> = {}): string | undefined {
  return chooseNode(nodes, placing(wanted), draws(1))?.node.id
}

t.test('the node that is least loaded with the meeting on it takes it', async (t) => {
  t.equal(chosen([node('a', { load: 0.3 }), node('b', { load: 0.2 }), node('c', { load: 0.4 })]), 'b')
  t.equal(chosen([]), undefined)
})

t.test('a stronger node takes more', async (t) => {
  t.equal(chosen([node('weak'), node('strong', { weight: 4 })]), 'strong', 'both idle: a quarter of the meeting on the strong one')
  t.equal(chosen([node('weak'), node('strong', { weight: 4, load: 0.08 })]), 'weak', '0.1 against 0.08 + 0.025')
  t.equal(chosen([node('weak'), node('strong', { weight: 4, load: 0.07 })]), 'strong', '0.1 against 0.07 + 0.025')
  t.equal(chosen([node('weak', { weight: 0.1 }), node('strong', { load: 0.89 })]), 'strong', '1 against 0.89 + 0.1')
  t.equal(chosen([node('weak', { weight: 0.1 }), node('strong', { load: 0.91 })]), 'weak', '1 against 0.91 + 0.1')
  const [candidate] = rankNodes([node('strong', { weight: 4, load: 0.65 })], placing())
  t.equal(candidate?.share, 0.025)
  about(t, candidate?.score ?? 0, 0.675 + 0.1 * 0.675, 'the highest load and a tenth of the mean')
})

t.test('the highest load over the life of the meeting decides, and a little of the mean', async (t) => {
  const short = placing({ curve: steps(4, 0.1) })
  const later = node('later', { curve: steps(4, 0.2, 0.9) })
  t.equal(chosen([later, node('now', { curve: steps(4, 0.3, 0) })], short), 'later', 'a peak after its end is no concern of it')
  t.equal(chosen([later, node('now', { curve: steps(4, 0.3, 0) })]), 'now', 'it is of one that goes on')
  const score = scoreOf(later, placing())
  about(t, score.score, 1 + 0.1 * (4 * 0.3 + 16 * 1) / 20, 'the mean over its life')
  t.equal(score.peakInMs, 4 * STEP_MS)
  const fading = scoreOf(later, placing({ curve: steps(10, 0.3, 0.1) }))
  about(t, fading.score, 1.2 + 0.1 * (4 * 0.3 * 0.5 + 6 * 0.3 * 1.2 + 10 * 0.1 * 1) / (10 * 0.3 + 10 * 0.1), 'weighted by how much of it is there')
  t.equal(fading.peakInMs, 4 * STEP_MS)
  t.equal(chosen([node('flat', { load: 0.5 }), node('relieved', { curve: steps(1, 0.5, 0.1) })]), 'relieved', 'of equal peaks the shorter one')
})

t.test('a meeting that costs nothing goes by what is there now', async (t) => {
  const nothing = placing({ curve: flat(), share: 0 })
  t.strictSame(scoreOf(node('a', { curve: steps(1, 0.25, 0.9) }), nothing), { score: 0.25, peak: 0.25, peakInMs: 0, booked: 0 })
})

t.test('only places held for larger rooms count, and not the meeting\'s own', async (t) => {
  const held = node('held', { load: 0.1, bookings: [booking('large', 0.5), booking('equal', 0.1), booking('small', 0.05)] })
  about(t, scoreOf(held, placing()).score, 0.7 * 1.1, 'the large one')
  about(t, scoreOf(held, placing()).booked, 0.5, 'which is told')
  about(t, scoreOf(held, placing({ room: 'large' })).score, 0.2 * 1.1, 'its own')
  about(t, scoreOf(held, placing({ room: 'large' })).booked, 0, 'its own')
  about(t, scoreOf(held, placing({ share: 0.01 })).booked, 0.65, 'a small meeting minds all of them')
  about(t, scoreOf(held, placing({ share: 0.5 })).booked, 0, 'a large one none')
  const later = node('later', { bookings: [booking('large', 0.5, steps(12, 0, 0.5))] })
  t.match(scoreOf(later, placing()), { peakInMs: 12 * STEP_MS, booked: 0.5 })
  t.match(scoreOf(later, placing({ curve: steps(12, 0.1) })), { booked: 0 }, 'it comes when the meeting is over')
  t.equal(chosen([held, node('busy', { load: 0.5 })]), 'busy')
  t.equal(chosen([held, node('busy', { load: 0.5 })], { room: 'large' }), 'held')
})

t.test('the peak of a node is that of all it carries and all that is held there', async (t) => {
  t.strictSame(peakOf(node('idle')), { score: 0, peak: 0, peakInMs: 0, booked: 0 })
  const curve = steps(5, 0.5, 0.2)
  t.strictSame(peakOf(node('a', { curve })), { score: 0.5, peak: 0.5, peakInMs: 0, booked: 0 })
  t.strictSame(peakOf(node('a', { curve, bookings: [booking('one', 0.25, steps(8, 0, 0.25)), booking('two', 0.25, steps(10, 0, 0.25))] })),
    { score: 0.7, peak: 0.7, peakInMs: 10 * STEP_MS, booked: 0.5 })
  t.strictSame(peakOf(node('a', { load: -0.5 })), { score: -0.5, peak: -0.5, peakInMs: 0, booked: 0 }, 'a CPU below what its meetings would cost')
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
    const busy = node('busy', { load: 5, tags: ['gpu'], health: candidate.health === 'suspect' ? 'suspect' : 'up' })
    t.equal(chosen([candidate, busy], wanted), obstacle === '' ? 'a' : 'busy', 'however loaded the other is')
  }
})

t.test('a suspect node is chosen only when no node that is up is left', async (t) => {
  const suspect = node('suspect', { health: 'suspect' })
  t.equal(chosen([suspect, node('busy', { load: 3 })]), 'busy')
  t.equal(chosen([suspect, node('full', { limits: { meetings: 1, participants: 0 }, meetings: 1 })]), 'suspect')
  t.equal(chosen([suspect, node('busy', { load: 3 })], { except: new Set(['busy']) }), 'suspect')
  t.equal(chosen([suspect, node('other', { health: 'suspect', load: 0.1 })]), 'suspect')
})

t.test('a wished tag is worth any load, but not a suspect node', async (t) => {
  const wish = { tags: parseTagWish('gpu') }
  t.equal(chosen([node('plain'), node('gpu', { tags: ['gpu'], load: 3 })], wish), 'gpu')
  t.equal(chosen([node('plain'), node('gpu', { tags: ['gpu!'], health: 'suspect' })], wish), 'plain')
  t.equal(chosen([node('plain'), node('gpu', { tags: ['gpu!'], health: 'down' })], wish), 'plain', 'a wish falls back to untagged nodes')
  t.equal(chosen([node('plain'), node('gpu', { tags: ['gpu'], health: 'suspect' })], { tags: parseTagWish('gpu!') }), 'gpu', 'a must does not')
})

t.test('all nodes are ranked, those that cannot take the meeting last', async (t) => {
  const ranked = rankNodes([
    node('off', { state: 'disabled' }),
    node('suspect-plain', { health: 'suspect' }),
    node('up-plain'),
    node('up-gpu-busy', { tags: ['gpu'], load: 0.5 }),
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
  const equal = names.map((id, index) => node(id, { load: 0.1 + 0.2 + index * 1e-12 }))
  const nodes = [node('full', { load: 0.9 }), ...equal, node('off', { state: 'draining' })]
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
  const nodes = Array.from({ length: 1_000 }, (_, i) => {
    const bookings = i % 5 === 0 ? [booking(`room ${i}`, 0.2 * random())] : []
    return node(`n${i}`, { tags: ['eu', 'de'], curve: flat().map(() => random()), bookings })
  })
  const wanted = placing({ tags: parseTagWish('eu') })
  const times: number[] = []
  for (let i = 0; i < 200; i++) {
    const startedAtMs = performance.now()
    chooseNode(nodes, wanted, random)
    times.push(performance.now() - startedAtMs)
  }
  const medianMs = times.sort((a, b) => a - b)[100] ?? Infinity
  t.ok(medianMs < 2, `${medianMs.toFixed(3)} ms`)
})
