import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { deadPort } from '../support/backends.ts'
import { listening, piloti, ran } from '../support/command.ts'

describe('an order with --persist', { timeout: 60_000 }, () => {
  it('is done, and stands in the file', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'piloti.yaml')
    const text =
      '# mine\nlisten: 127.0.0.1:0\nhealth: off\nbackends:\n  - 127.0.0.1:1 # the first\n'
    writeFileSync(file, text)
    const admin = `127.0.0.1:${await deadPort()}`
    const server = piloti(t, ['proxy', '-c', file, '--admin', admin, '--json'])
    await listening(server)
    const order = async (...args: readonly string[]): Promise<string> => {
      const { code, stderr, stdout } = await ran(t, [...args, '--admin', admin, '--persist'])
      return code === 0 ? stdout.trim() : `${code} ${stderr.trim()}`
    }
    assert.equal(await order('add', ':2;weight=3'), '+ backend 127.0.0.1:2 (pool default)')
    assert.match(await order('weight', ':1', '5'), /is up, weight 5$/)
    assert.match(await order('drain', ':2'), /is draining/)
    const wanted = `${text.replace(':1 #', ':1;weight=5 #')}  - 127.0.0.1:2;weight=3;drain\n`
    assert.equal(readFileSync(file, 'utf8'), wanted)
    assert.match(await order('ready', ':2'), /is up, weight 3$/)
    assert.match(await order('remove', ':2'), /^- backend 127\.0\.0\.1:2/)
    assert.match(await order('remove', ':1'), /^3 piloti: /)
    assert.match(await order('remove', ':7'), /^1 piloti: unknown backend ':7'/)
    assert.equal(readFileSync(file, 'utf8'), text.replace(':1 #', ':1;weight=5 #'))
  })
})
