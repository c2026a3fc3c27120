import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { deadPort, echo, greeter } from '../support/backends.ts'
import { accepts, cli, curl, listening, piloti, ran, start } from '../support/command.ts'
import { anyPorts } from '../support/up.ts'

const anyPort = ['--listen', '127.0.0.1:0', '--json']
const proxyTo = (port: number, ...more: string[]): string[] => [
  'proxy',
  `:${port}`,
  '--mode',
  'tcp',
  ...anyPort,
  ...more,
]

describe('a server', { concurrency: 4 }, () => {
  it('takes any free port, says which on stdout, logs on stderr and ends with 0', async (t) => {
    const command = piloti(t, proxyTo(await greeter(t, 'hello')))
    const { address, pid } = await listening(command)
    assert.match(address, /^127\.0\.0\.1:[1-9]\d*$/)
    assert.equal(pid, command.pid)
    assert.equal(await hear(address), 'hello')
    command.kill('SIGTERM')
    const { code, stdout, stderr } = await command.ended
    assert.equal(stdout.trim().split('\n').length, 1)
    // The connection may still be closing: then it waits for that, and says so.
    assert.deepEqual(events(stderr).slice(0, 2), ['listening', 'shutdown'])
    assert.equal(code, 0)
    assert.equal(await accepts(address), false)
  })

  for (const mode of ['http', 'tcp']) {
    it(`takes --mode ${mode}`, async (t) => {
      const command = piloti(t, ['proxy', ':1', '--mode', mode, ...anyPort])
      assert.equal(
        JSON.parse(await command.line(/"event":"listening","address".*"mode"/)).mode,
        mode,
      )
      command.kill('SIGTERM')
      assert.equal((await command.ended).code, 0)
    })
  }

  it('writes for people when asked, and only errors when quiet', async (t) => {
    const port = await greeter(t, 'a')
    const pretty = piloti(t, proxyTo(port, '--log-format', 'pretty'))
    await listening(pretty)
    pretty.kill('SIGINT')
    const { stderr } = await pretty.ended
    assert.match(stderr, /^\d\d:\d\d:\d\d info {2}proxy {3}listening on 127\.0\.0\.1:\d+\n/)
    const quiet = piloti(t, proxyTo(port, '--quiet'))
    await listening(quiet)
    quiet.kill('SIGINT')
    assert.deepEqual(await quiet.ended.then(({ code, stderr }) => ({ code, stderr })), {
      code: 0,
      stderr: '',
    })
  })

  it('listens on a Unix socket and removes its file', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'pi.sock')
    const command = piloti(t, ['backend', '--listen', `unix:${path}`, '--json'])
    assert.equal((await listening(command)).address, `unix:${path}`)
    assert.equal(await curl('--unix-socket', path, 'http://localhost/5'), '3.14159\n')
    const again = await ran(t, ['backend', '--listen', `unix:${path}`])
    assert.match(again.stderr, /^piloti: cannot listen on unix:.*pi\.sock: it is in use/)
    assert.equal(again.code, 4)
    command.kill('SIGTERM')
    assert.equal((await command.ended).code, 0)
    await assert.rejects(once(connect(path), 'connect'), { code: 'ENOENT' })
  })

  for (const args of [['backend'], ['proxy', ':1', '--health', 'off']]) {
    it(`ends with 4 when the port of ${args[0]} is taken, and says by whom`, async (t) => {
      const port = await greeter(t, 'I was here first')
      const { code, stdout, stderr } = await ran(t, [...args, '--listen', `127.0.0.1:${port}`])
      assert.match(
        stderr,
        new RegExp(`^piloti: cannot listen on 127\\.0\\.0\\.1:${port}: it is in`),
      )
      const who = process.platform === 'linux' ? `process ${process.pid} holds` : 'lsof -nP'
      assert.match(stderr, new RegExp(`\n  .*${who}`))
      assert.doesNotMatch(stderr, /\n {4}at /)
      assert.deepEqual({ code, stdout }, { code: 4, stdout: '' })
    })
  }

  it('shows a stack with --verbose only', async (t) => {
    const { code, stderr } = await ran(t, ['proxy', ':1', '--listen', '192.0.2.1:80', '-v'])
    assert.match(
      stderr,
      /cannot listen on 192\.0\.2\.1:80: this machine has no such address\n {4}at /,
    )
    assert.equal(code, 4)
  })

  it('prefers a flag to a variable, and a variable to the default', async (t) => {
    const env = { PILOTI_STRATEGY: 'LEASTCONNECTIONS', PILOTI_LISTEN: '127.0.0.1:0' }
    const port = await greeter(t, 'a')
    const byVariable = piloti(t, ['proxy', `:${port}`, '--json'], { env })
    const byFlag = piloti(t, ['proxy', `:${port}`, '--json', '-s', 'N2One'], { env })
    assert.equal(await strategyOf(byVariable), 'least-connections')
    assert.equal(await strategyOf(byFlag), 'n-to-1')
  })
})

describe('a signal', { concurrency: 4 }, () => {
  it('that stops waits for what is under way', async (t) => {
    const command = piloti(t, proxyTo(await echo(t)))
    const { address } = await listening(command)
    const client = await echoing(t, address)
    command.kill('SIGTERM')
    assert.match(await command.line(/drain_start/), /waiting up to 30 s for 1 connections/)
    assert.equal(await accepts(address), false)
    client.write('still')
    assert.equal(String((await once(client, 'data'))[0]), 'still')
    client.end()
    assert.equal((await command.ended).code, 0)
  })

  it('that stops breaks off what outlasts the grace', async (t) => {
    const command = piloti(t, proxyTo(await echo(t), '--grace', '50ms'))
    const { address } = await listening(command)
    await echoing(t, address)
    command.kill('SIGTERM')
    const { code, stderr } = await command.ended
    assert.match(stderr, /1 connections were broken off/)
    assert.equal(code, 0)
  })

  for (const [signal, code] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const]) {
    it(`${signal} ends it at once the second time, with ${code}`, async (t) => {
      const command = piloti(t, proxyTo(await echo(t)))
      await echoing(t, (await listening(command)).address)
      command.kill(signal)
      await command.line(/drain_start/)
      command.kill(signal)
      assert.equal((await command.ended).code, code)
    })
  }

  it('SIGHUP, SIGUSR1 or SIGUSR2 does not end it', async (t) => {
    const command = piloti(t, proxyTo(await greeter(t, 'a'), '--log-level', 'debug'))
    const { address } = await listening(command)
    command.kill('SIGHUP')
    assert.match(await command.line(/reload_rejected/), /nothing to reload/)
    command.kill('SIGUSR1')
    await command.line(/"event":"reopen"/)
    await hear(address)
    command.kill('SIGUSR2')
    const { state } = JSON.parse(await command.line(/"event":"snapshot"/))
    assert.equal(state.pools.default.backends[0].leases, 1)
    assert.equal(await hear(address), 'a')
  })
})

it('says so when it cannot write its result', { skip: !existsSync('/dev/full') }, async (t) => {
  const line = `exec "${process.execPath}" "${cli}" up ${anyPorts.join(' ')} >/dev/full`
  const { code, stderr } = await start(t, '/bin/sh', ['-c', line]).ended
  assert.match(stderr, /^piloti: cannot write to standard output: ENOSPC.*$/m)
  assert.doesNotMatch(stderr, /\n {4}at /)
  assert.equal(code, 1)
})

describe('a log that nobody reads any more', () => {
  it('does not stop the balancing', async (t) => {
    const command = piloti(t, proxyTo(await deadPort(), '--log-level', 'debug'))
    const { address } = await listening(command)
    command.stopReading()
    for (let nth = 0; nth < 3; nth++) await hear(address)
    command.kill('SIGTERM')
    assert.equal((await command.ended).code, 0)
  })
})

/** All that a server says to a client. */
async function hear(address: string): Promise<string> {
  const [host, port] = address.split(':')
  const socket = connect(Number(port), host)
  let heard = ''
  socket.setEncoding('utf8').on('data', (text) => {
    heard += text
  })
  socket.on('error', () => {})
  await new Promise((resolve) => socket.on('close', resolve))
  return heard
}

/** A connection through which something has been said and heard. */
async function echoing(t: TestContext, address: string): Promise<Socket> {
  const [host, port] = address.split(':')
  const socket = connect(Number(port), host)
  t.after(() => socket.destroy())
  socket.on('error', () => {}).write('hello')
  await once(socket, 'data')
  return socket
}

async function strategyOf(command: ReturnType<typeof piloti>): Promise<string> {
  await listening(command)
  command.kill('SIGUSR2')
  return JSON.parse(await command.line(/"event":"snapshot"/)).state.pools.default.strategy
}

const events = (log: string): string[] =>
  log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).event)
