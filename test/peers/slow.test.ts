import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import { start } from '../support/command.ts'
import { up } from '../support/up.ts'

const skip = existsSync('/usr/bin/slowhttptest') ? false : 'slowhttptest is not installed'
const seconds = '3'

const attacks = {
  'slow heads': ['-H', '-i', '1'],
  'slow bodies': ['-B', '-i', '1', '-s', '8192'],
  'slow reading': ['-X', '-w', '10', '-y', '20', '-n', '1', '-z', '1'],
  'many ranges': ['-R', '-a', '10', '-b', '3000'],
}

/** How long `count` requests take, one after the other, in ascending order. */
async function times(t: TestContext, url: string, count: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const took: number[] = []
  while (took.length < count) {
    const startMs = performance.now()
    const status = await new Promise((resolve, reject) => {
      get(url, { agent }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode))
      }).on('error', reject)
    })
    assert.equal(status, 200)
    took.push(performance.now() - startMs)
  }
  return took.sort((a, b) => a - b)
}

const p99 = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length * 0.99)]!

describe('slow clients', { timeout: 60_000, skip }, () => {
  it('do not keep others from being served', async (t) => {
    const { told } = await up(t, '-n', '2')
    const url = `http://${told.address}/10`
    await times(t, url, 100)
    const quietMs = p99(await times(t, url, 200))
    for (const [name, flags] of Object.entries(attacks)) {
      const args = ['-c', '200', '-r', '400', '-l', seconds, '-u', url, ...flags]
      const attack = start(t, 'slowhttptest', args)
      let isOver = false
      const over = attack.ended.then(() => {
        isOver = true
      })
      const took: number[] = []
      while (!isOver) took.push(...(await times(t, url, 20)))
      await over
      const nowMs = p99(took.sort((a, b) => a - b))
      // A busy machine alone makes some tens of milliseconds.
      assert.ok(nowMs < Math.max(10 * quietMs, 100), `${name}: ${nowMs} ms, quiet ${quietMs} ms`)
    }
  })
})
