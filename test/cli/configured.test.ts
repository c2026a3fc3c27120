import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { named } from '../proxy/http-talk.ts'
import { cli, curl, type Ended, listening, piloti, ran, start } from '../support/command.ts'

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Replaces a file as a careful writer does. */
function rewrite(path: string, text: string): void {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}

const fileOf = (...ports: readonly number[]): string =>
  `listen: 127.0.0.1:0\nadmin: unix:admin.sock\nbackends: [${ports.map((port) => `:${port}`).join()}]\n`

const timeout = 60_000

describe('piloti proxy with a file', { timeout }, () => {
  it('runs as it says, is steered, and reloads', async (t) => {
    const [a, b] = [await named(t, 'a'), await named(t, 'b')]
    const folder = folderOf(t)
    const path = join(folder, 'piloti.yaml')
    rewrite(path, fileOf(a))
    const command = piloti(t, ['proxy', '-c', path, '--json'])
    const { address } = await listening(command)
    const hear = (): Promise<string> => curl(`http://${address}`)
    assert.equal(await hear(), 'a')
    const steer = async (...args: readonly string[]): Promise<Ended> =>
      ran(t, [...args, '--admin', `unix:${join(folder, 'admin.sock')}`])
    const orders = async (lines: readonly (readonly [string, RegExp])[]): Promise<void> => {
      for (const [order, says] of lines) {
        const { code, stderr, stdout } = await steer(...order.split(' '))
        assert.match(stdout, says)
        assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
      }
    }

    await orders([
      [`add :${b}`, new RegExp(`^\\+ backend 127\\.0\\.0\\.1:${b} \\(pool default\\)\n$`)],
      [`weight :${b} 3`, new RegExp(`^backend 127\\.0\\.0\\.1:${b} is \\w+.*, weight \\d`)],
      [`drain :${a}`, /is draining \(asked to drain\), weight 1\n$/],
      ['status', new RegExp(`^listener default: http at ${address}, .*\n\npool default: .*\n`)],
      ['status', new RegExp(`127\\.0\\.0\\.1:${a} +draining +1 .*asked to drain\n`)],
    ])
    assert.equal(await hear(), 'b')
    const { pools } = JSON.parse((await steer('status', '--json')).stdout)
    assert.equal(pools.default.backends[1].fullWeight, 3)
    await orders([
      [`ready :${a}`, /is up, weight 1\n$/],
      ['strategy least-connections', /^~ pool default strategy round-robin→least-connections\n$/],
      [
        `remove :${b}`,
        new RegExp(`^- backend 127\\.0\\.0\\.1:${b}, drained \\(pool default\\)\n$`),
      ],
      // What was ordered holds until the file says something else of it.
      ['reload', /^nothing is different\n$/],
      ['status', /\n\npool default: least-connections\n/],
    ])
    const lost = await steer('drain', `:${b}`)
    assert.match(lost.stderr, /^piloti: unknown backend ':\d+': one of 127\.0\.0\.1:\d+/)
    assert.equal(lost.code, 1)

    rewrite(path, fileOf(a, b))
    assert.match(await command.line(/changed\): \+ backend/), /"event":"reload_ok"/)
    rewrite(path, fileOf(b))
    command.kill('SIGHUP')
    assert.match(await command.line(/- backend/), /"event":"reload_ok"/)
    assert.equal(await hear(), 'b')

    rewrite(path, 'listn: :1\n')
    const { code, stderr } = await steer('reload')
    assert.match(
      stderr,
      /^piloti: .*piloti\.yaml:1:1: unknown key 'listn' \(did you mean listen\?\)/,
    )
    assert.equal(code, 3)
    command.kill('SIGHUP')
    assert.match(await command.line(/reload_rejected.*SIGHUP/), /unknown key 'listn'/)
    assert.equal(await hear(), 'b')
    command.kill('SIGTERM')
    assert.equal((await command.ended).code, 0)
    assert.equal((await steer('status')).code, 5)
  })

  it('finds it as piloti.yaml, when it is told no backend', async (t) => {
    const folder = folderOf(t)
    const port = await named(t, 'a')
    writeFileSync(join(folder, 'piloti.yaml'), fileOf(port))
    const line = `cd '${folder}' && exec "${process.execPath}" "${cli}" proxy --json`
    const command = start(t, '/bin/sh', ['-c', line])
    assert.equal(await curl(`http://${(await listening(command)).address}`), 'a')
    const { code, stderr } = await ran(t, ['proxy', '-c', join(folder, 'no.yaml')])
    assert.match(stderr, /no\.yaml/)
    assert.equal(code, 3)
  })
})

describe('piloti proxy with flags', { timeout, concurrency: 3 }, () => {
  it('finds backends in a file, and asks them as told', async (t) => {
    const file = join(folderOf(t), 'servers.txt')
    const port = await named(t, 'a')
    writeFileSync(file, `127.0.0.1:${port}\n`)
    const flags = ['--backends-file', file, '--health', 'http:/health', '--admin', 'off']
    const command = piloti(t, ['proxy', ...flags, '-l', ':0', '--json'])
    const { address } = await listening(command)
    assert.equal(await curl(`http://${address}`), 'a')
    command.kill('SIGUSR2')
    const { state } = JSON.parse(await command.line(/"event":"snapshot"/))
    assert.equal(state.pools.default.backends[0].health, 'up')
  })

  it('takes a strategy from a file, and does without it when it throws', async (t) => {
    const folder = folderOf(t)
    const ports = [await named(t, 'a'), await named(t, 'b')]
    const mine = join(folder, 'mine.ts')
    const text = `
      interface Candidate { readonly id: string }
      let picks = 0
      export default {
        name: 'mine',
        pick: (candidates: readonly Candidate[], key: string): Candidate => {
          if (++picks > 3) throw new Error('no more')
          return candidates.at(-1)!
        },
      }`
    writeFileSync(mine, text)
    const targets = ports.map((port) => `:${port}`)
    const options = ['--health', 'off', '--admin', 'off', '-l', ':0', '--json']
    const command = piloti(t, ['proxy', ...targets, '--strategy', mine, ...options])
    const { address } = await listening(command)
    const heard: string[] = []
    for (let nth = 0; nth < 4; nth++) heard.push(await curl(`http://${address}`))
    assert.deepEqual(heard.slice(0, 2), ['b', 'b'])
    assert.match(await command.line(/strategy_fault/), /threw: no more: round-robin picks from/)
    const next = [await curl(`http://${address}`), await curl(`http://${address}`)]
    assert.deepEqual(next.sort(), ['a', 'b'])
  })

  it('ends with 4 when the admin address that was asked for is taken', async (t) => {
    const port = await named(t, 'I was here first')
    const args = ['proxy', ':1', '-l', ':0', '--health', 'off', '--admin', `127.0.0.1:${port}`]
    const { code, stderr } = await ran(t, args)
    assert.match(stderr, /cannot listen on 127\.0\.0\.1:\d+: it is in use/)
    assert.equal(code, 4)
  })

  it('cannot be steered when nobody is there: 5', async (t) => {
    const { code, stdout, stderr } = await ran(t, ['status', '--admin', '127.0.0.1:1'])
    assert.match(
      stderr,
      /^piloti: cannot reach piloti at 127\.0\.0\.1:1: ECONNREFUSED; is it running/,
    )
    assert.deepEqual({ code, stdout }, { code: 5, stdout: '' })
  })
})
