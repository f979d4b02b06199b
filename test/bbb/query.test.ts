import t from 'tap'
import { countOf, decode, encode, find, paramsOf, sameName, sortedForm, valueOf, withoutParam } from '../../src/bbb/query.js'

/** Name, value and place of every parameter, with the place as the text that stands there. */
function read (text: string): Array<[string | undefined, string, string]> {
  return paramsOf(text).map(({ name, rawValue, start, end }) => [name, rawValue, text.slice(start, end)])
}

t.test('a text is read into parameters that know their place', async (t) => {
  t.strictSame(read(''), [])
  t.strictSame(read('&'), [])
  t.strictSame(read('&&&'), [])
  t.strictSame(read('a=1'), [['a', '1', 'a=1']])
  t.strictSame(read('&a=1&&b=2&'), [['a', '1', 'a=1'], ['b', '2', 'b=2']])
  t.strictSame(read('a'), [['a', '', 'a']], 'no equals sign')
  t.strictSame(read('a&b='), [['a', '', 'a'], ['b', '', 'b=']], 'the equals sign of a later one is not this one\'s')
  t.strictSame(read('=1'), [['', '1', '=1']], 'no name')
  t.strictSame(read('a=b=c&d=='), [['a', 'b=c', 'a=b=c'], ['d', '=', 'd==']], 'the first equals sign parts them')
  t.strictSame(read('a=%20+%zz'), [['a', '%20+%zz', 'a=%20+%zz']], 'values stay as they are')
  t.strictSame(read('meeting%49D=x&a+b=1'), [['meetingID', 'x', 'meeting%49D=x'], ['a b', '1', 'a+b=1']], 'names are decoded')
  t.strictSame(read('%zz=1&%=2&%E4=3&%C3%A4=4'), [[undefined, '1', '%zz=1'], [undefined, '2', '%=2'], [undefined, '3', '%E4=3'], ['ä', '4', '%C3%A4=4']], 'broken names')
  t.strictSame(read('a;b=1?c=2'), [['a;b', '1?c=2', 'a;b=1?c=2']], 'only ampersands part')
})

t.test('pieces are decoded as forms are', async (t) => {
  const table: Array<[string, string | undefined]> = [
    ['', ''],
    ['abc', 'abc'],
    ['a+b%20c', 'a b c'],
    ['%2B', '+'],
    ['%c3%BC', 'ü'],
    ['%F0%9F%98%80', '\u{1f600}'],
    ['%00', '\0'],
    ['%', undefined],
    ['%2', undefined],
    ['%zz', undefined],
    ['%FC', undefined],
    ['%C0%AF', undefined],
    ['%ED%A0%80', undefined],
    ['%u00e4', undefined],
  ]
  for (const [piece, text] of table) t.equal(decode(piece), text, piece)
})

t.test('values are encoded as Java\'s URLEncoder does', async (t) => {
  const table: Array<[string, string]> = [
    ['', ''],
    ['azAZ09.-*_', 'azAZ09.-*_'],
    ['a b', 'a+b'],
    ['a+b', 'a%2Bb'],
    ["~!'()", '%7E%21%27%28%29'],
    ['&=?/#%', '%26%3D%3F%2F%23%25'],
    ['äöüß€', '%C3%A4%C3%B6%C3%BC%C3%9F%E2%82%AC'],
    ['\u{1f600}', '%F0%9F%98%80'],
    ['\r\n\0', '%0D%0A%00'],
    ['<>"@:;,$[]{}|\\^`', '%3C%3E%22%40%3A%3B%2C%24%5B%5D%7B%7D%7C%5C%5E%60'],
  ]
  for (const [value, text] of table) {
    t.equal(encode(value), text, value)
    t.equal(decode(text), value, text)
  }
})

t.test('names are the same without case only where BBB lower-cases them', async (t) => {
  const table: Array<[string, string, boolean]> = [
    ['meetingID', 'meetingID', true],
    ['meetingID', 'meetingid', false],
    ['meta_Origin', 'meta_origin', true],
    ['META_origin', 'meta_ORIGIN', true],
    ['meta_a', 'meta_b', false],
    ['meta-a', 'meta-A', false],
    ['metaX', 'metax', false],
    ['userdata-bbb_x', 'userdata-bbb_X', false],
  ]
  for (const [one, other, same] of table) {
    t.equal(sameName(one, other), same, `${one} ${other}`)
    t.equal(sameName(other, one), same, `${other} ${one}`)
  }
})

t.test('a parameter is found in every spelling', async (t) => {
  const params = paramsOf('x=0&meeting%49D=one&meetingID=two&Meta_%4frigin=moodle&broken=%zz&empty')
  t.equal(valueOf(params, 'meetingID'), 'one', 'the first counts')
  t.equal(countOf(params, 'meetingID'), 2)
  t.equal(countOf(params, 'meetingid'), 0)
  t.equal(valueOf(params, 'meta_origin'), 'moodle')
  t.equal(valueOf(params, 'broken'), undefined)
  t.equal(countOf(params, 'broken'), 1)
  t.equal(valueOf(params, 'empty'), '')
  t.equal(valueOf(params, 'absent'), undefined)
  t.equal(find(params, 'absent'), undefined)
  t.equal(find(params, 'x'), params[0])
  t.equal(countOf(paramsOf('%zz=1'), '%zz'), 0, 'a broken name is nobody\'s')
})

t.test('a parameter is taken out with one ampersand, wherever it stands', async (t) => {
  const table: Array<[string, string]> = [
    ['checksum=V', ''],
    ['a=1&checksum=V', 'a=1'],
    ['checksum=V&a=1', 'a=1'],
    ['a=1&checksum=V&b=2', 'a=1&b=2'],
    ['&checksum=V', ''],
    ['&checksum=V&a=1', '&a=1'],
    ['checksum=V&', ''],
    ['a=1&checksum=V&', 'a=1&'],
    ['a=1&&checksum=V', 'a=1&'],
    ['&&checksum=V&&', '&&&'],
  ]
  for (const [text, expected] of table) {
    const checksum = find(paramsOf(text), 'checksum')
    if (checksum === undefined) t.fail(text)
    else t.equal(withoutParam(text, checksum), expected, text)
  }
})

t.test('a form is rebuilt as BBB 2.4 to 2.6.17 hash it', async (t) => {
  const table: Array<[string, string | undefined]> = [
    ['', ''],
    ['name=A+B&meetingID=r%2D1', 'meetingID=r-1&name=A+B'],
    ['b=2&a=1&checksum=V&B=3&_=4', 'B=3&_=4&a=1&b=2'],
    ['name=A%20B*%7e%21%27%28%29', 'name=A+B*%7E%21%27%28%29'],
    ['name=~!\'()', 'name=%7E%21%27%28%29'],
    ['name=%c3%a4%C3%96', 'name=%C3%A4%C3%96'],
    ['a=2&b=x&a=1&a=3', 'a=2&a=1&a=3&b=x'],
    ['meta_B=1&meta_a=2', 'meta_B=1&meta_a=2'],
    ['a&b=&c==', 'a=&b=&c=%3D'],
    ['%61=1&check%73um=V', 'a=1'],
    ['&&a=1&', 'a=1'],
    ['a=%zz', undefined],
    ['%zz=a', undefined],
    ['guestPolicy%3DASK%26name=y&meetingID=x', undefined],
    ['a%3Db=1', undefined],
    ['a=1&checksum=%zz', undefined],
  ]
  for (const [form, expected] of table) t.equal(sortedForm(paramsOf(form)), expected, form)
})
