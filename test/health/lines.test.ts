import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { createWorker } from '../../src/compute.ts'
import type { Finding } from '../../src/health/probe.ts'
import { createProbe } from '../../src/health/spec.ts'
import { abort } from '../../src/net/abort.ts'
import { backTo, held } from '../net/leaks.ts'
import { backend, blackHole, deadPort } from '../support/backends.ts'

const well = { isWell: true, reason: '', hasAnswered: true }
const patientMs = 60_000
const probe = createProbe({ kind: 'lines' })

function ask(port: number, timeoutMs: number = patientMs): Promise<Finding | undefined> {
  return probe({ host: '127.0.0.1', port }, timeoutMs, new AbortController().signal)
}

/** A backend that says `bytes` to whatever it is asked. */
const saying = (t: TestContext, bytes: string): Promise<number> =>
  backend(t, (socket) => socket.once('data', () => socket.write(bytes)))

const answer = (members: object): string =>
  `${JSON.stringify({ jsonrpc: '2.0', id: 'piloti-probe', ...members })}\n`

describe('a lines probe', () => {
  it('calls the method health, on a connection of its own that it ends', async (t) => {
    let asked = ''
    let ended = false
    const port = await backend(t, (socket) => {
      socket.on('data', (bytes) => {
        asked += bytes
        socket.write(answer({ result: {} }))
      })
      socket.on('close', () => {
        ended = true
      })
      socket.on('end', () => socket.end())
    })
    const before = held()
    assert.deepEqual(await ask(port), well)
    assert.equal(asked, '{"jsonrpc":"2.0","id":"piloti-probe","method":"health"}\n')
    await backTo(before)
    assert.equal(ended, true)
  })

  it('finds a worker well, and hears how busy it is', async (t) => {
    const worker = await createWorker()
    t.after(() => worker.close())
    const { port } = worker.address as { port: number }
    const { load, ...rest } = (await ask(port))!
    assert.deepEqual(rest, { ...well, isDraining: false })
    assert.ok(load! >= 0 && load! < 1, `${load}`)
  })

  it('reads what the backend says of itself', async (t) => {
    const said = { status: 'ok', load: 1.5, draining: true }
    assert.deepEqual(await ask(await saying(t, answer({ result: said }))), {
      ...well,
      load: 1.5,
      isDraining: true,
    })
    const odd = await ask(await saying(t, answer({ result: { load: 'high' } })))
    assert.deepEqual(odd, { ...well, ignored: 'load is "high": a number from 0 wanted' })
  })

  it('reads an answer however it is cut', async (t) => {
    const whole = answer({ result: { load: 0.25 } }).replace('\n', '\r\n')
    for (let at = 1; at < whole.length; at++) {
      const port = await backend(t, (socket) => {
        socket.write(whole.slice(0, at), () => setImmediate(() => socket.end(whole.slice(at))))
      })
      assert.deepEqual(await ask(port), { ...well, load: 0.25 })
    }
  })

  const ill: [string, string, string][] = [
    [
      'another status',
      answer({ result: { status: 'bad\n' } }),
      "health answered status 'bad\\u{a}'",
    ],
    ['an error', answer({ error: { message: 'no such' } }), "health answered an error: 'no such'"],
    [
      'an error whose message cannot be told',
      answer({ error: { message: { toString: 1 } } }),
      'health answered an error: \'{"toString":1}\'',
    ],
    ['an error without a message', answer({ error: {} }), "health answered an error: 'undefined'"],
    [
      'a status that cannot be told',
      answer({ result: { status: { toString: 1, valueOf: 1 } } }),
      'health answered status \'{"toString":1,"valueOf":1}\'',
    ],
    [
      'what is nested without end',
      answer({ result: 0 }).replace('0}', `${'['.repeat(30_000)}${']'.repeat(30_000)}}`),
      'the answer is not JSON-RPC',
    ],
    ['another id', '{"id":1,"result":{}}\n', 'the answer is not JSON-RPC'],
    ['nothing of either', answer({}), 'the answer is not JSON-RPC'],
    ['no JSON', 'HTTP/1.1 400 Bad Request\r\n', 'the answer is not JSON-RPC'],
    ['no object', '[]\n', 'the answer is not JSON-RPC'],
    ['too much', 'x'.repeat(65_537), 'the answer is longer than 65536 bytes'],
  ]
  for (const [what, bytes, reason] of ill) {
    it(`does not find well who answers ${what}`, async (t) => {
      const finding = await ask(await saying(t, bytes))
      assert.deepEqual(finding, { isWell: false, reason, hasAnswered: true })
    })
  }

  const broken: [string, (t: TestContext) => Promise<number>, string | RegExp][] = [
    ['refuses', () => deadPort(), 'connect ECONNREFUSED'],
    [
      'breaks off',
      (t) => backend(t, abort),
      /^(connect|read|write) (ECONNRESET|EPIPE)$|before the/,
    ],
    [
      'ends without a word',
      (t) => backend(t, (socket: Socket) => socket.resume().end()),
      'the connection was closed before the end of the answer',
    ],
    ['is a black hole', blackHole, 'no answer within 60 ms'],
    ['accepts and is silent', (t) => backend(t, () => {}), 'no answer within 60 ms'],
    ['stops within a line', (t) => saying(t, '{"id":'), 'the answer did not end within 60 ms'],
  ]
  for (const [what, start, reason] of broken) {
    it(`tells that it ${what}`, async (t) => {
      const finding = (await ask(await start(t), `${reason}`.includes('60 ms') ? 60 : patientMs))!
      assert.equal(finding.isWell, false)
      if (typeof reason === 'string') assert.equal(finding.reason, reason)
      else assert.match(finding.reason, reason)
    })
  }

  it('leaves nothing behind, also when it is told to give up', async (t) => {
    const silent = await backend(t, (socket) => socket.resume().on('end', () => socket.end()))
    const ports = [silent, await blackHole(t)]
    const before = held()
    const controller = new AbortController()
    const findings = ports.map((port) =>
      probe({ host: '127.0.0.1', port }, patientMs, controller.signal),
    )
    controller.abort()
    assert.deepEqual(await Promise.all(findings), [undefined, undefined])
    await backTo(before)
  })
})
