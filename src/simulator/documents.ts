import { XMLParser } from 'fast-xml-parser'

/** A slide deck that came with create or insertDocument. */
export interface PresentationDocument {
  /** The file name, as far as one was given. */
  name: string | undefined
  /** Where BBB would fetch it from; undefined for one that came in the body. */
  url: string | undefined
  /** Size of a document that came in the body. */
  bytes: number
  isCurrent: boolean
  isDownloadable: boolean
  isRemovable: boolean
}

/**
 * The documents of a `<modules>` body; undefined where the text is not XML. Modules of other kinds
 * are passed over.
 */
export function readDocuments (xml: string): PresentationDocument[] | undefined {
  let root: unknown
  try {
    root = newParser().parse(xml, true)
  } catch {
    return undefined
  }
  const documents: PresentationDocument[] = []
  for (const module of childrenOf(childrenOf(root, 'modules')[0], 'module')) {
    if (textAt(module, '@name') !== 'presentation') continue
    for (const document of childrenOf(module, 'document')) documents.push(toDocument(document))
  }
  return documents
}

function newParser (): XMLParser {
  return new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    parseAttributeValue: false,
    processEntities: true,
  })
}

function toDocument (document: unknown): PresentationDocument {
  const content = typeof document === 'string' ? document : textAt(document, '#text') ?? ''
  return {
    name: textAt(document, '@filename') ?? textAt(document, '@name'),
    url: textAt(document, '@url'),
    bytes: Buffer.byteLength(content, 'base64'),
    isCurrent: textAt(document, '@current') === 'true',
    isDownloadable: textAt(document, '@downloadable') === 'true',
    isRemovable: textAt(document, '@removable') !== 'false',
  }
}

function childrenOf (parent: unknown, name: string): unknown[] {
  if (typeof parent !== 'object' || parent === null) return []
  const child = (parent as Record<string, unknown>)[name]
  if (child === undefined) return []
  return Array.isArray(child) ? child : [child]
}

function textAt (parent: unknown, name: string): string | undefined {
  const [value] = childrenOf(parent, name)
  return typeof value === 'string' ? value : undefined
}
