import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { until } from '../support/proxied.ts'
import { answering, call, errorOf, lined } from './line-servers.ts'

const timeout = 30_000
/** As long as an answer may be that repeats it behind `a `. */
const limit = 'x'.repeat(65_534)

describe('a message of mode lines that is none', { timeout }, () => {
  it('because it is too long, is told in its place, and the connection goes on', async (t) => {
    const { client, proxy, servers } = await lined(t, [answering('a')])
    const heard = await client().ask('one', `${limit}xxx`, limit, 'x'.repeat(1_000_000), 'two')
    const refusal = 'error MESSAGE_LIMIT: the message is longer than 65536 bytes'
    assert.deepEqual(heard, ['a one', refusal, `a ${limit}`, refusal, 'a two'])
    assert.equal(servers[0]!.got.length, 3)
    assert.deepEqual(proxy.view().lines!.errors, { MESSAGE_LIMIT: 2 })
  })

  it('is told in JSON to a client that speaks it', async (t) => {
    const { client } = await lined(t, [answering('a')])
    const talker = client()
    await talker.ask(call(1, 'm'))
    const [line] = await talker.ask(`${call(2, limit)}`)
    const { code, id, message, why } = errorOf(line!)
    assert.deepEqual([id, code, why], [null, -32_600, 'MESSAGE_LIMIT'])
    assert.equal(message, 'the message is longer than 65536 bytes')
    assert.equal(JSON.parse((await talker.ask(call(3, 'm')))[0]!).id, 3)
  })

  it('because it is no UTF-8, is told in its place', async (t) => {
    const { client } = await lined(t, [answering('a')])
    const talker = client()
    talker.socket.write(Buffer.from('one\nb\xe4d\n\xff\ntwo\n', 'latin1'))
    const heard = await talker.take(4)
    const why = 'the message is not valid UTF-8'
    assert.deepEqual(heard, [
      'a one',
      `error MESSAGE_FORMAT: 'b�d': ${why}`,
      `error MESSAGE_FORMAT: '�': ${why}`,
      'a two',
    ])
  })

  it('because of a CR inside, which a backend could take for an end', async (t) => {
    const { client, servers } = await lined(t, [answering('a')])
    const heard = await client().ask('one\rtwo', 'three\r')
    const why = 'the message has a CR inside'
    assert.deepEqual(heard, [`error MESSAGE_FORMAT: 'one\\u{d}two': ${why}`, 'a three'])
    assert.deepEqual(
      servers[0]!.got.map(({ line }) => line),
      ['three'],
    )
  })

  it('shows nothing in its error line that moves a cursor', async (t) => {
    const { client } = await lined(t, [answering('a')])
    const talker = client()
    talker.socket.write(Buffer.from(`\x1b[2J\r\x07\xff${'y'.repeat(200)}\n`, 'latin1'))
    const [line] = await talker.take(1)
    assert.match(line!, /^error MESSAGE_FORMAT: '\\u\{1b\}\[2J\\u\{d\}\\u\{7\}�y+…': the message/)
  })

  for (const [text, code, id] of [
    ['{', -32_700, null],
    ['{"id":1,"method":"m"', -32_700, null],
    ['{"id":1,"method":"m"}}', -32_700, null],
    ['[]', -32_600, null],
    [`[${call(1, 'm')}]`, -32_600, null],
    ['{"jsonrpc":"2.0","id":1,"result":2}', -32_600, 1],
    ['{"id":1,"id":2,"method":"m"}', -32_600, null],
    ['{"id":1,"method":"m","\\u006dethod":"n"}', -32_600, 1],
    ['{"id":[1],"method":"m"}', -32_600, null],
    [`{"id":1,"method":"m","params":${'['.repeat(100)}${']'.repeat(100)}}`, -32_600, null],
  ] as const) {
    it(`is refused with ${code}: ${text.slice(0, 50)}`, async (t) => {
      const { client, servers } = await lined(t, [answering('a')])
      const talker = client()
      const told = errorOf((await talker.ask(text))[0]!)
      assert.deepEqual([told.code, told.why], [code, 'MESSAGE_FORMAT'])
      assert.ok(told.id === id || told.id === null, `id ${told.id}`)
      assert.ok(told.message.length > 10)
      assert.deepEqual(await talker.ask('on'), ['a on'])
      assert.equal(servers[0]!.got.length, 1)
    })
  }

  it('has an id in its error line that is a line of JSON whatever it was', async (t) => {
    const { client } = await lined(t, [answering('a')])
    const line = '{"jsonrpc":"2.0","id":"a\\n\\"\\u2028é","result":1}'
    const [told] = await client().ask(line)
    const { id } = errorOf(told!)
    assert.ok(id === 'a\n"\u2028é' || id === null)
  })

  it('is counted, and no backend is blamed', async (t) => {
    const { client, pool, proxy } = await lined(t, [answering('a')])
    await client().ask('{', '[]', 'x')
    await until(() => proxy.view().lines!.active === 0)
    const { active, errors, messages } = proxy.view().lines!
    assert.deepEqual([active, errors, messages], [0, { MESSAGE_FORMAT: 2 }, 3])
    const { failed, leases } = pool.view().backends[0]!
    assert.deepEqual([failed, leases], [0, 1])
  })
})
