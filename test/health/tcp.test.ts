import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Finding } from '../../src/health/probe.ts'
import { probeTcp } from '../../src/health/tcp.ts'
import { abort } from '../../src/net/abort.ts'
import { backTo, held } from '../net/leaks.ts'
import { backend, blackHole, deadPort } from '../support/backends.ts'
import { drain } from '../support/proxied.ts'

const well = { isWell: true, reason: '', hasAnswered: false }
const patientMs = 60_000

const ask = (
  port: number,
  timeoutMs = patientMs,
  signal = new AbortController().signal,
): Promise<Finding | undefined> => probeTcp({ host: '127.0.0.1', port }, timeoutMs, signal)

describe('a tcp probe', () => {
  it('finds well who accepts, and leaves with an ordinary end', async (t) => {
    const accepted = new EventEmitter()
    const port = await backend(t, (socket) => accepted.emit('socket', drain(socket.end())))
    const heard = once(accepted, 'socket') as Promise<[ReturnType<typeof drain>]>
    assert.deepEqual(await ask(port), well)
    assert.deepEqual(await (await heard)[0], { text: '', bytes: 0, ending: 'fin' })
  })

  it('does not reset a backend that speaks first', async (t) => {
    const accepted = new EventEmitter()
    const port = await backend(t, (socket) => {
      socket.write('220 hello\r\n')
      accepted.emit('socket', drain(socket), socket)
    })
    const heard = once(accepted, 'socket') as Promise<[ReturnType<typeof drain>, Socket]>
    assert.deepEqual(await ask(port), well)
    const [drained, socket] = await heard
    assert.equal((await drained).ending, 'fin')
    socket.end()
  })

  it('minds no reset that comes later', async (t) => {
    const late = await backend(t, (socket) => socket.resume().on('end', () => abort(socket)))
    assert.deepEqual(await ask(late), well)
    // One that comes at once may be seen before the connection is.
    const { reason } = (await ask(await backend(t, abort)))!
    assert.ok(['', 'connect ECONNRESET'].includes(reason), reason)
  })

  it('says who refuses', async () => {
    const reason = 'connect ECONNREFUSED'
    assert.deepEqual(await ask(await deadPort()), { isWell: false, reason, hasAnswered: false })
  })

  it('says which name does not exist', async () => {
    const address = { host: 'nowhere.invalid', port: 1 }
    const finding = await probeTcp(address, patientMs, new AbortController().signal)
    assert.match(finding!.reason, /^getaddrinfo E/)
  })

  it('waits for the rest of the timeout at the most', async (t) => {
    const hole = await blackHole(t)
    const port = await backend(t, (socket) => socket.resume()) // It never closes its side.
    const before = held()
    const reason = 'no connection within 50 ms'
    assert.deepEqual(await ask(hole, 50), { isWell: false, reason, hasAnswered: false })
    assert.deepEqual(await ask(port, 200), well)
    const { TCPSocketWrap = 0 } = before
    await backTo({ ...before, TCPSocketWrap: TCPSocketWrap + 1 })
  })

  it('works for Unix sockets', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'piloti-probe-'))
    t.after(() => rm(folder, { recursive: true }))
    const path = join(folder, 'a.sock')
    const { signal } = new AbortController()
    const missing = await probeTcp({ path }, patientMs, signal)
    assert.equal(missing?.reason, 'connect ENOENT')
    const server = createServer((socket) => socket.resume()).listen(path)
    t.after(() => server.close())
    await once(server, 'listening')
    assert.deepEqual(await probeTcp({ path }, patientMs, signal), well)
  })

  it('gives up when it is told to, and says nothing of the backend', async (t) => {
    const port = await blackHole(t)
    const before = held()
    const controller = new AbortController()
    const finding = ask(port, patientMs, controller.signal)
    controller.abort()
    assert.equal(await finding, undefined)
    assert.equal(await ask(port, patientMs, controller.signal), undefined)
    await backTo(before)
  })

  it('says nothing of the backend when it has no file left itself', async (t) => {
    const port = await backend(t, () => {})
    const [tcp, http] = ['tcp', 'http'].map((name) =>
      fileURLToPath(new URL(`../../src/health/${name}.ts`, import.meta.url)),
    )
    const program = `
      import { openSync } from 'node:fs'
      import { probeTcp } from '${tcp}'
      import { httpProbe } from '${http}'
      const probeHttp = httpProbe({ method: 'GET', path: '/', status: { from: 200, to: 399 } })
      const ask = (probe) =>
        probe({ host: '127.0.0.1', port: ${port} }, 60_000, new AbortController().signal)
      try { for (;;) openSync('/dev/null') } catch {}
      console.log([await ask(probeTcp), await ask(probeHttp)])`
    const node = [process.execPath, '--import', import.meta.resolve('tsx')]
    const args = [...node, '--input-type=module', '-e', program]
    const said = await new Promise((resolve) => {
      const shell = ['-c', 'ulimit -n 100; exec "$@"', 'sh', ...args]
      execFile('sh', shell, (error, stdout, stderr) => resolve([error, stdout, stderr]))
    })
    assert.deepEqual(said, [null, '[ undefined, undefined ]\n', ''])
  })
})
