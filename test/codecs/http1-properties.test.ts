import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { chunks } from '../fixtures/http1/chunks.ts'
import { framing } from '../fixtures/http1/framing.ts'
import { heads } from '../fixtures/http1/heads.ts'
import { hop } from '../fixtures/http1/hop.ts'
import { mutate, randomOf } from '../fixtures/http1/mutate.ts'
import { responses } from '../fixtures/http1/responses.ts'
import { routing } from '../fixtures/http1/routing.ts'
import { forwardRequests, forwardResponses, latin1, type Outcome } from '../support/http1.ts'

const TOKEN = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const VISIBLE = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join('')
const text = (characters: string, size: { minLength?: number; maxLength?: number }) =>
  fc.string({ unit: fc.constantFrom(...characters), ...size })

const method = text(TOKEN, { minLength: 1, maxLength: 32 }).filter(
  (token) => token !== 'CONNECT' && token !== 'TRACE',
)
const target = text(VISIBLE.replace('#', ''), { maxLength: 60 }).map((path) => `/${path}`)
// Behind `X-Gen-` no name is one that piloti knows.
const name = text(TOKEN.replace('_', ''), { maxLength: 20 }).map((token) => `X-Gen-${token}`)
const value = text(`${VISIBLE} \t\x80\xe9\xff`, { maxLength: 60 })
const blank = fc.constantFrom('', ' ', '\t', '  \t ')
const field = fc.tuple(name, blank, value, blank).map(([n, a, v, b]) => `${n}:${a}${v}${b}\r\n`)
const fields = fc.array(field, { maxLength: 30 }).map((lines) => lines.join(''))
const data = text(`${VISIBLE}\r\n\0\xff`, { maxLength: 200 })
const chunked = fc
  .array(text(`${VISIBLE}\r\n`, { minLength: 1 }), { maxLength: 8 })
  .map((parts) => ({
    line: 'Transfer-Encoding: chunked\r\n',
    body: `${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`,
  }))
const sized = data.map((body) => ({ line: `Content-Length: ${body.length}\r\n`, body }))
const body = fc.oneof(chunked, sized, fc.constant({ line: '', body: '' }))
const request = fc
  .tuple(method, target, fields, body)
  .map(([m, t, f, b]) => `${m} ${t} HTTP/1.1\r\nHost: a.test\r\n${f}${b.line}\r\n${b.body}`)
const response = fc
  .tuple(fc.integer({ min: 200, max: 599 }), value, fields, fc.oneof(chunked, sized))
  .filter(([status]) => status !== 204 && status !== 304)
  .map(([s, reason, f, b]) => `HTTP/1.1 ${s} ${reason}\r\n${f}${b.line}\r\n${b.body}`)

describe('a generated message', () => {
  it('is forwarded to the byte when it is a request', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 3 }), (messages) => {
        assert.deepEqual(sent(forwardRequests([latin1(messages.join(''))])), messages)
      }),
    )
  })

  it('is forwarded to the byte when it is a response', () => {
    fc.assert(
      fc.property(fc.array(response, { minLength: 1, maxLength: 3 }), (messages) => {
        assert.deepEqual(sent(forwardResponses([latin1(messages.join(''))])), messages)
      }),
    )
  })

  it('is forwarded the same however it is cut', () => {
    fc.assert(
      fc.property(request, fc.array(fc.nat()), (message, at) => {
        const bytes = latin1(message)
        assert.deepEqual(forwardRequests(cut(bytes, at)), forwardRequests([bytes]))
      }),
    )
  })
})

describe('any bytes', { timeout: 3_600_000 }, () => {
  it('neither throw nor hang nor read differently when cut, as a request', () => {
    fuzz(requestBytes, forwardRequests)
  })

  it('neither throw nor hang nor read differently when cut, as a response', () => {
    fuzz(responses.map((one) => one.bytes).filter(isShort), forwardResponses)
  })

  it('are forwarded in a form that is forwarded as it is', () => {
    const { random, until, seed } = fuzzing()
    while (Date.now() < until) {
      const bytes = mutate(random, requestBytes)
      const once = texts(forwardRequests([latin1(bytes)]))
      // One hop less each time, and no host from HTTP/1.0: these two do change.
      if (/Max-Forwards|^Host: \r$/im.test(once.join(''))) continue
      const again = forwardRequests([latin1(once.join(''))])
      assert.deepEqual(texts(again), once, `seed ${seed}, bytes ${JSON.stringify(bytes)}`)
    }
  })

  it('do the same when they are noise', () => {
    const noise = fc.uint8Array({ maxLength: 300 })
    fc.assert(
      fc.property(noise, fc.array(fc.nat()), (array, at) => {
        const bytes = Buffer.from(array)
        assert.deepEqual(forwardRequests(cut(bytes, at)), forwardRequests([bytes]))
        assert.deepEqual(forwardResponses(cut(bytes, at)), forwardResponses([bytes]))
      }),
    )
  })
})

const isShort = (bytes: string): boolean => bytes.length < 2_000
const requestBytes = [...heads, ...framing, ...chunks, ...routing, ...hop]
  .map((one) => one.bytes)
  .filter(isShort)

// The helper that forwards checks each offset and range, and throws at one that is out of bounds.
function fuzz(sources: readonly string[], forward: (pieces: Buffer[]) => Outcome): void {
  const { random, until, seed } = fuzzing()
  let count = 0
  while (Date.now() < until) {
    const bytes = latin1(mutate(random, sources))
    const at = Array.from({ length: 3 }, () => Math.floor(random() * bytes.length))
    const where = `seed ${seed}, bytes ${JSON.stringify(bytes.toString('latin1'))}`
    const whole = forward([bytes])
    assert.deepEqual(forward(cut(bytes, at)), whole, where)
    if (count++ % 8 === 0)
      assert.deepEqual(forward([...bytes].map((b) => Buffer.from([b]))), whole, where)
  }
}

// PILOTI_FUZZ_SEED replays a run of the fuzzer, PILOTI_FUZZ_SECONDS makes it longer.
function fuzzing(): { random: () => number; until: number; seed: number } {
  const seed = Number(process.env.PILOTI_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
  const seconds = Number(process.env.PILOTI_FUZZ_SECONDS ?? 1)
  return { random: randomOf(seed), until: Date.now() + seconds * 1000, seed }
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const cuts = at
    .map((offset) => (bytes.length === 0 ? 0 : offset % bytes.length))
    .sort((a, b) => a - b)
  return [...cuts, bytes.length].map((to, i) => bytes.subarray(cuts[i - 1] ?? 0, to))
}

function sent(outcome: Outcome): string[] {
  assert.equal(outcome.fault, null)
  assert.equal(outcome.unfinished, false)
  return texts(outcome)
}

function texts(outcome: Outcome): string[] {
  return outcome.messages.map((message) => message.head + message.body)
}
