import t from 'tap'
import { startGateway } from '../helpers/gateway.js'
import { callsTo, nodeAt } from './cluster-of-nodes.js'
import { head, sendRaw } from './raw-request.js'

const VERSION = '<response><returncode>SUCCESS</returncode><version>2.0</version><apiVersion>2.0</apiVersion><bbbVersion></bbbVersion></response>'

t.test('the index is answered in every spelling that clients use, at once and without a checksum', async (t) => {
  const { origin, nodes } = await startGateway(t, { nodes: 1 })
  const targets = [
    '/bigbluebutton/api',
    '/bigbluebutton/api/',
    '/bigbluebutton/api//',
    '/bigbluebutton/api?checksum=',
    '/bigbluebutton/api/?checksum=',
    '/bigbluebutton/api/?&checksum=',
    '/bigbluebutton/api?&checksum=0123456789012345678901234567890123456789',
    '/bigbluebutton/api?anything=%zz',
  ]
  for (const target of targets) {
    for (const pieces of [[head('GET', target)], [head('POST', target, ['Content-Length: 0'])], [head('GET', target, ['Content-Type: application/xml'])]]) {
      const answer = await sendRaw(origin, pieces)
      t.equal(answer.status, 200, target)
      t.equal(answer.headers['content-type'], 'text/xml;charset=utf-8', target)
      t.equal(answer.headers['cache-control'], 'no-cache', target)
      t.equal(answer.body, VERSION, target)
    }
  }
  t.strictSame(callsTo(nodeAt(nodes, 0)), [], 'no node is asked')
})
