const SPECIAL = /[&<>"']/g
// eslint-disable-next-line no-control-regex
const SPECIAL_OR_CONTROL = /[&<>"'\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

// XML 1.0 has no way to write these, not even as a reference.
// eslint-disable-next-line no-control-regex
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

const ENTITY: Readonly<Record<string, string>> = {
  '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;',
}

/** Text made safe for element content and attribute values; characters XML cannot hold are left out. */
export function escapeXml (text: string): string {
  if (!SPECIAL_OR_CONTROL.test(text)) return text
  return text.replace(UNWRITABLE, '').replace(SPECIAL, (char) => ENTITY[char] ?? char)
}

/** `<name>text</name>` with the text escaped; `name` is taken as it is. */
export function element (name: string, text: string | number | boolean): string {
  return `<${name}>${typeof text === 'string' ? escapeXml(text) : String(text)}</${name}>`
}

const REFERENCE = /&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos));/g
const PREDEFINED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const CDATA = /<!\[CDATA\[([\s\S]*?)\]\]>/g
const LARGEST_CODE_POINT = 0x10ffff

/** The text that element content stands for: CDATA taken as it is, references resolved, unknown ones kept. */
export function textOf (content: string): string {
  if (!content.includes('<![CDATA[')) return resolveReferences(content)
  let text = ''
  let from = 0
  for (const section of content.matchAll(CDATA)) {
    text += resolveReferences(content.slice(from, section.index)) + (section[1] ?? '')
    from = section.index + section[0].length
  }
  return text + resolveReferences(content.slice(from))
}

function resolveReferences (text: string): string {
  if (!text.includes('&')) return text
  return text.replace(REFERENCE, (reference, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return PREDEFINED[name] ?? reference
    const codePoint = hex !== undefined ? parseInt(hex, 16) : parseInt(decimal ?? '', 10)
    return codePoint <= LARGEST_CODE_POINT ? String.fromCodePoint(codePoint) : reference
  })
}
