import { z } from 'zod'
import { anyList, complain, hiddenText, list, oneOf, pattern, text, wholeNumber } from './values.js'

/** The schema of a `listen` section, which has a default only where one is given. */
export function address () {
  return {
    host: text('a host name or an IP address'),
    port: wholeNumber(0, 65_535),
  }
}

/** The schema of `management`: who may use the management API. */
export function management () {
  return z.strictObject({
    tokens: tokens(),
    listen: z.strictObject({
      host: address().host.describe('Address to listen on.'),
      port: address().port.describe('Port to listen on; 0 takes a free one.'),
    }).optional()
      .meta({ description: 'An address of its own for the management API and `/metrics`.', whenAbsent: 'both are on `listen`' }),
  }).prefault({})
}

function tokens () {
  return list(token(), 'a list of tokens')
    .superRefine(eachItsOwn, anyList)
    .transform(each => each.map((token, index) => ({ ...token, name: token.name ?? defaultName(index) })))
    .prefault([])
    .describe('Who may use the management API: a text is a token with the role `operate`. An empty list turns the API off.')
}

function token () {
  return z.preprocess(input => typeof input === 'string' ? { token: input } : input, z.strictObject({
    name: pattern('a name of at most 64 letters, digits, dots, dashes and underscores', /^[A-Za-z0-9_.-]{1,64}$/).optional()
      .meta({ description: 'Who uses the token: changes are logged with this name. Must be unique.', whenAbsent: '`token-1` for the first, and so on' }),
    role: oneOf(['read', 'operate']).prefault('operate')
      .describe('`read` may look, `operate` may change.'),
    token: hiddenText('a token of at least 16 characters without spaces', /^[\x21-\x7e]{16,}$/)
      .describe('What the client sends as `Authorization: Bearer TOKEN`.'),
  })).meta({ words: 'a token of at least 16 characters, or one with name, role and token' })
}

function eachItsOwn (tokens: readonly unknown[], ctx: z.RefinementCtx): void {
  const names = new Map<unknown, number>()
  const texts = new Map<unknown, number>()
  tokens.forEach((each, index) => {
    if (typeof each !== 'object' || each === null) return
    const name = Reflect.get(each, 'name') ?? defaultName(index)
    const text = Reflect.get(each, 'token')
    if (names.has(name)) complain(ctx, { say: `tokens[${names.get(name)}] has this name already: expected one of its own` }, [index, 'name'])
    if (texts.has(text)) complain(ctx, { say: `tokens[${texts.get(text)}] is the same token: expected another` }, [index, 'token'])
    names.set(name, index)
    texts.set(text, index)
  })
}

function defaultName (index: number): string {
  return `token-${index + 1}`
}
