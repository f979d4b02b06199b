import { resolve } from 'node:path'
import { z } from 'zod'
import { CHECKSUM_ALGORITHMS } from '../bbb/checksum.js'
import { address, management } from './management.js'
import { nodeList, someNodes } from './nodes.js'
import { prometheus } from './prometheus.js'
import { deriveKey, eachOnce, exactlyOneSecret, secretFile, secretKeys, secretText, whyUnreadable, withSecretList, type Files } from './secrets.js'
import { formatDuration } from './units.js'
import { anyList, anySection, complain, duration, flag, hiddenText, httpUrl, list, network, notYet, oneOf, size, wholeNumber } from './values.js'

/**
 * A configuration as the gateway uses it. Keys are named as in the YAML file and every default is filled in.
 * Durations are numbers of milliseconds, sizes are bytes, paths are absolute (or "" for none), and
 * `secret`, `secretFile` and `secrets` have become one list, `secrets`, of which the first signs.
 */
export type Config = z.output<ReturnType<typeof configSchema>>

/** A node as the configuration describes it. */
export type NodeConfig = Config['nodes'][number]

/**
 * The schema of the configuration: what is accepted, what it becomes, its defaults and its description.
 * Messages about what it refuses and the reference are made from it. `files` is where it finds the files that are named.
 */
export function configSchema (files: Files) {
  return z.strictObject({
    listen: z.strictObject({
      host: address().host.prefault('0.0.0.0').describe('Address to listen on.'),
      port: address().port.prefault(8080).describe('Port to listen on; 0 takes a free one.'),
    }).prefault({}).describe('Where clients connect.'),
    publicUrl: httpUrl().optional()
      .meta({ description: 'How clients and nodes reach the gateway; callback and room links start with it.', whenAbsent: 'made from `listen`' }),
    trustProxy: list(network(), 'a list of IP addresses and networks').prefault(['127.0.0.1'])
      .describe('Proxies in front of the gateway, whose `X-Forwarded-*` headers are believed.'),
    ...secretKeys(secretFile(files), 'that clients sign their calls with'),
    keys: list(secretText(), 'a list of keys, at least one', 1).superRefine(eachOnce, anyList).optional()
      .meta({
        description: 'What the gateway signs its own callback URLs, links and cookies with: the first signs, all verify.',
        whenAbsent: 'derived from the first secret, with a notice',
      }),
    checksums: list(oneOf(CHECKSUM_ALGORITHMS), `a list with at least one of ${CHECKSUM_ALGORITHMS.join(', ')}`, 1)
      .superRefine(eachOnce, anyList).prefault([...CHECKSUM_ALGORITHMS])
      .describe('Hashes accepted from clients; the length of a checksum tells which one it is.'),
    unsignedForms: flag().prefault(false)
      .describe('Whether form bodies are accepted that the checksum does not cover, as BBB does from 2.6.18 on.'),
    nodes: nodeList(files),
    poll: z.strictObject({
      interval: duration().prefault('5s').describe('Time between two polls of a node.'),
      timeout: duration().prefault('4s').describe('Time after which a poll without an answer has failed.'),
      downAfter: wholeNumber(1).prefault(3).describe('Failed polls in a row that make a node `down`.'),
      upAfter: wholeNumber(1).prefault(2).describe('Good polls in a row that make a `down` node `up` again.'),
      lostAfter: duration().prefault('10m').describe('Time after which the meetings of a `down` node leave lists and limits.'),
    }).prefault({}).describe('How nodes are watched.'),
    isolation: z.strictObject({
      hold: duration('or zero').prefault('2m').describe('How long meetings stay with their nodes while most nodes fail at once; 0 moves them at once.'),
    }).prefault({}).describe('What happens when the gateway\'s own network seems to have failed.'),
    timeouts: z.strictObject({
      connect: duration().prefault('1s').describe('Connecting to a node.'),
      call: duration().prefault('4s').describe('A node\'s answer to one call.'),
      total: duration().prefault('4.5s')
        .describe('Waiting, placing, connecting and reading together, for every call but `create` and uploads. Not below `connect`.'),
      create: duration().prefault('60s').describe('A node\'s answer to `create`.'),
    }).superRefine(connectWithinTotal, anySection).prefault({}).describe('How long a call may take.'),
    tls: z.strictObject({
      caFile: caFile(files).prefault('').describe('PEM file with the certificates of a private CA for the nodes; "" trusts the public ones only.'),
    }).prefault({}).describe('How nodes\' certificates are verified.'),
    limits: z.strictObject({
      body: size().prefault('200MB').describe('Largest request body.'),
      header: size().prefault('64KB').describe('Largest request header, with its URL.'),
    }).prefault({}).describe('What a request may measure.'),
    cache: z.strictObject({
      maxAge: duration('or zero').prefault('1s').describe('How long an equal question may be answered from the last answer; 0 is never.'),
    }).prefault({}).describe('Answers that are given more than once.'),
    shutdown: z.strictObject({
      delay: duration('or zero').prefault('0s').describe('Time between `/readyz` turning 503 and the listener closing.'),
      grace: duration('or zero').prefault('30s').describe('Time for calls under way to be answered.'),
    }).prefault({}).describe('What happens on SIGTERM.'),
    stateFile: z.string().meta({ words: 'the path of a file, or ""' }).transform(path => path === '' ? '' : resolve(files.directory, path))
      .prefault('ensemble.state')
      .describe('Keeps over a restart operators\' changes, the nodes that were found and where live meetings are; what was learned of rooms is kept next to it, in FILE.rooms. "" keeps nothing.'),
    prometheus: prometheus(files).optional()
      .meta({ description: 'Where the CPU use of nodes comes from.', whenAbsent: 'placement by counts alone' }),
    store: z.strictObject({
      kind: notYet('memory', 'a store for several gateways side by side').describe('Where shared knowledge lives.'),
      url: notYet(undefined, 'a store for several gateways side by side').describe('Address of a shared store.'),
    }).prefault({}).describe('What several gateways share.'),
    create: z.strictObject({
      rules: notYet([], 'changing the parameters of create').describe('What becomes of the parameters of `create`.'),
    }).prefault({}).describe('Calls that create meetings.'),
    join: z.strictObject({
      rules: notYet([], 'changing the parameters of join').describe('What becomes of the parameters of `join`.'),
    }).prefault({}).describe('Calls that join meetings.'),
    tenants: notYet([], 'more than one tenant').describe('Customers with secrets and limits of their own; none is one tenant that owns `secrets`.'),
    recordings: z.strictObject({
      proxy: notYet(false, 'playback through the gateway').describe('Whether recordings are played back under `publicUrl`.'),
      protected: notYet(false, 'protected playback').describe('Whether playback links are signed and expire.'),
    }).prefault({}).describe('Playback of recordings.'),
    callbacks: z.strictObject({
      allow: notYet([], 'delivering callbacks').describe('Networks and hosts inside which clients\' callback URLs may point; public addresses always may.'),
    }).prefault({}).describe('Callbacks that clients ask for.'),
    voiceBridge: z.strictObject({
      assign: notYet(false, 'assigning voice bridge numbers').describe('Whether the gateway assigns numbers that are unique over all nodes.'),
      digits: wholeNumber(5, 15).prefault(9).describe('Digits of an assigned number.'),
    }).prefault({}).describe('Numbers that telephones reach meetings with.'),
    dialIn: z.strictObject({
      password: notYet('', 'dial-in through a shared FreeSWITCH').describe('Password of `/fsapi`.'),
    }).prefault({}).describe('A FreeSWITCH that all nodes share.'),
    management: management().describe('The management API.'),
    metrics: z.strictObject({
      token: hiddenText('a token without spaces, or ""', /^[\x21-\x7e]*$/).prefault('')
        .describe('What a client of `/metrics` must send as `Authorization: Bearer TOKEN`; "" leaves it open.'),
    }).prefault({}).describe('Metrics for Prometheus.'),
    rooms: z.strictObject({
      enabled: notYet(false, 'the web page that opens rooms').describe('Whether `/` is a web page that opens rooms.'),
    }).prefault({}).describe('The web page for people.'),
  })
    .superRefine(someNodes, anySection)
    .superRefine(exactlyOneSecret('secrets'), anySection)
    .transform(section => {
      const { keys, ...rest } = withSecretList(section)
      return { ...rest, keys: keys ?? rest.secrets.slice(0, 1).map(deriveKey) }
    })
}

function connectWithinTotal ({ connect, total }: { connect: unknown, total: unknown }, ctx: z.RefinementCtx): void {
  if (typeof connect !== 'number' || typeof total !== 'number' || total >= connect) return
  complain(ctx, { say: `expected at least the ${formatDuration(connect)} of timeouts.connect, got ${formatDuration(total)}` }, ['total'])
}

function caFile (files: Files) {
  return z.string().meta({ words: 'the path of a PEM file, or ""' }).transform((path, ctx) => {
    if (path === '') return ''
    const absolute = resolve(files.directory, path)
    try {
      if (files.read(absolute).includes('-----BEGIN CERTIFICATE-----')) return absolute
      complain(ctx, { say: 'holds no certificate: expected a PEM file', quote: true })
    } catch (error) {
      complain(ctx, { say: `cannot be read: ${whyUnreadable(error)}`, quote: true })
    }
    return z.NEVER
  })
}
