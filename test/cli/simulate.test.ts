import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { Simulation } from '../../src/simulator.ts'
import { strategies } from '../../src/strategies/index.ts'
import { cli, piloti, ran, start } from '../support/command.ts'

const workload = `
title: a try
arrivals: { kind: poisson, rate: 100 }
service: { kind: exponential, mean: 10ms }
backends: [{ name: b, count: 2 }]
requests: 3000
`

/** A file of that text, gone when the test ends. */
function written(t: TestContext, name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'piloti-simulate-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const nginx = (second: number, seconds: string): string =>
  `192.0.2.${second % 9} - - [20/Nov/2026:10:32:${String(second % 60).padStart(2, '0')} +0100] ` +
  `"GET /a HTTP/1.1" 200 12 "-" "curl"${seconds}\n`

describe('piloti simulate', { concurrency: 4 }, () => {
  it('compares all strategies on a workload, in tables', async (t) => {
    const file = written(t, 'load.yaml', workload)
    const { code, stdout, stderr } = await ran(t, ['simulate', '--workload', file])
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    assert.match(stdout, /^a try\n3000 requests in [\d.]+s, 2 backends, \d+ % of .*, seed 1\n/)
    const names = [...stdout.matchAll(/^\| ([a-z]\S*) +\| /gm)].map(([, name]) => name)
    const all = Object.keys(strategies)
    assert.deepEqual(names, ['strategy', ...all, 'strategy', ...all])
  })

  it('says it again for machines, the same for the same seed', async (t) => {
    const file = written(t, 'load.yaml', workload)
    const args = ['simulate', '-w', file, '-s', 'Random', '-s', 'ring', '-s', 'random', '--json']
    const runs = await Promise.all([ran(t, args), ran(t, args), ran(t, [...args, '--seed', '2'])])
    const [first, second, third] = runs.map(({ stdout }) => stdout)
    assert.equal(first, second)
    assert.notEqual(first, third)
    const said: Simulation = JSON.parse(first!)
    assert.deepEqual([said.title, said.seed, said.requests], ['a try', 1, 3_000])
    assert.deepEqual(
      said.strategies.map(({ strategy }) => strategy),
      ['random', 'ring'],
    )
    for (const { response, backends } of said.strategies) {
      assert.ok(response.p50Ms < response.p95Ms && response.p99Ms <= response.maxMs)
      assert.deepEqual([backends.length, backends[0]!.id], [2, 'b:1'])
    }
  })

  it('replays a log, and says which lines it left out', async (t) => {
    const good = Array.from({ length: 50 }, (_, second) => nginx(second, ' 0.100'))
    const file = written(t, 'access.log', [...good, 'garbage\n', nginx(51, '')].join(''))
    const { code, stdout, stderr } = await ran(t, ['simulate', file, '-s', 'source', '--json'])
    assert.equal(code, 0)
    assert.match(stderr, /1 unreadable, 1 without a duration, of 52 \(the first: 51, 52\)\n$/)
    const said: Simulation = JSON.parse(stdout)
    assert.deepEqual([said.requests, said.strategies[0]!.backends.length], [50, 4])
    assert.ok(Math.abs(said.strategies[0]!.response.meanMs - 100) < 0.001)
  })

  it('takes the backends of a workload for a log, and the log that a workload names', async (t) => {
    const log = written(t, 'access.log', [1, 2, 3].map((second) => nginx(second, ' 0.1')).join(''))
    const text = `arrivals: { kind: log, path: ${log} }\nbackends: [{ name: x, speed: 2 }]\n`
    const file = written(t, 'load.yaml', text)
    for (const given of [[log], []]) {
      const args = ['simulate', ...given, '-w', file, '--json', '-s', 'random']
      const { strategies: all }: Simulation = JSON.parse((await ran(t, args)).stdout)
      assert.deepEqual([all[0]!.backends[0]!.id, all[0]!.response.maxMs], ['x:1', 50])
    }
  })

  it('reads standard input', async (t) => {
    const file = written(t, 'load.yaml', workload)
    const shell = `"${process.execPath}" "${cli}" simulate -w - -s random < "${file}"`
    const { code, stdout } = await start(t, 'sh', ['-c', shell]).ended
    assert.deepEqual([code, /^a try\n/.test(stdout)], [0, true])
  })

  it('plays a strategy from a file', async (t) => {
    const text = "export default () => ({ name: 'mine', pick: (all) => all.at(-1) })\n"
    const mine = written(t, 'mine.mjs', text)
    const file = written(t, 'load.yaml', `${workload}balancers: 2\n`)
    const args = ['simulate', '-w', file, '-s', mine, '--json']
    const { strategies: all }: Simulation = JSON.parse((await ran(t, args)).stdout)
    assert.deepEqual([all[0]!.strategy, all[0]!.backends[1]!.share], ['mine', 1])
  })

  it('says that more comes in than can be done', async (t) => {
    const file = written(t, 'load.yaml', workload.replace('rate: 100', 'rate: 300'))
    const { code, stdout } = await ran(t, ['simulate', '-w', file])
    assert.match(stdout, /\n\nUnstable: more comes in than can be done/)
    assert.equal(code, 0)
  })

  it('ends at once at Ctrl-C', async (t) => {
    const file = written(t, 'load.yaml', workload.replace('3000', '10000000'))
    const command = piloti(t, ['simulate', '-w', file])
    await command.line(/^simulating: \d+ %$/)
    command.kill('SIGINT')
    const { signal, stdout } = await command.ended
    assert.deepEqual([signal, stdout], ['SIGINT', ''])
  })
})

describe('piloti simulate refuses', { concurrency: 4 }, () => {
  const none = nginx(1, '')
  const refused: readonly (readonly [
    what: string,
    text: string,
    args: readonly string[],
    code: number,
    says: RegExp,
  ])[] = [
    ['a workload that is wrong', 'backends: []', ['-w'], 3, /not a workload:\n {2}.*:1:11: /],
    ['a workload without arrivals', 'backends: [{}]', ['-w'], 2, /has no arrivals: add them, or/],
    ['a log without durations', none, [], 9, /has no durations: end each line with the seconds/],
    ['what is no log', 'hello\nyou\n', [], 9, /is no access log: .* \(2 lines\)\n$/],
    ['an empty log', '', [], 9, /has no lines\n$/],
    ['a strategy that is none', workload, ['-s', 'rnd', '-w'], 2, /unknown strategy 'rnd'/],
    ['no requests', workload, ['--requests', '0', '-w'], 2, /'0' is not a whole number from 1/],
    ['a strategy file that is not there', workload, ['-s', './no.js', '-w'], 2, /no such file/],
  ]
  for (const [what, text, args, status, says] of refused)
    it(what, async (t) => {
      const { code, stdout, stderr } = await ran(t, ['simulate', ...args, written(t, 'f', text)])
      assert.match(stderr, says)
      assert.doesNotMatch(stderr, /\n {4}at /)
      assert.deepEqual({ code, stdout }, { code: status, stdout: '' })
    })

  it('nothing at all, a folder, and a file that is not there', async (t) => {
    const [nothing, folder, gone] = await Promise.all(
      [[], ['.'], ['-w', 'no-such.yaml']].map((args) => ran(t, ['simulate', ...args])),
    )
    assert.match(nothing!.stderr, /^piloti: a LOG or --workload FILE is missing\nsee piloti sim/)
    assert.match(folder!.stderr, /^piloti: cannot read '\.': EISDIR\n$/)
    assert.match(gone!.stderr, /^piloti: cannot read 'no-such\.yaml': there is no such file\n$/)
    assert.deepEqual([nothing!.code, folder!.code, gone!.code], [2, 9, 9])
  })
})

describe('the guide to strategies', () => {
  it('has the table that the command prints', async (t) => {
    const guide = readFileSync('docs/guide/strategies.md', 'utf8')
    const { stdout } = await ran(t, ['simulate', '-w', 'examples/workloads/hanging.yaml'])
    const lines = stdout.split('\n')
    const from = lines.findIndex((line) => line.startsWith('| strategy'))
    const table = lines.slice(from, lines.indexOf('', from)).join('\n')
    assert.ok(table.split('\n').length === Object.keys(strategies).length + 2)
    const [, there = ''] = /<!-- table: hanging -->\n\n([\s\S]*?)\n\n<!-- end -->/.exec(guide) ?? []
    assert.equal(there, table, 'write the page anew: node --import tsx bench/guide.ts')
  })
})

describe('the help of piloti simulate', () => {
  it('fits 80 columns', async (t) => {
    const { code, stdout } = await ran(t, ['simulate', '--help'])
    const wide = stdout.split('\n').filter((line) => [...line].length > 80)
    assert.deepEqual({ code, wide }, { code: 0, wide: [] })
  })
})
