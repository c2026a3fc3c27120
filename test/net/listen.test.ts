import assert from 'node:assert/strict'
import { once } from 'node:events'
import { linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import type { Address } from '../../src/base/address.ts'
import { listen } from '../../src/net/listen.ts'

function listening(t: TestContext, address: Address): Promise<Address> {
  const server = createServer()
  t.after(() => server.close())
  return listen(server, address)
}

it('listen tells which port it got for port 0', async (t) => {
  const bound = await listening(t, { host: '127.0.0.1', port: 0 })
  assert.ok('port' in bound && bound.port > 0 && bound.host === '127.0.0.1')
})

it('listen takes a Unix socket', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const address = { path: join(folder, 'a.sock') }
  assert.deepEqual(await listening(t, address), address)
  await assert.rejects(listening(t, address), {
    code: 'LISTEN',
    message: /^cannot listen on unix:/,
  })
})

it('listen replaces a socket file that a killed process left, and nothing else', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [path, left, file] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'c')] as const
  const server = createServer()
  await listen(server, { path })
  linkSync(path, left) // What closing removes is `path`.
  await once(server.close(), 'close')
  assert.deepEqual(await listening(t, { path: left }), { path: left })
  writeFileSync(file, 'mine')
  await assert.rejects(listening(t, { path: file }), { code: 'LISTEN' })
  assert.equal(readFileSync(file, 'utf8'), 'mine')
})

it('listen says why it cannot, and what to do', async (t) => {
  const bound = await listening(t, { host: '127.0.0.1', port: 0 })
  await assert.rejects(listening(t, bound), { code: 'LISTEN', message: /it is in use: stop what/ })
  await assert.rejects(listening(t, { host: '192.0.2.1', port: 0 }), {
    code: 'LISTEN',
    message: 'cannot listen on 192.0.2.1:0: this machine has no such address',
  })
  await assert.rejects(listening(t, { path: '/nowhere/a.sock' }), {
    code: 'LISTEN',
    message: /^cannot listen on unix:\/nowhere\/a\.sock: .* a socket file a folder that exists/,
  })
})
