import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Framing } from '../../src/codecs/http1-framing.ts'
import { chunks } from '../fixtures/http1/chunks.ts'
import { framing } from '../fixtures/http1/framing.ts'
import { heads } from '../fixtures/http1/heads.ts'
import { hop } from '../fixtures/http1/hop.ts'
import { mutate, randomOf } from '../fixtures/http1/mutate.ts'
import { responses } from '../fixtures/http1/responses.ts'
import { routing } from '../fixtures/http1/routing.ts'
import { type Forwarded, forwardRequests, forwardResponses, latin1 } from '../support/http1.ts'
import { RequestCutter, ResponseCutter, type SeenAll } from '../support/llhttp.ts'

const requestCases = [...heads, ...framing, ...chunks, ...routing, ...hop]
// PILOTI_FUZZ_SEED replays a run of the fuzzer, PILOTI_FUZZ_SECONDS makes it longer.
const seed = Number(process.env.PILOTI_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
const seconds = Number(process.env.PILOTI_FUZZ_SECONDS ?? 3)
// llhttp knows its methods by name and refuses all others.
const KNOWN = /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE|PURGE) /

describe('node:http behind the proxy', () => {
  const cutter = new RequestCutter()
  before(() => cutter.open())
  after(() => cutter.close())

  for (const one of requestCases) {
    if (one.refused !== undefined || one.facts?.unfinished === true) continue
    if (!KNOWN.test(one.bytes)) continue
    it(`row ${one.row}: ${one.says}: cuts the request where we do`, async () => {
      const { messages } = forwardRequests([latin1(one.bytes)], one.feed)
      const data = forwardRequests([latin1(one.bytes)], { ...one.feed, body: 'strip' }).messages
      const seen = await cutter.cut(messages.map(text).join(''))
      assert.equal(seen.error, messages[0]!.facts.upgrade === true ? 'UPGRADE' : '')
      agree(seen, messages, data)
    })
  }

  it('cuts mutated requests where we do', { timeout: seconds * 1000 + 20_000 }, async (t) => {
    const random = randomOf(seed)
    const until = Date.now() + seconds * 1000
    const tally = { fed: 0, sent: 0, stopped: {} as Record<string, number> }
    const sources = requestCases.map((one) => one.bytes).filter((bytes) => bytes.length < 2_000)
    const worker = async (): Promise<void> => {
      while (Date.now() < until) {
        const bytes = mutate(random, sources)
        const { messages } = forwardRequests([latin1(bytes)])
        const data = forwardRequests([latin1(bytes)], { body: 'strip' }).messages
        tally.fed++
        if (messages.length === 0 || !messages.every((one) => KNOWN.test(one.start))) continue
        const seen = await cutter.cut(messages.map(text).join(''))
        tally.sent++
        tally.stopped[seen.error] = (tally.stopped[seen.error] ?? 0) + 1
        const where = `seed ${seed}, bytes ${JSON.stringify(bytes)}, error '${seen.error}'`
        agree(seen, messages, data, where)
      }
    }
    await Promise.all(Array.from({ length: 16 }, worker))
    t.diagnostic(`seed ${seed}: ${JSON.stringify(tally)}`)
  })
})

describe('node:http before the proxy', () => {
  const cutter = new ResponseCutter()
  before(() => cutter.open())
  after(() => cutter.close())

  for (const one of responses) {
    const feed = one.feed ?? {}
    if (one.refused !== undefined || one.facts?.framing === Framing.CLOSE || feed.body === 'strip')
      continue
    if (/^HTTP\/1.1 1/.test(one.bytes) || feed.write?.chunked || feed.write?.connection) continue
    it(`row ${one.row}: ${one.says}: cuts the response where we do`, async () => {
      const { messages } = forwardResponses([latin1(one.bytes)], feed)
      const data = forwardResponses([latin1(one.bytes)], { ...feed, body: 'strip' }).messages
      const method = feed.toHead === true ? 'HEAD' : 'GET'
      const seen = await cutter.cut(messages.map(text).join(''), method)
      assert.equal(seen.error, '')
      assert.equal(seen.messages[0]!.body, data[0]!.body)
      assert.deepEqual(seen.messages[0]!.fields, fieldsOf(messages[0]!))
    })
  }

  it('cuts mutated responses where we do', { timeout: seconds * 1000 + 20_000 }, async (t) => {
    const random = randomOf(seed)
    const until = Date.now() + seconds * 1000
    const tally = { fed: 0, sent: 0, refused: {} as Record<string, number> }
    const sources = responses.map((one) => one.bytes).filter((bytes) => bytes.length < 2_000)
    while (Date.now() < until) {
      const bytes = latin1(mutate(random, sources))
      tally.fed++
      const messages = untilFinal(forwardResponses([bytes]).messages)
      const final = messages.at(-1)
      if (final === undefined || final.facts.framing === Framing.CLOSE) continue
      tally.sent++
      const data = forwardResponses([bytes], { body: 'strip' }).messages[messages.length - 1]!
      const seen = await cutter.cut(messages.map(text).join(''), 'GET')
      const where = `seed ${seed}, bytes ${JSON.stringify(bytes.toString('latin1'))}`
      if (seen.error.startsWith('HPE_')) {
        tally.refused[seen.error] = (tally.refused[seen.error] ?? 0) + 1
        continue
      }
      assert.equal(seen.error, '', where)
      assert.equal(seen.messages[0]!.body, data.body, where)
      assert.deepEqual(seen.messages[0]!.fields, fieldsOf(final), where)
    }
    t.diagnostic(`seed ${seed}: ${JSON.stringify(tally)}`)
  })
})

// The interim responses and the final one behind them; none when a 101 is among them or none is final.
function untilFinal(messages: Forwarded[]): Forwarded[] {
  const final = messages.findIndex(({ facts }) => Number(facts.status) >= 200)
  const first = messages.slice(0, final + 1)
  return first.some(({ facts }) => facts.status === 101) ? [] : first
}

// Node may refuse what we forward, but what it accepts it must cut like us.
function agree(seen: SeenAll, ours: Forwarded[], data: Forwarded[], where?: string): void {
  const expected = ours.map((message, i) => ({
    start: message.start.replace(/ HTTP\/1\.1$/, ''),
    fields: fieldsOf(message),
    body: data[i]!.body,
  }))
  const count = seen.error === '' ? expected.length : seen.messages.length
  assert.deepEqual(seen.messages, expected.slice(0, count), where)
}

function text(message: Forwarded): string {
  return message.head + message.body
}

// Names and values by turns, as node:http lists them.
function fieldsOf(message: Forwarded): string[] {
  const lines = message.head.split('\r\n').slice(1, -2)
  return lines.flatMap((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')]
  })
}
