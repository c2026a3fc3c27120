import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { type Expiring, Sweep } from '../../src/net/sweep.ts'
import { backTo, held } from './leaks.ts'

/** An item that expires after `ms`, unwatched then, and the promise that it has. */
function item(sweep: Sweep, ms: number, then = () => {}): Expiring & { expired: Promise<number> } {
  let expire = (): void => {}
  const expired = new Promise<number>((resolve) => {
    expire = () => {
      sweep.delete(watched)
      then()
      resolve(performance.now())
    }
  })
  const watched = { deadlineMs: 0, sweepSlot: -1, expire: () => expire(), expired }
  sweep.add(watched)
  watched.deadlineMs = sweep.nowMs + ms
  return watched
}

describe('a sweep', () => {
  // A sweep does not keep the process alive.
  const alive = setInterval(() => {}, 60_000)
  after(() => clearInterval(alive))

  it('expires what is due, each once, never early, and stops its timer', async () => {
    const before = held()
    const sweep = new Sweep()
    const startMs = performance.now()
    const waitsMs = [0, 300, 20, 100, 300]
    const ends = await Promise.all(waitsMs.map((ms) => item(sweep, ms).expired))
    for (const [i, endMs] of ends.entries()) assert.ok(endMs - startMs >= waitsMs[i]!, `${i}`)
    await backTo(before)
  })

  it('lets a deadline be moved, and an item be taken out', async () => {
    const sweep = new Sweep()
    const moved = item(sweep, 0)
    const deleted = item(sweep, 0)
    const isExpired = { deleted: false }
    void deleted.expired.then(() => {
      isExpired.deleted = true
    })
    moved.deadlineMs += 600
    sweep.delete(deleted)
    sweep.delete(deleted)
    const startMs = performance.now()
    assert.ok((await moved.expired) - startMs >= 600 - 5)
    assert.equal(isExpired.deleted, false)
  })

  it('misses none when what expires takes others out', async () => {
    const sweep = new Sweep()
    const items: ReturnType<typeof item>[] = []
    for (let i = 0; i < 30; i++) {
      // Every third takes its neighbour below out.
      items.push(item(sweep, 0, () => (i % 3 === 2 ? sweep.delete(items[i - 1]!) : undefined)))
    }
    await Promise.all(items.filter((_, i) => i % 3 !== 1).map(({ expired }) => expired))
    assert.ok(items.every(({ sweepSlot }) => sweepSlot === -1))
  })
})
