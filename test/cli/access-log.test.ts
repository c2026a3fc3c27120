import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { greeter } from '../support/backends.ts'
import { curl, listening, piloti, ran } from '../support/command.ts'
import { until } from '../support/proxied.ts'
import { up } from '../support/up.ts'

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'piloti-access-log-'))
  t.after(() => rmSync(made, { recursive: true, force: true }))
  return made
}

const anyPort = ['--listen', '127.0.0.1:0', '--json', '--admin', 'off', '--health', 'off']

describe('--access-log', { concurrency: 4, timeout: 30_000 }, () => {
  it('writes what piloti simulate reads', async (t) => {
    const log = join(folder(t), 'access.log')
    const { command, told } = await up(t, '-n', '2', '--admin', 'off', '--access-log', log)
    for (let digits = 1; digits <= 20; digits++) await curl(`http://${told.address}/${digits}`)
    command.kill('SIGTERM')
    assert.equal((await command.ended).code, 0)
    const entries = readFileSync(log, 'utf8').trim().split('\n')
    assert.deepEqual(JSON.parse(entries[0]!).pool, 'default')
    const { code, stderr, stdout } = await ran(t, ['simulate', '--json', '-s', 'random', log])
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    assert.equal(JSON.parse(stdout).requests, 20)
  })

  it('opens the file again at SIGUSR1', async (t) => {
    const log = join(folder(t), 'access.log')
    const command = piloti(t, ['proxy', ':1', ...anyPort, '--access-log', log])
    const { address } = await listening(command)
    await curl(`http://${address}/1`)
    renameSync(log, `${log}.0`)
    command.kill('SIGUSR1')
    await command.line(/"event":"reopen"/)
    await curl(`http://${address}/2`)
    command.kill('SIGTERM')
    await command.ended
    const lines = [`${log}.0`, log].map((file) => readFileSync(file, 'utf8')).join('')
    assert.deepEqual(
      lines
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).path),
      ['/1', '/2'],
    )
  })

  it('goes to standard output, in mode tcp too', async (t) => {
    const port = await greeter(t, 'hello')
    const command = piloti(t, ['proxy', `:${port}`, ...anyPort, '-m', 'tcp', '--access-log', '-'])
    const { address } = await listening(command)
    await curl('--http0.9', `http://${address}/`)
    const { end, responseBytes } = JSON.parse(await command.line(/"durationMs"/))
    assert.deepEqual([end, responseBytes], ['finished', 5])
  })

  it('is told by a configuration file, whose folder it is in; flags go before that', async (t) => {
    const place = folder(t)
    const file = join(place, 'piloti.yaml')
    writeFileSync(
      file,
      "listen: 127.0.0.1:0\nadmin: 'off'\nbackends: [':1']\nhealth: 'off'\naccessLog: { file: a.log, sample: 1% }\n",
    )
    const more = ['--access-log-format', 'timing', '--json']
    const command = piloti(t, ['proxy', '-c', file, ...more])
    const { address } = await listening(command)
    await curl(`http://${address}/a`)
    await until(() => readFileSync(join(place, 'a.log'), 'utf8').includes('"GET /a HTTP/1.1" 50'))
  })

  it('ends with 9 when the file cannot be written, before anything listens', async (t) => {
    const log = join(folder(t), 'no', 'access.log')
    const { code, stdout, stderr } = await ran(t, ['proxy', ':1', ...anyPort, '--access-log', log])
    assert.deepEqual([code, stdout], [9, ''])
    assert.ok(stderr.includes(`cannot write the access log '${log}': ENOENT`), stderr)
  })

  it('is needed by what says how its lines look', async (t) => {
    const { code, stderr } = await ran(t, ['proxy', ':1', '--access-log-format', 'timing'])
    assert.equal(code, 2)
    assert.match(stderr, /--access-log-format.* is for --access-log FILE/)
  })
})
