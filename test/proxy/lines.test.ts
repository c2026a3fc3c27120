import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { until } from '../support/proxied.ts'
import { poolOf } from './asked.ts'
import { answering, call, keeping, LineClient, lined, lineServer } from './line-servers.ts'

const timeout = 30_000

describe('plain text in mode lines', { timeout }, () => {
  it('is balanced by the message, over one connection', async (t) => {
    const { client, pool } = await lined(t, [answering('a'), answering('b'), answering('c')])
    const heard = await client().ask('1', '2', '3', '4', '5', '6')
    assert.deepEqual(heard, ['a 1', 'b 2', 'c 3', 'a 4', 'b 5', 'c 6'])
    assert.deepEqual(
      pool.view().backends.map(({ ok, active }) => [ok, active]),
      [
        [2, 0],
        [2, 0],
        [2, 0],
      ],
    )
  })

  it('is answered in the order of the messages, whatever order the backends have', async (t) => {
    const { client, servers } = await lined(t, [keeping, answering('b'), answering('c')])
    const talker = client()
    talker.send('1', '2', '3', '4', '5')
    await until(() => servers[0]!.got.length === 2)
    const [first, fourth] = servers[0]!.got
    assert.deepEqual(talker.lines, [])
    fourth!.say('late 4')
    first!.say('late 1')
    assert.deepEqual(await talker.take(5), ['late 1', 'b 2', 'c 3', 'late 4', 'b 5'])
  })

  it('may end in CR LF, and blank lines are no messages', async (t) => {
    const { client, servers } = await lined(t, [answering('a')])
    const talker = client()
    talker.socket.write('\r\n  \n\none\r\n\t\r\ntwo\n')
    assert.deepEqual(await talker.take(2), ['a one', 'a two'])
    assert.deepEqual(
      servers[0]!.got.map(({ line }) => line),
      ['one', 'two'],
    )
  })

  it('may be any UTF-8, and an answer may be empty', async (t) => {
    const { client } = await lined(t, [(line, say) => say(line === 'leer' ? '' : line)])
    const words = ['größe', '日本語', '🂡', '\u0000\u001b[1m', 'leer', ' x ']
    assert.deepEqual(
      await client().ask(...words),
      words.map((word) => (word === 'leer' ? '' : word)),
    )
  })

  it('goes over more connections of a backend while all are busy', async (t) => {
    const lines = { backendConnectionsMax: 3 }
    const { client, servers } = await lined(t, [keeping], { lines })
    const [server] = servers
    const talker = client()
    talker.send('1', '2', '3', '4')
    await until(() => server!.got.length === 4)
    assert.equal(server!.sockets.size, 3)
    for (const { line, say } of server!.got) say(line)
    assert.deepEqual(await talker.take(4), ['1', '2', '3', '4'])
    assert.deepEqual(server!.accepted, 3)
  })
})

describe('JSON-RPC in mode lines', { timeout }, () => {
  it('is answered as answers come: a slow task holds up no fast one', async (t) => {
    const slow: { finish?: () => void } = {}
    const { client } = await lined(t, [
      (line, say) => {
        const answer = (): void => answering('a')(line, say, undefined as never)
        if (JSON.parse(line).method === 'slow') slow.finish = answer
        else answer()
      },
    ])
    const talker = client()
    talker.send(call(1, 'slow'), call(2, 'fast'), call(3, 'fast'))
    const fast = await talker.take(2)
    assert.deepEqual(
      fast.map((line) => JSON.parse(line).id),
      [2, 3],
    )
    slow.finish!()
    assert.equal(JSON.parse((await talker.take(1))[0]!).id, 1)
  })

  it('gets its id back byte for byte, and all else as the backend wrote it', async (t) => {
    const bare = /"id": ?(?:"(?:[^"\\]|\\.)*"|[^,}\s]*)/
    const { client, servers } = await lined(t, [
      (line, say) => say(`{ "x":1.0,${bare.exec(line)![0]} , "result":12345678901234567890.10}`),
    ])
    const ids = [
      ...['1', '1.0', '1e2', '-0', '123456789012345678901234567890', 'null', '""', '"a b"'],
      ...['"\\u00e9\\n"', '"é🂡"', `"${'long'.repeat(1_000)}"`],
    ]
    for (const id of ids) {
      const text = `{"jsonrpc":"2.0", "method":"m","id": ${id} ,"params":[1e400, 0.10],"x":{"id":7}}`
      const [answer] = await client().ask(text)
      const wanted = `{ "x":1.0,"id": ${id} , "result":12345678901234567890.10}`
      // Where it stood, the backend had put ours.
      assert.equal(answer!.replace('"id":', '"id": ').replace(/ {2}/g, ' '), wanted)
      const seen = servers[0]!.got.at(-1)!.line
      assert.equal(seen.replace(/"id": \d+ /, `"id": ${id} `), text)
    }
  })

  it('of several clients with the same ids gets to each its own', async (t) => {
    const { client } = await lined(t, [answering('a'), answering('b')])
    const clients = Array.from({ length: 20 }, client)
    const asked = clients.map(async (talker, i) => {
      const heard = await talker.ask(...[1, 1, 2, 3].map((id) => call(id, `m${i}`, i)))
      for (const line of heard) assert.deepEqual(JSON.parse(line).result.params, [i])
      const ids = heard.map((line) => JSON.parse(line).id)
      assert.deepEqual(ids.sort(), [1, 1, 2, 3])
    })
    await Promise.all(asked)
  })

  it('has notifications, which nobody answers', async (t) => {
    const { client, pool, proxy, servers } = await lined(t, [answering('a')])
    const talker = client()
    talker.send('{"jsonrpc":"2.0","method":"note","params":[1]}', call(5, 'm'))
    assert.equal(JSON.parse((await talker.take(1))[0]!).id, 5)
    assert.equal(servers[0]!.got[0]!.line, '{"jsonrpc":"2.0","method":"note","params":[1]}')
    await until(() => proxy.view().lines!.active === 0)
    assert.deepEqual(talker.lines, [])
    assert.equal(pool.view().backends[0]!.ok, 2)
  })

  it('shares a connection with nothing else', async (t) => {
    const { client, servers } = await lined(t, [answering('a')])
    const talker = client()
    const heard = await talker.ask('x', call(1, 'm'), 'y')
    assert.deepEqual(
      heard.filter((line) => !line.startsWith('{')),
      ['a x', 'a y'],
    )
    const socketOf = (word: string): unknown =>
      servers[0]!.got.find(({ line }) => line.includes(word))!.socket
    assert.notEqual(socketOf('x'), socketOf('"m"'))
  })

  it('shares few connections', async (t) => {
    const { client, servers } = await lined(t, [answering('a')])
    for (let i = 0; i < 5; i++) await client().ask(...[1, 2, 3].map((id) => call(id, 'm')))
    assert.equal(servers[0]!.accepted, 1)
  })
})

describe('messages in mode lines', { timeout }, () => {
  const texts = ['one', 'zwölf 🂡', '', call('ä', 'm', 'ö'), 'x'.repeat(300), call(2, 'n')]
  const bytes = Buffer.from(texts.map((text, i) => text + (i % 2 ? '\r\n' : '\n')).join(''))
  const wanted = ['a one', 'a zwölf 🂡', `a ${'x'.repeat(300)}`, '"ä"', '2']

  /** Texts in order, then the ids of JSON. */
  const facts = (lines: readonly string[]): string[] => [
    ...lines.filter((line) => line.startsWith('a ')),
    ...lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.stringify(JSON.parse(line).id))
      .sort(),
  ]

  it('may be cut into two at every byte, or come byte by byte', async (t) => {
    const { proxy } = await lined(t, [answering('a')])
    const feeds = [[bytes], Array.from(bytes, (byte) => Buffer.from([byte]))]
    for (let at = 1; at < bytes.length; at++) {
      feeds.push([bytes.subarray(0, at), bytes.subarray(at)])
    }
    for (const feed of feeds) {
      const talker = new LineClient(proxy.address)
      for (const piece of feed) {
        await new Promise<void>((resolve) => talker.socket.write(piece, () => resolve()))
      }
      assert.deepEqual(facts(await talker.take(5)), wanted)
      talker.socket.destroy()
    }
  })

  it('may be glued together, however many', async (t) => {
    const { client } = await lined(t, [answering('a'), answering('a')])
    const many = Array.from({ length: 3_000 }, (_, i) => `${i}`)
    const talker = client()
    talker.send(...many)
    assert.deepEqual(
      await talker.take(3_000),
      many.map((text) => `a ${text}`),
    )
  })

  it('are what was sent, in any pieces (property)', async (t) => {
    const { proxy } = await lined(t, [answering('a'), answering('a')])
    const word = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => `.${text}`)
    const clean = word.filter((text) => !/[\n\r\p{Cs}]/u.test(text))
    const arbitrary = fc.record({
      words: fc.array(clean, { maxLength: 30 }),
      cuts: fc.array(fc.nat(1_000), { maxLength: 8 }),
    })
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ words, cuts }) => {
        const all = Buffer.from(words.map((text) => `${text}\n`).join(''))
        const talker = new LineClient(proxy.address)
        let from = 0
        for (const cut of [...cuts, all.length].sort((a, b) => a - b)) {
          talker.socket.write(all.subarray(from, cut))
          from = Math.min(cut, all.length)
          await new Promise((resolve) => setImmediate(resolve))
        }
        const heard = await talker.take(words.length)
        talker.socket.destroy()
        assert.deepEqual(
          heard,
          words.map((text) => `a ${text}`),
        )
      }),
      { numRuns: 60 },
    )
  })

  it('need no line end at the end, and are answered when a client has ended its side', async (t) => {
    const { client, servers } = await lined(t, [keeping])
    const talker = client()
    talker.socket.end(`one\n${call(1, 'm')}\nlast`)
    await until(() => servers[0]!.got.length === 3)
    for (const { line, say } of servers[0]!.got) answering('a')(line, say, undefined as never)
    const heard = await talker.take(3)
    assert.deepEqual(facts(heard), ['a one', 'a last', '1'])
    assert.equal(await talker.ended, 'fin')
  })

  it('of a client that has ended without any are none, and it gets its end', async (t) => {
    const { client, proxy } = await lined(t, [answering('a')])
    const talker = client()
    talker.socket.end('\n\n')
    assert.equal(await talker.ended, 'fin')
    await until(() => proxy.view().connections.active === 0)
    assert.equal(proxy.view().lines!.messages, 0)
  })
})

describe('updating a proxy of mode lines', { timeout }, () => {
  it('is for the next messages of the clients there are, too', async (t) => {
    const { client, proxy } = await lined(t, [answering('a')])
    const talker = client()
    assert.deepEqual(await talker.ask('1'), ['a 1'])
    const { port } = await lineServer(t, answering('b'))
    proxy.update({ pool: poolOf(port) })
    assert.deepEqual(await talker.ask('2'), ['b 2'])
  })

  it('may turn to a strategy that goes by the client', async (t) => {
    const { client, pool } = await lined(t, [answering('a')])
    const talker = client()
    await talker.ask('1')
    const keys: string[] = []
    pool.use({
      name: 'noting',
      pick: ([first], key) => {
        keys.push(key)
        return first
      },
    })
    await talker.ask('2')
    assert.deepEqual(keys, ['127.0.0.1'])
  })
})
