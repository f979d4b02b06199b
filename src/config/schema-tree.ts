import { z } from 'zod'
import type { Path } from './problems.js'

/** A key of the schema. */
export interface SchemaKey {
  /** `poll.interval`, and `nodes[].id` inside lists. */
  key: string
  schema: z.ZodType
  /** Whether it has keys of its own, by itself or as a list. */
  section: boolean
}

/** The schema that decides what a value looks like, without defaults and transformations around it. */
export function core (schema: unknown): unknown {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) return core(schema.unwrap())
  if (schema instanceof z.ZodPipe) return core(schema.in instanceof z.ZodTransform ? schema.out : schema.in)
  return schema
}

/** The schema of the value at a path, or undefined where the schema knows no such key. */
export function schemaAt (schema: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => {
    const inner = core(at)
    if (inner instanceof z.ZodObject) return inner.shape[step]
    return inner instanceof z.ZodArray ? inner.element : undefined
  }, schema)
}

/** Every key of the schema, in its order, sections before what is in them. */
export function schemaKeys (schema: unknown, prefix = ''): SchemaKey[] {
  const inner = core(schema)
  if (inner instanceof z.ZodArray) return schemaKeys(inner.element, `${prefix}[]`)
  if (!(inner instanceof z.ZodObject)) return []
  return Object.entries(inner.shape).flatMap(([name, child]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`
    const below = schemaKeys(child, key)
    return child instanceof z.ZodType ? [{ key, schema: child, section: below.length > 0 }, ...below] : below
  })
}

/** A fact about a schema from the outermost layer that states it. */
export function fact<K extends keyof z.core.GlobalMeta> (schema: unknown, name: K): z.core.GlobalMeta[K] | undefined {
  if (!(schema instanceof z.ZodType)) return undefined
  const stated = schema.meta()?.[name]
  if (stated !== undefined) return stated
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) return fact(schema.unwrap(), name)
  if (schema instanceof z.ZodPipe) return fact(schema.in instanceof z.ZodTransform ? schema.out : schema.in, name)
  return undefined
}
