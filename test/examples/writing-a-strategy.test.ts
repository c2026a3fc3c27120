import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { start } from '../support/command.ts'
import { blocksOf, compile, installed } from './guide.ts'

/** The blocks between the contract and the file, as one program. */
async function program(): Promise<string> {
  const blocks = (await blocksOf('writing-a-strategy')).filter(
    (block) => !/^(?:interface|export default)/.test(block),
  )
  assert.equal(blocks.length, 3)
  return blocks.join('\n')
}

describe('the guide to writing a strategy', () => {
  it('is a program that the compiler takes', async (t) => {
    assert.equal(await compile(await installed(t, await program())), '')
  })

  it('is a program that says what it compares, and who is left out', async (t) => {
    const more = `
      const id = '127.0.0.1:5000'
      pool.lease('')
      console.log('now', pool.survey('').considered[0].score)
      pool.drain(id)
      console.log('out', pool.survey('').considered[0].leftOut)
      await proxy.close(0)
    `
    const folder = await installed(t, (await program()) + more)
    const tsx = import.meta.resolve('tsx')
    const command = start(t, process.execPath, ['--import', tsx, join(folder, 'guide.ts')])
    await command.line(/^127\.0\.0\.1:5000 scores 1$/)
    await command.line(/^now 2$/)
    await command.line(/^out draining: asked to drain$/)
  })
})
