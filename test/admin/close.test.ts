import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createAdmin } from '../../src/admin.ts'
import { balanced, simple } from '../balancer/balanced.ts'
import { steered } from './steered.ts'

describe('the admin API', { timeout: 30_000 }, () => {
  const halves = [
    '',
    'GET /status HTTP/1.1\r\nHost: lo',
    'POST /drain HTTP/1.1\r\nHost: localhost\r\n' +
      'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
  ]
  for (const said of halves) {
    it(`ends at once, though a client has said only ${JSON.stringify(said.slice(0, 30))}`, async (t) => {
      const { balancer } = await balanced(t, simple([1]))
      const admin = await createAdmin(balancer, { address: { host: '127.0.0.1', port: 0 } })
      const client = connect(admin.address as { port: number; host: string }).on('error', () => {})
      t.after(() => client.destroy())
      await once(client, 'connect')
      client.write(said)
      const closed = new Promise((resolve) => client.on('close', resolve))
      await admin.close()
      client.resume()
      await closed
    })
  }

  it('lets nobody without a token add a socket that only piloti may open', async (t) => {
    const open = await steered(t, simple([1]))
    const { body, status } = await open.order('/add', { backend: 'unix:/run/root-only.sock' })
    assert.deepEqual([status, body.code], [401, 'ADMIN_TOKEN'])
    assert.equal([...open.balancer.pools.values()][0]!.backends.length, 1)
  })

  it('has a socket that only its owner may open', async (t) => {
    const { balancer } = await balanced(t, simple([1]))
    const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'admin.sock')
    const before = process.umask(0)
    t.after(() => process.umask(before))
    const admin = await createAdmin(balancer, { address: { path } })
    t.after(() => admin.close())
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })
})
