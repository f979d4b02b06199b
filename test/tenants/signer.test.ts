import t from 'tap'
import { CHECKSUM_ALGORITHMS, sign, type ChecksumAlgorithm } from '../../src/bbb/checksum.js'
import { Tenants } from '../../src/tenants/tenants.js'

const BLUE = { id: 'blue', secrets: ['blue-new', 'blue-old'] }
const RED = { id: 'red', secrets: ['red-only'] }

t.test('a call belongs to the tenant one of whose secrets signed it', async (t) => {
  const tenants = new Tenants([BLUE, RED], CHECKSUM_ALGORITHMS)
  const table: Array<[string, ChecksumAlgorithm, string | undefined]> = [
    ['blue-new', 'sha256', 'blue'],
    ['blue-old', 'sha1', 'blue'],
    ['red-only', 'sha512', 'red'],
    ['blue-older', 'sha256', undefined],
    ['', 'sha256', undefined],
  ]
  for (const [secret, algorithm, id] of table) {
    const query = 'meetingID=room-1'
    t.equal(tenants.signer('end', query, sign('end', query, secret, algorithm))?.id, id, `signed with "${secret}"`)
  }
  t.equal(tenants.signer('end', 'meetingID=room-2', sign('end', 'meetingID=room-1', 'blue-new', 'sha256')), undefined, 'for another query')
})

t.test('an algorithm that is switched off is refused under every secret', async (t) => {
  const tenants = new Tenants([BLUE, RED], ['sha256', 'sha512'])
  for (const secret of [...BLUE.secrets, ...RED.secrets]) {
    t.equal(tenants.signer('end', '', sign('end', '', secret, 'sha1')), undefined)
    t.equal(tenants.signer('end', '', sign('end', '', secret, 'sha384')), undefined)
    t.not(tenants.signer('end', '', sign('end', '', secret, 'sha512')), undefined)
  }
})

t.test('without tenants no checksum is right', async (t) => {
  t.equal(new Tenants([], CHECKSUM_ALGORITHMS).signer('end', '', sign('end', '', '', 'sha256')), undefined)
})
