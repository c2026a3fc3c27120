import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { until } from '../support/proxied.ts'
import { added, ok, rig } from './raw-http.ts'

describe('the body of a request', () => {
  it('row 73: reaches the backend whole, though it is larger than every buffer', async (t) => {
    const all = await rig(t)
    const client = await all.connect()
    const body = 'x'.repeat(3_000_000)
    const length = `Content-Length: ${body.length}\r\n`
    client.send(`POST / HTTP/1.1\r\nHost: a.test\r\n${length}\r\n${body}`)
    assert.equal(await client.response(), ok)
    const head = `POST / HTTP/1.1\r\nHost: a.test\r\n${length}${added()}\r\n`
    assert.equal(all.backend.arrivals[0]?.text, head + body)
  })

  it('row 73: is read on when what came before the backend was reached is passed on', async (t) => {
    const all = await rig(t)
    const client = await all.connect()
    client.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\n12345')
    await until(() => all.backend.ends[0]?.text.endsWith('12345') ?? false)
    client.send('67890')
    assert.equal(await client.response(), ok)
  })

  it('row 73: leaves a client noticed that goes while it waits for the answer', async (t) => {
    const all = await rig(t, { answer: () => undefined })
    const client = await all.connect()
    client.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello')
    await until(() => all.backend.arrivals.length === 1)
    client.socket.destroy()
    await all.backend.ends[0]!.left()
    assert.equal(all.proxy.view().http?.aborted, 1)
  })
})
