import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { httpDefaults } from '../../src/proxy/http-options.ts'
import { backend, blackHole, deadPort } from '../support/backends.ts'
import { drain, open, until } from '../support/proxied.ts'
import {
  fronted,
  get,
  hearing,
  keep,
  ledger,
  named,
  nodeBackend,
  ok,
  request,
  type Script,
  say,
  scripted,
  settled,
} from './http-talk.ts'

/** One test for each of the 25 bugs that users of Node's proxies keep reporting. "There" is http-proxy 1.18. */
describe('bugs of Node proxies', { concurrency: 4, timeout: 10_000 }, () => {
  // There: an error of either socket that nobody listens for ends the process.
  it('bug 01: a reset on either side does not end the process', async (t) => {
    const resets: Script[] = [
      (socket) => socket.resetAndDestroy(),
      (socket) => socket.write(half, () => socket.resetAndDestroy()),
      (socket) => socket.write(ok('x'), () => socket.resetAndDestroy()),
    ]
    for (const reset of resets) {
      const { port } = await scripted(t, reset)
      const { proxy } = await fronted(t, [port])
      const client = open(proxy.address)
      client.write(get())
      await drain(client)
      client.resetAndDestroy()
      const leaver = open(proxy.address)
      leaver.write(get())
      await once(leaver, 'connect')
      leaver.resetAndDestroy()
      await settled(proxy)
      await until(() => proxy.view().http!.idleConnections === 0)
    }
  })

  // There: `aborted` is not emitted any more, and the request to the backend goes on for ever.
  it('bug 02: a client that leaves takes its request to the backend along', async (t) => {
    let asked = 0
    let gone = 0
    const { port } = await scripted(t, (socket) => {
      asked++
      socket.once('end', () => gone++)
    })
    const { proxy, told } = await fronted(t, [port])
    for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
      const client = open(proxy.address)
      client.write(get())
      const before = asked
      await until(() => asked > before)
      client[leave]()
      await settled(proxy)
    }
    await until(() => gone === 3)
    assert.deepEqual(ledger(proxy), { active: 0, ok: 0, failed: 0, aborted: 3 })
    assert.equal(proxy.view().http!.aborted, 3)
    assert.equal(told('client_gone').length, 3)
  })

  // There: without an agent each request makes a connection, and `Connection: close` is copied to the client.
  it('bug 03: connections to backends are used again, and are not the client’s', async (t) => {
    const { port, connections } = await scripted(t, (socket, _head, nth) => {
      if (nth < 9) socket.write(ok('a'))
      else socket.end(ok('b', 'Connection: close'))
    })
    const { proxy } = await fronted(t, [port])
    const client = open(proxy.address)
    for (let nth = 0; nth < 10; nth++) {
      client.write(keep(get()))
      assert.doesNotMatch(await hearing(client, /[ab]$/), /close/i)
    }
    assert.equal(connections(), 1)
    client.write(get())
    assert.match((await drain(client)).text, /b$/)
    assert.equal(connections(), 2)
  })

  // There: a connection that the backend has given up is used all the same: ECONNRESET, 500.
  it('bug 04: a reused connection that has just ended costs no request', async (t) => {
    const sockets: Socket[] = []
    const { port } = await scripted(t, (socket, head) => {
      const isNew = !sockets.includes(socket)
      if (isNew) sockets.push(socket)
      // The second request on a connection meets its end.
      if (!isNew && head.includes('/again')) socket.resetAndDestroy()
      else socket.write(ok('x'))
    })
    const { proxy } = await fronted(t, [port])
    await say(proxy, get('/first'))
    assert.match((await say(proxy, get('/again'))).text, /^HTTP\/1.1 200 /)
    assert.deepEqual(await settled(proxy), { active: 0, ok: 2, failed: 0, aborted: 1 })
    // An end while idle is seen at once.
    assert.equal(proxy.view().http!.idleConnections, 1)
    sockets[1]!.end()
    await until(() => proxy.view().http!.idleConnections === 0)
    assert.ok(httpDefaults.keepAliveTimeoutMs >= 65_000)
  })

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

  // There: whatever went wrong, the user's error handler has one message to guess from.
  it('bug 08: 502, 503 and 504 are told apart, and nothing is appended to a begun answer', async (t) => {
    const { port } = await scripted(t, (socket, got) => {
      if (got.includes('/reset')) socket.resetAndDestroy()
      else if (got.includes('/garbage')) socket.write('\x16\x03\x01 not HTTP')
    })
    const codeOf = async (ports: readonly number[], head: string): Promise<string> => {
      const http = { responseTimeoutMs: 100, bodyTimeoutMs: 100, headTimeoutMs: 100 }
      const { proxy } = await fronted(t, ports, { http, connectTimeoutMs: 100 })
      const { text } = await say(proxy, head)
      return `${/ (\d+)/.exec(text)?.[1]} ${/\(([A-Z_]+)\)\n$/.exec(text)?.[1]}`
    }
    const [dead, hole] = [await deadPort(), await blackHole(t)]
    const post = request('POST', '/', 'Content-Length: 5')
    const told = await Promise.all([
      codeOf([dead], get()),
      codeOf([port], request('POST', '/reset')),
      codeOf([port], get('/garbage')),
      codeOf([hole], get()),
      codeOf([port], get('/silence')),
      codeOf([], get()),
      codeOf([port], post),
      codeOf([port], 'GET / HTTP/1.1\r\nHo'),
    ])
    assert.deepEqual(told, [
      '502 BACKEND_CONNECT',
      '502 BACKEND_RESET',
      '502 BACKEND_FRAMING',
      '504 BACKEND_CONNECT_TIMEOUT',
      '504 BACKEND_TIMEOUT',
      '503 NO_BACKEND',
      '408 REQUEST_TIMEOUT',
      '408 REQUEST_TIMEOUT',
    ])
    const broken = await scripted(t, (socket) => {
      socket.write(half, () => socket.resetAndDestroy())
    })
    const { proxy } = await fronted(t, [broken.port])
    assert.match((await say(proxy, get('/half'))).text, /\r\n\r\n123$/)
    await until(() => ledger(proxy).failed === 1)
  })

  // There: the client's connection is reset while it still sends, and the answer is lost.
  it('bug 09: an answer before the end of an upload reaches the client', async (t) => {
    const port = await backend(t, (socket) => {
      socket.once('data', () =>
        socket.end('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig'),
      )
    })
    const { proxy } = await fronted(t, [port])
    const client = open(proxy.address)
    client.write(request('POST', '/', 'Content-Length: 1000000000'))
    client.write(Buffer.alloc(200_000))
    const heard = await hearing(client, /big$/)
    assert.match(heard, /^HTTP\/1.1 413 [\s\S]*Connection: close/i)
    client.write(Buffer.alloc(100_000))
    await drain(client)
    client.destroy()
    assert.deepEqual(await settled(proxy), { active: 0, ok: 1, failed: 0, aborted: 0 })
    assert.equal(proxy.view().http!.idleConnections, 0)
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

  // There: an upstream that breaks off leaves the client with an open connection, or a clean end.
  it('bug 19: events flow at once, and a broken stream is seen to be broken', async (t) => {
    const streams: Socket[] = []
    const { port } = await scripted(t, (socket) => {
      streams.push(socket)
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n')
      socket.write('Transfer-Encoding: chunked\r\n\r\n')
    })
    const { proxy } = await fronted(t, [port])
    const client = open(proxy.address)
    client.write(get())
    await hearing(client, /\r\n\r\n$/)
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      streams[0]!.write(`9\r\n${event}\r\n`)
      assert.equal(await hearing(client, /\n\n\r\n$/), `9\r\n${event}\r\n`)
    }
    streams[0]!.destroy()
    assert.deepEqual(await drain(client), { text: '', bytes: 0, ending: 'reset' })
    assert.equal((await settled(proxy)).failed, 1)
  })

  // There: the server in front has a limit for the whole request, 5 minutes by default.
  it('bug 20: a body may take any time as long as it moves', async (t) => {
    const port = await nodeBackend(t, (incoming, response) => void incoming.pipe(response))
    const http = { headTimeoutMs: 100, bodyTimeoutMs: 600, responseTimeoutMs: 100 }
    const { proxy } = await fronted(t, [port], { http })
    const client = open(proxy.address)
    client.write(request('POST', '/', 'Content-Length: 5'))
    for (let sent = 0; sent < 5; sent++) {
      await new Promise((resolve) => setTimeout(resolve, 250))
      client.write('x')
    }
    assert.match((await drain(client)).text, /^HTTP\/1.1 200 [\s\S]*x[\s\S]*$/)
  })

  // There: there is one target.
  it('bug 21: a dead backend gets no traffic and costs no request', async (t) => {
    const ports = [await named(t, 'a'), await deadPort(), await named(t, 'b')]
    const { proxy } = await fronted(t, ports)
    const client = open(proxy.address)
    const heard: string[] = []
    for (let nth = 0; nth < 6; nth++) {
      client.write(keep(get()))
      heard.push((await hearing(client, /\r\n\r\n\w$/)).slice(-1))
    }
    client.destroy()
    assert.equal(heard.filter((name) => name === 'a').length, 3)
    assert.equal(heard.filter((name) => name === 'b').length, 3)
    assert.equal(proxy.view().pool.backends[1]!.leases, 1)
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

  // There: `error` comes with the system's error alone.
  it('bug 23: a failure is told with its code, its backend and its tries', async (t) => {
    const { port } = await scripted(t, (socket) => void socket.resetAndDestroy())
    const { proxy, told } = await fronted(t, [port])
    await say(proxy, request('POST', '/'))
    const [line] = told('request_failed')
    assert.equal(line?.level, 'warn')
    assert.match(line.sentence, /ECONNRESET/)
    const { code, backend: id, retries } = line.fields
    assert.deepEqual(
      { code, id, retries },
      { code: 'BACKEND_RESET', id: `127.0.0.1:${port}`, retries: 0 },
    )
  })

  // There: nothing.
  it('bug 24: closing waits for what is under way, and says so to the client', async (t) => {
    const waiting: Socket[] = []
    const { port } = await scripted(t, (socket) => void waiting.push(socket))
    const { proxy } = await fronted(t, [port])
    const [busy, idle] = [open(proxy.address), open(proxy.address)]
    busy.write(keep(get()))
    await until(() => waiting.length === 1 && proxy.view().connections.active === 2)
    const closed = proxy.close()
    await once(idle.resume(), 'end')
    waiting[0]!.write(ok('done'))
    const { text, ending } = await drain(busy)
    assert.match(text, /^HTTP\/1.1 200 [\s\S]*Connection: close[\s\S]*done$/i)
    assert.equal(ending, 'fin')
    assert.equal(await closed, 0)
    idle.destroy()
  })

  // There: the last release is of 2020, and it needs three packages.
  it('bug 25: the library needs no package', () => {
    const seen = new Set<string>()
    const packages: string[] = []
    const visit = (file: string): void => {
      if (seen.has(file)) return
      seen.add(file)
      for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/ from '([^']+)'/g)) {
        if (name.startsWith('.')) visit(join(dirname(file), name))
        else if (!name.startsWith('node:')) packages.push(`${file}: ${name}`)
      }
    }
    visit(fileURLToPath(new URL('../../src/index.ts', import.meta.url)))
    assert.deepEqual(packages, [])
    assert.ok(seen.size > 40, `only ${seen.size} files`)
  })
})

/** An answer of which more is to come. */
const half = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123'
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: toy\r\n\r\n'

function chunked(body: string): string {
  const size = body.length.toString(16)
  return `HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n${body}\r\n0\r\n\r\n`
}
