import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { type Answer, decode, encode, type Packet, streamEncode } from 'dns-packet'
import fc from 'fast-check'
import {
  type Question,
  readAnswer,
  recordsFor,
  writeQuestion,
} from '../../src/discovery/dns-message.ts'
import { query, type Server } from '../../src/discovery/dns-query.ts'
import { deadPort } from '../support/backends.ts'
import { freePort } from './name-server.ts'

const question: Question = { name: 'api.example', type: 'A' }
const [authoritative, truncated] = [1 << 10, 1 << 9]

const forged: Answer[] = [{ type: 'A', name: 'api.example', ttl: 7, data: '6.6.6.6' }]

/** The right answer to a query, but for `changes`. */
function answer(asked: Packet, changes: Partial<Packet> = {}): Packet {
  const answers: Answer[] = [{ type: 'A', name: 'api.example', ttl: 7, data: '10.0.0.1' }]
  const right = { id: asked.id!, questions: asked.questions!, answers, flags: authoritative }
  return { type: 'response', ...right, ...changes }
}

/** A server that answers each datagram with those that `reply` returns. */
async function udpServer(t: TestContext, reply: (asked: Packet) => Buffer[]): Promise<Server> {
  const socket = createSocket('udp4').bind(await freePort(), '127.0.0.1')
  t.after(() => socket.close())
  socket.on('message', (bytes, { port, address }) => {
    for (const datagram of reply(decode(bytes))) socket.send(datagram, port, address)
  })
  await once(socket, 'listening')
  return { host: '127.0.0.1', port: socket.address().port }
}

/** Answers by TCP at the port of a server. */
async function tcpServer(t: TestContext, { port }: Server, reply: (asked: Packet) => Buffer) {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (bytes) => socket.end(reply(decode(bytes.subarray(2)))))
  }).listen(port, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
}

function ask(
  servers: readonly Server[],
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
) {
  const { timeoutMs = 1_000, signal = new AbortController().signal } = options
  return query(question, { servers, timeoutMs, signal })
}

/** The tests hold nothing else that keeps their process alive. */
async function awake<T>(promise: Promise<T>): Promise<T> {
  const hold = setInterval(() => {}, 1_000)
  return promise.finally(() => clearInterval(hold))
}

describe('a question to name servers', { timeout: 30_000 }, () => {
  it('ignores what does not answer it, and takes what does', async (t) => {
    const other = { type: 'A', name: 'other.example' } as const
    const wrong = (asked: Packet, changes: Partial<Packet>): Buffer =>
      encode(answer(asked, { answers: forged, ...changes }))
    const server = await udpServer(t, (asked) => [
      Buffer.from('garbage'),
      Buffer.alloc(0),
      wrong(asked, { id: (asked.id! + 1) % 65_536 }),
      wrong(asked, { questions: [other] }),
      wrong(asked, { questions: [] }),
      wrong(asked, { questions: [{ type: 'AAAA', name: 'api.example' }] }),
      wrong(asked, { type: 'query' }),
      wrong(asked, { flags: 2 << 11 }),
      wrong(asked, {}).subarray(0, 35),
      encode(answer(asked)),
    ])
    const { answers } = await awake(ask([server], { timeoutMs: 5_000 }))
    assert.deepEqual(answers, [{ type: 'A', name: 'api.example', ttlS: 7, data: '10.0.0.1' }])
  })

  it('takes no answer from anybody but the server', async (t) => {
    const stranger = createSocket('udp4').bind(0, '127.0.0.1')
    t.after(() => stranger.close())
    await once(stranger, 'listening')
    const server = createSocket('udp4').bind(0, '127.0.0.1')
    t.after(() => server.close())
    await once(server, 'listening')
    server.on('message', (bytes, { port, address }) => {
      const asked = decode(bytes)
      stranger.send(encode(answer(asked, { answers: forged })), port, address, () => {
        server.send(encode(answer(asked)), port, address)
      })
    })
    const { answers } = await awake(ask([{ host: '127.0.0.1', port: server.address().port }]))
    assert.equal(answers[0]?.data, '10.0.0.1')
  })

  it('goes to the next server when one is dead, silent, refuses or knows nobody', async (t) => {
    const dead = { host: '127.0.0.1', port: await deadPort() }
    const silent = await udpServer(t, () => [])
    const failing = await udpServer(t, (asked) => [
      encode(answer(asked, { flags: 2, answers: [] })),
    ])
    const referring = await udpServer(t, (asked) => [
      encode(answer(asked, { flags: 0, answers: [] })),
    ])
    const right = await udpServer(t, (asked) => [encode(answer(asked))])
    for (const bad of [dead, silent, failing, referring]) {
      assert.equal((await awake(ask([bad, right], { timeoutMs: 300 }))).answers.length, 1)
    }
    const reasons: [Server, RegExp][] = [
      [dead, /cannot be reached: ECONNREFUSED$/],
      [silent, /did not answer within 300 ms$/],
      [failing, /answered SERVFAIL$/],
      [referring, /answered with a referral$/],
    ]
    for (const [bad, reason] of reasons)
      await assert.rejects(awake(ask([bad], { timeoutMs: 300 })), reason)
    await assert.rejects(ask([]), /no name server is known/)
  })

  it('asks without EDNS when that is not understood', async (t) => {
    const seen: number[] = []
    const server = await udpServer(t, (asked) => {
      seen.push(asked.additionals!.length)
      const isPlain = asked.additionals!.length === 0
      return [encode(answer(asked, isPlain ? {} : { flags: 1, questions: [], answers: [] }))]
    })
    assert.equal((await awake(ask([server]))).answers.length, 1)
    assert.deepEqual(seen, [1, 0])
  })

  it('asks by TCP for what was cut, and not for ever', async (t) => {
    const cut = (asked: Packet) => [encode(answer(asked, { flags: truncated, answers: [] }))]
    const replies: [(asked: Packet) => Buffer, RegExp | undefined][] = [
      [(asked) => streamEncode(answer(asked)), undefined],
      [(asked) => streamEncode(answer(asked)).subarray(0, 20), /closed the connection$/],
      [() => Buffer.from([0, 2, 1, 1]), /answered what is no answer$/],
      [() => Buffer.from([255, 255, 1]), /closed the connection$/],
    ]
    for (const [reply, reason] of replies) {
      const server = await udpServer(t, cut)
      await tcpServer(t, server, reply)
      if (reason === undefined) assert.equal((await awake(ask([server]))).answers.length, 1)
      else await assert.rejects(awake(ask([server], { timeoutMs: 5_000 })), reason)
    }
    const noTcp = await udpServer(t, cut)
    await assert.rejects(awake(ask([noTcp])), /cannot be reached: ECONNREFUSED$/)
  })

  it('ends at once when it is stopped, and leaves no socket', async (t) => {
    const sockets = () =>
      process.getActiveResourcesInfo().filter((kind) => /UDP|TCP/.test(kind)).length
    const before = sockets()
    const server = await udpServer(t, () => [])
    const controller = new AbortController()
    const { signal } = controller
    const asked = Array.from({ length: 5 }, () => ask([server], { timeoutMs: 60_000, signal }))
    controller.abort()
    for (const promise of asked) await assert.rejects(promise, /stopped/)
    await assert.rejects(ask([server], { signal }), /stopped/)
    // The time limit of the test is the limit.
    while (sockets() > before + 1) await new Promise(setImmediate)
  })
})

describe('a DNS message', () => {
  const asked = decode(writeQuestion(question, 4_711, false))
  const right = encode(answer(asked))

  it('asks for recursion, and tells how long a datagram may be', () => {
    const { id, flags, questions, additionals } = asked
    assert.deepEqual([id, flags, questions?.[0]?.name], [4_711, 1 << 8, 'api.example'])
    const [options] = additionals!
    assert.equal(options?.type === 'OPT' && options.udpPayloadSize, 1_232)
  })

  it('throws at nothing, whatever comes', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readAnswer(Buffer.from(bytes), question, 4_711)
    })
    fc.assert(property, { numRuns: 3_000 })
  })

  it('throws at no change of a right one, and cannot be told another id', () => {
    const services: Answer[] = [
      { type: 'SRV', name: 'api.example', data: { target: 'a.example', port: 1 } },
      { type: 'CNAME', name: 'a.example', data: 'b.example' },
      { type: 'TXT', name: 'a.example', data: 'text' },
    ]
    const rich = encode(answer(asked, { answers: services, additionals: answer(asked).answers! }))
    const change = fc.record({ at: fc.nat(200), to: fc.nat(255) })
    const property = fc.property(
      fc.constantFrom(right, rich),
      fc.array(change, { maxLength: 6 }),
      fc.nat(200),
      (original, changes, length) => {
        const bytes = Buffer.from(original)
        for (const { at, to } of changes) bytes[at % bytes.length] = to
        const read = readAnswer(bytes.subarray(0, 200 - length || 200), question, 4_711)
        if (read === undefined) return
        assert.equal(bytes.readUInt16BE(0), 4_711)
        for (const type of ['A', 'AAAA', 'SRV'] as const) {
          recordsFor({ name: question.name, type }, [...read.answers, ...read.additionals])
        }
      },
    )
    fc.assert(property, { numRuns: 3_000 })
  })

  it('ends in a circle of aliases, and takes the least time to live of a chain', () => {
    const alias = (name: string, data: string, ttlS: number) => ({
      type: 'CNAME' as const,
      name,
      data,
      ttlS,
    })
    const address = { type: 'A' as const, name: 'c', ttlS: 9, data: '10.0.0.1' }
    const chain = [alias('api.example', 'b', 5), alias('b', 'c', 3), address]
    assert.deepEqual(recordsFor(question, chain), [{ ...address, ttlS: 3 }])
    assert.deepEqual(
      recordsFor(question, [alias('api.example', 'b', 5), alias('b', 'api.example', 5)]),
      [],
    )
    assert.deepEqual(recordsFor(question, [address]), [])
  })
})
