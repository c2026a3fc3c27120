import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Log, LogFields } from '../../src/base/log.ts'
import { announce } from '../../src/pool/announce.ts'
import type { BackendSpec } from '../../src/pool/backend.ts'
import { Pool } from '../../src/pool/pool.ts'
import { nToOne } from '../../src/strategies/n-to-1.ts'

const spec = (port: number): BackendSpec => ({ address: { host: 'h', port } })

function announced(count: number): { pool: Pool; told: () => string[]; stop: () => void } {
  const specs = Array.from({ length: count }, (_, nth) => spec(nth + 1))
  const pool = new Pool(specs, nToOne(), { now: () => 0 })
  const lines: string[] = []
  const to =
    (level: string) =>
    (event: string, sentence: string, fields: LogFields = {}) =>
      void lines.push(`${level} ${event}: ${sentence} ${JSON.stringify(fields)}`)
  const log: Log = { debug: to('debug'), info: to('info'), warn: to('warn'), error: to('error') }
  const stop = announce(pool, log)
  return { pool, told: () => lines.splice(0), stop }
}

const rules = { rise: 1, fall: 1 }
const well = { isWell: true, reason: '', hasAnswered: true }
const ill = { isWell: false, reason: 'it said 500', hasAnswered: true }

describe('the log of a pool', () => {
  it('tells that a backend is down, and that it is up again', () => {
    const { pool, told } = announced(2)
    pool.lease('')!.release('failed', 1, 'refused')
    pool.report(pool.backends[0]!, well, rules)
    assert.deepEqual(told(), [
      'warn backend_down: backend h:1 is down (refused) {"backend":"h:1","reason":"refused"}',
      'info backend_up: backend h:1 is up {"backend":"h:1"}',
    ])
  })

  it('tells of ten alike at once, and then how many more', async () => {
    const { pool, told } = announced(1)
    pool.update(Array.from({ length: 5_000 }, (_, nth) => spec(nth + 1)))
    await Promise.resolve()
    const lines = told()
    assert.equal(lines.length, 11)
    const rest = 'info backend_added: the same of 4989 more backends {"count":4989}'
    assert.equal(lines.at(-1), rest)
    pool.update([spec(1)])
    await Promise.resolve()
    assert.equal(told().length, 11)
  })

  it('tells that a backend is ejected, and why', () => {
    const { pool, told } = announced(2)
    for (let nth = 0; nth < 5; nth++) {
      const lease = pool.lease('')!
      lease.connected()
      lease.release('failed', 1, 'a 503')
    }
    const [line, ...more] = told()
    assert.match(line!, /^warn backend_ejected: backend h:1 is ejected \(5 failures .*a 503\)/)
    assert.deepEqual(more, [])
  })

  it('tells which backends come and go, once they are gone', () => {
    const { pool, told } = announced(1)
    const lease = pool.lease('')!
    pool.update([spec(2)])
    assert.deepEqual(told(), [
      'info backend_added: backend h:2 is added {"backend":"h:2"}',
      'info drain_start: backend h:1 finishes its work and gets no more (removed) ' +
        '{"backend":"h:1","reason":"removed"}',
    ])
    lease.release('ok', 1)
    assert.deepEqual(told(), ['info backend_removed: backend h:1 is removed {"backend":"h:1"}'])
  })

  it('tells when a backend drains, and when it has', () => {
    const { pool, told } = announced(2)
    const lease = pool.lease('')!
    pool.drain('h:1')
    assert.match(told().join('\n'), /^info drain_start: backend h:1 .*$/)
    lease.release('ok', 1)
    assert.deepEqual(told(), [
      'info drain_done: backend h:1 has finished its work {"backend":"h:1"}',
    ])
  })

  it('tells when nobody is up and everybody gets work, and when that is over', () => {
    const { pool, told } = announced(2)
    for (const backend of pool.backends) pool.report(backend, ill, rules)
    const open = told().filter((line) => line.includes('fail_open'))
    assert.deepEqual(open, [
      'warn fail_open: no backend is up: each that does not drain may take work {}',
    ])
    pool.report(pool.backends[1]!, well, rules)
    const over = told().filter((line) => line.includes('fail_open'))
    assert.deepEqual(over, [
      'info fail_open_over: a backend is up again: only such may take work {}',
    ])
  })

  it('says no more when it is told to stop', () => {
    const { pool, told, stop } = announced(1)
    stop()
    pool.drain('h:1')
    assert.deepEqual(told(), [])
  })
})
