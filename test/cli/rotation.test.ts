import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { Agent, get } from 'node:http'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { named } from '../proxy/http-talk.ts'
import { listening, piloti } from '../support/command.ts'
import { until } from '../support/proxied.ts'

const isThere = spawnSync('logrotate', ['--version']).error === undefined
const needs = { timeout: 120_000, skip: isThere ? false : 'logrotate is not installed' }
const rotations = 4

/** deploy/logrotate for this log and this process, as whoever runs the test. */
function rotationFor(folder: string, log: string, pid: number): string {
  const { username } = userInfo()
  const group = spawnSync('id', ['-gn'], { encoding: 'utf8' }).stdout.trim()
  const text = readFileSync('deploy/logrotate', 'utf8')
    .replace('/var/log/piloti/access.log', log)
    .replaceAll('piloti piloti', `${username} ${group}`)
    .replace(/systemctl kill --kill-whom=main --signal=SIGUSR1 .*/, `kill -s USR1 ${pid}`)
  assert.ok(text.includes(`kill -s USR1 ${pid}`))
  const file = join(folder, 'rotation')
  writeFileSync(file, text, { mode: 0o644 })
  return file
}

/** Eight clients that ask for `/0`, `/1` and so on without end; all were answered once `stop` has. */
function traffic(t: TestContext, address: string): { stop(): Promise<number> } {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  t.after(() => agent.destroy())
  let [asked, isOver] = [0, false]
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      get(`http://${address}/${asked++}`, { agent }, (response) => {
        response.resume().on('end', resolve)
      }).on('error', reject)
    })
  const client = async (): Promise<void> => {
    while (!isOver) await ask()
  }
  const clients = Promise.all(Array.from({ length: 8 }, client))
  return {
    async stop() {
      isOver = true
      await clients
      return asked
    },
  }
}

/** The paths in a log, compressed or not, that ends with a whole line. */
function pathsIn(file: string): string[] {
  const bytes = readFileSync(file)
  const text = String(file.endsWith('.gz') ? gunzipSync(bytes) : bytes)
  assert.ok(text.endsWith('\n'), file)
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).path)
}

describe('rotating the access log of a running piloti', needs, () => {
  it('loses no line, doubles none and splits none, while clients ask', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'piloti-rotation-'))
    t.after(() => rmSync(folder, { recursive: true }))
    chmodSync(folder, 0o755)
    const log = join(folder, 'access.log')
    const flags = ['--listen', '127.0.0.1:0', '--admin', 'off', '--json', '--access-log', log]
    const command = piloti(t, ['proxy', `:${await named(t, 'a')}`, ...flags])
    const { address } = await listening(command)
    const rotation = rotationFor(folder, log, command.pid)
    const { stop } = traffic(t, address)
    for (let round = 0; round < rotations; round++) {
      // What is empty is not rotated.
      await until(() => statSync(log).size > 0)
      const reopened = command.line(/"event":"reopen"/)
      await promisify(execFile)('logrotate', [
        ...['--force', '--state', join(folder, 'state'), rotation],
      ])
      await reopened
    }
    const asked = await stop()
    command.kill('SIGTERM')
    assert.equal((await command.ended).code, 0)
    const files = readdirSync(folder).filter((name) => name.startsWith('access.log'))
    assert.deepEqual(files.sort(), [
      ...['access.log', 'access.log.1', 'access.log.2.gz', 'access.log.3.gz', 'access.log.4.gz'],
    ])
    const paths = files.flatMap((name) => pathsIn(join(folder, name)))
    assert.deepEqual(
      paths.map((path) => Number(path.slice(1))).sort((a, b) => a - b),
      Array.from({ length: asked }, (_, i) => i),
    )
  })
})
