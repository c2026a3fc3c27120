import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { cli, listening, ran, start } from '../support/command.ts'

function strategyFile(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'piloti-crash-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'mine.mjs')
  writeFileSync(path, text)
  return path
}

const anyPort = ['--listen', '127.0.0.1:0', '--json', '--admin', 'off', '--health', 'off']

describe('what goes wrong outside of all work', { concurrency: 4, timeout: 60_000 }, () => {
  it('is one line of the log, and ends it with 1', async (t) => {
    const text = `let first
export default { name: 'x', pick(candidates) {
  first ??= setTimeout(() => { throw new Error('late') })
  return candidates[0]
} }`
    const { code, stderr } = await ran(t, ['proxy', ':1', ...anyPort, '-s', strategyFile(t, text)])
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === 'crashed')
    assert.deepEqual(
      lines.map(({ level, msg }) => [level, msg]),
      [['error', 'nobody caught: late']],
    )
    assert.equal(code, 1)
  })

  it('refuses a configuration with a strategy that never ends a pick with 3', async (t) => {
    const path = strategyFile(t, "export default { name: 'x', pick() { for (;;); } }")
    const file = join(path, '..', 'piloti.yaml')
    writeFileSync(file, 'backends: [:1]\nstrategy: ./mine.mjs\n')
    const { code, stderr } = await ran(t, ['proxy', '-c', file])
    assert.match(stderr, /piloti\.yaml:2:11: .*: its pick takes longer than 1000 ms\n$/)
    assert.equal(code, 3)
  })

  it('is 1 when what was found cannot be written', async () => {
    const child = spawn(process.execPath, [cli, 'check', '--no-resolve', 'piloti.example.yaml'], {
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    })
    assert.equal((await once(child, 'close'))[0], 1)
  })

  it('is no reload of standard input: that cannot be read again', async (t) => {
    const script = `printf 'backends: [:1]\\nlisten: 127.0.0.1:0\\nadmin: off\\n' |
      exec "$0" "$1" proxy --json -c -`
    const command = start(t, 'bash', [
      '-c',
      `set +m; shopt -s lastpipe; ${script}`,
      process.execPath,
      cli,
    ])
    const { pid } = await listening(command)
    process.kill(pid, 'SIGHUP')
    const line = JSON.parse(await command.line(/"event":"reload_rejected"/))
    assert.equal(line.msg, 'nothing has changed (SIGHUP): standard input cannot be read again')
    process.kill(pid, 'SIGTERM')
    assert.equal((await command.ended).code, 0)
  })
})
