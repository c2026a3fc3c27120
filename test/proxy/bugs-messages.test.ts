import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deadPort } from '../support/backends.ts'
import { drain, open } from '../support/proxied.ts'
import {
  fronted,
  get,
  hearing,
  keep,
  ledger,
  nodeBackend,
  ok,
  request,
  say,
  scripted,
  settled,
} from './http-talk.ts'

/** The rest of bugs.test.ts: one test for each of the 25 bugs that users of Node's proxies keep reporting. "There" is http-proxy 1.18. */
describe('bugs of Node proxies: messages', { concurrency: 4, timeout: 10_000 }, () => {
  // There: DELETE and OPTIONS get `Content-Length: 0`, and their body is the next request (CVE-2026-29057).
  it('bug 05: how a body is framed does not depend on the method', async (t) => {
    const { port } = await scripted(t, (socket, got) => void socket.end(ok(got)))
    const { proxy } = await fronted(t, [port])
    for (const method of ['DELETE', 'OPTIONS', 'GET', 'HEAD', 'POST', 'SEARCH']) {
      const smuggled = 'GET /admin HTTP/1.1\r\nHost: h\r\n\r\n'
      const body = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`
      const head = request(method, '/', 'Transfer-Encoding: chunked')
      const socket = open(proxy.address)
      socket.write(head + body)
      if (method === 'HEAD') await drain(socket)
      else {
        const { text } = await drain(socket)
        assert.match(text, /transfer-encoding: chunked\r\n/i)
        assert.ok(text.endsWith(body), text)
        assert.doesNotMatch(text.slice(text.indexOf(method)), /content-length/i)
      }
    }
  })

  // There: a `Trailer` field in a GET throws ERR_HTTP_TRAILER_INVALID out of a callback (#1647).
  it('bug 06: no field of a request or an answer can throw', async (t) => {
    const fields = ['Trailer: X', 'Expect: 100-continue', 'Te: x', 'Upgrade: ', ': empty', 'a b: c']
    fields.push('X: \x00', 'X: \x7f', 'X: \xff', 'Content-Length: ', 'Host: ', 'Keep-Alive: \xe9')
    const { port } = await scripted(t, (socket, got) => {
      const field = /X-Back: (.*)/.exec(got)?.[1] ?? ''
      socket.end(`HTTP/1.1 200 \xff\r\n${field}\r\nContent-Length: 0\r\n\r\n`, 'latin1')
    })
    const { proxy } = await fronted(t, [port])
    for (const field of fields) {
      const [asked, answered] = await Promise.all([
        say(proxy, get('/', field)),
        say(proxy, get('/', `X-Back: ${field}`)),
      ])
      assert.match(asked.text, /^HTTP\/1.1 (200|400|417|502) /, field)
      assert.match(answered.text, /^HTTP\/1.1 (200|400|502) /, field)
    }
    await settled(proxy)
  })

  // There: `head` is lost, a refusal is sent with the framing it had, and half-open sockets stay for ever.
  it('bug 07: an upgrade loses no byte, a refused one is an answer, an end is passed on', async (t) => {
    const { port } = await scripted(t, (socket, got) => {
      socket.write(got.includes('/yes') ? `${switching}first frame,` : chunked('no'))
      if (!got.includes('/yes')) return
      socket.on('data', (piece) => socket.write(`<${piece}>`)).on('end', () => socket.end('bye'))
    })
    const { proxy } = await fronted(t, [port])
    const upgrade = (target: string) => get(target, 'Upgrade: toy').replace('close', 'Upgrade')
    const client = open(proxy.address)
    client.write(`${upgrade('/yes')}early,`)
    await hearing(client, /^HTTP\/1.1 101 [\s\S]*\r\n\r\nfirst frame,<early,>$/)
    assert.equal(ledger(proxy).active, 1)
    client.end('last')
    assert.deepEqual(await drain(client), { text: '<last>bye', bytes: 9, ending: 'fin' })
    await settled(proxy)

    const refused = open(proxy.address)
    refused.write(upgrade('/no'))
    const answer = await hearing(refused, /\r\n0\r\n\r\n$/)
    assert.match(
      answer,
      /^HTTP\/1.1 403 [\s\S]*Transfer-Encoding: chunked[\s\S]*\r\n2\r\nno\r\n0\r\n\r\n$/i,
    )
    refused.write(upgrade('/no'))
    assert.match(await hearing(refused, /\r\n0\r\n\r\n$/), /^HTTP\/1.1 403 /)
    refused.destroy()
    assert.deepEqual(await settled(proxy), { active: 0, ok: 3, failed: 0, aborted: 0 })
  })

  // There: `Expect` makes Node send the head before the proxy can set a field, and it throws (#1219).
  it('bug 10: Expect: 100-continue is between client and backend', async (t) => {
    const { port } = await scripted(t, (socket, got) => {
      if (got.includes('/no')) socket.write('HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n')
      else if (got.includes('/old')) socket.write(ok('old'))
      else {
        socket.write('HTTP/1.1 100 Continue\r\n\r\n')
        socket.once('data', (piece) => socket.write(ok(String(piece))))
      }
    })
    const { proxy } = await fronted(t, [port])
    const expecting = (target: string) =>
      keep(request('PUT', target, 'Expect: 100-continue', 'Content-Length: 4'))
    const client = open(proxy.address)
    client.write(expecting('/'))
    await hearing(client, /^HTTP\/1.1 100 Continue\r\n\r\n$/)
    client.write('body')
    await hearing(client, /^HTTP\/1.1 200 [\s\S]*body$/)
    client.write(expecting('/no'))
    assert.match(await hearing(client, /\r\n\r\n$/), /^HTTP\/1.1 401 [\s\S]*Connection: close/i)
    client.destroy()
    await settled(proxy)
    // What waits for a body that never comes is not used again.
    assert.equal(proxy.view().http!.idleConnections, 0)
    const unknown = await say(proxy, get('/', 'Expect: a-miracle'))
    assert.match(unknown.text, /^HTTP\/1.1 417 /)
    const old = `PUT /old HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody`
    assert.doesNotMatch((await say(proxy, old)).text, / 100 /)
  })

  // There: a body that some parser has read before is gone, and the request hangs.
  it('bug 11: a body is passed on as it comes and never parsed', async (t) => {
    const port = await nodeBackend(t, (incoming, response) => void incoming.pipe(response))
    const { proxy } = await fronted(t, [port])
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
      const body = '{"not": json &= %zz \x00'
      const length = `Content-Length: ${body.length}`
      const { text } = await say(
        proxy,
        request('POST', '/', `Content-Type: ${type}`, length) + body,
      )
      assert.ok(text.includes(body), text)
    }
  })

  // There: a HEAD through a chunked answer, and 304 with a length, wait for a body or get a last chunk.
  it('bug 12: HEAD, 204, 304 and 1xx have no body, whatever their fields say', async (t) => {
    const { port } = await scripted(t, (socket, got) => {
      const [, status, framing] = /\/(\d+)\/(\w+)/.exec(got)!
      const line = { length: 'Content-Length: 5\r\n', chunks: 'Transfer-Encoding: chunked\r\n' }
      socket.write(`HTTP/1.1 ${status} S\r\n${line[framing as 'length'] ?? ''}\r\n`)
    })
    const { proxy } = await fronted(t, [port])
    const client = open(proxy.address)
    const cases = ['HEAD /200', 'HEAD /404', 'HEAD /304', 'GET /204', 'GET /304', 'POST /204']
    for (const start of cases) {
      for (const framing of ['length', 'chunks', 'none']) {
        const [method = '', target] = start.split(' ')
        client.write(keep(request(method, `${target}/${framing}`)))
        const head = await hearing(client, /\r\n\r\n$/)
        const status = Number(target!.slice(1))
        assert.match(head, new RegExp(`^HTTP/1.1 ${status} `))
        if (status === 204) assert.doesNotMatch(head, /content-length|transfer-encoding/i)
        else if (framing === 'length') assert.match(head, /content-length: 5/i)
      }
    }
    assert.equal(client.readableLength, 0)
    client.destroy()
    assert.equal((await settled(proxy)).ok, 18)
  })

  // There: fields pass through an object, which merges, lower-cases and reorders them.
  it('bug 13: fields keep their casing, their order and their number', async (t) => {
    const lines = [
      'SeT-cOOkie: a=1; Expires=Thu, 01 Jan 2030 00:00:00 GMT',
      'x-A: 1',
      'Set-Cookie: b=2',
    ]
    lines.push('X-a: 2', 'set-cookie: a=1', 'ETag:   "x"  ')
    const { port } = await scripted(t, (socket, got) => void socket.end(ok(got, ...lines)))
    const { proxy } = await fronted(t, [port])
    const asked = ['cOOKIE: a=1', 'Accept:*/*', 'x-B: 1', 'accept: text/html', 'X-b: 2', 'X-B:']
    const { text } = await say(proxy, get('/', ...asked))
    const [head = '', seen = ''] = text.split('\r\n\r\n')
    assert.deepEqual(
      head.split('\r\n').filter((line) => /^(set-cookie|x-a|etag):/i.test(line)),
      lines,
    )
    assert.deepEqual(
      seen.split('\r\n').filter((line) => /^(cookie|accept|x-b):/i.test(line)),
      asked,
    )
  })

  // There: url.parse and url.join collapse slashes and encode quotes.
  it('bug 14: a target arrives as it was sent', async (t) => {
    const { port } = await scripted(t, (socket, got) => void socket.end(ok(got.split(' ')[1]!)))
    const { proxy } = await fronted(t, [port])
    const targets = [
      "/a//b///c'd",
      '/../x/./y/..',
      '/%2e%2E/%2f/%zz',
      '/;p=1?q=//&r=%00',
      '//h/x',
      '/?',
    ]
    targets.push('/a?b?c', '/http://other/', '/%E4%BD%A0', '/a|b', '/"q"')
    for (const target of targets) {
      const { text } = await say(proxy, get(target))
      if (text.startsWith('HTTP/1.1 400')) assert.match(target, /["|]/, `${target} is refused`)
      else assert.ok(text.endsWith(`\r\n\r\n${target}`), `${target}: ${text}`)
    }
  })

  // There: an absolute target is appended to the backend's path.
  it('bug 15: absolute and asterisk targets are understood, CONNECT is refused', async (t) => {
    const { port } = await scripted(t, (socket, got) => {
      socket.end(ok(`${got.split('\r\n')[0]} ${/\r\nHost: (.*)\r\n/i.exec(got)?.[1]}`))
    })
    const { proxy } = await fronted(t, [port])
    const hear = async (head: string) => (await say(proxy, head)).text.split('\r\n\r\n')[1]
    assert.equal(await hear(get('http://h/a?b')), 'GET /a?b HTTP/1.1 h')
    assert.equal(await hear(get('HTTP://h')), 'GET / HTTP/1.1 h')
    assert.equal(await hear(request('OPTIONS', 'http://h')), 'OPTIONS * HTTP/1.1 h')
    assert.equal(await hear(request('OPTIONS', '*')), 'OPTIONS * HTTP/1.1 h')
    assert.match((await say(proxy, get('*'))).text, /^HTTP\/1.1 400 /)
    assert.match((await say(proxy, get('http://u:p@h/'))).text, /^HTTP\/1.1 400 /)
    assert.match((await say(proxy, request('CONNECT', 'h:80'))).text, /^HTTP\/1.1 40[05] /)
  })

  // There: `[::1]` keeps its brackets on its way to the resolver, and `localhost` may only be `::1`.
  it('bug 16: an IPv6 backend is reached, and named with brackets', async (t) => {
    const { proxy, told } = await fronted(t, [{ host: '::1', port: await deadPort() }])
    const { text } = await say(proxy, get())
    assert.match(text, /^HTTP\/1.1 502 [\s\S]*connect to \[::1\]:\d+ failed/)
    assert.match(told('backend_down')[0]!.sentence, /\[::1\]:/)
  })

  // There: what the client claims is kept, and `x-forwarded-proto` grows into `httpshttps`.
  it('bug 17: nobody but a trusted peer says where a request came from', async (t) => {
    const { port } = await scripted(t, (socket, got) => void socket.end(ok(got)))
    const claims = [
      'X-Forwarded-For: 6.6.6.6',
      'X-Forwarded-Proto: https',
      'Forwarded: for=6.6.6.6',
    ]
    claims.push('X_Forwarded_For: 6.6.6.6', 'X-Forwarded-Host: evil')
    const seen = async (trust: readonly string[]): Promise<string[]> => {
      const { proxy } = await fronted(t, [port], { http: { trust } })
      const { text } = await say(proxy, get('/', ...claims))
      return text.split('\r\n').filter((line) => /forwarded/i.test(line))
    }
    assert.deepEqual(await seen([]), [
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: h',
    ])
    const trusted = await seen(['127.0.0.0/8'])
    assert.ok(trusted.includes('X-Forwarded-For: 6.6.6.6, 127.0.0.1'), trusted.join())
    assert.ok(trusted.includes('X-Forwarded-Proto: https'))
  })

  // There: whatever `Connection` names is forwarded, or what the proxy had added is taken away.
  it('bug 18: a client cannot have the proxy’s own fields taken away', async (t) => {
    const { port } = await scripted(t, (socket, got) => void socket.end(ok(got)))
    const { proxy } = await fronted(t, [port])
    const named = 'close, X-Forwarded-For, X-Forwarded-Host, Via, X-Mine'
    const head = get('/', 'X-Mine: 1', 'X-Other: 2').replace('close', named)
    const { text } = await say(proxy, head)
    assert.match(text, /\r\nX-Forwarded-For: 127\.0\.0\.1\r\n/)
    assert.match(text, /\r\nVia: 1\.1 piloti/)
    assert.doesNotMatch(text, /X-Mine/)
    assert.match(text, /X-Other: 2/)
    for (const protectedOne of ['Content-Length', 'Transfer-Encoding']) {
      const evil = request('POST', '/', 'Content-Length: 1').replace('close', protectedOne)
      assert.match((await say(proxy, `${evil}x`)).text, /^HTTP\/1.1 400 /)
    }
  })

  // There: trailers are dropped.
  it('bug 22: trailers pass, and HTTP/2 is told that it is not spoken', async (t) => {
    const { port } = await scripted(t, (socket, got) => {
      socket.end(`${chunked(got).replace('403 No', '200 OK').slice(0, -2)}X-Sum: 1\r\n\r\n`)
    })
    const { proxy } = await fronted(t, [port])
    const head = request('POST', '/', 'TE: trailers', 'Transfer-Encoding: chunked').replace(
      'close',
      'close, TE',
    )
    const { text } = await say(proxy, `${head}1\r\nx\r\n0\r\nX-Up: 2\r\n\r\n`)
    assert.match(text, /X-Up: 2/)
    assert.match(text, /\r\n0\r\nX-Sum: 1\r\n\r\n$/)
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
    assert.match((await say(proxy, preface)).text, /^HTTP\/1.1 505 [\s\S]*REQUEST_VERSION/)
  })
})

const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: toy\r\n\r\n'

function chunked(body: string): string {
  const size = body.length.toString(16)
  return `HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n${body}\r\n0\r\n\r\n`
}
