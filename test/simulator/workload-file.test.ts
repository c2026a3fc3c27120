import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { PilotiError } from '../../src/base/errors.ts'
import { readWorkload, simulate } from '../../src/simulator.ts'

const rest = 'service: { kind: constant, mean: 1ms }\nbackends: [{}]\n'
const both = `arrivals: { kind: poisson, rate: 1 }\n${rest}`

async function faultsOf(text: string): Promise<string[]> {
  try {
    await readWorkload(text, 'w')
  } catch (error) {
    assert.ok(error instanceof PilotiError && error.code === 'WORKLOAD', String(error))
    const [first, ...faults] = error.message.split('\n')
    assert.equal(first, 'w is not a workload:')
    return faults.map((fault) => fault.trim())
  }
  return []
}

describe('a workload file', () => {
  it('means what it says', async () => {
    const text = `
title: all of it
arrivals: { kind: closed, clients: 3, think: 1.5s }
service: { kind: bimodal, short: 1ms, long: 1s, longShare: 5% }
backends:
  - { count: 2 }
  - name: odd
    weight: 2
    speed: 0.5
    servers: 3
    discipline: sharing
    latency: 2ms
    failures: { share: 0.1, after: 1ms }
    outages: [{ from: 1s, to: 2s }]
    slowDowns: [{ from: 3s, to: 4s, speed: 0 }]
keys: { clients: 5, zipf: 1 }
balancers: 2
requests: 10
duration: 1m
warmUp: 1s
timeout: 5s
retries: 0
ejection: false
`
    const plain = { weight: 1, speed: 1, servers: 1, discipline: 'fifo', latencyMs: 0 }
    assert.deepEqual(await readWorkload(text), {
      title: 'all of it',
      arrivals: { kind: 'closed', clients: 3, thinkMs: 1_500 },
      service: { kind: 'bimodal', shortMs: 1, longMs: 1_000, longShare: 0.05 },
      backends: [
        { name: 'backend', count: 2, ...plain, outages: [], slowDowns: [] },
        {
          name: 'odd',
          count: 1,
          weight: 2,
          speed: 0.5,
          servers: 3,
          discipline: 'sharing',
          latencyMs: 2,
          failures: { share: 0.1, afterMs: 1 },
          outages: [{ fromMs: 1_000, toMs: 2_000 }],
          slowDowns: [{ fromMs: 3_000, toMs: 4_000, speed: 0 }],
        },
      ],
      keys: { clients: 5, zipf: 1 },
      balancers: 2,
      requests: 10,
      durationMs: 60_000,
      warmUpMs: 1_000,
      timeoutMs: 5_000,
      retriesMax: 0,
      ejection: false,
    })
  })

  it('may leave everything to a log but the backends', async () => {
    const { arrivals } = await readWorkload('backends: [{}]')
    assert.deepEqual(arrivals, { kind: 'given' })
    const named = await readWorkload('arrivals: { kind: log, path: a.log }\nbackends: [{}]')
    assert.deepEqual(named.arrivals, { kind: 'given', path: 'a.log' })
  })

  const wrong: readonly (readonly [text: string, ...faults: RegExp[]])[] = [
    ['', /^w:1:1: a mapping wanted/],
    ['hello', /^w:1:1: a mapping wanted/],
    ['backends: [', /^w:1:12: /],
    [`${both}seeed: 1`, /^w:4:1: seeed: unknown 'seeed' \(did you mean speed\?\)$/],
    [`arrivals: { kind: poisson, rate: 0 }\n${rest}`, /^w:1:34: arrivals\.rate: 0 is out of/],
    [`arrivals: { kind: poisson, rate: -1 }\n${rest}`, /^w:1:34: arrivals\.rate: -1 is out of/],
    [`arrivals: { kind: poisson, rate: .nan }\n${rest}`, /rate: NaN is not a number above 0$/],
    [`arrivals: { kind: poisson, rate: .inf }\n${rest}`, /rate: Infinity is not a number/],
    [`arrivals: { kind: poisson }\n${rest}`, /^w:1:11: arrivals: 'rate' is missing$/],
    [`arrivals: { kind: poison, rate: 1 }\n${rest}`, /unknown kind 'poison': .*mean poisson\?/],
    [`arrivals: { rate: 1 }\n${rest}`, /^w:1:11: arrivals: 'kind' is missing$/],
    [`arrivals: 5\n${rest}`, /^w:1:11: arrivals: /],
    [`${both}timeout: 5`, /^w:4:10: timeout: 5 is no length of time: write 20ms/],
    [`${both}timeout: 0ms`, /timeout: '0ms' is out of range/],
    [`${both}requests: 1.5`, /requests: 1\.5 is not a whole number from 1 to 10000000$/],
    [`${both}duration: 1s\nwarmUp: 2s`, /^w:5:9: warmUp: it warms up for as long as all lasts$/],
    ['service: { kind: pareto, alpha: 1, least: 2ms, most: 1ms }\nbackends: [{}]', /most is not/],
    ['backends: []', /^w:1:11: backends: it names no backend$/],
    ['backends: [{}, {}]', /^w:1:16: backends\.1: two groups have the name 'backend'$/],
    ['backends: [{ name: a b }]', /a name is letters, digits and hyphens$/],
    [
      'backends: [{ count: 5000 }]\nbalancers: 1000',
      /5000 backends of 1000 balancers are too many/,
    ],
    ['backends: [{ failures: { share: 150% } }]', /share: '150%' is no share: write 5% or 0\.05$/],
    ['backends: [{ outages: [{ from: 2s, to: 1s }] }]', /to is not after from$/],
    [
      'backends: [{ outages: [{ from: 1s, to: 3s }, { from: 2s, to: 4s }] }]',
      /they overlap, or are not in order$/,
    ],
    [
      'backends: [{ count: 0 }, { name: b, sped: 1 }]\nretries: x',
      /^w:1:21: backends\.0\.count: 0 is not a whole number/,
      /^w:1:37: backends\.1\.sped: unknown 'sped' \(did you mean speed\?\)$/,
      /^w:2:10: retries: 'x' is not a whole number from 0 to 100$/,
    ],
    ['a: &a [x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c]\ne: [*d,*d]', /./],
    ['['.repeat(50_000), /^w:1:65: this is nested deeper than 64 levels$/],
    ['backends: [{}]\nbackends: [{}]', /^w:2:1: 'backends' is here twice: line 1 has it already$/],
    ['backends: &a [*a]', /^w:1:15: '\*a' stands within what it means$/],
    ['x'.repeat(2_000_000), /more than 1048576 characters/],
  ]
  for (const [text, ...wanted] of wrong)
    it(`is refused: ${JSON.stringify(text.slice(0, 70))}`, async () => {
      const faults = await faultsOf(text)
      for (const [index, pattern] of wanted.entries()) assert.match(faults[index] ?? '', pattern)
    })

  it('of the examples can be played', async () => {
    const folder = 'examples/workloads'
    for (const name of readdirSync(folder)) {
      const workload = await readWorkload(readFileSync(`${folder}/${name}`, 'utf8'), name)
      const { strategies } = simulate({ ...workload, requests: 500, warmUpMs: 0 }, ['two-choices'])
      assert.equal(strategies[0]!.requests, 500, name)
    }
  })
})
