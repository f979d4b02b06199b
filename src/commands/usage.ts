/** A command line that cannot be carried out; the message tells how it is written. */
export class UsageError extends Error {
  constructor (message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** An answer of the management API that is not the one hoped for; the message is for people. */
export class ManagementError extends Error {
  constructor (message: string) {
    super(message)
    this.name = 'ManagementError'
  }
}

export const USAGE = `ensemble: one BigBlueButton endpoint over a pool of BigBlueButton servers

  ensemble serve    --config FILE                        run the gateway
  ensemble check    --config FILE [--offline] [--strict] check the file and reach every node
  ensemble sign     --config FILE CALL key=value …       print a signed URL of a call
  ensemble simulate --port P --secret-file F [--version V] [--name N] [--cores C] [--host H]
                                                         run one simulated BBB node (--secret S for tests)
  ensemble demo     [--port P]                           run three simulated nodes and a gateway

  ensemble nodes                                         list the nodes
  ensemble nodes set ID enabled|draining|archive|disabled
  ensemble meetings [--node ID] [--meeting-id ID]        list the meetings
  ensemble placement [--meeting-id ID] [--tags T] [--participants N]
                                                         where a new meeting would go, and why
  ensemble isolation                                     whether most nodes fail at once
  ensemble isolation end                                 move the meetings of failed nodes without waiting

nodes, meetings, placement and isolation speak to a running gateway: ENSEMBLE_URL and ENSEMBLE_TOKEN say which, or --config FILE.
Exit codes: 0 fine, 1 something could not be done or reached, 2 the command line or the configuration is wrong.`

/** The value of an option that must be there. */
export function required (value: string | undefined, option: string): string {
  if (value === undefined || value === '') throw new UsageError(`${option} is missing`)
  return value
}

/** The operands of a command that takes no more than `most`. */
export function atMost (most: number, operands: readonly string[]): readonly string[] {
  const surplus = operands[most]
  if (surplus !== undefined) throw new UsageError(`unexpected argument "${surplus}"`)
  return operands
}

/** A whole number from an option; throws a UsageError for anything else. */
export function wholeNumber (value: string, option: string, smallest: number, largest: number): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || number < smallest || number > largest) {
    throw new UsageError(`${option}: expected a whole number from ${smallest} to ${largest}, got "${value}"`)
  }
  return number
}
