import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { IdleConnections, type Reusable } from '../../src/net/reuse.ts'
import { Sweep } from '../../src/net/sweep.ts'

class Connection implements Reusable {
  idleUntilMs = 1_000
  isOpen = true
  destroy(): void {
    this.isOpen = false
  }
}

function make(perBackendMax = 3): { idle: IdleConnections<string, Connection>; sweep: Sweep } {
  const sweep = new Sweep()
  sweep.nowMs = 0
  return { idle: new IdleConnections(sweep, perBackendMax), sweep }
}

describe('idle connections', () => {
  it('gives the last one first, and only to whom it belongs', () => {
    const { idle } = make()
    const [a, b] = [new Connection(), new Connection()]
    idle.put('x', a)
    idle.put('x', b)
    assert.equal(idle.take('y'), undefined)
    assert.equal(idle.take('x'), b)
    assert.equal(idle.take('x'), a)
    assert.equal(idle.take('x'), undefined)
    idle.clear()
  })

  it('ends the oldest when there are too many', () => {
    const { idle } = make(2)
    const all = [new Connection(), new Connection(), new Connection()]
    for (const connection of all) idle.put('x', connection)
    assert.deepEqual(
      all.map(({ isOpen }) => isOpen),
      [false, true, true],
    )
    assert.equal(idle.count, 2)
    idle.clear()
    assert.ok(all.every(({ isOpen }) => !isOpen))
  })

  it('ends the oldest also when there are as many as were ever needed', () => {
    const { idle } = make()
    const all = [new Connection(), new Connection()]
    for (const connection of all) idle.put('x', connection, 1)
    assert.deepEqual([all[0]?.isOpen, idle.take('x')], [false, all[1]])
    idle.clear()
  })

  it('ends those of one backend, and keeps the others', () => {
    const { idle } = make()
    const [a, b, other] = [new Connection(), new Connection(), new Connection()]
    idle.put('x', a)
    idle.put('x', b)
    idle.put('y', other)
    idle.drop('x')
    idle.drop('nobody')
    assert.deepEqual([a.isOpen, b.isOpen, other.isOpen], [false, false, true])
    assert.equal(idle.count, 1)
    // What ends tells so, and that changes nothing.
    idle.remove('x', a)
    idle.put('x', new Connection())
    assert.equal(idle.count, 2)
    idle.clear()
  })

  it('ends those that have waited long enough, and gives none that has ended', () => {
    const { idle, sweep } = make()
    const [old, young, closed] = [new Connection(), new Connection(), new Connection()]
    young.idleUntilMs = 2_000
    for (const connection of [old, young, closed]) idle.put('x', connection)
    closed.isOpen = false
    sweep.nowMs = 1_000
    idle.expire()
    assert.equal(old.isOpen, false)
    assert.equal(idle.take('x'), young)
    assert.equal(idle.take('x'), undefined)
    idle.clear()
  })

  it('never gives one that is closed or given already, whatever happens', () => {
    const step = fc.oneof(
      fc.record({ put: fc.constantFrom('x', 'y') }),
      fc.record({ take: fc.constantFrom('x', 'y') }),
      fc.record({ lose: fc.nat(9) }),
      fc.record({ passMs: fc.nat(700) }),
    )
    const property = fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { idle, sweep } = make()
      const kept = new Map<Connection, string>()
      for (const what of steps) {
        if ('put' in what) {
          const connection = new Connection()
          connection.idleUntilMs = sweep.nowMs + 1_000
          kept.set(connection, what.put)
          idle.put(what.put, connection)
        } else if ('take' in what) {
          const connection = idle.take(what.take)
          const open = [...kept].filter(([{ isOpen }, key]) => isOpen && key === what.take)
          assert.equal(connection, open.at(-1)?.[0])
          if (connection !== undefined) kept.delete(connection)
        } else if ('lose' in what) {
          const [connection, key] = [...kept][what.lose] ?? []
          if (connection === undefined || !connection.isOpen) continue
          connection.destroy()
          idle.remove(key!, connection)
        } else {
          sweep.nowMs += what.passMs
          idle.expire()
          for (const { isOpen, idleUntilMs } of kept.keys()) {
            assert.ok(!isOpen || idleUntilMs > sweep.nowMs)
          }
        }
        for (const key of ['x', 'y']) {
          const open = [...kept].filter(([{ isOpen }, owner]) => isOpen && owner === key)
          assert.ok(open.length <= 3)
        }
      }
      idle.clear()
      assert.equal(idle.count, 0)
    })
    fc.assert(property)
  })
})
