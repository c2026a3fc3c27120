/** Which lines of `compare` a difference leads to: always the first, and often the others. */
export type Lines = readonly [mark: RegExp, ...along: RegExp[]]

/**
 * Every difference between http-proxy and piloti, each of them wanted, by its name in the manual:
 * docs/reference/differences.md, where the reasons stand.
 */
export const differences: Readonly<Record<string, Lines>> = {
  'request: casing': [/^backend casing of names$/],
  'request: order': [/^backend order of fields$/],
  'request: repeated fields': [
    /^backend (?:accept: a\/b, c\/d → a\/b \| c\/d|user-agent: a → a \| b)$/,
    /^backend cookie: a=1; b=2 → a=1 \| b=2$/,
    /^backend x-id: 1, 2 → 1 \| 2$/,
    /^backend referer: http:\/\/a\/ → http:\/\/a\/ \| http:\/\/b\/$/,
  ],
  'request: path': [/^backend start: GET \/a\/(\S+) HTTP\/1\.1 → GET \/\/a\/\1 HTTP\/1\.1$/],
  'request: Via': [
    /^backend (?:\+ via: 1\.[01] piloti|via: 1\.1 other → 1\.1 other \| 1\.1 piloti)$/,
  ],
  'request: X-Forwarded': [
    /^backend \+ x-forwarded-(?:for: 127\.0\.0\.1|proto: http|host: front\.test)$/,
  ],
  'request: X-Forwarded-Port': [/^backend - x-forwarded-port: 80$/],
  'request: forged fields': [
    /^backend x-forwarded-for: 10\.9\.9\.9,127\.0\.0\.1 → 127\.0\.0\.1$/,
    /^backend x-forwarded-host: evil\.test → front\.test$/,
    /^backend x-forwarded-proto: https,http → http$/,
    /^backend - forwarded: for=10\.9\.9\.9$/,
    /^backend - x_forwarded_for: 10\.9\.9\.9$/,
  ],
  'request: hop-by-hop': [
    /^backend (?:- connection: (?:keep-alive|close|Authorization)|connection: keep-alive, X-Mine → TE)$/,
    /^backend - (?:keep-alive: timeout=5|proxy-connection: keep-alive|x-mine: 1)$/,
  ],
  'request: no length made up': [
    /^backend - content-length: 0$/,
    /^backend framing: length → none$/,
  ],
  'request: smuggling': [
    /^backend messages: (DELETE|OPTIONS) \/x HTTP\/1\.1, why → \1 \/x HTTP\/1\.1$/,
    /^backend \+ transfer-encoding: chunked$/,
    /^backend - content-length: 0$/,
    /^backend body: "" → "why"$/,
    /^backend framing: length → chunked$/,
  ],
  'request: trailers': [/^backend trailers: none → X-Sum: 1$/],
  'request: Trailer': [
    /^backend messages: none → GET \/ HTTP\/1\.1$/,
    /^backend connections: 0 → 1$/,
    /^client messages: none → HTTP\/1\.1 200 OK$/,
    /^client ending: fin → open$/,
  ],
  'request: Host of HTTP/1.0': [/^backend host: \(address\) → $/],
  'request: Max-Forwards': [/^backend max-forwards: 3 → 2$/],
  'request: Expect': [
    /^client messages: HTTP\/1\.1 100 Continue, (HTTP\/1\.1 413 Content Too Large) → \1$/,
    /^client connection: keep-alive → close$/,
    /^client ending: open → fin$/,
  ],
  'request: any method': [
    /^backend messages: none → BREW \/pot HTTP\/1\.1$/,
    /^backend connections: 0 → 1$/,
    /^client start: HTTP\/1\.1 400 Bad Request → HTTP\/1\.1 200 OK$/,
    /^client body: "" → "ok"$/,
    /^client \+ (?:content-length: 2|content-type: text\/plain|date: \(date\))$/,
    /^client (?:- connection: close|ending: fin → open|framing: close → length)$/,
  ],
  'request: pipelining': [/^backend connections: 2 → 1$/],
  'request: answered here': [
    /^backend messages: (?:OPTIONS|TRACE) \/ HTTP\/1\.1 → none$/,
    /^backend connections: 1 → 0$/,
    /^client start: HTTP\/1\.1 200 OK → HTTP\/1\.1 405 Method Not Allowed$/,
    /^client \+ allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS$/,
  ],
  'request: CONNECT': [
    /^client messages: none → HTTP\/1\.1 405 Method Not Allowed$/,
    /^client ending: fin → open$/,
  ],
  'request: refused': [
    /^backend messages: (?:GET|POST) \/.* → none$/,
    /^backend connections: 1 → 0$/,
    /^client start: HTTP\/1\.1 200 OK → HTTP\/1\.1 (?:400|414|431|501|505) [\w ]+$/,
  ],
  'upgrade: Connection': [/^(backend|client) connection: Upgrade → upgrade$/],
  'upgrade: any protocol': [
    /^client messages: none → HTTP\/1\.1 101 Switching Protocols$/,
    /^backend messages: none → GET \/chat HTTP\/1\.1$/,
    /^backend connections: 0 → 1$/,
    /^client ending: fin → open$/,
  ],
  'upgrade: h2c': [
    /^backend messages: none → GET \/ HTTP\/1\.1$/,
    /^backend connections: 0 → 1$/,
    /^client messages: none → HTTP\/1\.1 200 OK$/,
    /^client ending: fin → open$/,
  ],
  'upgrade: refused': [
    /^client body: "" → "no"$/,
    /^client isWhole: false → true$/,
    /^client ending: fin → open$/,
  ],
  'answer: casing': [/^client casing of names$/],
  'answer: order': [/^client order of fields$/],
  'answer: repeated fields': [
    /^client (?:vary: a, b → a \| b|etag: "a" → "a" \| "b")$/,
    /^client link: <\/a>, <\/b> → <\/a> \| <\/b>$/,
    /^client x-id: 1, 2 → 1 \| 2$/,
  ],
  'answer: hop-by-hop': [
    /^client - connection: (?:keep-alive|TE|Authorization|keep-alive, X-Mine)$/,
    /^client - keep-alive: timeout=[59]$/,
    /^client - (?:proxy-connection: x|upgrade: h2c|x-mine: 1)$/,
  ],
  'answer: a backend that closes': [
    /^backend messages: (GET \/1 HTTP\/1\.1) → \1, GET \/2 HTTP\/1\.1$/,
    /^backend connections: 1 → 2$/,
    /^client - connection: close$/,
    /^client ending: fin → open$/,
    /^client messages: (HTTP\/1\.1 200 OK) → \1, \1$/,
  ],
  'answer: keep-alive of HTTP/1.0': [
    /^client connection: keep-alive → close$/,
    /^client ending: open → fin$/,
  ],
  'answer: 204': [/^client - content-length: 0$/],
  'answer: reason': [/^client start: HTTP\/1\.1 200 OK → HTTP\/1\.1 200 $/],
  'answer: interim': [/^client messages: (HTTP\/1\.1 200 OK) → HTTP\/1\.1 103 Early Hints, \1$/],
  'answer: trailers': [/^client trailers: none → X-Sum: 1$/],
  'answer: of piloti': [
    /^client \+ cache-control: no-store$/,
    /^client (?:\+ content-length:|content-length: 2 →) \d+$/,
    /^client (?:\+ content-type:|content-type: text\/plain →) text\/plain; charset=utf-8$/,
    /^client - transfer-encoding: chunked$/,
    /^client \+ date: \(date\)$/,
    /^client body: (?:"bad gateway\\n"|"ok"|"") → (?:"\d{3} .*\\n"|\d+ bytes, \w+)$/,
    /^client framing: (?:chunked|close) → length$/,
    /^client connection: keep-alive → close$/,
    /^client ending: open → fin$/,
  ],
  'answer: before the end of its request': [
    /^client connection: keep-alive → close$/,
    /^client ending: open → fin$/,
  ],
  'answer: broken off': [/^client ending: (hangs|fin) → reset$/],
  'client: gone': [/^backend told: false → true$/],
}

/** What nearly every exchange shows. */
export const usual: readonly string[] = [
  'request: casing',
  'request: order',
  'request: Via',
  'request: X-Forwarded',
  'request: hop-by-hop',
  'answer: casing',
  'answer: order',
  'answer: hop-by-hop',
]
