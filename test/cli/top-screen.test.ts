import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { short } from '../../src/cli/top-cells.ts'
import { Course, type Status, type TopView } from '../../src/cli/top-course.ts'
import { type Line, paint, type Size, screenOf } from '../../src/cli/top-screen.ts'
import { press, sortKeys, type TopState } from '../../src/cli/top-state.ts'
import { anyStatus, backendSeen, statusSeen } from './top-seen.ts'

const strategies = ['round-robin', 'random', 'least-connections'].map((name) => ({
  name,
  summary: `what ${name} does`,
}))

function stateOf(view: TopView): TopState {
  const where = '127.0.0.1:9901'
  return { where, view, sort: 'requests', selected: '', said: '', strategies }
}

/** What is seen after these answers, a second apart. */
function seen(...answers: readonly Status[]): TopState {
  const course = new Course()
  const views = answers.map((status, i) => course.add(status, i * 1_000, `00:00:0${i}`))
  return stateOf(views.at(-1)!)
}

const textsOf = (lines: readonly Line[]): string[] => lines.map(({ text }) => text)
const shown = (state: TopState, size: Size): string[] => textsOf(screenOf(state, size))

const pressed = (state: TopState, ...names: readonly string[]): TopState =>
  names.reduce((now, name) => press(now, name).state, state)

/** What takes one column each, and no other place. */
const oneColumn = /^[\u0020-\u007e\u00a1-\u02ff\u0370-\u052f→─…▁-█]*$/

describe('the screen of piloti top', () => {
  it('has never more lines than rows, and none longer than columns, whatever it shows', () => {
    const keys = fc.array(fc.constantFrom('j', 'k', 'd', 's', 'o', '?', '+', 'y', 'x'))
    fc.assert(
      fc.property(
        fc.array(anyStatus, { minLength: 1, maxLength: 3 }),
        keys,
        fc.nat(220),
        fc.nat(60),
        fc.string({ unit: 'binary' }),
        (answers, names, columns, rows, lost) => {
          const state = pressed(seen(...answers), ...names)
          for (const each of [state, { ...state, lost, said: lost }]) {
            const lines = screenOf(each, { columns, rows })
            assert.ok(lines.length <= rows)
            for (const line of lines) {
              assert.ok(line.text.length <= columns, line.text)
              assert.match(line.text, oneColumn)
              assert.equal(stripVTControlCharacters(paint(line, true)), line.text)
            }
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('fills its rows, so that nothing of before is left', () => {
    const lines = screenOf(seen(statusSeen({ web: [] })), { columns: 80, rows: 24 })
    assert.equal(lines.length, 24)
  })

  it('says which lines it shows, where there is no room for all', () => {
    const backends = Array.from({ length: 30 }, (_, i) => backendSeen(`10.0.0.${i + 10}:80`))
    const state = seen(statusSeen({ web: backends }))
    assert.match(shown(state, { columns: 80, rows: 24 })[0]!, /by requests {2}lines 1 to 19 of 32$/)
    const last = pressed(state, ...Array<string>(29).fill('j'))
    assert.match(shown(last, { columns: 80, rows: 24 })[0]!, / {2}lines 14 to 32 of 32$/)
    assert.doesNotMatch(shown(state, { columns: 80, rows: 50 })[0]!, /lines/)
  })

  it('shows what backends do, in 80 columns', () => {
    const view = { averageResponseTimeMs: 3, responseTimes: timesOf(2.5, 40) }
    const before = [backendSeen('127.0.0.1:5000'), backendSeen('127.0.0.1:5001')]
    const after = [
      backendSeen('127.0.0.1:5000', { leases: 20, active: 2, failed: 5, ...view }),
      backendSeen('127.0.0.1:5001', { leases: 30, health: 'down', reason: 'ECONNREFUSED' }),
    ]
    const state = seen(statusSeen({ web: before }), statusSeen({ web: after }))
    const lines = shown(state, { columns: 80, rows: 24 })
    assert.deepEqual(lines.slice(3, 7), [
      'pool web  round-robin  0 in line',
      '  backend          health     weight active work/s err/s p50 ms p99 ms trend    ',
      '> 127.0.0.1:5001   down            1      0     30     0      0      0         █',
      '  127.0.0.1:5000   up              1      2     20     5    2.5     40         ▆',
    ])
    assert.ok(lines.includes('127.0.0.1:5001 is down for 5 s: ECONNREFUSED'))
    assert.ok(lines.includes('00:00:01 127.0.0.1:5001 (web) is down: ECONNREFUSED'))
    const wide = shown(state, { columns: 200, rows: 50 })
    assert.match(wide[5]!, /> 127\.0\.0\.1:5001 .* ECONNREFUSED *$/)
    assert.match(wide[4]!, /avg ms +total +failed +trend +why/)
  })

  it('keeps the selected backend on it, when there are more than rows', () => {
    const backends = Array.from({ length: 60 }, (_, i) => backendSeen(`10.0.0.${100 + i}:80`))
    let state = { ...seen(statusSeen({ web: backends })), sort: 'name' as const } as TopState
    for (const { id } of backends) {
      const marked = shown(state, { columns: 80, rows: 24 }).filter((line) => line.startsWith('> '))
      assert.equal(marked.length, 1)
      assert.ok(marked[0]!.includes(id), id)
      state = pressed(state, 'down')
    }
  })

  it('sorts by each key', () => {
    const a = backendSeen('a:1', { active: 1, leases: 9, responseTimes: timesOf(1, 5) })
    const b = backendSeen('b:1', { active: 2, leases: 5, errors: 1 })
    const zero = [backendSeen('a:1'), backendSeen('b:1')]
    let state = seen(statusSeen({ web: zero }), statusSeen({ web: [b, a] }))
    const first: string[] = []
    for (const key of sortKeys) {
      assert.equal(state.sort, key)
      first.push(shown(state, { columns: 80, rows: 24 })[5]!.slice(2, 5))
      state = pressed(state, 'o')
    }
    assert.deepEqual(first, ['a:1', 'b:1', 'a:1', 'b:1', 'a:1'])
    assert.equal(state.sort, 'requests')
  })

  it('says that nobody answers', () => {
    const state = { ...seen(statusSeen({ web: [] })), lost: 'ECONNREFUSED' }
    assert.match(shown(state, { columns: 80, rows: 24 })[0]!, /NO ANSWER.*ECONNREFUSED/)
  })
})

const timesOf = (p50Ms: number, p99Ms: number) => ({
  ...{ count: 1, sumMs: 1, p90Ms: p99Ms, maxMs: p99Ms, p50Ms, p99Ms },
})

describe('the course of what is answered', () => {
  it('begins anew with another process', () => {
    const course = new Course()
    const web = [backendSeen('a:1', { leases: 100 })]
    course.add(statusSeen({ web }), 0, '')
    const view = course.add(statusSeen({ web: [backendSeen('a:1', { leases: 7 })] }, 2), 1_000, 'x')
    assert.equal(view.pools[0]!.backends[0]!.perSecond, 0)
    assert.deepEqual(view.events, ['x another piloti answers: pid 2'])
  })

  it('tells what comes, goes and changes', () => {
    const [a, b, c] = ['a:1', 'b:1', 'c:1'] as const
    const before = statusSeen({ web: [backendSeen(a), backendSeen(b)] })
    const after = statusSeen({ web: [backendSeen(b, { fullWeight: 3 }), backendSeen(c)], more: [] })
    assert.deepEqual(seen(before, after).view.events, [
      '00:00:01 b:1 (web) has weight 3',
      '00:00:01 c:1 (web) is new',
      '00:00:01 a:1 (web) is gone',
      '00:00:01 pool more is new',
    ])
  })
})

describe('the keys of piloti top', () => {
  const one = seen(statusSeen({ web: [backendSeen('a:1', { active: 2, fullWeight: 2 })] }))
  const orders: readonly (readonly [key: string, path: string, body: object, says: RegExp])[] = [
    ['d', '/drain', {}, /^drain a:1 \(web\)\? .* it finishes the 2 it has$/],
    ['r', '/ready', {}, /^make a:1 \(web\) ready\?/],
    ['+', '/weight', { weight: 3 }, /weight 3, not 2\?$/],
    ['-', '/weight', { weight: 1 }, /weight 1, not 2\?$/],
  ]
  for (const [key, path, body, says] of orders) {
    it(`ask before they order: ${key}`, () => {
      const { order: none, state } = press(one, key)
      assert.equal(none, undefined)
      assert.equal(state.dialog?.kind, 'ask')
      for (const other of ['n', 'q', 'return', 'escape', key]) {
        const { isEnd, order } = press(state, other)
        assert.deepEqual([order, isEnd], [undefined, undefined])
      }
      const { order } = press(state, 'y')
      assert.deepEqual(order?.body, { backend: 'a:1', pool: 'web', ...body })
      assert.equal(order?.path, path)
      assert.match(order?.question ?? '', says)
    })
  }

  it('choose a strategy from the list', () => {
    const asked = pressed(one, 's', 'down', 'return')
    const { order } = press(asked, 'y')
    assert.deepEqual(order?.body, { strategy: 'random', pool: 'web' })
    assert.equal(pressed(one, 's', 'escape').dialog, undefined)
    assert.equal(press(pressed({ ...one, strategies: [] }, 's'), 'return').state.dialog, undefined)
  })

  it('quit, anywhere by Ctrl-C', () => {
    assert.equal(press(one, 'q').isEnd, true)
    for (const dialog of ['?', 's', 'd']) {
      assert.equal(press(pressed(one, dialog), 'ctrl-c').isEnd, true)
    }
  })

  it('do nothing where there is no backend', () => {
    const none = seen(statusSeen({}))
    for (const key of ['d', 'r', '+', 's', 'up', 'down', 'x', '']) {
      assert.equal(press(none, key).state.dialog, undefined)
    }
  })
})

describe('a number in a cell', () => {
  it('takes at most five characters', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, noNaN: true }), (value) => {
        assert.ok(short(value).length <= 5, short(value))
      }),
    )
    const shorts = [0, 0.001, 0.25, 9.999, 12.34, 99.96, 4321, 12_345, 999_999, 4.5e6].map(short)
    const wanted = ['0', '~0', '0.25', '10', '12.3', '100', '4321', '12.3k', '1M', '4.5M']
    assert.deepEqual(shorts, wanted)
  })
})
