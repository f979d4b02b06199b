import fc from 'fast-check'
import t from 'tap'
import { element, escapeXml, textOf } from '../../src/bbb/xml.js'

t.test('text is made safe for elements and attributes', async (t) => {
  const table: Array<[string, string]> = [
    ['', ''],
    ['plain', 'plain'],
    ['a & b < c > d', 'a &amp; b &lt; c &gt; d'],
    ['"it\'s"', '&quot;it&#39;s&quot;'],
    ['&amp;', '&amp;amp;'],
    ['\t\n\r', '\t\n\r'],
    ['a\u0000b\u0008c\u000bd\u001fe\ufffef\uffff', 'abcdef'],
    ['\u0001<', '&lt;'],
    ['äß€\u{1f600}', 'äß€\u{1f600}'],
    [']]>', ']]&gt;'],
  ]
  for (const [text, expected] of table) t.equal(escapeXml(text), expected, JSON.stringify(text))
  for (const char of ['&', '<', '>', '"', "'", '\u0001']) t.not(escapeXml(char), char, 'each on its own')
})

t.test('elements', async (t) => {
  t.equal(element('name', 'a<b'), '<name>a&lt;b</name>')
  t.equal(element('count', 0), '<count>0</count>')
  t.equal(element('createTime', 1767225600123), '<createTime>1767225600123</createTime>')
  t.equal(element('running', false), '<running>false</running>')
  t.equal(element('empty', ''), '<empty></empty>')
})

t.test('content is read as the text it stands for', async (t) => {
  const table: Array<[string, string]> = [
    ['', ''],
    ['a &amp; b &lt;&gt;&quot;&apos;', 'a & b <>"\''],
    ['&#65;&#x42;&#x1F600;&#39;', 'AB\u{1f600}\''],
    ['&amp;lt;', '&lt;'],
    ['&nbsp;&unknown;&;&#;&#x;&', '&nbsp;&unknown;&;&#;&#x;&'],
    ['&#1114111;&#1114112;', '\u{10ffff}&#1114112;'],
    ['<![CDATA[a &amp; <b>]]>', 'a &amp; <b>'],
    ['x&lt;<![CDATA[&lt;]]>y<![CDATA[]]>&gt;', 'x<&lt;y>'],
    ['<![CDATA[a]]]]><![CDATA[>b]]>', 'a]]>b'],
    ['<![CDATA[never closed &amp;', '<![CDATA[never closed &'],
  ]
  for (const [content, expected] of table) t.equal(textOf(content), expected, content)
})

t.test('what is escaped is read back', async () => {
  // eslint-disable-next-line no-control-regex
  const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'a&<>"\'];#x39[!CDAT\n\u0000\u001f\uffffä'), maxLength: 20 }), (text) =>
    textOf(escapeXml(text)) === text.replace(unwritable, '')), { numRuns: 500 })
})
