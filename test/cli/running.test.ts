import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { BalancerSpec } from '../../src/balancer.ts'
import { type Running, type RunningOptions, startRunning } from '../../src/cli/running.ts'
import { askAt } from '../admin/steered.ts'
import { recorder, simple } from '../balancer/balanced.ts'
import { backTo, held } from '../net/leaks.ts'
import { backend, deadPort } from '../support/backends.ts'
import { until } from '../support/proxied.ts'

/** What a file would say, and what is written into it. */
interface Described {
  spec: BalancerSpec | Error
}

async function started(t: TestContext, described: Described, more: Partial<RunningOptions> = {}) {
  const { lines, log } = recorder()
  let changed = (): void => {}
  let isWatched = false
  const watch = (tell: () => void): (() => void) => {
    changed = tell
    isWatched = true
    return () => {
      isWatched = false
    }
  }
  const describeIt = async (): Promise<BalancerSpec> => {
    if (described.spec instanceof Error) throw described.spec
    return described.spec
  }
  const options = {
    graceMs: 0,
    admin: 'off',
    isAdminWanted: false,
    file: { name: 'f', watch },
  } as const
  const running: Running = await startRunning(describeIt, { ...options, ...more }, log)
  t.after(() => running.close())
  const told = (event: string): string[] =>
    lines.filter((line) => line.event === event).map(({ sentence }) => sentence)
  return { running, told, changed: () => changed(), isWatched: () => isWatched }
}

describe('what runs from a description', { timeout: 30_000 }, () => {
  it('is what it says now, after each reload', async (t) => {
    const described: Described = { spec: simple([1]) }
    const { running, told, changed } = await started(t, described)
    described.spec = simple([1, 2])
    running.reload!('SIGHUP')
    await until(() => told('reload_ok').length === 1)
    assert.deepEqual(told('reload_ok'), ['reloaded (SIGHUP): + backend 127.0.0.1:2 (pool main)'])
    described.spec = simple([2])
    changed()
    await until(() => told('reload_ok').length === 2)
    assert.equal(running.balancer.pools.get('main')!.backends.length, 1)
    changed()
    await until(() => told('reload_ok').length === 3)
    assert.equal(told('reload_ok')[2], 'reloaded (f changed): nothing is different')
  })

  it('keeps what was ordered, until the description says something else about that', async (t) => {
    const described: Described = { spec: simple([1, 2]) }
    const admin = { host: '127.0.0.1', port: await deadPort() }
    const { running, told } = await started(t, described, { admin, isAdminWanted: true })
    const json = { 'content-type': 'application/json' }
    const order = (path: string, body: object) =>
      askAt(admin, path, { method: 'POST', headers: json, body })
    const reloaded = async (spec: BalancerSpec): Promise<unknown> => {
      described.spec = spec
      return (await order('/reload', {})).body.changes
    }
    await order('/weight', { backend: ':2', weight: 9 })
    await order('/strategy', { strategy: 'random' })
    await order('/add', { backend: ':3' })
    await order('/remove', { backend: ':1' })
    assert.deepEqual(await reloaded(simple([1, 2])), [])
    const pool = running.balancer.pools.get('main')!
    const now = (): unknown => [
      pool.strategy.name,
      ...pool.backends.map(({ id, fullWeight }) => `${id} ${fullWeight}`),
    ]
    assert.deepEqual(now(), ['random', '127.0.0.1:2 9', '127.0.0.1:3 1'])
    assert.deepEqual(await reloaded(simple([1, 2, 4])), ['+ backend 127.0.0.1:4 (pool main)'])
    assert.deepEqual(await reloaded(simple([1, 2], { strategy: 'ring' })), [
      '- backend 127.0.0.1:4, drained (pool main)',
      '~ pool main strategy random→ring',
    ])
    assert.deepEqual(await reloaded(simple([1, 2, 2], { strategy: 'ring' })), undefined)
    assert.equal(told('reload_rejected').length, 1)
    assert.deepEqual(await reloaded(simple([2], { strategy: 'ring' })), [])
    assert.deepEqual(await reloaded(simple([1, 2], { strategy: 'ring' })), [
      '+ backend 127.0.0.1:1 (pool main)',
    ])
  })

  it('goes on as it was when that cannot be', async (t) => {
    const described: Described = { spec: simple([1]) }
    const { running, told } = await started(t, described)
    const { spec } = running.balancer
    for (const wrong of [new Error('the file is broken'), simple([1, 1])]) {
      described.spec = wrong
      const before = told('reload_rejected').length
      running.reload!('SIGHUP')
      await until(() => told('reload_rejected').length > before)
    }
    assert.deepEqual(told('reload_rejected'), [
      'nothing has changed (SIGHUP): the file is broken',
      'nothing has changed (SIGHUP): backend 127.0.0.1:1 is named twice',
    ])
    assert.equal(running.balancer.spec, spec)
  })

  it('stops listening to its file, and leaves nothing open', async (t) => {
    const before = held()
    const address = { host: '127.0.0.1', port: await deadPort() }
    const { running, isWatched } = await started(
      t,
      { spec: simple([1]) },
      { admin: address, isAdminWanted: true },
    )
    assert.equal((await askAt(address, '/status')).status, 200)
    assert.equal(isWatched(), true)
    await running.close()
    assert.equal(isWatched(), false)
    await assert.rejects(askAt(address, '/status'))
    await backTo(before)
  })

  it('cannot be steered at a port that is taken: fine, unless it was asked for', async (t) => {
    const admin = { host: '127.0.0.1', port: await backend(t, () => {}) }
    const described = { spec: simple([1]) }
    const { told } = await started(t, described, { admin })
    assert.match(told('admin_off').join(), /it is in use.*this piloti cannot be steered/)
    const before = held()
    await assert.rejects(started(t, described, { admin, isAdminWanted: true }), { code: 'LISTEN' })
    await backTo(before)
  })

  it('cannot be steered by everybody', async (t) => {
    const admin = { host: '0.0.0.0', port: 0 }
    await assert.rejects(started(t, { spec: simple([1]) }, { admin }), { code: 'LISTEN' })
    const { told } = await started(t, { spec: simple([1]) }, { admin, adminToken: 'x' })
    assert.deepEqual(told('admin_off'), [])
  })
})
