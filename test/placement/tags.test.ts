import t from 'tap'
import { matchTags, parseTagWish, writeTagWish, type TagWish } from '../../src/placement/tags.js'

t.test('wishes are read as Scalelite\'s clients write them', async (t) => {
  const none = { anyOf: [], required: false }
  const table: Array<[string | undefined, TagWish]> = [
    [undefined, none],
    ['', none],
    ['none', none],
    ['none!', none],
    ['!', none],
    [';;', none],
    ['gpu', { anyOf: ['gpu'], required: false }],
    ['gpu!', { anyOf: ['gpu'], required: true }],
    ['eu;gpu', { anyOf: ['eu', 'gpu'], required: false }],
    ['eu;gpu!', { anyOf: ['eu', 'gpu'], required: true }],
    ['eu!;gpu', { anyOf: ['eu', 'gpu'], required: true }],
    [' eu ; gpu !', { anyOf: ['eu', 'gpu'], required: true }],
    ['gpu!!', { anyOf: ['gpu'], required: true }],
    ['none;eu', { anyOf: ['eu'], required: false }],
  ]
  for (const [value, wish] of table) t.strictSame(parseTagWish(value), wish, String(value))
})

t.test('what is passed on to the node has no mark', async (t) => {
  t.equal(writeTagWish('eu!;gpu!'), 'eu;gpu')
  t.equal(writeTagWish('gpu'), 'gpu')
})

t.test('a node\'s tags answer a wish', async (t) => {
  const table: Array<[string[], string, 'wished' | 'usable' | 'no']> = [
    [[], '', 'wished'],
    [['eu'], '', 'wished'],
    [['gpu!'], '', 'no'],
    [['eu', 'gpu!'], '', 'no'],

    [[], 'gpu', 'usable'],
    [['eu'], 'gpu', 'usable'],
    [['gpu'], 'gpu', 'wished'],
    [['gpu!'], 'gpu', 'wished'],
    [['exam!'], 'gpu', 'no'],

    [[], 'gpu!', 'no'],
    [['eu'], 'gpu!', 'no'],
    [['gpu'], 'gpu!', 'wished'],
    [['gpu!'], 'gpu!', 'wished'],
    [['exam!', 'gpu!'], 'gpu!', 'wished'],

    [['eu', 'gpu!'], 'eu', 'no'],
    [['gpu!', 'eu'], 'eu!', 'no'],
    [['eu', 'gpu!'], 'eu;gpu', 'wished'],
    [['gpu'], 'eu;gpu!', 'wished'],
    [['gp'], 'gpu!', 'no'],
    [['GPU'], 'gpu!', 'no'],
  ]
  for (const [tags, wish, expected] of table) {
    t.equal(matchTags(tags, parseTagWish(wish)), expected, `[${tags.join(', ')}] for "${wish}"`)
  }
})
