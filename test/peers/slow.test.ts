import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import { start } from '../support/command.ts'
import { up } from '../support/up.ts'

const skip = existsSync('/usr/bin/slowhttptest') ? false : 'slowhttptest is not installed'
const seconds = 3

const attacks = {
  'slow heads': ['-H', '-i', '1'],
  'slow bodies': ['-B', '-i', '1', '-s', '8192'],
  'slow reading': ['-X', '-w', '10', '-y', '20', '-n', '1', '-z', '1'],
  'many ranges': ['-R', '-a', '10', '-b', '3000'],
}

/** How long `count` requests take, one after the other. */
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
  return took
}

/** Whoever is held up by an attack waits until it is over. */
const heldUpMs = (seconds * 1_000) / 2

describe('slow clients', { timeout: 60_000, skip }, () => {
  for (const [name, flags] of Object.entries(attacks)) {
    it(`do not keep others from being served: ${name}`, async (t) => {
      const { told } = await up(t, '-n', '2')
      const url = `http://${told.address}/10`
      const args = ['-c', '200', '-r', '400', '-l', String(seconds), '-u', url, ...flags]
      const attack = start(t, 'slowhttptest', args)
      let isOver = false
      const over = attack.ended.then(() => {
        isOver = true
      })
      const took: number[] = []
      while (!isOver) took.push(...(await times(t, url, 20)))
      await over
      const slowestMs = Math.max(...took)
      assert.ok(slowestMs < heldUpMs, `the slowest of ${took.length} took ${slowestMs} ms`)
    })
  }
})
