import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { backend } from '../support/backends.ts'
import { until } from '../support/proxied.ts'
import {
  type Answer,
  answering,
  call,
  deadServer,
  errorOf,
  fronting,
  keeping,
  lined,
  lineServer,
} from './line-servers.ts'

const timeout = 30_000
const resend = { lines: { resend: true } }
/** All to the first that may take work, as the test wants. */
const inTurn = { strategy: 'n-to-1' }

describe('a backend of mode lines that cannot be connected to', { timeout }, () => {
  it('costs its messages nothing, text or JSON', async (t) => {
    const servers = [await deadServer(), await lineServer(t, answering('b'))]
    const { client, proxy } = await fronting(t, servers, inTurn)
    const heard = await client().ask('1', '2', '3')
    assert.deepEqual(heard, ['b 1', 'b 2', 'b 3'])
    assert.equal(JSON.parse((await client().ask(call(1, 'm')))[0]!).result.name, 'b')
    assert.ok(proxy.view().lines!.retries >= 1)
  })

  it('is told of when there is no other', async (t) => {
    const { client, proxy, told } = await fronting(t, [await deadServer()], {
      poolOptions: { failOpen: false },
    })
    const talker = client()
    const [first, second] = await talker.ask('1', call(2, 'm'))
    assert.match(first!, /^error BACKEND_CONNECT: '1': connect to .* failed: ECONNREFUSED$/)
    const { code, id, why } = errorOf(second!)
    assert.deepEqual([id, code], [2, -32_000])
    assert.ok(why === 'BACKEND_CONNECT' || why === 'NO_BACKEND')
    const [third] = await talker.ask('3')
    assert.match(third!, /^error NO_BACKEND: '3': no backend may take work now: all backends/)
    assert.equal(told('refused').length, 1)
    assert.equal(proxy.view().lines!.active, 0)
  })
})

describe('a backend of mode lines that dies with messages unanswered', { timeout }, () => {
  it('fails them with an error line each, and others go on', async (t) => {
    const { client, pool, servers } = await lined(t, [keeping, answering('b')])
    const talker = client()
    talker.send('1', '2', '3', call(4, 'm'))
    await until(() => servers[0]!.got.length === 2)
    servers[0]!.kill()
    const text = 'the backend .* before it had answered'
    const heard = await talker.take(4)
    const [json, ...texts] = [
      ...heard.filter((line) => line.startsWith('{')),
      ...heard.filter((line) => !line.startsWith('{')),
    ]
    assert.equal(JSON.parse(json!).id, 4)
    assert.equal(texts[1], 'b 2')
    assert.match(texts[0]!, new RegExp(`^error BACKEND_RESET: '1': ${text}$`))
    assert.match(texts[2]!, new RegExp(`^error BACKEND_RESET: '3': ${text}$`))
    // Its end is one failure, however many messages it takes along.
    assert.equal(pool.view().backends[0]!.failed, 1)
    assert.equal(pool.view().backends[0]!.active, 0)
  })

  it('has them done by others when they are safe to repeat', async (t) => {
    const { client, proxy, servers } = await lined(t, [keeping, answering('b')], resend)
    const talker = client()
    talker.send('1', '2', '3', call(4, 'm'), call(5, 'm'))
    await until(() => servers[0]!.got.length === 3)
    servers[0]!.kill()
    const heard = await talker.take(5)
    assert.deepEqual(
      heard.filter((line) => !line.startsWith('{')),
      ['b 1', 'b 2', 'b 3'],
    )
    const ids = heard.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line).id)
    assert.deepEqual(ids.sort(), [4, 5])
    assert.equal(proxy.view().lines!.retries, 3)
    assert.deepEqual(proxy.view().lines!.errors, {})
  })

  it('is followed by two others at the most', async (t) => {
    const dying: Answer = (_, __, socket) => socket.destroy()
    const all = [dying, dying, dying, answering('d')]
    const { client, proxy, servers } = await lined(t, all, { ...resend, ...inTurn })
    const [line] = await client().ask(call('x', 'poison'))
    assert.deepEqual([errorOf(line!).id, errorOf(line!).why], ['x', 'BACKEND_RESET'])
    assert.deepEqual(
      servers.map(({ got }) => got.length),
      [1, 1, 1, 0],
    )
    assert.equal(proxy.view().lines!.retries, 2)
  })

  it('may get a message again once all others have failed it, too', async (t) => {
    let deaths = 0
    const dying: Answer = (line, say, socket) => {
      if (deaths++ < 2) socket.destroy()
      else say(`back ${line}`)
    }
    const { client, proxy } = await lined(t, [dying, dying], { ...resend, ...inTurn })
    assert.deepEqual(await client().ask('1'), ['back 1'])
    assert.equal(proxy.view().lines!.retries, 2)
  })

  it('is heard to its last answer', async (t) => {
    const dying: Answer = (line, say, socket) => {
      if (line !== 'last') return
      say('first')
      say('second')
      socket.end('cut')
    }
    const { client } = await lined(t, [dying], { lines: { backendConnectionsMax: 1 } })
    const heard = await client().ask('one', 'two', 'last')
    assert.deepEqual(heard.slice(0, 2), ['first', 'second'])
    assert.match(heard[2]!, /^error BACKEND_RESET: 'last': the backend ended the connection/)
  })
})

describe('a backend of mode lines that does not speak it', { timeout }, () => {
  it('with text that is too long or no UTF-8 fails that message alone', async (t) => {
    const { client, servers } = await lined(
      t,
      [
        (line, say) => {
          if (line === 'long') say('y'.repeat(65_537))
          else if (line === 'bad') say(Buffer.from([0xff]))
          else say(line)
        },
      ],
      { lines: { backendConnectionsMax: 1 } },
    )
    const heard = await client().ask('1', 'long', '2', 'bad', '3')
    assert.deepEqual(heard, [
      '1',
      "error BACKEND_FRAMING: 'long': the answer of the backend is longer than a message may be",
      '2',
      "error BACKEND_FRAMING: 'bad': the answer of the backend is not valid UTF-8",
      '3',
    ])
    assert.equal(servers[0]!.accepted, 1)
  })

  it('with a line that nobody asked for loses its connection', async (t) => {
    const { client, proxy, servers, told } = await lined(t, [answering('a')])
    assert.deepEqual(await client().ask('1'), ['a 1'])
    const [socket] = servers[0]!.sockets
    socket!.write('surprise\n')
    await until(() => servers[0]!.sockets.size === 0)
    assert.deepEqual(await client().ask('2'), ['a 2'])
    assert.equal(proxy.view().lines!.desyncs, 1)
    assert.match(told('desync')[0]!.sentence, /sent a line that nobody asked for$/)
  })

  for (const [what, garbage] of [
    ['no JSON', 'hello'],
    ['cut JSON', '{"jsonrpc":"2.0","id":1,"result":'],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['a batch', '[]'],
    ['a line that is too long', `{"x":"${'y'.repeat(70_000)}"}`],
  ] as const) {
    it(`with ${what} in place of JSON-RPC loses its connection`, async (t) => {
      const { client, proxy, told } = await lined(t, [
        (line, say) => {
          if (line.includes('"good"')) answering('a')(line, say, undefined as never)
          else say(garbage)
        },
      ])
      const talker = client()
      const { id, why } = errorOf((await talker.ask(call(7, 'm')))[0]!)
      assert.deepEqual([id, why], [7, 'BACKEND_FRAMING'])
      assert.equal(told('desync').length, 1)
      assert.equal(JSON.parse((await talker.ask(call(8, 'good')))[0]!).id, 8)
      assert.equal(proxy.view().lines!.active, 0)
    })
  }

  it('that answers what nobody asked without end loses its connection', async (t) => {
    const stray = '{"jsonrpc":"2.0","id":99,"result":0}'
    const flood: Answer = (_, say) => {
      for (let i = 0; i < 101; i++) say(Array.from({ length: 100 }, () => stray).join('\n'))
    }
    const { client, told } = await lined(t, [flood, answering('b')], { ...resend, ...inTurn })
    assert.equal(JSON.parse((await client().ask(call(1, 'm')))[0]!).result.name, 'b')
    assert.match(
      String(told('desync')[0]!.sentence),
      /one answer after the other that nobody waits/,
    )
  })

  it('with ids that nobody has, calls and notifications is not listened to', async (t) => {
    const { client, proxy, servers } = await lined(t, [
      (line, say) => {
        const { id } = JSON.parse(line)
        for (const other of ['99', '"x"', 'null', '1.5', '-1', '1e308', `"${id}"`]) {
          say(`{"jsonrpc":"2.0","id":${other},"result":"wrong"}`)
        }
        say('{"jsonrpc":"2.0","method":"progress"}')
        say(`{"jsonrpc":"2.0","id":${id},"method":"question"}`)
        say(`{"jsonrpc":"2.0","id":${id},"result":"right"}`)
        say(`{"jsonrpc":"2.0","id":${id},"result":"twice"}`)
      },
    ])
    const heard = await client().ask(call(1, 'm'), call(2, 'm'))
    assert.deepEqual(
      heard.map((line) => JSON.parse(line).result),
      ['right', 'right'],
    )
    await until(() => proxy.view().lines!.late === 20)
    assert.equal(servers[0]!.accepted, 1)
  })

  it('with a banner when it is connected to loses nothing but its connection', async (t) => {
    const port = await backend(t, (socket) => socket.write('220 hello\n'))
    const banner = await deadServer()
    banner.port = port
    const good = await lineServer(t, answering('b'))
    const { client } = await fronting(t, [banner, good], { ...inTurn, ...resend })
    assert.deepEqual(JSON.parse((await client().ask(call(1, 'm')))[0]!).result.name, 'b')
  })
})

describe('a backend of mode lines that does not answer in time', { timeout }, () => {
  const messageTimeoutMs = 300

  it('fails that call of JSON-RPC alone, and its late answer is dropped', async (t) => {
    const lines = { messageTimeoutMs }
    const { client, proxy, servers } = await lined(t, [keeping], { lines })
    const talker = client()
    const [line] = await talker.ask(call(1, 'slow'))
    const { id, message, why } = errorOf(line!)
    assert.deepEqual([id, why], [1, 'BACKEND_TIMEOUT'])
    assert.equal(message, 'the backend did not answer in time')
    const [late] = servers[0]!.got
    answering('a')(late!.line, late!.say, late!.socket)
    await until(() => proxy.view().lines!.late === 1)
    talker.send(call(2, 'm'))
    await until(() => servers[0]!.got.length === 2)
    const [, next] = servers[0]!.got
    answering('a')(next!.line, next!.say, next!.socket)
    assert.equal(JSON.parse((await talker.take(1))[0]!).id, 2)
    assert.equal(servers[0]!.accepted, 1)
  })

  it('loses a connection for text, whose order is lost', async (t) => {
    const lines = { messageTimeoutMs, backendConnectionsMax: 1 }
    const { client, servers } = await lined(t, [keeping], { lines })
    const talker = client()
    const [first, second] = await talker.ask('1', '2')
    assert.equal(first, "error BACKEND_TIMEOUT: '1': the backend did not answer in time")
    assert.match(second!, /^error BACKEND_(?:RESET|TIMEOUT): '2': the backend/)
    await until(() => servers[0]!.sockets.size === 0)
  })

  it('is followed by another when messages are safe to repeat', async (t) => {
    const lines = { messageTimeoutMs, resend: true }
    const { client } = await lined(t, [keeping, answering('b')], { lines, ...inTurn })
    const heard = await client().ask('1', '2', call(3, 'm'))
    assert.deepEqual(
      heard.filter((line) => !line.startsWith('{')),
      ['b 1', 'b 2'],
    )
    assert.equal(JSON.parse(heard.find((line) => line.startsWith('{'))!).result.name, 'b')
  })
})

describe('a notification', { timeout }, () => {
  const notification = JSON.stringify({ jsonrpc: '2.0', method: 'm' })

  it('is heard by a backend that drains meanwhile', async (t) => {
    const { client, pool, servers } = await lined(t, [keeping])
    const { id } = pool.backends[0]!
    pool.use({
      name: 'draining',
      pick: ([first]) => {
        queueMicrotask(() => pool.drain(id))
        return first
      },
    })
    client().send(notification)
    await until(() => servers[0]!.got.length === 1)
    await until(() => servers[0]!.sockets.size === 0)
  })
})
