import t from 'tap'
import { HealthState, type Health } from '../../src/cluster/health.js'

/** What happens to a node: `+` a good poll, `-` a failed one, `!` a failed call. */
function follow (events: string, limits = { downAfter: 3, upAfter: 2 }): Health[] {
  const state = new HealthState(limits)
  return [...events].map((event) => {
    if (event === '+') state.pollSucceeded()
    else if (event === '-') state.pollFailed()
    else state.callFailed()
    return state.health
  })
}

t.test('a node nobody has polled yet is suspect', async (t) => {
  t.equal(new HealthState({ downAfter: 3, upAfter: 2 }).health, 'suspect')
})

t.test('health has hysteresis in both directions', async (t) => {
  const up = 'up'
  const suspect = 'suspect'
  const down = 'down'
  const table: Array<[string, string, Health[]]> = [
    ['the first good poll is enough at a start', '+', [up]],
    ['one failed poll does not take it down, one good one makes it up again', '+-+', [up, suspect, up]],
    ['it takes three in a row', '+--+---', [up, suspect, suspect, up, suspect, suspect, down]],
    ['it stays down', '-----', [suspect, suspect, down, down, down]],
    ['coming back takes two good polls in a row', '---++', [suspect, suspect, down, suspect, up]],
    ['a failure on the way back starts that again', '---+-++', [suspect, suspect, down, suspect, suspect, suspect, up]],
    ['on the way back it takes three failures to be down again', '---+---', [suspect, suspect, down, suspect, suspect, suspect, down]],
    ['once back, a single failure is again only that', '---++-+', [suspect, suspect, down, suspect, up, suspect, up]],
    ['a failed call makes it suspect, the next good poll up', '+!+', [up, suspect, up]],
    ['failed calls alone never take it down', '+!!!!!', [up, suspect, suspect, suspect, suspect, suspect]],
    ['failed calls do not count as polls', '+-!!-', [up, suspect, suspect, suspect, suspect]],
    ['a failed call does not bring it up from down', '---!', [suspect, suspect, down, down]],
  ]
  for (const [what, events, expected] of table) t.strictSame(follow(events), expected, what)
})

t.test('both limits are as configured', async (t) => {
  t.strictSame(follow('+-+', { downAfter: 1, upAfter: 1 }), ['up', 'down', 'up'])
  t.strictSame(follow('----+++', { downAfter: 4, upAfter: 3 }), ['suspect', 'suspect', 'suspect', 'down', 'suspect', 'suspect', 'up'])
})

t.test('failed polls in a row are counted', async (t) => {
  const state = new HealthState({ downAfter: 3, upAfter: 2 })
  state.pollFailed()
  state.pollFailed()
  t.equal(state.failedPolls, 2)
  state.callFailed()
  t.equal(state.failedPolls, 2)
  state.pollSucceeded()
  t.equal(state.failedPolls, 0)
})
