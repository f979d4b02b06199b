import t from 'tap'
import { printable, table } from '../../src/commands/table.js'

t.test('columns are aligned, numbers to the right', async (t) => {
  t.equal(table(['node', 'people', 'name'], [['bbb-01', 7, 'Physik'], ['b', 1_200, '']]), [
    'node    people  name',
    'bbb-01       7  Physik',
    'b         1200',
  ].join('\n'))
  t.equal(table(['node'], []), 'node')
})

t.test('no cell says anything to the terminal', async (t) => {
  const controls = [...Array.from({ length: 0x20 }, (_, code) => code), ...Array.from({ length: 0x21 }, (_, index) => 0x7f + index)]
  for (const code of controls) {
    t.equal(table(['name', 'node'], [[`a${String.fromCharCode(code)}b`, 'x']]), 'name  node\na\ufffdb   x', `U+${code.toString(16)}`)
  }
  t.equal(table(['name'], [['\u001b]0;title\u0007\u001b[2J'], ['\u009b2J']]), 'name\n\ufffd]0;title\ufffd\ufffd[2J\n\ufffd2J')
})

t.test('other characters stay', async (t) => {
  for (const text of [' ~', '\u00a0', 'Übung ü', '物理', '😀', '\ufffd']) t.equal(printable(text), text)
})
