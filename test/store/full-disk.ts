import { readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { KeptFile, type KeptContents } from '../../src/store/kept-file.js'
import { eventually } from '../cluster/servers.js'
import { ManualClock } from '../helpers/manual-clock.js'
import { logBook } from './keeping.js'

// Run by kept-file.test.ts as a process that may write no file of more than a few megabytes: small contents, then too large ones, then
// small ones again. It prints what was on the disk and in the log after each.

const [path = ''] = process.argv.slice(2)
const { log, logs } = logBook()
const clock = new ManualClock()
let contents: KeptContents = { head: {}, lines: [] }
let attempts = 0
const file = new KeptFile({
  path,
  format: { kind: 'test', schema: 1, name: 'test file' },
  delayMs: 1_000,
  contents: () => {
    attempts++
    return contents
  },
  clock,
  log,
})

function look (): object {
  return { attempts, files: readdirSync(dirname(path)), text: readFileSync(path, 'utf8'), logs: logs.map(({ level, event, fields }) => ({ level, event, reason: fields['reason'] })) }
}

/** Changes something once the write before is over, and has it written. */
async function write (next: KeptContents): Promise<void> {
  contents = next
  await eventually(() => {
    file.changed()
    return clock.pending === 1
  }, 'the next write is due')
  await clock.advance(3_600_000)
}

async function main (): Promise<void> {
  const seen: object[] = []
  await write({ head: { step: 1 }, lines: [['a']] })
  await eventually(() => readdirSync(dirname(path)).includes('test.kept'), 'the file is there')
  seen.push(look())

  for (let attempt = 1; attempt <= 2; attempt++) {
    await write({ head: { step: 2 }, lines: Array.from({ length: 100_000 }, () => ['x'.repeat(100)]) })
    await eventually(() => clock.pending === 1, 'the next attempt is due')
    seen.push(look())
  }

  await write({ head: { step: 3 }, lines: [['b']] })
  await eventually(() => logs.length === 2, 'it is written again')
  seen.push(look())
  await file.stop()
  console.log(JSON.stringify(seen))
}

await main()
