import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { ConfigError } from '../../src/config/problems.js'
import { readConfig } from '../../src/config/read.js'
import { messages } from './bad/messages.js'

const directory = join(import.meta.dirname, 'bad')

// Stands for whatever an operator puts in a variable and then in the wrong place.
const env = { SECRET_IN_WRONG_PLACE: 'hunter2' }

async function errorOf (file: string): Promise<unknown> {
  return await readConfig(join(directory, file), env).catch((error: unknown) => error)
}

t.test('every bad file has its messages, and every entry its file', async t => {
  const files = (await readdir(directory)).filter(name => name.endsWith('.yaml'))
  t.same(Object.keys(messages).sort(), files.sort())
})

for (const [file, expected] of Object.entries(messages)) {
  t.test(file, async t => {
    const error = await errorOf(file)
    if (!(error instanceof ConfigError)) return t.fail('is refused with a ConfigError', { error })
    t.equal(error.message, expected.map(message => join(directory, message)).join('\n'))
    // Every secret in these files contains this word.
    t.notMatch(error.message, /hunter2/, 'shows no secret')
  })
}

t.test('a file that does not exist', async t => {
  await t.rejects(readConfig('no-such.yaml', {}), { name: 'ConfigError', message: 'no-such.yaml: cannot be read: there is no such file' })
})
