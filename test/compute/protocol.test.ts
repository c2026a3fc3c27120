import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  checkTask,
  isFault,
  methods,
  operandDigitsMax,
  powerDigits,
  powerDigitsMax,
  readAnswer,
  readTask,
  requestLine,
  type Task,
  textOfResult,
  textOfTask,
} from '../../src/compute/protocol.ts'

const all = 'sum, difference, product, quotient, power, pi, primes, sleep'
const long = '9'.repeat(operandDigitsMax)
const cut = `${'9'.repeat(80)}…`

describe('a task', () => {
  const read: [string, string][] = [
    ['sum 3 4', 'sum 3 4'],
    ['  SUM\t-3  04 ', 'sum -3 04'],
    ['power 0 0', 'power 0 0'],
    ['power -1 99999999999999999999', 'power -1 99999999999999999999'],
    ['power 2 -0', 'power 2 -0'],
    ['pi 50000', 'pi 50000'],
    [`sum ${long} -${long}`, `sum ${long} -${long}`],
  ]
  for (const [text, wanted] of read) {
    it(`is read from '${text.slice(0, 40)}'`, () => {
      const task = readTask(text)
      assert.ok(!isFault(task))
      assert.equal(textOfTask(task), wanted)
    })
  }

  const refused: [string, number, string][] = [
    ['', -32601, `unknown task '': one of ${all}`],
    ['smu 3 4', -32601, `unknown task 'smu': one of ${all} (did you mean sum?)`],
    ['constructor', -32601, `unknown task 'constructor': one of ${all}`],
    ['\u001b[2J 1', -32601, `unknown task '\\u{1b}[2j': one of ${all}`],
    ['sum', -32602, 'sum takes A and B: got none'],
    ['sum 1 2 3', -32602, 'sum takes A and B: got 3'],
    ['pi 1 2', -32602, 'pi takes DIGITS: got 2'],
    ['sum 3 x', -32602, "sum wants two whole numbers: got 'x'"],
    ['product 1.5 2', -32602, "product wants two whole numbers: got '1.5'"],
    ['sum 1e3 2', -32602, "sum wants two whole numbers: got '1e3'"],
    ['sum +1 2', -32602, "sum wants two whole numbers: got '+1'"],
    ['sum 0x1 2', -32602, "sum wants two whole numbers: got '0x1'"],
    ['sum ٣ 2', -32602, "sum wants two whole numbers: got '٣'"],
    ['pi -1', -32602, "pi wants a whole number from 0 to 50000: got '-1'"],
    ['power 2 -1', -32602, "power wants an exponent from 0: got '-1'"],
    ['quotient 10 0', -32001, 'cannot divide 10 by zero'],
    ['quotient 0 -00', -32001, 'cannot divide 0 by zero'],
    ['pi 50001', -32002, 'pi takes a number up to 50000: got 50001'],
    ['primes 100000001', -32002, 'primes takes a number up to 100000000: got 100000001'],
    ['sleep 30001', -32002, 'sleep takes a number up to 30000: got 30001'],
    [`sleep ${long}`, -32002, `sleep takes a number up to 30000: got ${cut}`],
    [`sum 1 ${long}9`, -32002, 'sum takes numbers of up to 10000 digits: got 10001'],
    ['power 10 50000', -32002, '10 to the power of 50000 has more than 50000 digits'],
    [`power 2 ${long}`, -32002, `2 to the power of ${cut} has more than 50000 digits`],
    [`power ${long} 6`, -32002, `${cut} to the power of 6 has more than 50000 digits`],
  ]
  for (const [text, code, message] of refused) {
    it(`is refused: ${message.slice(0, 60)}`, () => {
      assert.deepEqual(readTask(text), { code, message })
    })
  }

  it('is refused with what stands in place of a value', () => {
    for (const odd of [null, true, {}, ['3']]) {
      const message = `sum wants two whole numbers: got '${JSON.stringify(odd)}'`
      assert.deepEqual(checkTask('sum', [odd, '1']), { code: -32602, message })
    }
  })

  it('has an example for each method', () => {
    for (const [method, { example }] of Object.entries(methods)) {
      assert.ok(!isFault(checkTask(method, example)), method)
    }
  })

  it('is read, or refused with a short reason, whatever it is', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(...Object.keys(methods)),
      fc.bigInt().map(String),
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 4 }), (words) => {
        const task = readTask(words.join(' '))
        if (isFault(task)) assert.ok(task.message.length < 600, task.message)
        else assert.deepEqual(readTask(textOfTask(task)), task)
      }),
    )
  })

  it('knows how many digits a power has, to one', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 30n), 10n ** 30n), fc.nat(200), (base, exponent) => {
        const { length } = String(base ** BigInt(exponent)).replace('-', '')
        const about = powerDigits(String(base), String(exponent))
        assert.ok(Math.abs(about - length) <= 1.001, `${about} for ${length}`)
      }),
    )
    assert.ok(!isFault(readTask(`power 10 ${powerDigitsMax - 1}`)))
  })
})

describe('an answer', () => {
  const task = readTask('sum 3 4') as Task

  it('is read as it was written', () => {
    const line = requestLine(7, task)
    assert.equal(line, '{"jsonrpc":"2.0","id":7,"method":"sum","params":["3","4"]}\n')
    const result = { value: '3.5', fraction: '7/2', worker: 'w' }
    assert.deepEqual(readAnswer(JSON.stringify({ id: 7, result })), { id: 7, result })
    const none = { id: 'a', error: { code: -32000, message: 'no', data: { code: 'NO_BACKEND' } } }
    const error = { code: -32000, message: 'no', reason: 'NO_BACKEND' }
    assert.deepEqual(readAnswer(JSON.stringify(none)), { id: 'a', error })
    const fault = { id: null, error: { code: 1, message: 'x', data: { worker: 'w' } } }
    const read = { code: 1, message: 'x', worker: 'w' }
    assert.deepEqual(readAnswer(JSON.stringify(fault)), { id: null, error: read })
  })

  it('is none without an id, a value or an error', () => {
    const odd = ['', 'x', '[]', 'null', '{}', '{"id":1}', '{"result":{"value":"1"}}']
    odd.push(
      '{"id":{},"result":{"value":"1"}}',
      '{"id":1,"result":{"value":1}}',
      '{"id":1,"error":{}}',
    )
    for (const line of odd) assert.equal(readAnswer(line), undefined, line)
  })

  it('is told to people with what belongs to it', () => {
    assert.equal(textOfResult({ value: '7' }), '7')
    assert.equal(textOfResult({ value: '2.5', fraction: '5/2' }), '2.5 (5/2)')
    assert.equal(textOfResult({ value: '2', last: '3', primes: '2 3' }), '2 (2 3)')
    assert.equal(textOfResult({ value: '9', last: '23' }), '9 (the last is 23)')
  })
})
