import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type Address, formatAddress } from '../../src/base/address.ts'
import { familyOf } from '../metrics/scraped.ts'
import { deadPort } from '../support/backends.ts'
import { start } from '../support/command.ts'
import { until } from '../support/proxied.ts'
import { fetchText } from '../support/up.ts'
import { counted } from './counted.ts'

const timeout = 90_000

function needs(program: string): { skip: string | false } {
  const isThere = spawnSync(program, ['--version']).error === undefined
  return { skip: isThere ? false : `${program} is not installed` }
}

interface Expression {
  readonly title: string
  readonly expr: string
}

/** What the dashboard asks for, with its variables filled in as Grafana does. */
function expressions(): Expression[] {
  const { annotations, panels } = JSON.parse(readFileSync('deploy/grafana-dashboard.json', 'utf8'))
  const found: { title: string; expr: string }[] = annotations.list.map(
    ({ expr, name }: { expr: string; name: string }) => ({ title: name, expr }),
  )
  for (const { targets = [], title } of panels) {
    for (const { expr } of targets) found.push({ title, expr })
  }
  return found.map(({ title, expr }) => ({
    title,
    expr: expr.replaceAll('$__rate_interval', '1m').replace(/\$(?:instance|pool)/g, '.*'),
  }))
}

function promtool(...args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' })
  assert.equal(status, 0, `${stdout}${stderr}`)
}

/** A folder that is removed when the test ends. */
function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'piloti-prometheus-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

describe('what is for Prometheus and Grafana', { timeout }, () => {
  it('are a configuration and alerts that promtool takes', needs('promtool'), () => {
    promtool('check', 'config', 'deploy/prometheus.yaml')
    promtool('check', 'rules', 'deploy/prometheus-rules.yaml')
  })

  it('are alerts that do as they should', needs('promtool'), () => {
    promtool('test', 'rules', 'test/admin/prometheus-rules.yaml')
  })

  it('are alerts, each of which has a summary, and a severity', () => {
    const alerts = readFileSync('deploy/prometheus-rules.yaml', 'utf8').split('- alert: ').slice(1)
    assert.ok(alerts.length > 10)
    for (const alert of alerts) {
      assert.match(alert, /severity: (?:warning|critical) /)
      assert.match(alert, /summary: '/)
    }
  })

  it('is a dashboard whose expressions are PromQL', needs('promtool'), (t) => {
    const rules = expressions().map(({ expr }, i) => ({ record: `expression:${i}`, expr }))
    assert.ok(rules.length > 30)
    const file = join(folder(t), 'rules.yaml')
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
    promtool('check', 'rules', file)
  })

  it('name only metrics and labels that there are', async (t) => {
    const page = await (await counted(t)).scrape()
    const families = new Set(page.samples.map(({ name }) => familyOf(page, name)))
    const labels = new Set(page.samples.flatMap(({ labels }) => Object.keys(labels)))
    for (const label of ['job', 'instance']) labels.add(label)
    const files = ['prometheus-rules.yaml', 'grafana-dashboard.json']
    const text = files.map((name) => readFileSync(join('deploy', name), 'utf8')).join('\n')
    const asked = text.match(/\b(?:piloti|process|nodejs)_[a-z_]+/g)!
    assert.ok(asked.length > 40)
    for (const name of asked) assert.ok(families.has(familyOf(page, name)), name)
    for (const [, list] of text.matchAll(/\b(?:by|without) \(([^)]*)\)/g)) {
      for (const label of list!.split(', ')) assert.ok(labels.has(label), label)
    }
  })
})

/** A Prometheus that scrapes `target` each second, and what it answers. */
interface Scraper {
  /** The value of an expression with one series; undefined when there is none. */
  value(expr: string): Promise<number | undefined>
  ask(path: string, fields?: Readonly<Record<string, string>>): Promise<Reply>
}

interface Reply {
  readonly status: string
  readonly error?: string
  readonly data: {
    readonly result: readonly { readonly value: readonly [number, string] }[]
    readonly activeTargets: readonly { readonly health: string; readonly lastError: string }[]
    readonly groups: readonly { readonly rules: readonly { readonly health: string }[] }[]
  }
}

async function prometheus(t: TestContext, target: Address, token: string): Promise<Scraper> {
  const home = folder(t)
  const config = join(home, 'prometheus.yaml')
  const scrape = {
    ...{ job_name: 'piloti', authorization: { credentials: token } },
    static_configs: [{ targets: [formatAddress(target)] }],
  }
  const global = { scrape_interval: '1s', evaluation_interval: '1s' }
  const rule_files = [resolve('deploy/prometheus-rules.yaml')]
  // JSON is YAML.
  writeFileSync(config, JSON.stringify({ global, rule_files, scrape_configs: [scrape] }))
  const address = `127.0.0.1:${await deadPort()}`
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${home}/data`]
  const command = start(t, 'prometheus', [...args, `--web.listen-address=${address}`])
  await command.line(/Server is ready to receive web requests/)
  const ask: Scraper['ask'] = async (path, fields = {}) =>
    JSON.parse(await fetchText(address, `/api/v1/${path}?${new URLSearchParams(fields)}`))
  const value = async (query: string): Promise<number | undefined> => {
    const { data, error } = await ask('query', { query })
    assert.equal(error, undefined, query)
    const [first] = data.result
    return first && Number(first.value[1])
  }
  return { ask, value }
}

describe('a Prometheus that scrapes piloti', { timeout, ...needs('prometheus') }, () => {
  it('sums up to what clients got', async (t) => {
    const { admin, balancer, got, load, ports } = await counted(t, { token: 'secret' })
    const { ask, value } = await prometheus(t, admin, 'secret')
    await load(20)
    await until(() => balancer.view().listeners.web!.http!.active === 0)
    const all = Object.values(got).reduce((sum, count) => sum + count, 0)
    assert.equal(all, 20 * 10)
    const total = (selector = ''): string =>
      `(sum(piloti_requests_total${selector}) + sum(piloti_unrouted_requests_total${selector}))`
    // It scrapes when it does.
    while ((await value(total())) !== all) await wait(100)
    for (const [name, count] of Object.entries(got)) {
      assert.equal(await value(total(`{code_class="${name}"}`)), count, name)
    }
    const backends = ports.map((port) => `backend="127.0.0.1:${port}"`)
    const shares = backends.map((of) => value(`sum(piloti_requests_total{${of}})`))
    const [a, b] = await Promise.all(shares)
    assert.equal(a! + b!, 20 * 7)
    const durations = await value('sum(piloti_request_duration_seconds_count)')
    assert.equal(durations, await value('sum(piloti_requests_total)'))
    assert.equal(await value('piloti_backend_up{pool="dead"}'), 0)
    assert.equal(await value('up'), 1)
    const { data } = await ask('targets')
    assert.deepEqual(
      data.activeTargets.map(({ health, lastError }) => [health, lastError]),
      [['up', '']],
    )
    for (const { expr, title } of expressions()) {
      const { error, status } = await ask('query', { query: expr })
      assert.deepEqual([status, error], ['success', undefined], `${title}: ${expr}`)
    }
    const rules = (await ask('rules')).data.groups.flatMap((group) => group.rules)
    assert.ok(rules.length > 10)
    assert.deepEqual(
      rules.filter(({ health }) => health === 'err'),
      [],
    )
  })
})
