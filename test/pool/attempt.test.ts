import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ErrorCode, PilotiError } from '../../src/base/errors.ts'
import { attempt, attemptEach } from '../../src/pool/attempt.ts'
import type { Lease } from '../../src/pool/lease.ts'
import { Pool } from '../../src/pool/pool.ts'
import { roundRobin } from '../../src/strategies/round-robin.ts'

/** Backends `h:1` …, and work that fails with the codes given, one after the other, then succeeds. */
function setUp(count: number, ...codes: ErrorCode[]) {
  const specs = Array.from({ length: count }, (_, i) => ({ address: { host: 'h', port: i + 1 } }))
  const pool = new Pool(specs, roundRobin())
  const tried: string[] = []
  const work = async (lease: Lease): Promise<Lease> => {
    tried.push(lease.backend.id)
    const code = codes[tried.length - 1]
    if (code !== undefined) throw new PilotiError(code, `${lease.backend.id}: ${code}`)
    lease.connected()
    return lease
  }
  const sum = (counter: 'active' | 'failed' | 'aborted'): number =>
    pool.view().backends.reduce((total, view) => total + view[counter], 0)
  return { pool, tried, work, sum }
}

const refused = 'BACKEND_CONNECT'

describe('attempt', () => {
  it('leaves the lease of the work that succeeded to its caller', async () => {
    const { pool, work, sum } = setUp(2)
    const lease = await attempt(pool, 'key', work)
    assert.equal(sum('active'), 1)
    lease.release('ok')
    assert.equal(sum('active'), 0)
  })

  it('tries another backend after a failure of the first, and tells of it', async () => {
    const { pool, tried, work, sum } = setUp(3, refused, 'BACKEND_CONNECT_TIMEOUT')
    const retries: string[] = []
    await attempt(pool, 'key', work, { onRetry: ({ message }) => retries.push(message) })
    assert.deepEqual(tried, ['h:1', 'h:2', 'h:3'])
    assert.deepEqual(retries, ['h:1: BACKEND_CONNECT', 'h:2: BACKEND_CONNECT_TIMEOUT'])
    assert.deepEqual([sum('active'), sum('failed')], [1, 2])
  })

  it('gives up after the retries allowed, with the last failure', async () => {
    const { pool, tried, work, sum } = setUp(5, refused, refused, refused, refused)
    const retries: PilotiError[] = []
    const attempted = attempt(pool, 'key', work, { onRetry: (error) => retries.push(error) })
    await assert.rejects(attempted, { message: 'h:3: BACKEND_CONNECT' })
    assert.equal(tried.length, 3)
    assert.equal(retries.length, 2)
    assert.deepEqual([sum('active'), sum('failed')], [0, 3])
  })

  it('tries once when no retry is allowed', async () => {
    const { pool, tried, work } = setUp(2, refused)
    await assert.rejects(attempt(pool, 'key', work, { retriesMax: 0 }), { code: refused })
    assert.equal(tried.length, 1)
  })

  it('fails as the last backend did when no other is left', async () => {
    const { pool, work } = setUp(2, refused, refused)
    await assert.rejects(attempt(pool, 'key', work), { message: 'h:2: BACKEND_CONNECT' })
  })

  it('fails with NO_BACKEND when none may take work', async () => {
    const { pool, tried, work } = setUp(0)
    await assert.rejects(attempt(pool, 'key', work), { code: 'NO_BACKEND' })
    assert.equal(tried.length, 0)
  })

  it('blames no backend for what another could not help, and stops', async () => {
    const { pool, tried, work, sum } = setUp(2, 'OUT_OF_SOCKETS')
    await assert.rejects(attempt(pool, 'key', work), { code: 'OUT_OF_SOCKETS' })
    assert.equal(tried.length, 1)
    assert.deepEqual([sum('active'), sum('failed'), sum('aborted')], [0, 0, 1])
    assert.ok(pool.view().backends.every(({ health }) => health === 'up'))
  })

  it('releases the lease when the work fails in a way nobody foresaw', async () => {
    const { pool, sum } = setUp(1)
    const work = async (): Promise<never> => {
      throw new TypeError('a bug')
    }
    await assert.rejects(attempt(pool, 'key', work), TypeError)
    assert.deepEqual([sum('active'), sum('aborted')], [0, 1])
  })
})

describe('attemptEach', () => {
  it('waits in line while all are full, when told who keeps the time', () => {
    const address = { host: 'h', port: 1 }
    const pool = new Pool([{ address, maxConnections: 1 }], roundRobin())
    const heard: string[] = []
    const held: Lease[] = []
    const begin = (key: string, isPatient = true): (() => void) => {
      let leave = (): void => {}
      const work = (lease: Lease): void => void held.push(lease)
      const giveUp = ({ code, message }: PilotiError): void => {
        heard.push(`${key}: ${code} ${message}`)
      }
      const onWait = (gone: () => void): void => {
        heard.push(`${key} waits`)
        leave = gone
      }
      attemptEach(pool, key, work, giveUp, isPatient ? { onWait } : {})
      return () => leave()
    }
    begin('a')
    const leave = begin('b')
    begin('c')
    begin('d', false)
    assert.deepEqual(heard, ['b waits', 'c waits', 'd: BACKENDS_FULL all backends are full'])
    assert.equal(pool.queued, 2)
    leave()
    held[0]!.release('ok')
    assert.deepEqual([held.length, pool.queued], [2, 0])
    held[1]!.release('ok')
    assert.equal(held.length, 2)
  })

  it('does not wait when nobody is merely full', () => {
    const pool = new Pool([], roundRobin())
    let told = ''
    const giveUp = ({ code, message }: PilotiError): void => {
      told = `${code} ${message}`
    }
    attemptEach(pool, '', assert.fail, giveUp, { onWait: () => assert.fail() })
    assert.equal(told, 'NO_BACKEND the pool has no backend')
  })
})
