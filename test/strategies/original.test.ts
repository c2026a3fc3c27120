import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createStrategy } from '../../src/strategies/index.ts'
import { poolOf } from './laws.ts'

/**
 * Picks eight times, every 100 ms, and writes down who was picked.
 *
 * @param finishes after which pick (from 1) the oldest unfinished work of whom ends.
 */
function play(name: string, finishes: Readonly<Record<number, string>> = {}): string {
  let nowMs = 0
  const pool = poolOf(
    4,
    ({ now }) => createStrategy(name, { now, random: () => 0 }),
    () => nowMs,
  )
  const unfinished: { name: string; end(): void }[] = []
  let picked = ''
  for (let pick = 1; pick <= 8; pick++) {
    const startMs = nowMs
    const lease = pool.lease('client')!
    const backend = 'ABCD'[pool.view().backends.findIndex(({ id }) => id === lease.backend.id)]!
    unfinished.push({ name: backend, end: () => lease.release('ok', nowMs - startMs) })
    picked += backend
    const oldest = unfinished.findIndex((work) => work.name === finishes[pick])
    assert.ok(oldest >= 0 || finishes[pick] === undefined, `${finishes[pick]} holds no work`)
    if (oldest >= 0) unfinished.splice(oldest, 1)[0]!.end()
    nowMs += 100
  }
  return picked
}

/**
 * With two differences. It gave all ties to the first of them (`ABCDAADC` by least connections); here they
 * take turns. And whoever was not measured counted as 0 ms however much work it held (`ABCDABCB` by least
 * response time); here it does so for one piece of work.
 */
describe('the sequences of the original system', () => {
  it('n-to-1 takes the first', () => {
    assert.equal(play('n-to-1'), 'AAAAAAAA')
    assert.equal(play('n2one', { 1: 'A', 4: 'A' }), 'AAAAAAAA')
  })

  it('round-robin takes each in turn, whatever ends', () => {
    assert.equal(play('round-robin'), 'ABCDABCD')
    assert.equal(play('RoundRobin', { 2: 'B', 3: 'A', 5: 'A', 6: 'D', 7: 'C' }), 'ABCDABCD')
  })

  it('least-connections takes who holds the least', () => {
    assert.equal(play('least-connections'), 'ABCDABCD')
    assert.equal(play('LeastConnections', { 5: 'A', 6: 'D', 7: 'C', 8: 'A' }), 'ABCDABDC')
  })

  it('least-response-time tries each, then takes the promptest', () => {
    assert.equal(play('least-response-time'), 'ABCDABCD')
    assert.equal(play('least-response-time', { 5: 'A', 6: 'D', 7: 'C' }), 'ABCDABDC')
  })
})
