import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silent } from '../../src/base/log.ts'
import { Sweep } from '../../src/net/sweep.ts'
import { Failures } from '../../src/proxy/failures.ts'
import { deadPort } from '../support/backends.ts'
import { fronted, get, say } from './http-talk.ts'

function recorded(): { failures: Failures; sweep: Sweep; told: () => string[] } {
  const lines: string[] = []
  const sweep = new Sweep()
  const warn = (event: string, sentence: string): void => void lines.push(`${event} ${sentence}`)
  const failures = new Failures({ ...silent, warn }, sweep)
  return { failures, sweep, told: () => lines.splice(0) }
}

const fields = (code: string, backend: string) => ({ code, backend, retries: 2 })

describe('failures', () => {
  it('are told at first by code and backend, and then counted', () => {
    const { failures, sweep, told } = recorded()
    const [a, b] = [fields('BACKEND_CONNECT', 'a'), fields('BACKEND_CONNECT', 'b')]
    for (const each of [a, a, b, a, fields('BACKEND_RESET', 'a')]) failures.tell('broken', each)
    assert.deepEqual(told(), Array(3).fill('request_failed broken'))
    sweep.nowMs += 10_001
    failures.expire()
    assert.deepEqual(told(), ['request_failed 2 more failed like it, the last: broken'])
    failures.tell('again', a)
    assert.deepEqual(told(), [], 'its ten seconds have begun anew')
    failures.tell('again', b)
    assert.deepEqual(told(), ['request_failed again'])
    failures.end()
    assert.deepEqual(told(), ['request_failed 1 more failed like it, the last: again'])
    assert.equal(failures.sweepSlot, -1)
  })

  it('are of so many kinds at the most', () => {
    const { failures, told } = recorded()
    for (let i = 0; i < 5_000; i++) failures.tell('broken', fields('BACKEND_CONNECT', `${i}`))
    assert.equal(told().length, 1_024)
    failures.end()
  })

  it('of backends that are all down do not flood the log', async (t) => {
    const { proxy, told } = await fronted(t, [await deadPort(), await deadPort()])
    for (let i = 0; i < 30; i++) assert.match((await say(proxy, get())).text, / 502 /)
    assert.ok(told('request_failed').length <= 2)
    await proxy.close()
    const counts = told('request_failed').map((line) => Number(line.fields.count ?? 1))
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      30,
    )
  })
})
