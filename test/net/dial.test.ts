import assert from 'node:assert/strict'
import dns from 'node:dns'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { Address } from '../../src/base/address.ts'
import { abort } from '../../src/net/abort.ts'
import { dial } from '../../src/net/dial.ts'
import { Inlet } from '../../src/net/inlet.ts'
import { Sweep } from '../../src/net/sweep.ts'
import { backend, blackHole, deadPort, greeter } from '../support/backends.ts'
import { closed } from '../support/proxied.ts'

type Found = (error: null, addresses: readonly dns.LookupAddress[]) => void

const at = (port: number): Address => ({ host: '127.0.0.1', port })

function options(sweep = new Sweep(), connectTimeoutMs = 5_000) {
  return { connectTimeoutMs, sweep, onread: new Inlet(65_536).onread }
}

describe('dial', () => {
  it('connects, and hands what is read to the inlet', async (t) => {
    const inlet = new Inlet(65_536)
    const socket = await dial(at(await greeter(t, 'a')), { ...options(), onread: inlet.onread })
    let heard = ''
    inlet.reader = {
      read(bytes, end) {
        heard += bytes.toString('latin1', 0, end)
        return true
      },
    }
    await once(socket, 'end')
    assert.equal(heard, 'a')
    socket.destroy()
  })

  it('says what refused', async () => {
    const port = await deadPort()
    const message = `connect to 127.0.0.1:${port} failed: ECONNREFUSED`
    await assert.rejects(dial(at(port), options()), { code: 'BACKEND_CONNECT', message })
    const missing = { path: '/nowhere/piloti.sock' }
    await assert.rejects(dial(missing, options()), {
      code: 'BACKEND_CONNECT',
      message: 'connect to unix:/nowhere/piloti.sock failed: ENOENT',
    })
  })

  it('tries each address of a name', async (t) => {
    const port = await greeter(t, 'a')
    t.mock.method(dns, 'lookup', (_host: string, _options: object, found: Found) => {
      const families = [4, 6, 4]
      const addresses = ['127.0.0.9', '::1', '127.0.0.1']
      found(
        null,
        addresses.map((address, index) => ({ address, family: families[index]! })),
      )
    })
    const inlet = new Inlet(65_536)
    const named = { host: 'several.example', port }
    const socket = await dial(named, { ...options(), onread: inlet.onread })
    assert.equal(socket.remoteAddress, '127.0.0.1')
    const heard = new Promise((resolve) => {
      inlet.reader = {
        read(bytes, end) {
          resolve(bytes.toString('latin1', 0, end))
          return true
        },
      }
    })
    assert.equal(await heard, 'a')
    socket.destroy()
  })

  it('gives up in time, not earlier, also when its sweep had nothing to do for long', async (t) => {
    const port = await blackHole(t)
    const sweep = new Sweep()
    sweep.nowMs -= 60_000
    const startMs = performance.now()
    await assert.rejects(dial(at(port), options(sweep, 400)), {
      code: 'BACKEND_CONNECT_TIMEOUT',
      message: `connect to 127.0.0.1:${port} timed out after 400 ms`,
    })
    assert.ok(performance.now() - startMs >= 395)
  })

  it('takes any time to wait', async (t) => {
    const port = await greeter(t, 'a')
    for (const timeoutMs of [501.5, 3_001, 2 ** 31, Number.POSITIVE_INFINITY]) {
      const socket = await dial(at(port), options(new Sweep(), timeoutMs))
      socket.destroy()
    }
  })

  it('throws nothing when the connection breaks later', async (t) => {
    const port = await backend(t, (socket) => socket.once('data', () => abort(socket)))
    const socket = await dial(at(port), options())
    socket.write('?')
    await closed(socket)
    assert.equal((socket.errored as NodeJS.ErrnoException).code, 'ECONNRESET')
  })
})
