/** A text after its references were replaced. */
export interface Substitution {
  text: string
  /** Whether something of the text came from the environment. */
  changed: boolean
  /** Why it could not be replaced; names variables, never their values. */
  problem?: string
}

// In this order: an escaped opening, a whole reference, an opening that leads to none.
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{/g

/**
 * Replaces every `${NAME}` by that variable of the environment. `$${` stands for a literal `${`.
 * What was put in is not looked at again, so that a value may contain anything.
 */
export function substitute (text: string, env: NodeJS.ProcessEnv): Substitution {
  const problems: string[] = []
  let changed = false
  const result = text.replace(REFERENCE, (found, name: string | undefined) => {
    if (found === '$${') return '${'
    changed = true
    const value = name === undefined ? undefined : env[name]
    if (name === undefined) problems.push('expected a name and } after ${; to write the characters themselves, double the $')
    else if (value === undefined) problems.push(`\${${name}} is not set in the environment`)
    return value ?? found
  })
  return problems.length === 0 ? { text: result, changed } : { text: result, changed, problem: [...new Set(problems)].join('; ') }
}
