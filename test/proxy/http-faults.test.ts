import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import { backend, deadPort } from '../support/backends.ts'
import { drain, open, until } from '../support/proxied.ts'
import { fronted, get, nodeBackend, request, say, scripted, settled } from './http-talk.ts'

const body = 'hello, world'
const chunks = '6\r\nhello,\r\n6;x=y\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n'

/** Answers as backends frame them; all say the same. */
const answers = {
  length: `HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 12\r\n\r\n${body}`,
  chunks: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
  close: `HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n${body}`,
  interim: `HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n${body}`,
} as const
type Framing = keyof typeof answers

const faults = {
  reset: (socket: Socket) => void socket.resetAndDestroy(),
  end: (socket: Socket) => void socket.end(),
  break: (socket: Socket) => void socket.destroy(),
  stall: () => {},
  garbage: (socket: Socket) => void socket.end('\x00\xff: \r\n\r\nx'),
} as const
type Fault = keyof typeof faults

const times = {
  responseTimeoutMs: 100,
  responseIdleTimeoutMs: 100,
  headTimeoutMs: 100,
  bodyTimeoutMs: 100,
  keepAliveTimeoutMs: 100,
  lingerTimeoutMs: 100,
}

/** With clients that are never at fault, however long a busy machine keeps what they say. */
const patient = { ...times, headTimeoutMs: 10_000, bodyTimeoutMs: 10_000 }

/** What an answer says without its framing; undefined when that shows that something is missing. */
function bodyOf(answer: string): string | undefined {
  const at = answer.indexOf('\r\n\r\n')
  if (at === -1) return undefined
  const [head, rest] = [answer.slice(0, at), answer.slice(at + 4)]
  if (/^HTTP\/1.1 1/.test(head)) return bodyOf(rest)
  const length = /content-length: (\d+)/i.exec(head)?.[1]
  if (length !== undefined) return rest.length === Number(length) ? rest : undefined
  assert.match(head, /transfer-encoding: chunked/i)
  if (!/(^|\r\n)0\r\n(X-Sum: 1\r\n)?\r\n$/.test(rest)) return undefined
  return rest.replace(/(^|\r\n)0\r\n[\s\S]*$/, '').replace(/(^|\r\n)[0-9a-f]+\r\n/gi, '')
}

describe('a backend at fault at any byte of its answer', {
  concurrency: 4,
  timeout: 20_000,
}, () => {
  for (const framing of Object.keys(answers) as Framing[]) {
    for (const fault of Object.keys(faults) as Fault[]) {
      it(`${framing}, ${fault}: never makes a cut answer look complete`, async (t) => {
        const answer = answers[framing]
        const { port } = await scripted(t, (socket, head) => {
          const bytes = answer.slice(0, Number(/\/(\d+)/.exec(head)![1]))
          const fail = (): void => faults[fault](socket)
          // In one piece with the fault, and in another one.
          const isGlued = head.includes('?glued')
          if (bytes === '') fail()
          else socket.write(bytes, 'latin1', isGlued ? undefined : () => setImmediate(fail))
          if (isGlued) fail()
        })
        // A backend that breaks before the first byte is left out: on a proxy of its own.
        const first = await fronted(t, [port], { http: patient })
        const { proxy } = await fronted(t, [port], { http: patient })
        const asked: Promise<void>[] = []
        for (let at = 0; at <= answer.length; at++) {
          for (const manner of ['', '?glued']) {
            const client = open((at === 0 ? first.proxy : proxy).address)
            client.write(get(`/${at}${manner}`))
            const check = async (): Promise<void> => {
              const { text } = await drain(client)
              client.destroy()
              judge(text, framing, fault, at)
            }
            asked.push(check())
          }
        }
        await Promise.all(asked)
        const { ok, failed, aborted } = await settled(proxy)
        // Garbage behind an answer can meet the next request, which is then tried again.
        if (fault !== 'garbage') assert.equal(ok + failed, 2 * answer.length)
        if (fault !== 'garbage') assert.equal(aborted, 0)
        await settled(first.proxy)
      })
    }
  }
})

function judge(text: string, framing: Framing, fault: Fault, at: number): void {
  const answer = answers[framing]
  const why = `at ${at} of ${answer.length}: ${text}`
  const said = text.startsWith('HTTP/1.1 1') ? text.slice(text.indexOf('\r\n\r\n') + 4) : text
  if (/^HTTP\/1.1 50[234] /.test(said)) {
    assert.match(said, /\((BACKEND_[A-Z]+|NO_BACKEND)\)\n$/, why)
    assert.ok(at < answer.length, why)
    return
  }
  const whole = bodyOf(text)
  if (fault === 'garbage') return
  // Where the connection's end is the answer's end, a clean one is always believed.
  const isBelieved = framing === 'close' && (fault === 'end' || fault === 'break')
  if (whole === undefined) assert.ok(at < answer.length || fault !== 'end', why)
  else if (isBelieved) assert.ok(body.startsWith(whole), why)
  else assert.equal(whole, body, why)
  if (framing === 'close' && (fault === 'reset' || fault === 'stall')) {
    assert.equal(whole, undefined, why)
  }
}

const requests = {
  get: get('/', 'X-A: b'),
  length: `${request('POST', '/', 'Content-Length: 12')}${body}`,
  chunks: `${request('PUT', '/', 'Transfer-Encoding: chunked')}${chunks}`,
  expect: `${request('PUT', '/', 'Expect: 100-continue', 'Content-Length: 12')}${body}`,
  pipelined: `${get('/1').replace('Connection: close\r\n', '')}${get('/2')}`,
} as const

describe('a client at fault at any byte of its request', {
  concurrency: 4,
  timeout: 20_000,
}, () => {
  for (const [name, bytes] of Object.entries(requests)) {
    for (const fault of ['reset', 'end', 'break', 'stall'] as const) {
      it(`${name}, ${fault}: leaves nothing behind`, async (t) => {
        let underWay = 0
        const port = await nodeBackend(t, (incoming, response) => {
          underWay++
          response.on('close', () => underWay--)
          incoming.pipe(response)
        })
        const { proxy } = await fronted(t, [port], { http: times })
        const asked: Promise<unknown>[] = []
        for (let at = 0; at <= bytes.length; at++) {
          const client = open(proxy.address)
          client.write(bytes.slice(0, at), 'latin1', () => faults[fault](client))
          if (fault !== 'stall') {
            asked.push(drain(client))
          } else asked.push(drain(client).then(({ text }) => judgeStall(text, bytes, at)))
          void Promise.allSettled(asked.slice(-1)).then(() => client.destroy())
        }
        await Promise.all(asked)
        const { failed } = await settled(proxy)
        assert.equal(failed, 0)
        await until(() => underWay === 0)
      })
    }
  }
})

function judgeStall(text: string, bytes: string, at: number): void {
  const isWhole = at === bytes.length
  const why = `at ${at} of ${bytes.length}: ${text}`
  if (at === 0) assert.match(text, /^$|^HTTP\/1.1 408 /, why)
  else if (isWhole) assert.match(text, /HTTP\/1.1 200 /, why)
  else if (!/HTTP\/1.1 200 /.test(text))
    assert.match(text, /HTTP\/1.1 408 [\s\S]*REQUEST_TIMEOUT/, why)
}

it('a request that breaks its connections takes no backend out', async (t) => {
  const ports = []
  for (let nth = 0; nth < 3; nth++) {
    const { port } = await scripted(t, (socket, head) => {
      if (head.startsWith('GET /deadly')) socket.resetAndDestroy()
      else socket.end(answers.length)
    })
    ports.push(port)
  }
  const { proxy } = await fronted(t, ports)
  assert.match((await say(proxy, get('/deadly'))).text, /BACKEND_RESET/)
  for (let nth = 0; nth < 3; nth++) assert.match((await say(proxy, get())).text, / 200 /)
  assert.deepEqual(
    proxy.view().pool.backends.map(({ failed, health }) => `${failed} ${health}`),
    ['1 up', '1 up', '1 up'],
  )
})

describe('a backend that hangs', { timeout: 10_000 }, () => {
  it('is left out, whoever else it has answered just before', async (t) => {
    const { port } = await scripted(t, (socket, head) => {
      if (head.startsWith('GET /fine')) socket.end(answers.length)
    })
    const spare = await deadPort() // Nobody goes there, but the last one would be kept.
    const all = [port, spare]
    const { proxy, told } = await fronted(t, all, { http: times, strategy: 'n-to-1' })
    // One older connection and one younger, for in whose order they are looked at is not said.
    const [older, first, younger] = [open(proxy.address), open(proxy.address), open(proxy.address)]
    await until(() => proxy.view().connections.active === 3)
    first.write(get('/hangs'))
    await until(() => proxy.view().pool.backends[0]!.sentBytes > 0)
    await say(proxy, get('/fine'))
    older.write(get('/hangs'))
    younger.write(get('/hangs'))
    // All are late at the same time. Two are news, the first is older than the good answer.
    await Promise.all([older, first, younger].map(drain))
    assert.equal(proxy.view().pool.backends[0]!.health, 'down')
    assert.equal(told('backend_up').length, 0)
    for (const client of [older, first, younger]) client.destroy()
  })

  it('is kept when it is the last one', async (t) => {
    const { port } = await scripted(t, () => {})
    const { proxy } = await fronted(t, [port], { http: times })
    assert.match((await say(proxy, get())).text, /BACKEND_TIMEOUT/)
    assert.equal(proxy.view().pool.backends[0]!.health, 'up')
  })

  it('is well as long as it answers others', async (t) => {
    const { port } = await scripted(t, (socket, head) => {
      if (head.startsWith('GET /fine')) socket.end(answers.length)
    })
    const { proxy } = await fronted(t, [port], { http: times })
    const hangs = say(proxy, get('/hangs'))
    await until(() => proxy.view().pool.backends[0]!.sentBytes > 0)
    await say(proxy, get('/fine'))
    assert.match((await hangs).text, /BACKEND_TIMEOUT/)
    assert.equal(proxy.view().pool.backends[0]!.health, 'up')
  })
})

describe('a tunnel', { timeout: 10_000 }, () => {
  it('breaks off the other side when one breaks off, and ends once', async (t) => {
    const upgrade = get('/', 'Upgrade: toy').replace('close', 'Upgrade')
    const sockets: Socket[] = []
    const port = await backend(t, (socket) => {
      sockets.push(socket)
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: toy\r\n\r\n')
      })
    })
    const { proxy } = await fronted(t, [port])
    for (const side of ['client', 'backend'] as const) {
      for (const way of ['resetAndDestroy', 'destroy'] as const) {
        const client = open(proxy.address)
        client.write(upgrade)
        await once(client, 'data')
        const server = sockets.pop()!
        const [leaves, stays] = side === 'client' ? [client, server] : [server, client]
        const ended = drain(stays)
        leaves[way]()
        await ended
        stays.destroy()
        await settled(proxy)
      }
    }
  })
})

after(async () => {
  const left = (): string[] =>
    process.getActiveResourcesInfo().filter((name) => /^TCP|^Timeout$/.test(name))
  await until(() => left().length === 0)
})
