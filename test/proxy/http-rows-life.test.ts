import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { until } from '../support/proxied.ts'
import { added, exchange, ok, type RawEnd, rig } from './raw-http.ts'

const host = 'Host: a.test\r\n'
const get = (fields = ''): string => `GET / HTTP/1.1\r\n${host}${fields}\r\n`
const post = (fields: string, body: string): string =>
  `POST / HTTP/1.1\r\n${host}${fields}\r\n${body}`
const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'
const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('interim responses', () => {
  it('row 60: are passed on, in order and verbatim', async (t) => {
    const interims = [
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 102 Processing\r\nX: 1\r\n\r\n',
      early,
    ]
    const all = await rig(t, { answer: () => interims.join('') + ok })
    const client = await all.connect()
    client.send(get())
    await client.sees('\r\n\r\nok')
    assert.equal(client.text, interims.join('') + ok)
    assert.equal(all.proxy.view().http?.idleConnections, 1)
  })

  it('row 60: are passed on before the final one comes', async (t) => {
    const all = await rig(t, { answer: () => early })
    const client = await all.connect()
    client.send(get())
    assert.equal(await client.response(), early)
    all.backend.ends[0]!.send(ok)
    assert.equal(await client.response(), ok)
  })

  it('row 60: do not go to a client of HTTP/1.0', async (t) => {
    const all = await rig(t, { answer: () => early + ok })
    const seen = await exchange(all, `GET / HTTP/1.0\r\n${host}\r\n`)
    assert.equal(seen.answer, ok.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    assert.equal(seen.isReused, true)
  })

  it('row 60: are sixteen at most', async (t) => {
    let count = 16
    const all = await rig(t, { answer: () => early.repeat(count) + ok })
    const client = await all.connect()
    client.send(get())
    await client.sees('\r\n\r\nok')
    assert.equal(client.text, early.repeat(16) + ok)
    count = 17
    client.text = ''
    client.send(get())
    await client.sees('(BACKEND_FRAMING)')
    assert.match(client.text.replaceAll(early, ''), /^HTTP\/1.1 502 /)
    assert.notEqual(await all.backend.ends[0]!.left(), 'open')
  })
})

describe('Expect', () => {
  const upload = post('Content-Length: 5\r\nExpect: 100-continue\r\n', '')
  const wanted = post(`Content-Length: 5\r\nExpect: 100-continue\r\n${added()}`, 'hello')

  it('row 61: goes to the backend, and its 100 comes back', async (t) => {
    const all = await rig(t, { atHead: () => 'HTTP/1.1 100 Continue\r\n\r\n' })
    const client = await all.connect()
    client.send(upload)
    assert.equal(await client.response(), 'HTTP/1.1 100 Continue\r\n\r\n')
    assert.equal(all.backend.arrivals.length, 0)
    client.send('hello')
    assert.equal(await client.response(), ok)
    assert.equal(all.backend.arrivals[0]?.text, wanted)
    client.send(get())
    await client.response()
    assert.equal(all.backend.arrivals[1]?.connection, 0)
  })

  it('row 61: needs no 100 for the body to be passed on', async (t) => {
    const all = await rig(t)
    const seen = await exchange(all, `${upload}hello`)
    assert.equal(seen.answer, ok)
    assert.deepEqual(seen.received, [wanted])
    assert.equal(seen.isReused, true)
  })

  it('row 61: a final status instead of 100 ends both connections', async (t) => {
    const denied = ok.replace('200 OK', '401 Unauthorized')
    const all = await rig(t, {
      atHead: ({ text }) => (text.startsWith('POST') ? denied : undefined),
    })
    const seen = await exchange(all, upload)
    assert.equal(seen.answer, denied.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    assert.equal(seen.client, 'fin')
    assert.deepEqual(seen.received, [])
    assert.equal(seen.isReused, false)
  })

  it('row 61: of anything else is 417', async (t) => {
    const all = await rig(t)
    for (const value of ['200-ok', '100-continue, x', '']) {
      const seen = await exchange(all, post(`Content-Length: 5\r\nExpect: ${value}\r\n`, 'hello'))
      assert.equal(seen.status, 417)
      assert.equal(seen.client, 'fin')
      assert.deepEqual(seen.received, [])
    }
  })

  it('row 61: is ignored from a client of HTTP/1.0', async (t) => {
    const all = await rig(t)
    const seen = await exchange(all, `${upload}hello`.replace('HTTP/1.1', 'HTTP/1.0'))
    const plain = post(`Content-Length: 5\r\n${added('a.test', 0)}`, 'hello')
    assert.deepEqual(seen.received, [plain])
  })
})

describe('Upgrade', () => {
  const fields = 'Connection: keep-alive, Upgrade\r\nUpgrade: echo\r\n'
  const wanted = get(`Upgrade: echo\r\nConnection: upgrade\r\n${added()}`)
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n'
  const switched = `${switching}Connection: upgrade\r\n\r\n`

  it('row 62: makes a tunnel after a 101, and no byte around it is lost', async (t) => {
    const seen: string[] = []
    const all = await rig(t, {
      answer: ({ text, end }) => {
        seen.push(text)
        end.send(`${switching}Connection: Upgrade, X-Hop\r\nX-Hop: 1\r\n\r\nfirst words`)
        return undefined
      },
    })
    const client = await all.connect()
    client.send(`${get(fields)}early words`)
    await client.sees('first words')
    assert.equal(client.text, `${switched}first words`)
    const [server] = all.backend.ends
    await server!.sees('early words')
    assert.equal(server!.text, `${wanted}early words`)
    assert.deepEqual(seen, [wanted])
    client.send('GET / HTTP/1.1\r\n\r\n\0')
    await server!.sees('\0')
    server!.send('\0last')
    await client.sees('\0last')
    assert.equal(all.proxy.view().pool.backends[0]?.active, 1)
  })

  it('row 62: passes an end on and waits for the other one', async (t) => {
    const all = await rig(t, { answer: () => switched })
    const client = await all.connect()
    client.send(get(fields))
    await client.response()
    const [server] = all.backend.ends
    client.socket.end('bye')
    assert.equal(await server!.left(), 'fin')
    server!.socket.end('good bye')
    assert.equal(await client.left(), 'fin')
    assert.match(client.text, /good bye$/)
    await until(() => all.proxy.view().pool.backends[0]?.active === 0)
    assert.equal(all.proxy.view().http?.idleConnections, 0)
    assert.equal(all.proxy.view().connections.active, 0)
  })

  it('row 62: holds what comes before the 101 back', async (t) => {
    const all = await rig(t, { answer: () => undefined })
    const client = await all.connect()
    client.send(`${get(fields)}early`)
    await until(() => all.backend.arrivals.length === 1)
    await later()
    assert.equal(all.backend.ends[0]!.text, wanted)
    all.backend.ends[0]!.send(switched)
    await all.backend.ends[0]!.sees('early')
  })

  it('row 62: that is refused is an ordinary answer, and what follows is a request', async (t) => {
    const all = await rig(t)
    const seen = await exchange(all, get(fields))
    assert.equal(seen.answer, ok)
    assert.deepEqual(seen.received, [wanted])
    assert.equal(seen.client, 'open')
    assert.equal(seen.isReused, true)
    const client = await all.connect()
    client.send(`${get(fields)}\x81\x05hello`)
    assert.equal(await client.response(), ok)
    assert.match(await client.response(), /^HTTP\/1.1 400 /)
    assert.equal(await client.left(), 'fin')
  })

  for (const [what, request, reply] of [
    ['without a wish for it', get(), switched],
    ['to what was not offered', get(fields), switched.replace('echo', 'other')],
    ['to more than was offered', get(fields), switched.replace('echo', 'echo, other')],
    ['without Upgrade', get(fields), 'HTTP/1.1 101 X\r\nConnection: upgrade\r\n\r\n'],
    ['without its connection option', get(fields), `${switching}\r\n`],
    ['for HTTP/1.0', get(fields).replace('HTTP/1.1', 'HTTP/1.0'), switched],
  ] as const) {
    it(`row 62: a 101 ${what} is a 502`, async (t) => {
      const all = await rig(t, { answer: () => `${reply}raw bytes` })
      const client = await all.connect()
      client.send(request)
      assert.match(await client.response(), /^HTTP\/1.1 502 .*\(BACKEND_FRAMING\)/s)
      await all.backend.ends[0]!.left()
      assert.equal(client.text, '')
    })
  }

  it('row 62: with a body is refused', async (t) => {
    const all = await rig(t)
    for (const [framing, body] of [
      ['Content-Length: 5\r\n', 'hello'],
      ['Transfer-Encoding: chunked\r\n', '0\r\n\r\n'],
    ] as const) {
      const seen = await exchange(all, post(fields + framing, body))
      assert.equal(seen.status, 400)
      assert.equal(seen.client, 'fin')
      assert.deepEqual(seen.received, [])
    }
  })

  it('row 62: is left out when it is not a wish for this connection, or for HTTP/2', async (t) => {
    const all = await rig(t)
    const plain = get(added())
    assert.deepEqual((await exchange(all, get('Upgrade: echo\r\n'))).received, [plain])
    const h2c = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n'
    assert.deepEqual((await exchange(all, get(h2c))).received, [plain])
  })

  it('row 62: may come behind a 100', async (t) => {
    const all = await rig(t, { answer: () => `HTTP/1.1 100 Continue\r\n\r\n${switched}raw` })
    const client = await all.connect()
    client.send(get(fields))
    await client.sees('raw')
    assert.equal(client.text, `HTTP/1.1 100 Continue\r\n\r\n${switched}raw`)
  })
})

describe('a connection', () => {
  it('row 63: of a client that says close ends behind the answer', async (t) => {
    const all = await rig(t)
    const client = await all.connect()
    client.send(get('Connection: Close\r\n') + get())
    const wanted = ok.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')
    assert.equal(await client.response(), wanted)
    assert.equal(await client.left(), 'fin')
    assert.equal(client.text, '')
    assert.equal(all.backend.arrivals.length, 1)
  })

  it('row 63: of a backend that says close is not the client’s', async (t) => {
    const reply = ok.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')
    const all = await rig(t, { answer: () => reply })
    const seen = await exchange(all, get())
    assert.equal(seen.answer, ok)
    assert.equal(seen.client, 'open')
    assert.equal(seen.isReused, false)
  })

  it('row 64: of a client of HTTP/1.0 ends behind the answer, unless an option keeps it', async (t) => {
    const request = `GET / HTTP/1.0\r\n${host}Connection: Keep-Alive\r\n\r\n`
    const ending = await exchange(await rig(t), request)
    assert.equal(ending.answer, ok.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    assert.equal(ending.client, 'fin')
    const all = await rig(t, {}, { http: { keepAlive10: true } })
    const kept = await exchange(all, request)
    assert.equal(kept.answer, ok.replace('\r\n\r\n', '\r\nConnection: keep-alive\r\n\r\n'))
    assert.equal(kept.client, 'open')
    const other = await exchange(all, `GET / HTTP/1.0\r\n${host}\r\n`)
    assert.equal(other.client, 'fin')
  })

  it('row 65: is answered in order, one request at a time', async (t) => {
    const all = await rig(t, { answer: () => undefined })
    const client = await all.connect()
    const names = ['/a', '/b', '/c', '/d']
    client.send(names.map((name) => get().replace('/', name)).join(''))
    for (const [index, name] of names.entries()) {
      await until(() => all.backend.arrivals.length === index + 1)
      await later()
      assert.equal(all.backend.arrivals.length, index + 1)
      const { end, text } = all.backend.arrivals[index]!
      assert.equal(text.startsWith(`GET ${name} `), true)
      end.send(ok.replace('ok', name))
      assert.equal((await client.response()).endsWith(name), true)
    }
    assert.equal(all.backend.ends.length, 1)
  })

  it('row 65: is not read while requests wait', async (t) => {
    const all = await rig(t, { answer: () => undefined })
    const client = await all.connect()
    client.send(get().repeat(600_000))
    await until(() => all.backend.arrivals.length === 1)
    assert.ok((await stalled(client)) > 0)
  })

  it('row 66: to a backend carries one request at a time', async (t) => {
    const all = await rig(t, { answer: ({ end }) => answerAlone(end) })
    const clients = await Promise.all([1, 2, 3].map(() => all.connect()))
    for (const client of clients) client.send(get().repeat(20))
    for (const client of clients) {
      for (let i = 0; i < 20; i++) assert.equal(await client.response(), ok)
    }
    assert.equal(all.backend.arrivals.length, 60)
    assert.ok(all.backend.ends.length <= 3)
  })

  for (const [method, tries] of [
    ['POST', 1],
    ['PATCH', 1],
    ['OWN', 1],
    ['GET', 2],
    ['PUT', 2],
  ] as const) {
    it(`row 67: that ends before the answer to ${method} makes ${tries} tries`, async (t) => {
      let isBroken = false
      const all = await rig(t, {
        answer: ({ end, text }) => {
          if (isBroken || text.startsWith('GET /warm')) return ok
          isBroken = true
          end.socket.destroy()
          return undefined
        },
      })
      const client = await all.connect()
      client.send(get().replace('/', '/warm'))
      assert.equal(await client.response(), ok)
      client.send(post('Content-Length: 2\r\n', 'hi').replace('POST', method))
      const answer = await client.response()
      assert.match(answer, tries === 1 ? /^HTTP\/1.1 502 .*\(BACKEND_RESET\)/s : /^HTTP\/1.1 200 /)
      assert.equal(all.backend.arrivals.length, 1 + tries)
      assert.equal(all.proxy.view().http?.retries, tries - 1)
    })
  }

  it('row 70: to a backend that ends while it is idle is not used again', async (t) => {
    const all = await rig(t)
    for (const leave of [
      (end: RawEnd) => end.socket.end(),
      (end: RawEnd) => end.socket.resetAndDestroy(),
    ]) {
      assert.equal((await exchange(all, get())).isReused, true)
      assert.equal(all.proxy.view().http?.idleConnections, 1)
      leave(all.backend.ends.at(-1)!)
      await until(() => all.proxy.view().http?.idleConnections === 0)
    }
    const seen = await exchange(all, post('Content-Length: 2\r\n', 'hi'))
    assert.equal(seen.answer, ok)
    assert.equal(all.proxy.view().http?.retries, 0)
  })

  it('row 70: to a backend is used last in, first out', async (t) => {
    const all = await rig(t, { answer: () => undefined })
    const clients = await Promise.all([all.connect(), all.connect()])
    for (const client of clients) client.send(get())
    await until(() => all.backend.arrivals.length === 2)
    for (const { end } of all.backend.arrivals.slice()) {
      end.send(ok)
      await until(
        () => all.proxy.view().http?.idleConnections === all.backend.ends.indexOf(end) + 1,
      )
    }
    clients[0]!.send(get())
    await until(() => all.backend.arrivals.length === 3)
    assert.equal(all.backend.arrivals[2]?.end, all.backend.arrivals[1]?.end)
  })
})

// Only when the backend has nothing more in hand than the one request.
function answerAlone(end: RawEnd): undefined {
  const count = end.text.split('GET / ').length
  setImmediate(() => {
    assert.equal(end.text.split('GET / ').length, count)
    end.send(ok)
  })
}

/** What still waits to be sent once nothing moves any more. */
async function stalled({ socket }: RawEnd): Promise<number> {
  let last = -1
  for (let turns = 0; turns < 200; turns++) {
    if (socket.writableLength !== last) turns = 0
    last = socket.writableLength
    await later()
  }
  return last
}
