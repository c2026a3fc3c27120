import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { backend, deadPort } from '../support/backends.ts'
import { drain } from '../support/proxied.ts'
import { started, stopped } from './started.ts'

/** Speaks as much Redis as a test needs: PING, and a QUIT that ends the connection. */
function redis(t: TestContext, name: string): Promise<number> {
  return backend(t, (socket) =>
    socket.on('data', (data) => {
      for (const command of data.toString().trim().split('\r\n')) {
        if (command === 'QUIT') socket.end('+OK\r\n')
        else socket.write(`+PONG ${name}\r\n`)
      }
    }),
  )
}

async function ping(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  socket.write('PING\r\nPING\r\nQUIT\r\n')
  return (await drain(socket)).text
}

describe('example tcp', () => {
  it('gives every connection to the first backend', async (t) => {
    const example = await started(t, 'tcp', [await redis(t, 'primary'), await redis(t, 'other')])
    for (let i = 0; i < 3; i++) {
      assert.equal(await ping(example.port), '+PONG primary\r\n+PONG primary\r\n+OK\r\n')
    }
    await stopped(example)
  })

  it('gives them to the next one while the first is gone', async (t) => {
    const example = await started(t, 'tcp', [await deadPort(), await redis(t, 'other')])
    assert.match(await ping(example.port), /^\+PONG other/)
    assert.match(await stopped(example), /^backend .* is down/m)
  })
})
