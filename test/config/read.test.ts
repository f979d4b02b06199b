/* eslint-disable no-template-curly-in-string -- the references of a configuration look like that */
import { resolve } from 'node:path'
import t from 'tap'
import { ConfigError } from '../../src/config/problems.js'
import { parseConfig, type ConfigFile } from '../../src/config/read.js'
import { deriveKey } from '../../src/config/secrets.js'

const SMALLEST = `
secrets: [client-secret]
nodes:
  - id: bbb-01
    url: https://bbb-01.example.org/bigbluebutton/api
    secret: node-secret
`

/** Reads a configuration at /etc/ensemble/ensemble.yaml, next to the given files. */
function parse (text: string, env: NodeJS.ProcessEnv = {}, files: Record<string, string> = {}): ConfigFile {
  return parseConfig(text, {
    path: '/etc/ensemble/ensemble.yaml',
    env,
    readFile (path) {
      const content = files[path]
      if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
      return content
    },
  })
}

function problemsOf (text: string, env: NodeJS.ProcessEnv = {}): string[] {
  try {
    parse(text, env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ line, key, message }) => `${line} ${key}: ${message}`)
    throw error
  }
}

t.test('the defaults, all of them', async t => {
  const { config, path, directory } = parse(SMALLEST)
  t.equal(path, '/etc/ensemble/ensemble.yaml')
  t.equal(directory, '/etc/ensemble')
  t.strictSame(config, {
    listen: { host: '0.0.0.0', port: 8080 },
    trustProxy: ['127.0.0.1'],
    secrets: ['client-secret'],
    keys: [deriveKey('client-secret')],
    checksums: ['sha1', 'sha256', 'sha384', 'sha512'],
    unsignedForms: false,
    nodes: [{
      id: 'bbb-01',
      url: 'https://bbb-01.example.org/bigbluebutton/api',
      secrets: ['node-secret'],
      weight: 1,
      tags: [],
      state: 'enabled',
      checksum: 'sha256',
      limits: { meetings: 0, participants: 0 },
      prometheusInstance: 'bbb-01.example.org',
    }],
    poll: { interval: 5000, timeout: 4000, downAfter: 3, upAfter: 2, lostAfter: 600_000 },
    isolation: { hold: 120_000 },
    timeouts: { connect: 1000, call: 4000, total: 4500, create: 60_000 },
    tls: { caFile: '' },
    limits: { body: 200 * 1024 * 1024, header: 64 * 1024 },
    cache: { maxAge: 1000 },
    shutdown: { delay: 0, grace: 30_000 },
    stateFile: '/etc/ensemble/ensemble.state',
    store: { kind: 'memory' },
    create: { rules: [] },
    join: { rules: [] },
    tenants: [],
    recordings: { proxy: false, protected: false },
    callbacks: { allow: [] },
    voiceBridge: { assign: false, digits: 9 },
    dialIn: { password: '' },
    management: { tokens: [] },
    metrics: { token: '' },
    rooms: { enabled: false },
  })
})

t.test('values become what the gateway uses', async t => {
  const { config } = parse(`${SMALLEST}
  - id: bbb-02
    url: HTTP://BBB-02:80/bigbluebutton/api/
    secrets: [new, old]
publicUrl: https://bbb.example.org/
poll: { interval: 1.5s, lostAfter: 60m }
cache: { maxAge: 0 }
isolation: { hold: 0s }
limits: { body: 1GB }
trustProxy: [10.0.0.0/8, "::1", "fd00::/8"]
stateFile: ""
management:
  tokens: [token-of-the-first-one, { name: dashboard, role: read, token: token-of-the-dashboard }]
  listen: { host: 127.0.0.1, port: 0 }
`)
  t.equal(config.nodes[1]?.url, 'http://bbb-02/bigbluebutton/api')
  t.same(config.nodes[1]?.secrets, ['new', 'old'])
  t.equal(config.publicUrl, 'https://bbb.example.org')
  t.match(config.poll, { interval: 1500, lostAfter: 3_600_000 })
  t.equal(config.cache.maxAge, 0)
  t.equal(config.isolation.hold, 0)
  t.equal(config.limits.body, 1024 ** 3)
  t.equal(config.stateFile, '')
  t.same(config.management, {
    tokens: [
      { name: 'token-1', role: 'operate', token: 'token-of-the-first-one' },
      { name: 'dashboard', role: 'read', token: 'token-of-the-dashboard' },
    ],
    listen: { host: '127.0.0.1', port: 0 },
  })
})

t.test('prometheus', async t => {
  const defaults = {
    url: 'http://127.0.0.1:9090',
    interval: 30_000,
    cpuQuery: '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[2m]))',
    ageQuery: 'max by (instance) (timestamp(node_cpu_seconds_total{mode="idle"}))',
    maxAge: 90_000,
  }
  t.test('the defaults', async t => {
    t.strictSame(parse(`${SMALLEST}prometheus: { url: http://127.0.0.1:9090 }\n`).config.prometheus, defaults)
    const discover = 'query: up, url: "https://{host}/bigbluebutton/api", secret: of-all'
    t.strictSame(parse(`secrets: [client-secret]\nprometheus: { url: http://127.0.0.1:9090, discover: { ${discover} } }\n`).config.prometheus, {
      ...defaults,
      discover: {
        query: 'up',
        url: 'https://{host}/bigbluebutton/api',
        secrets: ['of-all'],
        secretFile: '',
        checksum: 'sha256',
        weight: 1,
        tags: [],
        limits: { meetings: 0, participants: 0 },
      },
    })
  })
  t.test('what is written', async t => {
    const { config } = parse(`secrets: [client-secret]
nodes: []
prometheus:
  url: HTTPS://gateway:p%40ss@Prometheus.example.org:443/monitoring/
  interval: 15s
  maxAge: 1m
  ageQuery: ""
  discover:
    query: 'up{job="bbb"} == 1'
    url: http://{instance}/bigbluebutton/api/
    secretFile: secrets/{host}
    checksum: sha1
    weight: 2
    tags: [eu, gpu!]
    limits: { meetings: 5 }
`)
    t.same(config.nodes, [])
    t.match(config.prometheus, {
      url: 'https://gateway:p%40ss@prometheus.example.org/monitoring',
      interval: 15_000,
      maxAge: 60_000,
      ageQuery: '',
      discover: {
        url: 'http://{instance}/bigbluebutton/api',
        secrets: [],
        secretFile: '/etc/ensemble/secrets/{host}',
        checksum: 'sha1',
        weight: 2,
        tags: ['eu', 'gpu!'],
        limits: { meetings: 5, participants: 0 },
      },
    })
  })
  t.test('a file with the secret of all nodes is read at once', async t => {
    const yaml = 'secrets: [client-secret]\nprometheus: { url: http://x, discover: { query: up, url: "https://{host}/x", secretFile: all } }\n'
    t.match(parse(yaml, {}, { '/etc/ensemble/all': 'of-all\n' }).config.prometheus?.discover, { secrets: ['of-all'], secretFile: '' })
  })
})

t.test('the gateway\'s own key', async t => {
  t.match(parse(SMALLEST).notices, [/^keys is not set: /], 'is derived with a notice')
  t.notMatch(deriveKey('client-secret'), /client-secret/)
  t.not(deriveKey('client-secret'), deriveKey('other-secret'))
  const { config, notices } = parse(`${SMALLEST}keys: [own-key, old-key]\n`)
  t.same(config.keys, ['own-key', 'old-key'])
  t.same(notices, [])
})

t.test('references to the environment', async t => {
  t.test('are replaced anywhere in a text', async t => {
    const { config } = parse(`${SMALLEST}publicUrl: https://\${HOST}.\${DOMAIN}\n`, { HOST: 'bbb', DOMAIN: 'example.org' })
    t.equal(config.publicUrl, 'https://bbb.example.org')
  })
  t.test('give numbers and booleans where the key needs them, and texts elsewhere', async t => {
    const yaml = `${SMALLEST}    weight: "\${N}"\n    tags: ["\${N}"]\nlisten: { port: "\${PORT}" }\nunsignedForms: "\${FORMS}"\nmetrics: { token: "\${PORT}" }\n`
    const { config } = parse(yaml, { N: '2.5', PORT: '8081', FORMS: 'true' })
    t.equal(config.nodes[0]?.weight, 2.5)
    t.same(config.nodes[0]?.tags, ['2.5'])
    t.equal(config.listen.port, 8081)
    t.equal(config.unsignedForms, true)
    t.equal(config.metrics.token, '8081')
  })
  t.test('put in a value as it is, whatever it looks like', async t => {
    const value = 'x", role: operate ] \n# ${OTHER} $${'
    t.same(parse(SMALLEST.replace('client-secret', '"${S}"'), { S: value }).config.secrets, [value])
  })
  t.test('are not made by a doubled $', async t => {
    t.same(parse(SMALLEST.replace('client-secret', () => '"$${S} $S $"')).config.secrets, ['${S} $S $'])
  })
  t.test('must be set, each of them, and are reported once', async t => {
    t.same(problemsOf(`${SMALLEST}listen:\n  host: "\${A}\${B}\${A}"\n  port: "\${PORT}"\n`), [
      '8 listen.host: ${A} is not set in the environment; ${B} is not set in the environment',
      '9 listen.port: ${PORT} is not set in the environment',
    ])
  })
  t.test('may be set to nothing where a text may be empty', async t => {
    t.equal(parse(`${SMALLEST}metrics: { token: "\${TOKEN}" }\n`, { TOKEN: '' }).config.metrics.token, '')
    t.same(problemsOf(SMALLEST.replace('client-secret', '"${S}"'), { S: '' }), ['2 secrets[0]: expected a text that is not empty'])
  })
})

t.test('files', async t => {
  t.test('a secret is read relative to the configuration, without its line break', async t => {
    const yaml = SMALLEST.replace('secret: node-secret', 'secretFile: secrets/bbb-01').replace('secrets: [client-secret]', 'secretFile: /run/secret')
    const { config } = parse(yaml, {}, { '/etc/ensemble/secrets/bbb-01': ' from file \r\n', '/run/secret': 'absolute' })
    t.same(config.nodes[0]?.secrets, [' from file '])
    t.same(config.secrets, ['absolute'])
  })
  t.test('a CA becomes an absolute path', async t => {
    const pem = '-----BEGIN CERTIFICATE-----\n…'
    const { config } = parse(`${SMALLEST}tls: { caFile: ca.pem }\n`, {}, { '/etc/ensemble/ca.pem': pem })
    t.equal(config.tls.caFile, resolve('/etc/ensemble/ca.pem'))
  })
  t.test('one that is missing is named as it is written, without what the environment put in it', async t => {
    t.same(problemsOf(SMALLEST.replace('secret: node-secret', 'secretFile: "${DIR}/bbb-01"'), { DIR: '/hunter2' }),
      ['6 nodes[0].secretFile: "${DIR}/bbb-01" cannot be read: there is no such file'])
  })
})

t.test('anchors and aliases are followed', async t => {
  const { config } = parse(`${SMALLEST}    limits: &limits { meetings: 50 }
  - { id: bbb-02, url: "https://bbb-02.example.org/bigbluebutton/api", secret: node-secret, limits: *limits }
`)
  t.same(config.nodes.map(node => node.limits), [{ meetings: 50, participants: 0 }, { meetings: 50, participants: 0 }])
})

t.test('everything that is wrong is reported at once, in the order of the file', async t => {
  t.same(problemsOf(`listen: { port: eighty }
secrets: [client-secret, client-secret]
nodes:
  - id: bbb-01
    url: https://bbb-01.example.org/bigbluebutton/api
    secert: node-secret
  - id: bbb-01
    url: bbb-02
    secret: "\${BBB_02_SECRET}"
    weight: -1
poll:
  interval: 5 sec
  downAfter: 1.5
  downAfter: 2
timeouts: { connect: 5s }
recordings: { proxy: true }
rooms: on
`), [
    '1 listen.port: expected a whole number from 0 to 65535, got "eighty"',
    '2 secrets[1]: stands in this list already',
    '4 nodes[0].secret: is missing: expected secret, secretFile or secrets',
    '6 nodes[0].secert: unknown key: did you mean secret?',
    '7 nodes[1].id: nodes[0] has this id already: expected one of its own',
    '8 nodes[1].url: expected an http or https URL without user, password, query or fragment',
    '9 nodes[1].secret: ${BBB_02_SECRET} is not set in the environment',
    '10 nodes[1].weight: expected a number above 0, got -1',
    '12 poll.interval: expected a duration such as 500ms, 5s or 2m, got "5 sec"',
    '14 poll.downAfter: stands in line 13 already: expected it once',
    '15 timeouts.total: expected at least the 5s of timeouts.connect, got 4.5s',
    '16 recordings.proxy: playback through the gateway is not available in this version: leave it false',
    '17 rooms: expected a section with keys such as enabled, got a text',
  ])
})

t.test('the values that mean "off" are accepted for what is not available', async t => {
  t.same(problemsOf(`${SMALLEST}store: { kind: memory }
create: { rules: [] }
join: { rules: [] }
tenants: []
recordings: { proxy: false, protected: false }
callbacks: { allow: [] }
voiceBridge: { assign: false, digits: 7 }
dialIn: { password: "" }
rooms: { enabled: false }
`), [])
})
