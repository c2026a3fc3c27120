import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deadPort } from '../support/backends.ts'
import { type Drained, drain, open, proxied, until } from '../support/proxied.ts'
import { answering, dict, original, type Serve, silent } from './original-servers.ts'

const timeout = 30_000
/** All to the first that may take work, as the test wants. */
const inTurn = { strategy: 'n-to-1' }
const good = dict('b', 'somma')

describe('a server of the original system', { timeout }, () => {
  it('may answer in pieces, with blanks around it and anything behind it', async (t) => {
    const text = `{'A': 37, 'operazione': 'a}b', "risultato": {'x': 12.5}}`
    const serve: Serve = async (word, socket) => {
      const pieces = word === 'somma' ? [...` ${text}`] : [`\n${text}\n{'more': 1}`]
      for (const piece of pieces) {
        await new Promise((resolve) => socket.write(piece, resolve))
      }
    }
    const { hear, servers } = await original(t, [serve])
    assert.equal(await hear('sommadivisione'), text + text)
    await until(() => servers[0]!.sockets.size === 0)
  })

  it('gets a connection for each word, which ends with its answer', async (t) => {
    const { hear, proxy, servers } = await original(t, [answering('a')])
    await hear('sommasommasomma')
    await until(() => servers[0]!.sockets.size === 0)
    assert.deepEqual(servers[0]!.words, ['somma', 'somma', 'somma'])
    assert.equal(proxy.view().lines!.backendConnections, 0)
  })

  it('gets no more connections at a time than are allowed, and the rest wait', async (t) => {
    const lines = { backendConnectionsMax: 2 }
    const { client, servers } = await original(t, [silent], { lines })
    const [server] = servers
    const socket = client()
    const heard = drain(socket)
    socket.end('somma'.repeat(5))
    for (let done = 0; done < 5; done++) {
      await until(() => server!.words.length === Math.min(5, done + 2))
      assert.ok(server!.sockets.size <= 2)
      const [first] = server!.sockets
      first!.write(`{${done}}`)
      await until(() => !server!.sockets.has(first!))
    }
    assert.deepEqual([...(await heard).text.matchAll(/\d/g)].map(String).sort(), [...'01234'])
  })

  for (const [what, serve] of [
    ['ends without an answer', (_, socket) => socket.end()],
    ['ends within its answer', (_, socket) => socket.end("{'A': 3")],
    ['breaks the connection off', (_, socket) => socket.resetAndDestroy()],
  ] as [string, Serve][]) {
    it(`that ${what} is followed by another`, async (t) => {
      const { hear, pool, proxy } = await original(t, [serve, answering('b')], inTurn)
      assert.equal(await hear('somma'), good)
      assert.equal(proxy.view().lines!.retries, 1)
      assert.deepEqual(
        pool.view().backends.map(({ active, failed, ok }) => [active, failed, ok]),
        [
          [0, 1, 0],
          [0, 0, 1],
        ],
      )
    })

    it(`that ${what} is told of when there is no other`, async (t) => {
      const { hear, proxy } = await original(t, [serve])
      const heard = await hear('somma')
      assert.match(heard, /^\{'errore': 'BACKEND_RESET: the backend .* before it had answered'\}$/)
      assert.equal(proxy.view().lines!.active, 0)
    })
  }

  it('that never answers is followed by another, or told of', async (t) => {
    const lines = { messageTimeoutMs: 300 }
    const { hear, servers } = await original(t, [silent, answering('b')], { ...inTurn, lines })
    assert.equal(await hear('somma'), good)
    await until(() => servers[0]!.sockets.size === 0)
    const alone = await original(t, [silent], { lines })
    const text = "{'errore': 'BACKEND_TIMEOUT: the backend did not answer in time'}"
    assert.equal(await alone.hear('somma'), text)
    assert.equal(alone.pool.view().backends[0]!.active, 0)
  })

  it('that cannot be connected to is followed by another, or told of', async (t) => {
    const { hear, servers } = await original(t, [answering('b')])
    const ports = [await deadPort(), servers[0]!.port]
    const lines = { wire: 'original' } as const
    const ask = async (to: readonly number[]): Promise<Drained> => {
      const { proxy } = await proxied(t, to, { mode: 'lines', lines, ...inTurn })
      const socket = open(proxy.address)
      socket.end('somma')
      return drain(socket)
    }
    assert.equal(await hear('somma'), good)
    assert.equal((await ask(ports)).text, good)
    const { text } = await ask([await deadPort()])
    assert.match(text, /^\{'errore': 'BACKEND_CONNECT: connect to .* failed: ECONNREFUSED'\}$/)
  })

  for (const [what, answer] of [
    ['is no dict', 'Comando sconosciuto'],
    ['is longer than a message may be', `{'x': '${'y'.repeat(70_000)}'}`],
    ['is not valid UTF-8', Buffer.from("{'\xff'}", 'latin1')],
  ] as const) {
    it(`whose answer ${what} is told of`, async (t) => {
      const { hear, servers } = await original(t, [(_, socket) => void socket.write(answer)])
      const text = `{'errore': 'BACKEND_FRAMING: the answer of the backend ${what}'}`
      assert.equal(await hear('sommaexit'), `${text}Disconnessione avvenuta con successo`)
      await until(() => servers[0]!.sockets.size === 0)
    })
  }
})

describe('words of the original system, when nobody may take work', { timeout }, () => {
  it('wait in line until a server has room', async (t) => {
    const { client, pool, servers } = await original(t, [silent], {
      poolOptions: { maxConnections: 1 },
    })
    const heard = drain(client().end('sommadivisioneexit'))
    await until(() => pool.queued === 1 && servers[0]!.words.length === 1)
    for (const held of servers[0]!.sockets) held.write('{1}')
    await until(() => servers[0]!.words.length === 2)
    for (const held of servers[0]!.sockets) held.write('{2}')
    assert.equal((await heard).text, '{1}{2}Disconnessione avvenuta con successo')
  })

  it('leave the line with their client, and are told of when it takes too long', async (t) => {
    const { client, hear, pool, proxy, servers } = await original(t, [silent], {
      poolOptions: { maxConnections: 1, queueTimeoutMs: 300 },
    })
    client().write('somma')
    await until(() => servers[0]!.words.length === 1)
    assert.match(
      await hear('somma'),
      /^\{'errore': 'BACKENDS_FULL: no backend had room within 0\.3 s/,
    )
    const leaving = client()
    leaving.write('divisione')
    await until(() => pool.queued === 1)
    leaving.resetAndDestroy()
    await until(() => pool.queued === 0)
    await until(() => proxy.view().connections.active === 1)
  })
})
