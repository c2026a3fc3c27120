import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compilable } from '../../bench/harness/compile.ts'
import { type Contender, floor } from '../../bench/harness/contenders.ts'
import { contest } from '../../bench/harness/contest.ts'
import { bytes, requests } from '../../bench/harness/ends.ts'
import { perRequest, secondsPerGigabyte } from '../../bench/harness/generator.ts'
import { smallRequest, wholeAnswer } from '../../bench/harness/messages.ts'
import { costTable } from '../../bench/harness/report.ts'
import { interleave } from '../../bench/harness/rounds.ts'

const usable = process.platform === 'linux' && compilable()
const skip = usable ? false : 'needs Linux and a C compiler `cc`'
const absent: Contender = { name: 'absent', command: undefined }

describe('interleave', () => {
  it('runs A B, A B, … and leaves the first round out', async () => {
    const order: string[] = []
    const runner = (name: string) => ({
      name,
      round: async () => order.push(name),
    })
    const samples = await interleave([runner('A'), runner('B')], 2)
    assert.equal(order.join(''), 'ABABAB')
    assert.deepEqual(
      [...samples],
      [
        ['A', [3, 5]],
        ['B', [4, 6]],
      ],
    )
  })
})

describe('contest', { skip }, () => {
  for (const [mode, backend] of [
    ['keep', 'keep'],
    ['client-closes', 'keep'],
    ['peer-closes', 'close'],
  ] as const) {
    it(`measures requests, mode ${mode}, and names who is not installed`, async () => {
      const contenders = [floor(), absent]
      const results = await contest({
        contenders,
        ends: requests(smallRequest, wholeAnswer(100), backend),
        load: { connections: 4, count: 200, mode },
        unit: perRequest,
        rounds: 1,
      })
      const [sample] = results.get(floor().name)!
      assert.ok(sample!.cost > 1 && sample!.cost < 10_000, `${sample!.cost} µs`)
      assert.ok(sample!.p50Ms > 0 && sample!.p50Ms <= sample!.p99Ms)
      assert.match(costTable('µs', contenders, results, []), /absent +\| +not installed/)
    })
  }

  for (const mode of ['download', 'upload'] as const) {
    it(`measures a bulk ${mode}, every byte of it accounted for`, async () => {
      const results = await contest({
        contenders: [floor()],
        ends: bytes(),
        load: { connections: 2, count: 20_000_000, mode },
        unit: secondsPerGigabyte,
        rounds: 1,
      })
      const [sample] = results.get(floor().name)!
      assert.ok(sample!.cost > 0.01 && sample!.cost < 100, `${sample!.cost} s a GB`)
    })
  }

  it('goes on without a contender that does not start', async (t) => {
    const broken: Contender = {
      name: 'broken',
      command: () => ({ file: 'sh', args: ['-c', 'echo no such thing >&2; exit 1'] }),
    }
    const said = t.mock.method(console, 'error', () => {})
    const results = await contest({
      contenders: [broken],
      ends: bytes(),
      load: { connections: 1, count: 1, mode: 'download' },
      unit: perRequest,
      rounds: 1,
    })
    assert.match(costTable('µs', [broken], results, []), /broken +\| +did not start/)
    assert.match(
      `${said.mock.calls[0]?.arguments[0]}`,
      /cannot start 'broken': 'sh' ended: no such thing/,
    )
  })
})
