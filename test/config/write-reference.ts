import { writeFile } from 'node:fs/promises'
import { reference } from '../../src/config/reference.js'

await writeFile(new URL('../../config/reference.md', import.meta.url), reference())
