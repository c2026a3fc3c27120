import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { it, type TestContext } from 'node:test'
import { type Answer, decode, encode } from 'dns-packet'
import { formatAddress } from '../../src/base/address.ts'
import { Lookup } from '../../src/discovery/dns-lookup.ts'
import { freePort } from './name-server.ts'

/** What a name server says: records, none, or that it cannot tell (SERVFAIL). */
type Answers = Record<string, Answer[] | 'fails'>

/** Looks `api.example` up with a server that says what `answers` says for `TYPE NAME`. */
async function setUp(t: TestContext, answers: Answers) {
  const port = await freePort()
  const socket = createSocket('udp4').bind(port, '127.0.0.1')
  t.after(() => socket.close())
  await once(socket, 'listening')
  socket.on('message', (bytes, from) => {
    const { id, questions } = decode(bytes)
    const said = answers[`${questions![0]!.type} ${questions![0]!.name}`] ?? []
    const flags = (1 << 10) | (said === 'fails' ? 2 : 0)
    const message = { id: id!, questions: questions!, flags, answers: said === 'fails' ? [] : said }
    socket.send(encode({ type: 'response', ...message }), from.port, from.address)
  })
  const { signal } = new AbortController()
  const servers = [{ host: '127.0.0.1', port }]
  const lookup = new Lookup(() => ({ servers, timeoutMs: 5_000, signal }))
  return async (kind: 'addresses' | 'services') => {
    const found =
      kind === 'addresses'
        ? await lookup.addresses('api.example', 80)
        : await lookup.services('api.example')
    return {
      ids: found.specs.map(({ address }) => formatAddress(address)),
      ttlS: found.ttlS,
      problem: found.problem,
    }
  }
}

const a = (data: string, name = 'api.example', ttl = 9): Answer => ({ type: 'A', name, ttl, data })
const aaaa = (data: string): Answer => ({ type: 'AAAA', name: 'api.example', ttl: 5, data })
const srv = (target: string): Answer => ({
  type: 'SRV',
  name: 'api.example',
  ttl: 30,
  data: { target, port: 80, priority: 1, weight: 1 },
})

it('keeps the addresses of one family that fails, and follows the other', async (t) => {
  const answers: Answers = {
    'A api.example': [a('10.0.0.1')],
    'AAAA api.example': [aaaa('fd00::1')],
  }
  const look = await setUp(t, answers)
  const both = { ids: ['10.0.0.1:80', '[fd00::1]:80'], ttlS: 5, problem: '' }
  assert.deepEqual(await look('addresses'), both)
  answers['AAAA api.example'] = 'fails'
  answers['A api.example'] = [a('10.0.0.2')]
  for (let times = 0; times < 3; times++) {
    const { ids, problem } = await look('addresses')
    assert.deepEqual(ids, ['10.0.0.2:80', '[fd00::1]:80'])
    assert.match(problem, /answered SERVFAIL$/)
  }
  answers['AAAA api.example'] = []
  assert.deepEqual(await look('addresses'), { ids: ['10.0.0.2:80'], ttlS: 9, problem: '' })
})

it('does without a family that no server ever answers for', async (t) => {
  const look = await setUp(t, { 'A api.example': [a('10.0.0.1')], 'AAAA api.example': 'fails' })
  assert.deepEqual(await look('addresses'), { ids: ['10.0.0.1:80'], ttlS: 9, problem: '' })
})

it('keeps the addresses of one service that fails, and of all while their list does', async (t) => {
  const answers: Answers = {
    'SRV api.example': [srv('a'), srv('b'), srv('10.0.0.3')],
    'A a': [a('10.0.0.1', 'a', 3)],
    'A b': [a('10.0.0.2', 'b')],
  }
  const look = await setUp(t, answers)
  const ids = ['10.0.0.3:80', '10.0.0.1:80', '10.0.0.2:80']
  assert.deepEqual(await look('services'), { ids, ttlS: 3, problem: '' })
  answers['A a'] = 'fails'
  const { ids: kept, problem } = await look('services')
  assert.deepEqual(kept, ids)
  assert.match(problem, /answered SERVFAIL$/)
  answers['SRV api.example'] = 'fails'
  assert.deepEqual((await look('services')).ids, ids)
  answers['A a'] = []
  answers['SRV api.example'] = [srv('a'), srv('b')]
  const { ids: rest, problem: none } = await look('services')
  assert.deepEqual([rest, none], [['10.0.0.2:80'], "'a' has no address"])
})

it('asks for no more than 256 targets of a service, and says so', async (t) => {
  const records = Array.from({ length: 257 }, (_, i) => srv(`10.0.${i >> 8}.${i & 255}`))
  const look = await setUp(t, { 'SRV api.example': records })
  const { ids, problem } = await look('services')
  assert.equal(ids.length, 256)
  assert.equal(problem, 'it has 257 targets: the first 256 are used')
})
