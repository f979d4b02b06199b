/* eslint-disable no-template-curly-in-string -- messages name the references of a configuration */

/** For every file in this directory the exact messages that it must lead to. */
export const messages: Readonly<Record<string, readonly string[]>> = {
  'boolean-as-word.yaml': [
    'boolean-as-word.yaml:6: unsignedForms: expected true or false, got "yes"',
  ],
  'ca-file-missing.yaml': [
    'ca-file-missing.yaml:6: tls.caFile: "no-such-ca.pem" cannot be read: there is no such file',
  ],
  'ca-file-without-certificate.yaml': [
    'ca-file-without-certificate.yaml:6: tls.caFile: "empty-secret" holds no certificate: expected a PEM file',
  ],
  'checksum-repeated.yaml': [
    'checksum-repeated.yaml:6: checksums[1]: stands in this list already',
  ],
  'count-with-fraction.yaml': [
    'count-with-fraction.yaml:6: poll.downAfter: expected a whole number from 1 up, got 2.5',
  ],
  'discover-secret-file-missing.yaml': [
    'discover-secret-file-missing.yaml:11: prometheus.discover.secretFile: "secrets/no-such-file" cannot be read: there is no such file',
  ],
  'discover-secret-file-with-unknown-place.yaml': [
    'discover-secret-file-with-unknown-place.yaml:11: prometheus.discover.secretFile: "secrets/{name}" has other names in braces than {host} and {instance}',
  ],
  'discover-url-with-password.yaml': [
    'discover-url-with-password.yaml:10: prometheus.discover.url: expected an http or https URL with {host} or {instance} in it',
  ],
  'discover-url-with-unknown-place.yaml': [
    'discover-url-with-unknown-place.yaml:10: prometheus.discover.url: expected an http or https URL with {host} or {instance} in it',
  ],
  'discover-url-without-place.yaml': [
    'discover-url-without-place.yaml:10: prometheus.discover.url: expected an http or https URL with {host} or {instance} in it',
  ],
  'discover-url-without-scheme.yaml': [
    'discover-url-without-scheme.yaml:10: prometheus.discover.url: expected an http or https URL with {host} or {instance} in it',
  ],
  'discover-weight-zero.yaml': [
    'discover-weight-zero.yaml:12: prometheus.discover.weight: expected a number above 0, got 0',
  ],
  'discover-with-two-secrets.yaml': [
    'discover-with-two-secrets.yaml:12: prometheus.discover.secretFile: expected only one of secret, secretFile and secrets, and secret is set too',
  ],
  'discover-without-query.yaml': [
    'discover-without-query.yaml:8: prometheus.discover.query: is missing: expected a PromQL query',
  ],
  'discover-without-secret.yaml': [
    'discover-without-secret.yaml:8: prometheus.discover.secret: is missing: expected secret, secretFile or secrets',
  ],
  'discover-without-url.yaml': [
    'discover-without-url.yaml:8: prometheus.discover.url: is missing: expected an http or https URL with {host} or {instance} in it',
  ],
  'duration-beyond-timers.yaml': [
    'duration-beyond-timers.yaml:6: poll.lostAfter: expected at most 24 days',
  ],
  'duration-with-space.yaml': [
    'duration-with-space.yaml:7: poll.interval: expected a duration such as 500ms, 5s or 2m, got "5 sec"',
  ],
  'duration-without-unit.yaml': [
    'duration-without-unit.yaml:6: timeouts.call: expected a duration such as 500ms, 5s or 2m, got 4',
  ],
  'duration-zero.yaml': [
    'duration-zero.yaml:6: poll.lostAfter: expected a duration above 0',
  ],
  'environment-not-a-number.yaml': [
    'environment-not-a-number.yaml:6: listen.port: expected a whole number from 0 to 65535, got the value of "${SECRET_IN_WRONG_PLACE}"',
  ],
  'environment-unset.yaml': [
    'environment-unset.yaml:6: publicUrl: ${GATEWAY_HOST} is not set in the environment',
  ],
  'environment-without-name.yaml': [
    'environment-without-name.yaml:6: publicUrl: expected a name and } after ${; to write the characters themselves, double the $',
  ],
  'file-empty.yaml': [
    'file-empty.yaml:1: nodes: is missing: expected a list of nodes, at least one',
    'file-empty.yaml:1: secrets: is missing: expected secret, secretFile or secrets',
  ],
  'key-misspelt-at-top.yaml': [
    'key-misspelt-at-top.yaml:6: timeout: unknown key: did you mean timeouts?',
  ],
  'key-misspelt.yaml': [
    'key-misspelt.yaml:6: poll.intervall: unknown key: did you mean interval?',
  ],
  'key-twice.yaml': [
    'key-twice.yaml:9: poll.interval: stands in line 7 already: expected it once',
  ],
  'key-unknown-at-top.yaml': [
    'key-unknown-at-top.yaml:6: database: unknown key: the reference lists those that exist',
  ],
  'key-unknown.yaml': [
    'key-unknown.yaml:6: cache.entries: unknown key: this section has maxAge',
  ],
  'key-without-space.yaml': [
    'key-without-space.yaml:6: metrics.token…: unknown key: expected a space after the colon',
  ],
  'keys-empty-list.yaml': [
    'keys-empty-list.yaml:6: keys: expected a list of keys, at least one, got an empty list',
  ],
  'management-listen-without-port.yaml': [
    'management-listen-without-port.yaml:8: management.listen.port: is missing: expected a whole number from 0 to 65535',
  ],
  'node-checksum-unknown.yaml': [
    'node-checksum-unknown.yaml:6: nodes[0].checksum: expected one of sha1, sha256, sha384, sha512, got "md5"',
  ],
  'node-id-twice.yaml': [
    'node-id-twice.yaml:6: nodes[1].id: nodes[0] has this id already: expected one of its own',
  ],
  'node-id-with-space.yaml': [
    'node-id-with-space.yaml:3: nodes[0].id: expected a name of at most 64 letters, digits, dots, dashes and underscores, got "bbb 01"',
  ],
  'node-limit-negative.yaml': [
    'node-limit-negative.yaml:6: nodes[0].limits.meetings: expected a whole number from 0 up, got -1',
  ],
  'node-state-unknown.yaml': [
    'node-state-unknown.yaml:6: nodes[0].state: expected one of enabled, draining, archive, disabled, got "cordoned"',
  ],
  'node-tag-with-mark-inside.yaml': [
    'node-tag-with-mark-inside.yaml:6: nodes[0].tags[1]: expected a tag of letters, digits, dots, dashes and underscores, with or without ! at its end, got "gp!u"',
  ],
  'node-url-twice.yaml': [
    'node-url-twice.yaml:7: nodes[1].url: nodes[0] has this url already: expected one of its own',
  ],
  'node-url-with-password.yaml': [
    'node-url-with-password.yaml:4: nodes[0].url: expected an http or https URL without user, password, query or fragment',
  ],
  'node-url-with-query.yaml': [
    'node-url-with-query.yaml:4: nodes[0].url: expected an http or https URL without user, password, query or fragment',
  ],
  'node-url-without-scheme.yaml': [
    'node-url-without-scheme.yaml:4: nodes[0].url: expected an http or https URL without user, password, query or fragment',
  ],
  'node-weight-zero.yaml': [
    'node-weight-zero.yaml:6: nodes[0].weight: expected a number above 0, got 0',
  ],
  'node-with-two-secrets.yaml': [
    'node-with-two-secrets.yaml:6: nodes[0].secretFile: expected only one of secret, secretFile and secrets, and secret is set too',
  ],
  'node-without-secret.yaml': [
    'node-without-secret.yaml:3: nodes[0].secret: is missing: expected secret, secretFile or secrets',
  ],
  'node-without-url.yaml': [
    'node-without-url.yaml:3: nodes[0].url: is missing: expected an http or https URL without user, password, query or fragment',
  ],
  'nodes-empty.yaml': [
    'nodes-empty.yaml:2: nodes: expected a list of nodes, at least one, got an empty list',
  ],
  'nodes-missing-with-prometheus.yaml': [
    'nodes-missing-with-prometheus.yaml:1: nodes: is missing: expected a list of nodes, at least one',
  ],
  'nodes-missing-with-wrong-discover.yaml': [
    'nodes-missing-with-wrong-discover.yaml:4: prometheus.discover.secret: is missing: expected secret, secretFile or secrets',
  ],
  'nodes-missing.yaml': [
    'nodes-missing.yaml:1: nodes: is missing: expected a list of nodes, at least one',
  ],
  'not-yet-callbacks.yaml': [
    'not-yet-callbacks.yaml:6: callbacks.allow: delivering callbacks is not available in this version: leave it empty',
  ],
  'not-yet-create-rules.yaml': [
    'not-yet-create-rules.yaml:6: create.rules: changing the parameters of create is not available in this version: leave it empty',
  ],
  'not-yet-dial-in.yaml': [
    'not-yet-dial-in.yaml:6: dialIn.password: dial-in through a shared FreeSWITCH is not available in this version: leave it empty',
  ],
  'not-yet-join-rules.yaml': [
    'not-yet-join-rules.yaml:6: join.rules: changing the parameters of join is not available in this version: leave it empty',
  ],
  'not-yet-recordings.yaml': [
    'not-yet-recordings.yaml:7: recordings.proxy: playback through the gateway is not available in this version: leave it false',
    'not-yet-recordings.yaml:8: recordings.protected: protected playback is not available in this version: leave it false',
  ],
  'not-yet-rooms.yaml': [
    'not-yet-rooms.yaml:6: rooms.enabled: the web page that opens rooms is not available in this version: leave it false',
  ],
  'not-yet-store-redis.yaml': [
    'not-yet-store-redis.yaml:7: store.kind: a store for several gateways side by side is not available in this version: leave it memory',
    'not-yet-store-redis.yaml:8: store.url: a store for several gateways side by side is not available in this version: leave it out',
  ],
  'not-yet-tenants.yaml': [
    'not-yet-tenants.yaml:6: tenants: more than one tenant is not available in this version: leave it empty',
  ],
  'not-yet-voice-bridge.yaml': [
    'not-yet-voice-bridge.yaml:6: voiceBridge.assign: assigning voice bridge numbers is not available in this version: leave it false',
  ],
  'port-too-high.yaml': [
    'port-too-high.yaml:6: listen.port: expected a whole number from 0 to 65535, got 80800',
  ],
  'prometheus-key-misspelt.yaml': [
    'prometheus-key-misspelt.yaml:8: prometheus.cpuquery: unknown key: did you mean cpuQuery?',
  ],
  'prometheus-max-age-not-above-interval.yaml': [
    'prometheus-max-age-not-above-interval.yaml:6: prometheus.maxAge: expected more than the 2m of prometheus.interval, got 90s',
  ],
  'prometheus-query-empty.yaml': [
    'prometheus-query-empty.yaml:8: prometheus.cpuQuery: expected a PromQL query, got ""',
  ],
  'prometheus-url-with-broken-password.yaml': [
    'prometheus-url-with-broken-password.yaml:6: prometheus.url: expected an http or https URL without query or fragment, user and password in it percent-encoded',
  ],
  'prometheus-url-with-query.yaml': [
    'prometheus-url-with-query.yaml:6: prometheus.url: expected an http or https URL without query or fragment, user and password in it percent-encoded',
  ],
  'prometheus-without-content.yaml': [
    'prometheus-without-content.yaml:6: prometheus: expected a section with keys such as url, interval, cpuQuery, got nothing',
  ],
  'prometheus-without-url.yaml': [
    'prometheus-without-url.yaml:6: prometheus.url: is missing: expected an http or https URL without query or fragment, user and password in it percent-encoded',
  ],
  'secret-file-empty.yaml': [
    'secret-file-empty.yaml:1: secretFile: "empty-secret" is an empty file: expected a secret in it',
  ],
  'secret-file-missing.yaml': [
    'secret-file-missing.yaml:1: secretFile: "secrets/no-such-file" cannot be read: there is no such file',
  ],
  'secret-is-number.yaml': [
    'secret-is-number.yaml:1: secret: expected a text that is not empty: put it in quotes',
  ],
  'secrets-empty-list.yaml': [
    'secrets-empty-list.yaml:1: secrets: expected a list of secrets, at least one, got an empty list',
  ],
  'secrets-is-text.yaml': [
    'secrets-is-text.yaml:1: secrets: expected a list of secrets, at least one, got a text',
  ],
  'secrets-missing.yaml': [
    'secrets-missing.yaml:1: secrets: is missing: expected secret, secretFile or secrets',
  ],
  'secrets-repeated.yaml': [
    'secrets-repeated.yaml:1: secrets[1]: stands in this list already',
  ],
  'secrets-twice.yaml': [
    'secrets-twice.yaml:2: secrets: expected only one of secret, secretFile and secrets, and secret is set too',
  ],
  'section-is-text.yaml': [
    'section-is-text.yaml:6: management: expected a section with keys such as tokens, listen, got a text',
  ],
  'section-without-content.yaml': [
    'section-without-content.yaml:6: poll: expected a section with keys such as interval, timeout, downAfter, got nothing',
  ],
  'size-with-bits.yaml': [
    'size-with-bits.yaml:6: limits.body: expected a size such as 64KB or 200MB, got "200Mb"',
  ],
  'token-name-twice.yaml': [
    'token-name-twice.yaml:9: management.tokens[1].name: tokens[0] has this name already: expected one of its own',
  ],
  'token-role-unknown.yaml': [
    'token-role-unknown.yaml:8: management.tokens[0].role: expected one of read, operate, got "admin"',
  ],
  'token-short.yaml': [
    'token-short.yaml:6: management.tokens[0]: expected a token of at least 16 characters without spaces',
  ],
  'token-twice.yaml': [
    'token-twice.yaml:9: management.tokens[1].token: tokens[0] is the same token: expected another',
  ],
  'total-below-connect.yaml': [
    'total-below-connect.yaml:6: timeouts.total: expected at least the 2s of timeouts.connect, got 1.5s',
  ],
  'trust-proxy-bad-network.yaml': [
    'trust-proxy-bad-network.yaml:6: trustProxy[0]: expected an IP address or a network such as 10.0.0.0/8, got "10.0.0.0/33"',
  ],
  'yaml-alias-in-itself.yaml': [
    'yaml-alias-in-itself.yaml:6: nodes[0].tags[1]: this alias contains itself: write the value out',
  ],
  'yaml-indentation.yaml': [
    'yaml-indentation.yaml:8: not valid YAML: this line is not indented as the lines around it, or a bracket is wrong',
  ],
  'yaml-list-at-top.yaml': [
    'yaml-list-at-top.yaml:1: expected a section with keys such as listen, publicUrl, trustProxy, got a list',
  ],
  'yaml-quote-missing.yaml': [
    'yaml-quote-missing.yaml:7: not valid YAML: a quote, a bracket, a comma or a colon is missing here or before',
  ],
  'yaml-reference-unquoted.yaml': [
    'yaml-reference-unquoted.yaml:6: not valid YAML: inside { } and [ ] a text with ${ must be in quotes',
  ],
  'yaml-secret-without-space.yaml': [
    'yaml-secret-without-space.yaml:5: not valid YAML: a quote, a bracket, a comma or a colon is missing here or before',
  ],
  'yaml-tab.yaml': [
    'yaml-tab.yaml:7: not valid YAML: indent with spaces, not with tabs',
  ],
  'yaml-tag-with-leading-mark.yaml': [
    'yaml-tag-with-leading-mark.yaml:6: not valid YAML: a text that starts with ! must be in quotes',
  ],
  'yaml-two-documents.yaml': [
    'yaml-two-documents.yaml:6: expected one YAML document: remove the line ---',
  ],
}
