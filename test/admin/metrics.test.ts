import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { BalancerSpec } from '../../src/balancer.ts'
import { PilotiError } from '../../src/base/errors.ts'
import { startRunning } from '../../src/cli/running.ts'
import { listenerTo, poolOf, recorder, simple } from '../balancer/balanced.ts'
import { liveBackend } from '../balancer/live.ts'
import { familyOf, scraped } from '../metrics/scraped.ts'
import { deadPort, echo, greeter } from '../support/backends.ts'
import { drain, open, until } from '../support/proxied.ts'
import { fetchText } from '../support/up.ts'
import { counted, mainAndDead, textOf } from './counted.ts'
import { steered } from './steered.ts'

const timeout = 30_000
const promtool = spawnSync('promtool', ['--version']).error
const needs = { skip: promtool === undefined ? false : 'promtool is not installed' }

describe('the metrics of a balancer', { timeout }, () => {
  it('are text for Prometheus, for those who may steer', async (t) => {
    const { admin, ask } = await steered(t, simple([1]), { token: 'x', version: '1.2.3' })
    assert.equal((await ask('/metrics')).status, 401)
    const { port } = admin as { port: number }
    const headers = { authorization: 'Bearer x' }
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers })
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    const { sum } = scraped(await response.text())
    assert.equal(sum('piloti_build_info', { version: '1.2.3', node: process.version }), 1)
  })

  it('are nothing that promtool complains of', needs, async (t) => {
    const running = await counted(t)
    await running.load(2)
    const input = await textOf(running)
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input })
    assert.deepEqual([status, `${stdout}${stderr}`], [0, ''])
  })

  it('are those of the manual, with their types and labels, and no others', async (t) => {
    const { balancer, ports, scrape } = await counted(t)
    const { listeners, pools } = mainAndDead(ports, await deadPort())
    const lines = listenerTo('main', { name: 'lines', mode: 'lines' })
    await balancer.apply({ pools, listeners: [...listeners, lines] })
    const page = await scrape()
    const used = new Map<string, Set<string>>()
    for (const { name, labels } of page.samples) {
      const family = familyOf(page, name)
      const names = used.get(family) ?? new Set()
      for (const label of Object.keys(labels)) if (label !== 'le') names.add(label)
      used.set(family, names)
    }
    const told = [...used].map(([name, labels]) => [name, page.types.get(name), ...labels])
    const manual = readFileSync('docs/reference/metrics.md', 'utf8')
    const rows = manual.matchAll(/^\| `([a-z_]+)` \| (\w+) \| ([^|]*)\| /gm)
    const written = [...rows].map(([, name, type, labels]) => [
      ...[name, type],
      ...(labels!.match(/\w+/g) ?? []),
    ])
    const inOrder = (rows: readonly (readonly unknown[])[]): string[] => rows.map(String).sort()
    assert.deepEqual(inOrder(told), inOrder(written))
  })

  it('are as many as the manual says, whatever the traffic', async (t) => {
    const dead = await deadPort()
    const running = await steered(t, simple([dead]))
    for (const [n, p, l] of [
      [1, 1, 1],
      [7, 2, 1],
      [12, 3, 2],
    ] as const) {
      const ports = Array.from({ length: n - p + 1 }, (_, i) => i + 1)
      const pools = Array.from({ length: p }, (_, i) =>
        poolOf(i === 0 ? ports : [dead], { name: `p${i}` }),
      )
      const to = pools.map(({ name }) => ({ pool: name, weight: 1 }))
      const listeners = Array.from({ length: l }, (_, i) =>
        listenerTo('', { name: `l${i}`, routes: [{ to }] }),
      )
      await running.balancer.apply({ pools, listeners })
      for (let i = 0; i < 3; i++) await running.hear('l0', `/${i}`)
      const { samples } = scraped(await textOf(running))
      assert.equal(samples.length, 45 * n + 33 * p + 36 * l + 33, `${[n, p, l]}`)
    }
  })
})

describe('the metrics of requests', { timeout }, () => {
  it('are what clients got, by class of status', async (t) => {
    const { got, load, ports, scrape } = await counted(t)
    await load(5)
    const { sum } = await scrape()
    const total = (name: string): number =>
      sum('piloti_requests_total', { code_class: name })! +
      sum('piloti_unrouted_requests_total', { code_class: name })!
    for (const [name, count] of Object.entries(got)) assert.equal(total(name), count, name)
    assert.deepEqual(Object.keys(got).sort(), ['1xx', '2xx', '3xx', '4xx', '5xx'])
    const ofBackends = ports.map(
      (port) => sum('piloti_requests_total', { pool: 'main', backend: `127.0.0.1:${port}` })!,
    )
    assert.deepEqual(
      ofBackends.reduce((a, b) => a + b),
      7 * 5,
    )
    assert.ok(ofBackends.every((count) => count > 0))
    assert.equal(sum('piloti_requests_total', { pool: 'dead', backend: '', code_class: '5xx' }), 5)
    assert.equal(sum('piloti_unrouted_requests_total', { code_class: '4xx' }), 2 * 5)
    assert.equal(sum('piloti_errors_total', { code: 'NO_ROUTE' }), 5)
    assert.equal(sum('piloti_errors_total', { code: 'REQUEST_FRAMING' }), 5)
    assert.equal(sum('piloti_leases_total', { pool: 'main', outcome: 'failed' }), 5, 'the 503s')
  })

  it('have durations, one for each answer', async (t) => {
    const { balancer, load, scrape } = await counted(t)
    await load(3)
    await until(() => balancer.view().listeners.web!.http!.active === 0)
    const { sum } = await scrape()
    for (const pool of ['main', 'dead']) {
      const answers = sum('piloti_requests_total', { pool })
      assert.equal(sum('piloti_request_duration_seconds_count', { pool }), answers)
      assert.equal(sum('piloti_request_duration_seconds_bucket', { pool, le: '+Inf' }), answers)
    }
    assert.equal(sum('piloti_response_time_seconds_count', { pool: 'main' }), 7 * 3)
  })

  it('count the answer that was cut, and the client that has left', async (t) => {
    const live = await liveBackend(t)
    const { balancer, addressOf, ask } = await steered(t, simple([Number(live.id.split(':')[1])]))
    const client = open(addressOf())
    client.write('GET /held HTTP/1.1\r\nHost: h\r\n\r\n')
    await until(() => live.held === 1)
    client.destroy()
    await until(() => balancer.view().listeners.web!.http!.active === 0)
    const { sum } = scraped(await textOf({ ask }))
    assert.equal(sum('piloti_requests_aborted_total', { listener: 'web' }), 1)
    assert.equal(sum('piloti_leases_total', { outcome: 'aborted' }), 1)
    const begun = sum('piloti_requests_total', { code_class: '2xx' })!
    assert.equal(sum('piloti_request_duration_seconds_count'), begun)
  })

  it('count work that waits in line', async (t) => {
    const live = await liveBackend(t)
    const port = Number(live.id.split(':')[1])
    const { ask, balancer, hear } = await steered(t, simple([port], { maxConnections: 1 }))
    const first = hear('web', '/held')
    await until(() => live.held === 1)
    const second = hear()
    await until(() => balancer.pools.get('main')!.queued === 1)
    const during = scraped(await textOf({ ask }))
    assert.equal(during.sum('piloti_queue_length', { pool: 'main' }), 1)
    assert.equal(during.sum('piloti_backend_active', { pool: 'main' }), 1)
    assert.equal(during.sum('piloti_backend_active_limit', { pool: 'main' }), 1)
    assert.equal(during.sum('piloti_backends_available', { pool: 'main' }), 0)
    live.letGo()
    await Promise.all([first, second])
    const { sum } = scraped(await textOf({ ask }))
    assert.equal(sum('piloti_queue_length', { pool: 'main' }), 0)
    assert.equal(sum('piloti_queued_total', { pool: 'main' }), 1)
  })
})

describe('the metrics of connections', { timeout }, () => {
  it('tell of mode tcp what there is to tell', async (t) => {
    const [dead, port] = [await deadPort(), await greeter(t, 'a')]
    const tcp = (name: string): ReturnType<typeof listenerTo> =>
      listenerTo(name, { name, mode: 'tcp' })
    const pools = [poolOf([dead, port]), poolOf([dead], { name: 'gone' })]
    const listeners = [tcp('main'), tcp('gone')]
    const { addressOf, ask } = await steered(t, { pools, listeners })
    assert.equal((await drain(open(addressOf('main')))).text, 'a')
    assert.equal((await drain(open(addressOf('gone')))).text, '')
    const { sum } = scraped(await textOf({ ask }))
    assert.equal(sum('piloti_connections_total'), 2)
    assert.equal(sum('piloti_retries_total', { listener: 'main' }), 1)
    assert.equal(sum('piloti_errors_total', { listener: 'gone' }), 1)
    assert.equal(sum('piloti_errors_total', { listener: 'main' }), 0)
    const backend = `127.0.0.1:${port}`
    assert.equal(sum('piloti_bytes_total', { backend, direction: 'received' }), 1)
    assert.equal(sum('piloti_leases_total', { pool: 'main', outcome: 'failed' }), 1)
    assert.equal(sum('piloti_requests_received_total'), undefined)
  })

  it('tell of mode lines what there is to tell', async (t) => {
    const pools = [poolOf([await echo(t)])]
    const listeners = [listenerTo('main', { name: 'main', mode: 'lines' })]
    const { addressOf, ask } = await steered(t, { pools, listeners })
    const client = open(addressOf('main'))
    client.end('a\nb\n{}\n')
    assert.match((await drain(client)).text, /MESSAGE_FORMAT.*\na\nb\n$/)
    const { sum } = scraped(await textOf({ ask }))
    assert.equal(sum('piloti_messages_total', { listener: 'main' }), 3)
    assert.equal(sum('piloti_message_answers_total', { listener: 'main' }), 2)
    assert.equal(sum('piloti_errors_total', { listener: 'main', code: 'MESSAGE_FORMAT' }), 1)
    assert.equal(sum('piloti_leases_total', { outcome: 'ok' }), 2)
    assert.equal(sum('piloti_request_duration_seconds_count'), 2)
    assert.equal(sum('piloti_requests_received_total'), undefined)
  })
})

describe('the metrics of backends', { timeout }, () => {
  it('tell their health, and nothing of those that are gone', async (t) => {
    const [a, b] = [await echo(t), await echo(t)]
    const { ask, balancer, order } = await steered(t, simple([a, b]))
    await order('/drain', { backend: `:${a}` })
    await order('/weight', { backend: `:${b}`, weight: 2.5 })
    const backend = `127.0.0.1:${a}`
    const before = scraped(await textOf({ ask }))
    assert.equal(before.sum('piloti_backend_up'), 1)
    assert.equal(before.sum('piloti_backend_up', { backend }), 0)
    assert.equal(before.sum('piloti_backend_state', { backend, state: 'draining' }), 1)
    assert.equal(before.sum('piloti_backend_state', { backend }), 1)
    assert.equal(before.sum('piloti_backend_weight', { backend: `127.0.0.1:${b}` }), 2.5)
    await balancer.apply(simple([b]))
    const after = scraped(await textOf({ ask }))
    assert.ok(!after.samples.some(({ labels }) => labels.backend === backend))
    assert.equal(after.sum('piloti_backend_up'), 1)
  })

  it('tell that all are tried because none is up', async (t) => {
    const { ask, hear } = await steered(t, simple([await deadPort()]))
    for (let i = 0; i < 2; i++) await hear()
    const { sum } = scraped(await textOf({ ask }))
    assert.equal(sum('piloti_backend_state', { state: 'down' }), 1)
    assert.equal(sum('piloti_fail_open'), 1)
    assert.ok(sum('piloti_fail_open_leases_total')! > 0)
    assert.ok(sum('piloti_errors_total', { code: 'BACKEND_CONNECT' })! > 0)
  })
})

describe('the metrics of the process', { timeout }, () => {
  it('tell how the last reload went', async (t) => {
    const { lines, log } = recorder()
    const file = { name: 'piloti.yaml', watch: () => () => {} }
    const admin = { host: '127.0.0.1', port: 0 }
    let isWell = true
    const describeIt = async (): Promise<BalancerSpec> => {
      if (isWell) return simple([1])
      throw new PilotiError('CONFIG', 'it is not well')
    }
    const options = { graceMs: 0, admin, isAdminWanted: true, file }
    const running = await startRunning(describeIt, options, log)
    t.after(() => running.close())
    const address = lines.find(({ event }) => event === 'admin')!.fields.address as string
    const counted = async (): Promise<unknown[]> => {
      const { sum } = scraped(await fetchText(address, '/metrics'))
      const totals = ['ok', 'rejected'].map((result) => sum('piloti_reloads_total', { result }))
      return [...totals, sum('piloti_last_reload_ok')]
    }
    const reload = async (): Promise<void> => {
      const before = lines.length
      running.reload!('asked to')
      await until(() => lines.slice(before).some(({ event }) => event.startsWith('reload_')))
    }
    assert.deepEqual(await counted(), [0, 0, 1])
    isWell = false
    await reload()
    assert.deepEqual(await counted(), [0, 1, 0])
    isWell = true
    await reload()
    assert.deepEqual(await counted(), [1, 1, 1])
  })

  it('tell its time, memory and files, and how late it is', async (t) => {
    const { ask } = await steered(t, simple([1]))
    const fromS = Date.now() / 1_000
    let page = scraped(await textOf({ ask }))
    assert.ok(Math.abs(page.sum('process_start_time_seconds')! + process.uptime() - fromS) < 10)
    assert.ok(page.sum('process_cpu_seconds_total')! > 0)
    assert.ok(page.sum('process_resident_memory_bytes')! > 10_000_000)
    assert.ok(page.sum('piloti_event_loop_active_seconds_total')! > 0)
    while (page.sum('piloti_event_loop_lag_seconds_count') === 0) {
      page = scraped(await textOf({ ask }))
    }
  })
})
