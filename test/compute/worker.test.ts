import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { createWorker } from '../../src/compute.ts'
import { call, said, startWorker, talk } from './worker-talk.ts'

const tooLong = 'the message is longer than 65536 bytes'

describe('a worker', () => {
  it('answers plain text in order, also behind a slow task', async (t) => {
    const worker = await startWorker(t)
    const asked =
      'primes 3000000\nsum 3 4\r\n\n \t\nsleep 5\nquotient 10 4\nsum 1\nhealth x\nPI 5\n'
    const answers = await said(t, worker, asked)
    assert.deepEqual(answers.split('\n'), [
      '216816 (the last is 2999999)',
      '7',
      '5',
      '2.5 (5/2)',
      'error: sum takes A and B: got 1',
      "error: unknown task 'health': one of sum, difference, product, quotient, power, pi, primes, sleep",
      '3.14159',
      '',
    ])
  })

  it('answers JSON-RPC as tasks end: slow ones delay no fast one', async (t) => {
    const worker = await startWorker(t)
    const slow = Array.from({ length: 4 }, (_, i) => call(`slow ${i}`, 'primes', 20_000_000))
    const fast = Array.from({ length: 100 }, (_, i) => call(i, 'sum', i, '1'))
    const lines = (await said(t, worker, [...slow, ...fast].join(''))).trimEnd().split('\n')
    const answers = lines.map((line) => JSON.parse(line))
    const sums = answers.slice(0, 100)
    assert.deepEqual(
      sums,
      fast.map((_, i) => ({ jsonrpc: '2.0', id: i, result: { value: `${i + 1}`, worker: 'w' } })),
    )
    const rest = answers.slice(100).map(({ id, result }) => [id, result.value])
    assert.deepEqual(
      rest.sort(),
      slow.map((_, i) => [`slow ${i}`, '1270607']),
    )
  })

  it('reads numbers of any size, and gives the id back as it was written', async (t) => {
    const worker = await startWorker(t)
    const client = await talk(t, worker)
    const big = fc.bigInt(-(10n ** 300n), 10n ** 300n)
    const id = fc.oneof(
      fc.string().map((text) => JSON.stringify(text)),
      fc.constantFrom('"\\u00e9\\"\\\\"', '1e3', '-0.50', '12345678901234567890123', 'null'),
    )
    const text = fc.boolean()
    await fc.assert(
      fc.asyncProperty(id, big, big, text, async (id, a, b, isText) => {
        const params = isText ? `"${a}" , ${b}` : `${a},"${b}"`
        client.socket.write(`{"params":[${params}],"x":"1, 2","method":"sum","id" : ${id}}\n`)
        const result = JSON.stringify({ value: `${a + b}`, worker: 'w' })
        assert.equal(await client.line(), `{"jsonrpc":"2.0","id":${id},"result":${result}}`)
      }),
    )
  })

  const refused: [string, string, number, RegExp][] = [
    [
      '{"id":1,"method":"sum","params":[1.0,2]}',
      '1',
      -32602,
      /^sum wants two whole numbers: got '1.0'$/,
    ],
    ['{"id":1,"method":"sum","params":[1e3,2]}', '1', -32602, /: got '1e3'$/],
    ['{"id":1,"method":"sum","params":[[1],2]}', '1', -32602, /: got '\["1"\]'$/],
    [
      '{"id":1,"method":"sum","params":{"a":1}}',
      '1',
      -32602,
      /^params of 'sum' is no array: write/,
    ],
    ['{"id":1,"method":"sum"}', '1', -32602, /^sum takes A and B: got none$/],
    ['{"id":1,"method":"quotient","params":[1,0]}', '1', -32001, /^cannot divide 1 by zero$/],
    ['{"id":1,"method":"pi","params":[50001]}', '1', -32002, /^pi takes a number up to 50000/],
    [
      '{"id":"a","method":"toString","params":[]}',
      '"a"',
      -32601,
      /^unknown task 'toString': one of /,
    ],
    ['[{"id":1,"method":"sum","params":[1,2]}]', 'null', -32600, /batch/],
    ['{"id":1,"method":', 'null', -32700, /JSON/],
  ]
  for (const [line, id, code, message] of refused) {
    it(`refuses ${line}`, async (t) => {
      const answer = JSON.parse(await said(t, await startWorker(t), line))
      assert.deepEqual([JSON.stringify(answer.id), answer.error.code], [id, code])
      assert.match(answer.error.message, message)
      assert.deepEqual(answer.error.data, { worker: 'w' })
    })
  }

  it('answers neither notifications nor answers', async (t) => {
    const lines = '{"method":"sum","params":[1,2]}\n{"id":1,"result":{}}\nsum 1 1\n'
    assert.equal(await said(t, await startWorker(t), lines), '2\n')
  })

  it('refuses what is no UTF-8 or too long, in the form of the client, and goes on', async (t) => {
    const worker = await startWorker(t)
    const long = 'x'.repeat(65_537)
    const bytes = Buffer.from(
      `sum 1 \xff\n${long}\nsum 1 2\n${call(7, 'sum', 1, 3)}${long}\n`,
      'latin1',
    )
    const [utf8, text, sum, json, last] = (await said(t, worker, bytes)).split('\n')
    assert.deepEqual(
      [utf8, text, sum],
      ['error: the line is no valid UTF-8', `error: ${tooLong}`, '3'],
    )
    assert.equal(JSON.parse(json!).result.value, '4')
    assert.deepEqual(JSON.parse(last!).error, {
      ...{ code: -32600, message: tooLong },
      data: { worker: 'w' },
    })
  })

  it('understands a session however it is cut', async (t) => {
    const worker = await startWorker(t)
    const session = Buffer.from(`sum 12 34\r\n\r\n${call('é', 'product', 6, '7')}pi 3\nsum 5 6`)
    const wanted = await said(t, worker, session)
    assert.equal(wanted.split('\n').length, 5)
    for (let at = 1; at < session.length; at++) {
      const client = await talk(t, worker)
      client.socket.write(session.subarray(0, at))
      await setImmediate()
      client.socket.end(session.subarray(at))
      assert.equal(await client.rest(), wanted)
    }
  })

  it('says how busy it is', async (t) => {
    const worker = await startWorker(t)
    const client = await talk(t, worker)
    client.socket.write(call(1, 'sleep', 30_000) + call(2, 'health'))
    const { load, ...rest } = JSON.parse(await client.line()).result
    assert.deepEqual(rest, { status: 'ok', active: 1, draining: false })
    assert.ok(load >= 0 && load <= 0.95)
    worker.drain()
    client.socket.write('health\n')
    assert.match(await client.line(), /^ok, load 0(\.\d+)?, 1 active, draining$/)
  })

  it('calls itself by its address, and refuses options that make no sense', async (t) => {
    const worker = await createWorker()
    t.after(() => worker.close())
    const { port } = worker.address as { port: number }
    assert.equal(worker.name, `127.0.0.1:${port}`)
    await assert.rejects(createWorker({ threads: 0 }), {
      name: 'RangeError',
      message: 'threads is 0: a whole number from 1 wanted',
    })
    await assert.rejects(createWorker({ address: worker.address }), { code: 'LISTEN' })
  })
})
