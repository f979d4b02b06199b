import fc from 'fast-check'
import t from 'tap'
import { sign } from '../../src/bbb/checksum.js'
import { countOf, encode, find, paramsOf, sameName, sortedForm, valueOf, withAppended, withoutName, withoutParam, withValue } from '../../src/bbb/query.js'

const RUNS = { numRuns: 300 }

t.test('a name is removed in every spelling and repetition, and nothing else changes', async (t) => {
  const table: Array<[string, string, string]> = [
    ['', 'a', ''],
    ['b=1', 'a', 'b=1'],
    ['a=1', 'a', ''],
    ['a', 'a', ''],
    ['a=1&a=2&a=3', 'a', ''],
    ['&a=1', 'a', ''],
    ['a=1&', 'a', ''],
    ['&a=1&a=2&', 'a', '&'],
    ['a=1&b=%2d+x&%61=2&c&a&', 'a', 'b=%2d+x&c&'],
    ['x=1&&a=1&&y=2', 'a', 'x=1&&&y=2'],
    ['aa=1&a=1&ab=2&A=3', 'a', 'aa=1&ab=2&A=3'],
    ['meta_X=1&b=2&META_x=3&meta%5fX=4', 'meta_x', 'b=2'],
    ['%zz=1&a=1', 'a', '%zz=1'],
    ['=1&a=1', '', 'a=1'],
  ]
  for (const [text, name, expected] of table) t.equal(withoutName(text, name), expected, `${text} without ${name}`)
})

t.test('a value is set in place of the first spelling, and the others go', async (t) => {
  const table: Array<[string, string, string, string]> = [
    ['', 'a', '1', 'a=1'],
    ['b=2', 'a', '1', 'b=2&a=1'],
    ['b=2&', 'a', '1', 'b=2&&a=1'],
    ['a=0', 'a', '1', 'a=1'],
    ['x=%2d&%61=0&y=+&a=2&z&a', 'a', '1', 'x=%2d&a=1&y=+&z'],
    ['&a=0&', 'a', '1', '&a=1&'],
    ['a&b', 'a', 'ä ~', 'a=%C3%A4+%7E&b'],
    ['Meta_Server-Tag=x!&meta_server-tag=y', 'meta_server-tag', 'x', 'meta_server-tag=x'],
    ['a=1&b=2', 'b&c', '1=2', 'a=1&b=2&b%26c=1%3D2'],
  ]
  for (const [text, name, value, expected] of table) t.equal(withValue(text, name, value), expected, `${name}=${value} in ${text}`)
})

t.test('a piece is appended with an ampersand of its own', async (t) => {
  t.equal(withAppended('', 'c=1'), 'c=1')
  t.equal(withAppended('a=1', 'c=1'), 'a=1&c=1')
  t.equal(withAppended('a=1&', 'c=1'), 'a=1&&c=1')
  t.equal(withAppended('&', 'c=1'), '&&c=1')
})

const piece = fc.string({ unit: fc.constantFrom(...'aZ0-_.~*%2+ä&='.split('').map(encode), '%', '%4', '%61', '+', 'ID', 'meeting', 'meta_', 'META_', 'checksum'), maxLength: 4 })
const param = fc.oneof(
  fc.tuple(piece, piece).map(([name, value]) => `${name}=${value}`),
  piece,
  fc.constantFrom('meetingID=room-1', 'meeting%49D=x', 'meta_Aa=1', 'META_aA=2', 'm%65ta_AA', 'meetingID')
)
const query = fc.array(param, { maxLength: 8 }).map((params) => params.join('&'))

/** BBB takes a checksum out by three literal replacements. */
function withoutChecksumAsBbb (text: string, checksum: string): string {
  return text.replaceAll(`&checksum=${checksum}`, '').replaceAll(`checksum=${checksum}&`, '').replaceAll(`checksum=${checksum}`, '')
}

t.test('what is left of a query without its checksum is what BBB hashes', async () => {
  fc.assert(fc.property(query, fc.nat({ max: 8 }), fc.boolean(), (text, at, isUpper) => {
    fc.pre(find(paramsOf(text), 'checksum') === undefined)
    const checksum = isUpper ? sign('create', text, 'x', 'sha1').toUpperCase() : sign('create', text, 'x', 'sha1')
    const pieces = text === '' ? [] : text.split('&')
    pieces.splice(at, 0, `checksum=${checksum}`)
    const signed = pieces.join('&')
    const found = find(paramsOf(signed), 'checksum')
    return found !== undefined && found.rawValue === checksum && withoutParam(signed, found) === withoutChecksumAsBbb(signed, checksum)
  }), RUNS)
})

t.test('a query that was signed by appending the checksum is hashed as it was', async () => {
  fc.assert(fc.property(query, (text) => {
    fc.pre(find(paramsOf(text), 'checksum') === undefined)
    const checksum = sign('create', text, 'x', 'sha256')
    const signed = withAppended(text, `checksum=${checksum}`)
    const found = find(paramsOf(signed), 'checksum')
    return found !== undefined && withoutParam(signed, found) === text && withoutChecksumAsBbb(signed, checksum) === text
  }), RUNS)
})

t.test('removing a name leaves the other parameters with their bytes and order', async () => {
  fc.assert(fc.property(query, fc.constantFrom('meetingID', 'meta_aa', 'a', ''), (text, name) => {
    const after = withoutName(text, name)
    const others = paramsOf(text).filter((one) => one.name === undefined || !sameName(one.name, name))
    const left = paramsOf(after)
    return countOf(left, name) === 0 && withoutName(after, name) === after &&
      left.map(({ start, end }) => after.slice(start, end)).join('&') === others.map(({ start, end }) => text.slice(start, end)).join('&')
  }), RUNS)
})

t.test('removing a name is removing its parameters one by one', async () => {
  fc.assert(fc.property(query, fc.constantFrom('meetingID', 'meta_aa', 'a', ''), (text, name) => {
    let expected = text
    for (let first = find(paramsOf(expected), name); first !== undefined; first = find(paramsOf(expected), name)) expected = withoutParam(expected, first)
    return withoutName(text, name) === expected
  }), RUNS)
})

t.test('a value that was set is the only one and is read back', async () => {
  fc.assert(fc.property(query, fc.constantFrom('meetingID', 'meta_aa', 'a'), fc.string({ unit: 'grapheme', maxLength: 12 }), (text, name, value) => {
    const params = paramsOf(withValue(text, name, value))
    const others = paramsOf(text).filter((one) => one.name === undefined || !sameName(one.name, name)).length
    return countOf(params, name) === 1 && valueOf(params, name) === value && params.length === others + 1
  }), RUNS)
})

t.test('a form is signed alike in whatever order and encoding its parameters are sent', async () => {
  const pairs = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_-]{0,6}$/), fc.string({ unit: 'grapheme', maxLength: 8 })), { selector: ([name]) => name, maxLength: 6 })
  fc.assert(fc.property(pairs, (params) => {
    const one = params.map(([name, value]) => `${name}=${encode(value)}`).join('&')
    const other = [...params].reverse().map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
    return sortedForm(paramsOf(one)) === sortedForm(paramsOf(other))
  }), RUNS)
})

t.test('a hundred thousand repetitions are removed in a moment', async (t) => {
  const startedAtMs = performance.now()
  t.equal(withoutName('b=1&' + 'a=1&'.repeat(100_000) + 'c=2', 'a'), 'b=1&c=2')
  t.equal(withoutName('a=1&b=1&'.repeat(50_000), 'a').length, 'b=1&'.length * 50_000)
  t.ok(performance.now() - startedAtMs < 2_000, 'time grows with the length, not with its square')
})
