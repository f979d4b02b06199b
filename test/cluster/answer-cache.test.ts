import t from 'tap'
import { AnswerCache, type AnswerKind } from '../../src/cluster/answer-cache.js'
import { Directory, type Copy } from '../../src/cluster/directory.js'
import type { NodeAnswer } from '../../src/cluster/node-client.js'
import { create } from './meetings.js'

const NOW = 1_000_000
const always = (): boolean => true

function copyOf (meetingID = 'room', nodeId = 'n1'): Copy {
  return create(new Directory(), meetingID, nodeId)
}

function answerOf (text: string): NodeAnswer {
  return { statusCode: 200, contentType: 'text/xml', location: '', dateMs: 0, body: Buffer.from(text) }
}

/** A node whose answers the test gives, one by one. */
class Questions {
  readonly #open: Array<{ resolve: (answer: NodeAnswer) => void, reject: (error: Error) => void }> = []
  asked = 0

  readonly ask = (): Promise<NodeAnswer> => new Promise((resolve, reject) => {
    this.asked++
    this.#open.push({ resolve, reject })
  })

  answer (text: string): void { this.#open.shift()?.resolve(answerOf(text)) }
  fail (message: string): void { this.#open.shift()?.reject(new Error(message)) }
}

async function read (given: Promise<{ answer: NodeAnswer, kind: AnswerKind }>): Promise<[string, AnswerKind]> {
  const { answer, kind } = await given
  return [answer.body.toString(), kind]
}

t.test('equal questions share the answer that is on its way', async (t) => {
  const cache = new AnswerCache(1_000)
  const questions = new Questions()
  const copy = copyOf()
  const both = [cache.answer(copy, 'info', NOW, questions.ask, always), cache.answer(copy, 'info', NOW + 500, questions.ask, always)]
  questions.answer('one')
  t.strictSame(await Promise.all(both.map(read)), [['one', 'asked'], ['one', 'shared']])
  t.equal(questions.asked, 1)
})

t.test('an answer is given again for as long as configured, from its question', async (t) => {
  const cache = new AnswerCache(1_000)
  const questions = new Questions()
  const copy = copyOf()
  const first = cache.answer(copy, 'info', NOW, questions.ask, always)
  questions.answer('one')
  await first
  t.strictSame(await read(cache.answer(copy, 'info', NOW + 1_000, questions.ask, always)), ['one', 'kept'])
  const later = cache.answer(copy, 'info', NOW + 1_001, questions.ask, always)
  questions.answer('two')
  t.strictSame(await read(later), ['two', 'asked'])
})

t.test('other questions, meetings and nodes have answers of their own', async (t) => {
  const cache = new AnswerCache(1_000)
  const questions = new Questions()
  const asked = [
    cache.answer(copyOf(), 'info', NOW, questions.ask, always),
    cache.answer(copyOf(), 'running', NOW, questions.ask, always),
    cache.answer(copyOf('other'), 'info', NOW, questions.ask, always),
    cache.answer(copyOf('room', 'n2'), 'info', NOW, questions.ask, always),
  ]
  for (const text of ['1', '2', '3', '4']) questions.answer(text)
  t.strictSame(await Promise.all(asked.map(read)), [['1', 'asked'], ['2', 'asked'], ['3', 'asked'], ['4', 'asked']])
})

t.test('a change before the question ends the answers before it', async (t) => {
  const cache = new AnswerCache(1_000)
  const questions = new Questions()
  const copy = copyOf()
  const before = cache.answer(copy, 'info', NOW, questions.ask, always)
  questions.answer('before')
  await before
  copy.changes++
  const after = cache.answer(copy, 'info', NOW, questions.ask, always)
  questions.answer('after')
  t.strictSame(await read(after), ['after', 'asked'])
})

t.test('a change between question and answer keeps the answer from everybody but the one who asked', async (t) => {
  const cache = new AnswerCache(1_000)
  const questions = new Questions()
  const copy = copyOf()
  const asker = cache.answer(copy, 'info', NOW, questions.ask, always)
  const sharer = cache.answer(copy, 'info', NOW, questions.ask, always)
  copy.changes++
  const latecomer = cache.answer(copy, 'info', NOW, questions.ask, always)
  t.equal(questions.asked, 2, 'who comes after the change asks at once')
  questions.answer('old')
  t.strictSame(await read(asker), ['old', 'asked'])
  questions.answer('new')
  t.strictSame(await read(latecomer), ['new', 'asked'])
  questions.answer('newer')
  t.not((await read(sharer))[0], 'old')
  t.not((await read(cache.answer(copy, 'info', NOW, questions.ask, always)))[0], 'old')
})

t.test('an answer that may not be kept is given to nobody else', async (t) => {
  const cache = new AnswerCache(1_000)
  const questions = new Questions()
  const copy = copyOf()
  const mayKeep = ({ body }: NodeAnswer): boolean => body.toString() !== 'FAILED'
  const asker = cache.answer(copy, 'info', NOW, questions.ask, mayKeep)
  const sharer = cache.answer(copy, 'info', NOW, questions.ask, mayKeep)
  questions.answer('FAILED')
  t.strictSame(await read(asker), ['FAILED', 'asked'])
  questions.answer('good')
  t.strictSame(await read(sharer), ['good', 'asked'])
  t.strictSame(await read(cache.answer(copy, 'info', NOW, questions.ask, mayKeep)), ['good', 'kept'])
})

t.test('a question that failed is asked again', async (t) => {
  const cache = new AnswerCache(1_000)
  const questions = new Questions()
  const copy = copyOf()
  const failing = cache.answer(copy, 'info', NOW, questions.ask, always)
  questions.fail('reset')
  await t.rejects(failing, { message: 'reset' })
  const again = cache.answer(copy, 'info', NOW, questions.ask, always)
  questions.answer('good')
  t.strictSame(await read(again), ['good', 'asked'])
})

t.test('with an age of 0 every question is asked', async (t) => {
  const cache = new AnswerCache(0)
  const questions = new Questions()
  const copy = copyOf()
  const both = [cache.answer(copy, 'info', NOW, questions.ask, always), cache.answer(copy, 'info', NOW, questions.ask, always)]
  questions.answer('1')
  questions.answer('2')
  t.strictSame(await Promise.all(both.map(read)), [['1', 'asked'], ['2', 'asked']])
})

t.test('the memory for answers is bounded by their real size', async (t) => {
  const cache = new AnswerCache(1_000)
  const copies = Array.from({ length: 20 }, (_, i) => copyOf(`room-${i}`))
  const large = answerOf('x'.repeat(4 * 1024 * 1024))
  for (const copy of copies) await cache.answer(copy, 'info', NOW, () => Promise.resolve(large), always)
  let kept = 0
  for (const copy of copies) if ((await cache.answer(copy, 'info', NOW, () => Promise.resolve(answerOf('small')), always)).kind === 'kept') kept++
  t.ok(kept >= 1 && kept <= 8, `${kept} of 20 answers of 4 MB are kept in 32 MB`)
})
