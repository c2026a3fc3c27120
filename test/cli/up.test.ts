import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { greeter } from '../support/backends.ts'
import { cli, curl, type Listening, listening, piloti, ran, start } from '../support/command.ts'
import { anyPorts, assertGone, pi100, type UpListening, up } from '../support/up.ts'

// A command has `ended` when nobody holds its stderr any more: its backends, which inherit it, are gone too.
describe('piloti up', { concurrency: 3 }, () => {
  it('answers curl with π as text, page and JSON, and leaves nothing behind', async (t) => {
    const { command, told } = await up(t)
    const url = `http://${told.address}`
    assert.equal(await curl(`${url}/100`), `${pi100}\n`)
    assert.match(await curl('-H', 'Accept: text/html', `${url}/100`), /<title>π to 100 digits/)
    const json = JSON.parse(await curl('-H', 'Accept: application/json', `${url}/3`))
    assert.equal(json.pi, '3.141')
    assert.ok(told.backends.some(({ address }) => address === json.backend))
    command.kill('SIGINT')
    assert.equal((await command.ended).code, 0)
    await assertGone(told)
  })

  it('spreads connections as its strategy says', async (t) => {
    const { told } = await up(t, '--strategy', 'round-robin')
    const answers: string[] = []
    for (let nth = 0; nth < 8; nth++) answers.push(await whoAnswers(told.address))
    const addresses = told.backends.map(({ address }) => address)
    assert.deepEqual(answers, [...addresses, ...addresses])
  })

  it('welcomes people with what to try next, and takes the original names', async (t) => {
    const args = anyPorts.filter((word) => word !== '--json')
    const more = ['-n', '2', '-s', 'LeastResponseTime', '--admin', '127.0.0.1:0']
    const command = piloti(t, ['up', ...args, ...more])
    const first = await command.line(/piloti is up/)
    assert.match(first, /2 backends behind 127\.0\.0\.1:\d+, strategy least-response-time, mode/)
    const [, url = ''] = /curl (\S+)/.exec(await command.line(/curl/)) ?? []
    assert.equal(await curl(url), `${pi100}\n`)
    const [dashboard = ''] = /http:\S+/.exec(await command.line(/the dashboard/)) ?? []
    assert.match(await curl(dashboard), /<title>piloti/)
    command.kill('SIGTERM')
    assert.equal((await command.ended).code, 0)
  })

  it("ends with 4 when the proxy's port is taken, and leaves nothing behind", async (t) => {
    const port = await greeter(t, 'I was here first')
    const args = ['up', '--listen', `127.0.0.1:${port}`, '--first-port', '0']
    const { code, stdout, stderr } = await ran(t, args)
    assert.match(
      stderr,
      new RegExp(`piloti: cannot listen on 127\\.0\\.0\\.1:${port}: it is in use`),
    )
    assert.doesNotMatch(stderr, /\n {4}at /)
    assert.deepEqual({ code, stdout }, { code: 4, stdout: '' })
  })

  it("ends with 4 when a backend's port is taken, and leaves nothing behind", async (t) => {
    const port = await greeter(t, 'I was here first')
    const args = ['up', '--listen', '127.0.0.1:0', '-n', '1', '--first-port', String(port)]
    const { code, stdout, stderr } = await ran(t, args)
    assert.match(stderr, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: it is in use`))
    assert.match(stderr, /did not start: see above; other ports: --first-port\n$/)
    assert.deepEqual({ code, stdout }, { code: 4, stdout: '' })
  })

  it('can be stopped while it starts', async (t) => {
    const command = piloti(t, ['up', ...anyPorts, '-v'])
    await command.line(/starting 4 backends/)
    command.kill('SIGTERM')
    assert.equal((await command.ended).code, 0)
  })

  it('leaves no backend when a second signal ends it, not even one at work', async (t) => {
    const { command, told } = await up(t, '--mode', 'tcp', '-n', '1')
    const client = dial(t, told.address)
    const direct = dial(t, told.backends[0]!.address)
    for (const socket of [client, direct]) socket.write('GET /1000000 HTTP/1.1\r\nHost: x\r\n\r\n')
    const other = dial(t, told.address) // In order: once this is answered, the two are at work.
    other.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(other, 'data')
    command.kill('SIGINT')
    await command.line(/drain_start/)
    command.kill('SIGINT')
    assert.equal((await command.ended).code, 130)
    await assertGone(told)
  })

  const hasScript = spawnSync('script', ['--version']).stdout?.includes('util-linux') ?? false
  it('stops when its terminal is closed', { skip: !hasScript && 'no script(1)' }, async (t) => {
    const line = [process.execPath, cli, 'up', ...anyPorts].join(' ')
    const terminal = start(t, 'script', ['--quiet', '--command', line, '/dev/null'])
    const told = await listening<UpListening & Listening>(terminal)
    const addresses = [told.address, ...told.backends.map(({ address }) => address)]
    const ends = addresses.map((address) => once(dial(t, address).resume(), 'close'))
    await Promise.all(addresses.map((address) => curl(`http://${address}/1`)))
    terminal.kill('SIGKILL')
    await Promise.all(ends)
    await assertGone(told)
  })

  it('leaves no backend when it is killed', async (t) => {
    const { command, told } = await up(t)
    command.kill('SIGKILL')
    assert.equal((await command.ended).signal, 'SIGKILL')
    await assertGone(told)
  })

  it('goes on without a backend that was killed, and says how to have it back', async (t) => {
    const { command, told } = await up(t)
    const { address, pid } = told.backends[2]!
    process.kill(pid, 'SIGKILL')
    const { msg } = JSON.parse(await command.line(/"event":"backend_exit"/))
    assert.match(msg, new RegExp(`^backend ${address} was killed by SIGKILL; to start it again: `))
    assert.match(msg, new RegExp(`backend --listen ${address}$`))
    for (let nth = 0; nth < 8; nth++) assert.notEqual(await whoAnswers(told.address), address)
    command.kill('SIGTERM')
    assert.equal((await command.ended).code, 0)
  })
})

const whoAnswers = async (address: string): Promise<string> =>
  JSON.parse(await curl('-H', 'Accept: application/json', `http://${address}/1`)).backend

function dial(t: TestContext, address: string): Socket {
  const [host, port] = address.split(':')
  const socket = connect(Number(port), host)
  t.after(() => socket.destroy())
  return socket.on('error', () => {})
}
