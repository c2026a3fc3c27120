import assert from 'node:assert/strict'
import { type EventEmitter, once } from 'node:events'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import type { Balancer } from '../../src/balancer.ts'
import { formatAddress } from '../../src/base/address.ts'
import type { Log } from '../../src/base/log.ts'
import { startRunning } from '../../src/cli/running.ts'
import { loadConfig, watchConfig } from '../../src/config.ts'
import { named } from '../proxy/http-talk.ts'
import { until } from '../support/proxied.ts'

/** Far more than all buffers on the way hold, so that most of it waits until the test reads on. */
const downloadBytes = 32_000_000
const pieceBytes = 100_000
const reloadsMax = 50

/** No two pieces of it are alike. */
const download = Buffer.alloc(downloadBytes)
for (let at = 0; at < downloadBytes; at += 4) download.writeUInt32LE(at, at)

/** A backend with a WebSocket that says everything back, and a large file. */
async function lasting(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    response.setHeader('x-backend', 'own')
    response.end(request.url === '/download' ? download : 'own')
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    sockets.close()
    for (const socket of sockets.clients) socket.terminate()
    server.close()
    server.closeAllConnections()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A balancer that runs as a file says, and what its log told, as `event backend`. */
interface Steered {
  readonly balancer: Balancer
  readonly told: readonly string[]
  /** Rewrites the file; done when the balancer runs as it says. */
  rewrite(text: string): Promise<void>
  url(path: string): string
}

async function steered(t: TestContext, text: string): Promise<Steered> {
  const folder = await mkdtemp(join(tmpdir(), 'piloti-survive-'))
  const path = join(folder, 'piloti.yaml')
  await writeFile(path, text)
  const told: string[] = []
  const failed: string[] = []
  let reloads = 0
  const hear: Log['info'] = (event, sentence, fields = {}) => {
    told.push(`${event} ${fields.backend ?? ''}`.trim())
    if (event === 'reload_rejected') failed.push(sentence)
    if (event === 'reload_ok' && (fields.changes as readonly string[]).length > 0) reloads++
  }
  const first = await loadConfig(path)
  const running = await startRunning(
    async () => (await loadConfig(path)).spec,
    {
      graceMs: 5_000,
      admin: 'off',
      isAdminWanted: false,
      file: { name: path, watch: (changed) => watchConfig(path, changed, first) },
    },
    { debug: hear, info: hear, warn: hear, error: hear },
  )
  t.after(async () => {
    await running.close()
    await rm(folder, { recursive: true })
  })
  const { balancer } = running
  let rewrites = 0
  return {
    balancer,
    told,
    async rewrite(text) {
      const before = reloads
      await writeFile(`${path}.new`, text)
      await rename(`${path}.new`, path)
      // Now and then the change is to be noticed, as an operator would have it; that takes a while.
      if (rewrites++ % 10 > 0) running.reload!('a test')
      await until(() => reloads > before || failed.length > 0)
      assert.deepEqual(failed, [])
    },
    url: (target) => formatAddress([...balancer.listeners.values()][0]!.address) + target,
  }
}

/** A WebSocket and a slow download, both through the balancer. */
interface Survivors {
  readonly socket: WebSocket
  readonly answer: IncomingMessage
  /** How much of the download has come. */
  readonly bytes: number
  /** Shows that both are alive: has a word said back, and takes a little more of the download. */
  goOn(): Promise<void>
  /** Takes the rest of the download. */
  finish(): Promise<void>
}

async function survivors(t: TestContext, { url }: Steered): Promise<Survivors> {
  const socket = new WebSocket(`ws://${url('/socket')}`)
  t.after(() => socket.terminate())
  await once(socket, 'open')
  const asked = get(`http://${url('/download')}`, { agent: false }).on('error', () => {})
  t.after(() => asked.destroy())
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  const broken = new Promise<never>((_resolve, reject) => {
    answer.on('error', reject)
    socket.on('error', reject)
    socket.on('close', (code) => reject(new Error(`the WebSocket was closed with ${code}`)))
  })
  broken.catch(() => {})
  const next = (of: EventEmitter, event: string): Promise<unknown[]> =>
    Promise.race([once(of, event), broken])
  assert.equal(answer.headers['x-backend'], 'own')
  let bytes = 0
  const take = (piece: Buffer | null): boolean => {
    if (piece === null) return false
    const right = download.subarray(bytes, bytes + piece.length)
    assert.ok(piece.equals(right), `wrong after ${bytes} bytes`)
    bytes += piece.length
    return true
  }
  let words = 0
  return {
    socket,
    answer,
    get bytes() {
      return bytes
    },
    async goOn() {
      const word = `word ${words++}`
      const heard = next(socket, 'message')
      socket.send(word)
      assert.equal(String((await heard)[0]), word)
      const wanted = bytes + pieceBytes
      while (bytes < wanted) if (!take(answer.read())) await next(answer, 'readable')
    },
    async finish() {
      for await (const piece of answer) take(piece)
      assert.equal(bytes, downloadBytes)
      assert.ok(answer.complete)
    },
  }
}

/** Who answers so many requests. */
async function answerers({ url }: Steered, count: number): Promise<Set<string>> {
  const names = new Set<string>()
  for (let i = 0; i < count; i++) {
    const answer = await fetch(`http://${url('/')}`)
    assert.equal(answer.status, 200)
    names.add(await answer.text())
  }
  return names
}

const settings = 'slowStart: off\nadmin: off\n'

/** The `nth` of many files: other backends, weights, routes, limits, listeners and pools each time. */
function fileOf(nth: number, own: string, others: readonly string[]): string {
  const listed = others
    .filter((_, i) => (nth >> i) % 2 === 1)
    .map((id, i) => `      - { address: '${id}', weight: ${1 + ((nth + i) % 5)} }\n`)
  return `${settings}
strategy: ${['round-robin', 'least-connections', 'random', 'maglev'][nth % 4]}
http: { responseTimeout: ${10 + nth}s, headLimit: ${8 + (nth % 8)}k, keepAliveTimeout: ${20 + nth}s }
retries: ${nth % 3}
listeners:
  web:
    listen: 127.0.0.1:0
    routes:
${nth % 3 === 0 ? `      - { path: /only-${nth}, pool: side, stripPrefix: on }\n` : ''}      - pool: main
${nth % 5 === 0 ? '  extra: { listen: unix:extra.sock, pool: main }\n' : ''}pools:
  main:
    backends:
      - { address: '${own}', weight: ${1 + (nth % 7)} }
${listed.join('')}${nth % 3 === 0 ? `  side: ['${others[nth % others.length]}']\n` : ''}`
}

const alone = (own: string): string => `${settings}
listeners: { web: { listen: 127.0.0.1:0, pool: main } }
pools: { main: ['${own}'] }
`

describe('a WebSocket and a slow download', { timeout: 60_000 }, () => {
  it('survive fifty reloads and the draining of other backends', async (t) => {
    const own = await lasting(t)
    const names = ['a', 'b', 'c'] as const
    const ports = await Promise.all(names.map((name) => named(t, name)))
    const others = ports.map((port) => `127.0.0.1:${port}`)
    const all = await steered(t, alone(own))
    const both = await survivors(t, all)
    const address = all.url('/')
    for (let nth = 1; nth <= reloadsMax; nth++) {
      await all.rewrite(fileOf(nth, own, others))
      const pool = all.balancer.pools.get('main')!
      const other = others[nth % others.length]!
      if (nth % 4 === 0) assert.equal(pool.drain(other), pool.get(other) !== undefined)
      await both.goOn()
      if (nth % 4 === 0) pool.ready(other)
    }
    assert.equal(all.url('/'), address)
    const view = all.balancer.pools
      .get('main')!
      .view()
      .backends.find(({ id }) => id === own)!
    assert.equal(view.active, 2)
    assert.ok(both.bytes < downloadBytes / 2, `${both.bytes} bytes were buffered`)
    await both.finish()
    const closed = once(both.socket, 'close')
    both.socket.close(1_000)
    assert.equal((await closed)[0], 1_000)
    await until(() => all.balancer.pools.get('main')!.get(own)!.active === 0)
    const { answers, aborted } = all.balancer.view().listeners.web!.http!
    assert.deepEqual({ answers, aborted }, { answers: {}, aborted: 0 })
  })

  for (const [way, over] of [
    ['drained', 'drain_done'],
    ['removed', 'backend_removed'],
  ] as const) {
    it(`are waited for when their own backend is ${way}, and new requests go elsewhere`, async (t) => {
      const own = await lasting(t)
      const other = `127.0.0.1:${await named(t, 'other')}`
      const withBoth = alone(own).replace(']', `, '${other}']`)
      const all = await steered(t, alone(own))
      const both = await survivors(t, all)
      await all.rewrite(withBoth)
      await until(() => all.balancer.pools.get('main')!.available === 2)
      assert.deepEqual([...(await answerers(all, 8))].sort(), ['other', 'own'])

      if (way === 'drained') all.balancer.pools.get('main')!.drain(own)
      else await all.rewrite(alone(other))
      assert.ok(all.told.includes(`drain_start ${own}`))
      assert.deepEqual([...(await answerers(all, 8))], ['other'])
      await both.goOn()
      const closed = once(both.socket, 'close')
      both.socket.close(1_000)
      assert.equal((await closed)[0], 1_000)
      assert.deepEqual([...(await answerers(all, 8))], ['other'])
      assert.ok(!all.told.includes(`${over} ${own}`), 'the download is still under way')
      await both.finish()
      await until(() => all.told.includes(`${over} ${own}`))
      assert.equal(all.told.filter((line) => line === `drain_start ${own}`).length, 1)
    })
  }

  it('outlive their pool and their listener', async (t) => {
    const own = await lasting(t)
    const other = `127.0.0.1:${await named(t, 'other')}`
    const all = await steered(t, alone(own))
    const both = await survivors(t, all)
    await all.rewrite(alone(other).replaceAll('main', 'next').replace('web', 'new'))
    assert.deepEqual([...(await answerers(all, 4))], ['other'])
    await both.goOn()
    await both.finish()
    both.socket.close(1_000)
    await once(both.socket, 'close')
  })
})
