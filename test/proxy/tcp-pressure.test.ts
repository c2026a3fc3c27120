import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { drain, until, wired } from '../support/proxied.ts'

const chunk = Buffer.alloc(1 << 20, 'x')
const totalBytes = 96 << 20
/** What the systems of three hops and the proxy may hold, at the most. */
const heldBytesMax = 40 << 20
const stillMs = 300

/** Writes everything, as fast as the other side takes it. */
async function pump(socket: Socket): Promise<void> {
  for (let sent = 0; sent < totalBytes; sent += chunk.length) {
    if (!socket.write(chunk)) await once(socket, 'drain')
  }
  socket.end()
}

/** Waits until `count` has stood still for a while. */
async function standstill(count: () => number): Promise<void> {
  let last = -1
  let sinceMs = performance.now()
  await until(() => {
    if (count() !== last) sinceMs = performance.now()
    last = count()
    return performance.now() - sinceMs > stillMs
  })
}

describe('mode tcp, when one side does not read', () => {
  for (const slow of ['client', 'backend'] as const) {
    it(`takes no more from the other than the ${slow} takes, and loses nothing`, async (t) => {
      const { connect, proxy } = await wired(t)
      const { client, server } = await connect()
      const [reader, writer] = slow === 'client' ? [client, server] : [server, client]
      const counted = (): number => {
        const { sentBytes, receivedBytes } = proxy.view().pool.backends[0]!
        return sentBytes + receivedBytes
      }
      reader.pause()
      writer.resume()
      const before = process.memoryUsage().arrayBuffers
      const pumped = pump(writer)
      await standstill(counted)
      assert.ok(counted() > 0 && counted() < heldBytesMax, `${counted()} bytes were taken`)
      const grownBytes = process.memoryUsage().arrayBuffers - before
      assert.ok(grownBytes < 16 << 20, `${grownBytes} bytes are held`)
      let bytes = 0
      reader.on('data', (piece) => {
        bytes += piece.length
      })
      reader.resume()
      await Promise.all([once(reader, 'end'), pumped])
      assert.equal(bytes, totalBytes)
      reader.end()
      await until(() => proxy.view().connections.active === 0)
    })
  }

  it('still carries the other direction', async (t) => {
    const { connect } = await wired(t)
    const { client, server } = await connect()
    client.pause()
    const flood = pump(server).catch(() => {})
    client.end('still here')
    assert.equal((await drain(server)).text, 'still here')
    client.destroy()
    await flood
  })
})
