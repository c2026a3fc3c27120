import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compilable, compile } from '../../bench/harness/compile.ts'
import { type Contender, floor } from '../../bench/harness/contenders.ts'
import { contest } from '../../bench/harness/contest.ts'
import { perRequest, secondsPerGigabyte } from '../../bench/harness/generator.ts'
import { smallRequest, wholeAnswer } from '../../bench/harness/messages.ts'
import { costTable } from '../../bench/harness/report.ts'
import { interleave } from '../../bench/harness/rounds.ts'
import { save } from '../../bench/harness/scratch.ts'

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
  for (const [ends, backend] of [
    ['keep', 'keep'],
    ['client-closes', 'keep'],
    ['peer-closes', 'close'],
  ] as const) {
    it(`measures requests, mode ${ends}, and names who is not installed`, async () => {
      const contenders = [floor(), absent]
      const request = save('request', smallRequest)
      const results = await contest({
        contenders,
        backend: { file: compile('answers'), args: [save('answer', wholeAnswer(100)), backend] },
        load: (port) => ({ file: compile('load'), args: [`${port}`, '4', '200', ends, request] }),
        unit: perRequest,
        rounds: 1,
      })
      const [sample] = results.get(floor().name)!
      assert.ok(sample!.cost > 1 && sample!.cost < 10_000, `${sample!.cost} µs`)
      assert.ok(sample!.p50Ms > 0 && sample!.p50Ms <= sample!.p99Ms)
      assert.match(costTable('µs', contenders, results, []), /absent +\| +not installed/)
    })
  }

  for (const way of ['download', 'upload']) {
    it(`measures a bulk ${way}, every byte of it accounted for`, async () => {
      const results = await contest({
        contenders: [floor()],
        backend: { file: compile('source'), args: [] },
        load: (port) => ({ file: compile('bulk'), args: [`${port}`, '2', '20000000', way] }),
        unit: secondsPerGigabyte,
        rounds: 1,
      })
      const [sample] = results.get(floor().name)!
      assert.ok(sample!.cost > 0.01 && sample!.cost < 100, `${sample!.cost} s a GB`)
    })
  }

  it('says what a contender that cannot start has said', async () => {
    const broken: Contender = {
      name: 'broken',
      command: () => ({ file: 'sh', args: ['-c', 'echo no such thing >&2; exit 1'] }),
    }
    const run = contest({
      contenders: [broken],
      backend: { file: compile('source'), args: [] },
      load: () => ({ file: 'true', args: [] }),
      unit: perRequest,
      rounds: 1,
    })
    await assert.rejects(run, /cannot start 'broken': 'sh' ended: no such thing/)
  })
})
