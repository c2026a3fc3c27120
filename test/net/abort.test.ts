import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { Address } from '../../src/base/address.ts'
import { abort, wasAborted } from '../../src/net/abort.ts'
import { backend } from '../support/backends.ts'
import { drain, open, take, until } from '../support/proxied.ts'

/** Both ends of a connection. */
async function connected(t: TestContext): Promise<{ far: Socket; near: Socket }> {
  let accept: (socket: Socket) => void
  const accepted = new Promise<Socket>((resolve) => {
    accept = resolve
  })
  const port = await backend(t, (socket) => accept(socket))
  const far = open({ host: '127.0.0.1', port })
  t.after(() => far.destroy())
  await once(far, 'connect')
  return { far, near: await accepted }
}

describe('abort', () => {
  it('shows the other side a reset, and never an end', async (t) => {
    const { far, near } = await connected(t)
    const errors: unknown[] = []
    far.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code))
    abort(near)
    assert.equal((await drain(far)).ending, 'reset')
    assert.deepEqual(errors, ['ECONNRESET'])
  })

  it('shows a reset to one who had not read yet, too', async (t) => {
    for (let i = 0; i < 20; i++) {
      const { far, near } = await connected(t)
      near.write('a part of it')
      await take(far, 1)
      far.pause()
      abort(near)
      await once(near, 'close')
      assert.equal((await drain(far)).ending, 'reset')
    }
  })

  it('does not wait until what is left has been written', async (t) => {
    const { far, near } = await connected(t)
    far.pause()
    while (near.write(Buffer.alloc(1 << 20)) || near.writableLength < 1 << 24);
    abort(near)
    await once(near, 'close')
    assert.equal((await drain(far)).ending, 'reset')
  })

  it('closes a socket whose end is on its way', async (t) => {
    const { near } = await connected(t)
    near.end()
    abort(near)
    await once(near, 'close')
  })

  it('resets one whose end was sent', async (t) => {
    const { far, near } = await connected(t)
    near.end('all')
    assert.equal((await drain(far)).ending, 'fin')
    await until(() => near.writableFinished)
    abort(near)
    await once(near, 'close')
    far.write('more')
    await assert.rejects(once(far, 'close'), { code: 'EPIPE' })
  })

  it('does nothing to a socket that is closed', async (t) => {
    const { near } = await connected(t)
    near.destroy()
    abort(near)
    await once(near, 'close')
    abort(near)
  })

  it('closes a Unix socket', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
    const address: Address = { path: join(folder, 'a.sock') }
    const server = createServer().listen(address)
    t.after(() => {
      server.close()
      rmSync(folder, { recursive: true })
    })
    const socket = open(address)
    const [other] = (await once(server, 'connection')) as [Socket]
    abort(socket)
    other.resume()
    await once(other, 'close')
  })
})

describe('wasAborted', () => {
  it('knows a reset from an end, however both are dressed up', async (t) => {
    for (const text of ['', 'a', 'x'.repeat(100_000)]) {
      for (const isReset of [true, false]) {
        const { far, near } = await connected(t)
        near.write(text)
        if (isReset) abort(near)
        else near.end()
        // `drain` asks `wasAborted` when an end comes.
        const { ending } = await drain(far)
        assert.equal(ending, isReset ? 'reset' : 'fin', `after ${text.length} bytes`)
      }
    }
  })

  it('cannot tell once both have ended', async (t) => {
    const { far, near } = await connected(t)
    far.end()
    near.resume().end()
    await once(far.resume(), 'end')
    assert.equal(wasAborted(far), false)
  })
})
