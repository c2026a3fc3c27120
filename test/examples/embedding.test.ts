import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { start } from '../support/command.ts'
import { blocksOf, compile, installed } from './guide.ts'
import { named } from './http-server.ts'

/** All blocks of the guide as one program. */
async function program(): Promise<string> {
  const blocks = await blocksOf('embedding')
  assert.ok(blocks.length > 5, `${blocks.length} blocks`)
  return blocks.join('\n')
}

describe('the guide to embedding', () => {
  it('is a program that the compiler takes', async (t) => {
    assert.equal(await compile(await installed(t, await program())), '')
  })

  it('is a program that runs', async (t) => {
    const [a, b] = [await named(t, 'a'), await named(t, 'a')]
    const here = (await program())
      .replace('3001', `${a}`)
      .replace('3002', `${b}`)
      .replace('8080', '0')
    const folder = await installed(t, `${here}\nconsole.log('asked:', await ask('/x'))\n`)
    const tsx = import.meta.resolve('tsx')
    const command = start(t, process.execPath, ['--import', tsx, join(folder, 'guide.ts')])
    await command.line(/^127\.0\.0\.1:\d+ up 0 0$/)
    await command.line(/^a$/)
    await command.line(/^asked: a$/)
    command.kill('SIGTERM')
    await command.line(/^0 connections were broken off$/)
  })
})
