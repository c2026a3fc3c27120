import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { drain, until } from '../support/proxied.ts'
import { answering, dict, original, type Serve, silent } from './original-servers.ts'

const timeout = 30_000
const words = ['somma', 'sottrazione', 'moltiplicazione', 'divisione']
const goodbye = 'Disconnessione avvenuta con successo'

/** Cuts a text into pieces, the rest in the last one. */
function cut(text: string, sizes: readonly number[]): string[] {
  const ends = sizes.map((_, i) => sizes.slice(0, i + 1).reduce((sum, size) => sum + size, 0))
  return [0, ...ends].map((from, i) => text.slice(from, ends[i]))
}

describe('a client of the original system', { timeout }, () => {
  it('gets four answers in order to four words in one segment', async (t) => {
    const serves = [answering('a'), answering('b'), answering('c')]
    const { client, pool, servers } = await original(t, serves)
    const socket = client()
    const heard = drain(socket)
    socket.write(words.join(''))
    const wanted = words.map((word, i) => dict('abca'[i]!, word)).join('')
    await until(() => socket.bytesRead === wanted.length)
    assert.deepEqual(
      servers.map((server) => server.words),
      [['somma', 'divisione'], ['sottrazione'], ['moltiplicazione']],
    )
    assert.deepEqual(
      pool.view().backends.map(({ active, ok }) => [active, ok]),
      [
        [0, 2],
        [0, 1],
        [0, 1],
      ],
    )
    socket.write('exit')
    assert.equal((await heard).text, wanted + goodbye)
  })

  it('gets them in order whatever order the servers answer in', async (t) => {
    const { client, servers } = await original(t, [silent, answering('b')])
    const socket = client()
    socket.write('sommadivisionesommaexit')
    await until(() => servers[0]!.words.length === 2 && servers[1]!.sockets.size === 0)
    assert.equal(socket.bytesRead, 0)
    for (const held of servers[0]!.sockets) held.write("{'late': 1}")
    const text = `{'late': 1}${dict('b', 'divisione')}{'late': 1}${goodbye}`
    assert.deepEqual(await drain(socket), { text, bytes: text.length, ending: 'fin' })
  })

  it('may split each word anywhere', async (t) => {
    const { hear } = await original(t, [answering('a')])
    for (const word of [...words, 'exit']) {
      const wanted = word === 'exit' ? goodbye : dict('a', word)
      for (let at = 1; at < word.length; at++) {
        assert.equal(await hear(word.slice(0, at), word.slice(at)), wanted, `${word} at ${at}`)
      }
      assert.equal(await hear(...word), wanted, `${word}, byte by byte`)
    }
  })

  it('may put blanks and line ends between words, and any cuts', async (t) => {
    const { hear } = await original(t, [answering('a'), answering('a')])
    const said = fc.array(fc.constantFrom(...words, ' ', '\n', '\r\n'), { maxLength: 12 })
    const cuts = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(said, cuts, fc.boolean(), async (parts, sizes, leaves) => {
        const all = parts.join('') + (leaves ? 'exitsomma' : '')
        const wanted = parts.filter((part) => words.includes(part)).map((word) => dict('a', word))
        const heard = await hear(...cut(all, sizes))
        assert.equal(heard, wanted.join('') + (leaves ? goodbye : ''))
      }),
      { numRuns: 60 },
    )
  })

  it('gets its answers before it is let go by exit in the same segment', async (t) => {
    const { client, servers } = await original(t, [answering('a')])
    const socket = client()
    socket.write('sommadivisioneexitsomma')
    const { ending, text } = await drain(socket)
    assert.equal(text, `${dict('a', 'somma')}${dict('a', 'divisione')}${goodbye}`)
    assert.equal(ending, 'fin')
    assert.deepEqual(servers[0]!.words.sort(), ['divisione', 'somma'])
  })

  it('is told in its own form what is no word, after the answers before it, and let go', async (t) => {
    const { client, proxy } = await original(t, [answering('a')])
    const socket = client()
    socket.write("sommaso'n")
    const { ending, text } = await drain(socket)
    const why = "'so'' begins no word: one of somma, sottrazione, moltiplicazione, divisione, exit"
    assert.equal(text, `${dict('a', 'somma')}{'errore': "MESSAGE_FORMAT: ${why} wanted"}`)
    assert.equal(ending, 'fin')
    assert.deepEqual(proxy.view().lines!.errors, { MESSAGE_FORMAT: 1 })
    assert.equal(proxy.view().lines!.active, 0)
  })

  it('is told so when it ends within a word', async (t) => {
    const { hear } = await original(t, [answering('a')])
    assert.match(
      await hear('sommadivis'),
      /\{'errore': "MESSAGE_FORMAT: 'divis' is no whole word: /,
    )
  })

  it('leaves nothing behind when it vanishes without exit', async (t) => {
    for (const vanish of ['destroy', 'resetAndDestroy'] as const) {
      const { client, pool, proxy, servers } = await original(t, [silent])
      const sockets = [client(), client(), client()]
      for (const socket of sockets) socket.write('sommadivi')
      await until(() => servers[0]!.words.length === 3)
      assert.equal(pool.view().backends[0]!.active, 3)
      for (const socket of sockets) socket[vanish]()
      // One that ends its side may still read: that it does not shows when it is answered.
      if (vanish === 'destroy') for (const held of servers[0]!.sockets) held.write('{}')
      await until(() => proxy.view().connections.active === 0)
      await until(() => servers[0]!.sockets.size === 0)
      const { active, backendConnections } = proxy.view().lines!
      assert.deepEqual([active, backendConnections, pool.view().backends[0]!.active], [0, 0, 0])
    }
  })

  it('is not read while it takes no answers, and others go on', async (t) => {
    const large: Serve = (_, socket) => void socket.write(`{'x': '${'y'.repeat(60_000)}'}`)
    const { client, hear, proxy, servers } = await original(t, [large])
    const socket = client()
    socket.pause()
    for (let i = 0; i < 20; i++) socket.write('somma'.repeat(1_000))
    await until(() => servers[0]!.words.length > 20)
    await until(() => proxy.view().lines!.active === 0)
    const taken = proxy.view().lines!.messages
    assert.ok(taken < 2_000, `${taken} words were taken`)
    assert.equal((await hear('somma')).length, 60_009)
    socket.destroy()
    await until(() => proxy.view().connections.active === 0)
  })

  it('is let go when its listener closes, once what it asked for is answered', async (t) => {
    const { client, proxy, servers } = await original(t, [silent])
    const [idle, busy] = [client(), client()]
    await once(idle, 'connect')
    busy.write('somma')
    await until(() => servers[0]!.words.length === 1)
    await until(() => proxy.view().connections.active === 2)
    const closed = proxy.close()
    assert.equal((await drain(idle)).ending, 'fin')
    idle.end()
    for (const held of servers[0]!.sockets) held.write("{'x': 1}")
    assert.deepEqual((await drain(busy)).text, "{'x': 1}")
    busy.end()
    assert.equal(await closed, 0)
  })

  it('that breaks off while its listener closes is nothing its server is blamed for', async (t) => {
    const { client, pool, proxy, servers } = await original(t, [silent])
    const socket = client()
    socket.write('somma')
    await until(() => servers[0]!.words.length === 1)
    const closed = proxy.close()
    socket.resetAndDestroy()
    await closed
    await until(() => servers[0]!.sockets.size === 0)
    const [{ aborted, active, failed } = { aborted: 0, active: 0, failed: 0 }] =
      pool.view().backends
    assert.deepEqual([aborted, active, failed], [1, 0, 0])
  })
})

describe('the activity of a client of the original system', { timeout }, () => {
  it('is told step by step', async (t) => {
    const { client, lines, pool } = await original(t, [answering('a')], {
      lines: { wire: 'original', activity: true },
    })
    const socket = client()
    await once(socket, 'connect')
    const who = `127.0.0.1:${socket.localPort}`
    const [{ id } = { id: '' }] = pool.view().backends
    socket.write('sommaexit')
    await drain(socket)
    socket.end()
    const steps = ['client_connected', 'request', 'forwarded', 'answered', 'client_gone']
    const told = (): string[] =>
      lines
        .filter(({ event }) => steps.includes(event))
        .map(({ event, sentence }) => `${event}: ${sentence.replace(/[\d.]+ ms/, 'N ms')}`)
    await until(() => told().length === 6)
    assert.deepEqual(told(), [
      `client_connected: client ${who} connected`,
      `request: request 'somma' from ${who}`,
      `forwarded: request 'somma' forwarded to ${id}`,
      `request: request 'exit' from ${who}`,
      `answered: answered in N ms: {'a': 'somma'}`,
      `client_gone: client ${who} gone`,
    ])
  })
})
