/**
 * Tags of nodes and what a create asks for. A node's `gpu!` reserves the node for those who ask for
 * `gpu`; `eu` only describes it.
 */
export interface TagWish {
  /** Any one of these will do; empty: no wish. */
  readonly anyOf: readonly string[]
  /** Whether a node without any of them may not be taken instead. */
  readonly required: boolean
}

export const NO_WISH: TagWish = { anyOf: [], required: false }

/** Reads `meta_server-tag` as Scalelite's clients write it: `a;b` a wish, `a;b!` a must, `none` no tag at all. */
export function parseTagWish (value: string | undefined): TagWish {
  if (value === undefined || value === '') return NO_WISH
  const required = value.includes('!')
  const anyOf = value.split(';').map((tag) => tag.replaceAll('!', '').trim()).filter((tag) => tag !== '' && tag !== 'none')
  return anyOf.length === 0 ? NO_WISH : { anyOf, required }
}

/** A wish as it is passed on to a node: without the `!`, which is meant for the gateway alone. */
export function writeTagWish (value: string): string {
  return value.replaceAll('!', '')
}

/** How well a node's tags answer a wish: as wished, usable if nothing better is there, or not at all. */
export type TagMatch = 'wished' | 'usable' | 'no'

export function matchTags (nodeTags: readonly string[], wish: TagWish): TagMatch {
  let isReserved = false
  let isAskedFor = wish.anyOf.length === 0
  for (const tag of nodeTags) {
    if (!tag.endsWith('!')) isAskedFor ||= wish.anyOf.includes(tag)
    else if (wish.anyOf.includes(tag.slice(0, -1))) return 'wished'
    else isReserved = true
  }
  if (isReserved) return 'no'
  if (isAskedFor) return 'wished'
  return wish.required ? 'no' : 'usable'
}
