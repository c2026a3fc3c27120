import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  errorLine,
  idOf,
  type JsonRpcFault,
  type JsonRpcMessage,
  jsonDepthMax,
  numberId,
  scanJsonRpc,
  withId,
} from '../../src/codecs/json-rpc.ts'

const bytes = (text: string): Buffer => Buffer.from(text)

function message(text: string): JsonRpcMessage {
  const scanned = scanJsonRpc(bytes(text))
  assert.notEqual(scanned.kind, 'fault', `${text}: ${JSON.stringify(scanned)}`)
  return scanned as JsonRpcMessage
}

function fault(line: string | Buffer): JsonRpcFault {
  const scanned = scanJsonRpc(Buffer.from(line))
  assert.equal(scanned.kind, 'fault', line.toString())
  return scanned as JsonRpcFault
}

const id = (text: string): string => idOf(bytes(text), message(text)).toString()
const idInFault = (text: string): string => idOf(bytes(text), fault(text)).toString()

function method(text: string): string {
  const { methodFrom, methodTo } = message(text)
  return bytes(text).toString('utf8', methodFrom, methodTo)
}

function isRefused(code: number, text: RegExp, lines: readonly (string | Buffer)[]): void {
  for (const line of lines) {
    const found = fault(line)
    assert.equal(found.code, code, line.toString())
    assert.match(found.text, text, line.toString())
  }
}

// Of the examples in section 7 of the specification.
const call = '{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}'
const notification = '{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}'
const answer = '{"jsonrpc": "2.0", "result": 19, "id": 1}'
const errorAnswer = '{"jsonrpc": "2.0", "error": {"code": -32601, "message": "x"}, "id": "1"}'

describe('a JSON-RPC line', () => {
  it('is a call, a notification or an answer', () => {
    assert.equal(message(call).kind, 'call')
    assert.equal(message(notification).kind, 'notification')
    assert.equal(message(answer).kind, 'answer')
    assert.equal(message(errorAnswer).kind, 'answer')
    assert.equal(message('{"jsonrpc": "2.0", "method": "foobar"}').kind, 'notification')
  })

  it('is a call when its id is null: only without one is it a notification', () => {
    const text = '{"jsonrpc":"2.0","method":"a","id":null}'
    assert.equal(message(text).kind, 'call')
    assert.equal(id(text), 'null')
  })

  it('may have an id that is any string or any number', () => {
    const digits = '1234567890'.repeat(100)
    const ids = ['""', '"1"', '"\\u0031\\"}"', '"💡"', '0', '-1', '1.5', '1e400', '-0.0E-7', digits]
    for (const written of ids) {
      assert.equal(id(`{"id":${written},"method":"a"}`), written)
      assert.equal(id(`{"method":"a" , "id" : ${written} }`), written)
      assert.equal(id(`{"result":[],"id":\t${written}}`), written)
    }
  })

  it('tells an answer that is an error', () => {
    assert.equal(message(answer).isError, false)
    assert.equal(message(errorAnswer).isError, true)
    // As JSON-RPC 1.0 writes it.
    assert.equal(message('{"result":1,"error":null,"id":1}').isError, false)
    assert.equal(message('{"result":null,"error":"x","id":1}').isError, true)
  })

  it('says where the method stands', () => {
    assert.equal(method(call), '"subtract"')
    assert.equal(method(notification), '"update"')
    assert.equal(message(answer).methodTo, 0)
  })

  it('is found by names that are written with escapes', () => {
    const text = '{"\\u0069\\u0064":7,"m\\u0065thod":"a","p":{"id":8}}'
    assert.equal(id(text), '7')
    assert.equal(method(text), '"a"')
    const result = '{"\\u0072\\u0065\\u0073\\u0075\\u006c\\u0074":1,"\\u0069d":2}'
    assert.equal(message(result).kind, 'answer')
  })

  it('is not taken in by names within params, or by names that only look alike', () => {
    const names = [
      'ids',
      'i',
      'idd',
      '\\u0169d',
      'id ',
      'methods',
      'xmethod',
      'resulu',
      '__proto__',
    ]
    for (const name of [...names, '\\\\u0069d', 'ıd', 'i\\nd', '\\u0000', 'constructor', '']) {
      const text = `{"${name}":9,"params":{"id":8,"method":"b","ID":7},"id":1,"method":"a"}`
      assert.equal(id(text), '1', name)
      assert.equal(method(text), '"a"', name)
    }
  })

  it('may hold numbers of a thousand digits and any other members', () => {
    const digits = '9876543210'.repeat(100)
    const text = `{"params":[${digits},-0.${digits}e+${digits}],"x":{},"x":[],"method":"a","id":1}`
    assert.equal(withId(bytes(text), message(text), '77').toString(), `${text.slice(0, -2)}77}\n`)
  })
})

describe('a JSON-RPC line is refused', () => {
  it('when it is not UTF-8', () => {
    const line = (hex: string): Buffer =>
      Buffer.concat([bytes('{"method":"'), Buffer.from(hex, 'hex'), bytes('"}')])
    // A byte alone, one too few, overlong, a surrogate, above U+10FFFF.
    for (const hex of ['80', 'ff', 'e282', 'c080', 'eda080', 'f4908080']) {
      isRefused(-32700, /not valid UTF-8$/, [line(hex)])
    }
    isRefused(-32700, /not valid UTF-8$/, [Buffer.from('{"\xe9":1}', 'latin1')])
    assert.equal(scanJsonRpc(line('f09f92a1')).kind, 'notification')
  })

  it('when it is not JSON, and says where', () => {
    isRefused(-32700, /not valid JSON at byte 40$/, [
      // Of the examples of the specification.
      '{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]',
    ])
    isRefused(-32700, /it ends too early$/, ['', '{', '[1', '{"id":1', '{"id":1,"method":"a"', ' '])
    isRefused(-32700, /at byte \d+$/, ['{}}', '{"id":01}', '{id:1}', "{'id':1}", '{"id":1,}', 'a'])
    isRefused(-32700, /at byte 15$/, ['{"method":"a"}{"method":"b"}', '{"method":"a"}\0'])
    isRefused(-32700, /at byte 1$/, ['\ufeff{"method":"a"}'])
  })

  it('when it is a batch, which may be valid JSON or not', () => {
    isRefused(-32600, /^batches are not taken/, ['[]', '[1]', `[${call},${notification}]`, ' [] '])
    isRefused(-32700, /ends too early$/, ['[{"jsonrpc": "2.0", "method": "sum"},{"jsonrpc": "2.0"'])
  })

  it('when it is no object', () => {
    isRefused(-32600, /is a JSON object$/, ['1', '"a"', 'null', 'true'])
  })

  it('when it is neither a request nor an answer', () => {
    isRefused(-32600, /^a message has a 'method'/, ['{}', '{"id":1}', '{"foo":"boo","id":null}'])
    isRefused(-32600, /^an answer has an 'id'/, ['{"result":1}', '{"error":{}}'])
  })

  it('when its id is something other than a string, a number or null', () => {
    isRefused(-32600, /^'id' is a string/, [
      ...['{}', '[]', '[1]', '{"a":1}', 'true', 'false'].map((i) => `{"id":${i},"method":"a"}`),
      '{"result":1,"id":true}',
    ])
  })

  it('when its method is no string', () => {
    isRefused(-32600, /^'method' is a string/, [
      '{"jsonrpc": "2.0", "method": 1, "params": "bar"}',
      '{"method":null,"id":1}',
      '{"method":["a"],"id":1}',
    ])
  })

  it('when its id or method stands there twice, however it is written', () => {
    isRefused(-32600, /^'id' stands in the message twice/, [
      '{"id":1,"id":1,"method":"a"}',
      '{"id":1,"method":"a","\\u0069d":2}',
      '{"\\u0069\\u0064":1,"method":"a","i\\u0064":2}',
      '{"id":1,"id":2,"id":3,"result":0}',
    ])
    isRefused(-32600, /^'method' stands in the message twice/, [
      '{"method":"a","method":"a"}',
      '{"method":"a","id":1,"metho\\u0064":"b"}',
    ])
  })

  it('when a name is one of its own to some libraries and not to others', () => {
    const names = ['ID', 'Id', 'iD', '\\u0049d', 'id\\u0000', 'id\\u0000x', 'ID\\u0000\\n']
    for (const name of [...names, 'Method', 'METHOD', 'method\\u0000', 'Result', 'ERROR']) {
      isRefused(-32600, /are written just so/, [
        `{"${name}":1,"method":"a"}`,
        `{"id":1,"method":"a","${name}":2}`,
      ])
    }
  })

  it('when a line end is inside, where some would see two messages', () => {
    const inner = '{"id":7,"method":"b"}'
    for (const end of ['\r', '\n', '\r\n']) {
      isRefused(-32700, /no carriage return or line feed inside$/, [
        `{"id":1,"method":"a","params":[${end}${inner}${end}]}`,
        `{"id":1,"method":"a"}${end}`,
        `${end}{"id":1,"method":"a"}`,
        `{"id":1,"method":"a${end}"}`,
      ])
    }
  })

  it('when it is nested too deep', () => {
    const nested = (levels: number): string =>
      `{"method":"a","params":${'['.repeat(levels)}${']'.repeat(levels)}}`
    message(nested(jsonDepthMax - 1))
    isRefused(-32600, /deeper than 64 levels$/, [nested(jsonDepthMax), nested(20_000)])
    isRefused(-32600, /deeper than 64 levels$/, ['['.repeat(20_000)])
  })

  it('with its id, where that is certain', () => {
    assert.equal(idInFault('{"id":"x","method":1}'), '"x"')
    assert.equal(idInFault('{"method":"a","method":"b","id":4}'), '4')
    assert.equal(idInFault('{"id":4}'), '4')
    for (const text of ['{"id":4', '{"id":4,"id":5,"method":"a"}', '{"id":[4],"method":"a"}', '']) {
      assert.equal(idInFault(text), 'null')
    }
    assert.equal(idInFault('{"id":1,"id":2,"id":3,"method":"a"}'), 'null')
  })
})

const name = fc.constantFrom('id', 'method', 'result', 'error', 'params', '\\u0069d', 'ID', 'x')
const value = fc.oneof(fc.json({ maxDepth: 2 }), fc.constantFrom('1', '"a"', 'null', '1e400', '[]'))
const blank = fc.constantFrom('', '', ' ', '\t ')
const members = fc.array(fc.tuple(blank, name, blank, value, blank), { maxLength: 5 })
const object = members.map(
  (all) => `{${all.map(([a, n, b, v, c]) => `${a}"${n}"${b}:${a}${v}${c}`).join(',')}}`,
)

describe('a generated JSON-RPC line', () => {
  it('is read as JSON.parse and the rules say', () => {
    fc.assert(
      fc.property(object, blank, (text, around) => {
        const scanned = scanJsonRpc(bytes(around + text + around))
        assert.equal(scanned.kind, expected(text), text)
      }),
      { numRuns: 5_000 },
    )
  })

  it('has its id back, byte for byte, after it had another', () => {
    fc.assert(
      fc.property(object, fc.constantFrom('0', '4294967296', 'null', '"p-1"'), (text, other) => {
        const line = bytes(text)
        const scanned = scanJsonRpc(line)
        if (scanned.kind === 'fault') return
        const sent = withId(line, scanned, other)
        assert.equal(sent.at(-1), 0x0a)
        const there = sent.subarray(0, -1)
        const again = scanJsonRpc(there)
        assert.equal(again.kind, scanned.kind)
        if (scanned.idTo > 0) assert.equal(idOf(there, again as JsonRpcMessage).toString(), other)
        const back = withId(there, again as JsonRpcMessage, idOf(line, scanned))
        assert.equal(back.toString(), `${text}\n`)
      }),
      { numRuns: 5_000 },
    )
  })

  it('never throws, whatever the bytes are', () => {
    const pieces = ['{"id":', '"method":"a"', ',', '}', '1', '"', '\\', '\\u00', '\xff', 'é', '[']
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 12 })
    fc.assert(
      fc.property(text, fc.uint8Array({ maxLength: 4 }), (parts, noise) => {
        scanJsonRpc(Buffer.concat([Buffer.from(parts.join(''), 'latin1'), noise]))
        scanJsonRpc(Buffer.concat([bytes(parts.join('')), noise]))
      }),
      { numRuns: 5_000 },
    )
  })
})

/** What the rules make of the members, which a reviver cannot tell: JSON.parse keeps the last of two. */
function expected(text: string): JsonRpcMessage['kind'] | 'fault' {
  const names = topNames(text)
  const object: Record<string, unknown> = JSON.parse(text)
  const twice = (one: string): boolean => names.filter((n) => n === one).length > 1
  if (names.includes('ID') || twice('id') || twice('method')) return 'fault'
  const given = object.id
  if (given !== undefined && given !== null && !/string|number/.test(typeof given)) return 'fault'
  const hasId = names.includes('id')
  if (names.includes('method')) {
    if (typeof object.method !== 'string') return 'fault'
    return hasId ? 'call' : 'notification'
  }
  return hasId && (names.includes('result') || names.includes('error')) ? 'answer' : 'fault'
}

/** The names of the members with their repetitions, made apart by what JSON.parse is given. */
function topNames(text: string): string[] {
  const names: string[] = []
  let level = 0
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"\s*:?|[[\]{}]/g)) {
    if (token === '{' || token === '[') level++
    else if (token === '}' || token === ']') level--
    else if (level === 1 && token.endsWith(':')) names.push(JSON.parse(token.slice(0, -1)))
  }
  return names
}

describe('an id', () => {
  it('is told as a number when it is whole and not negative, as any library may write it', () => {
    const numbers: [string, number][] = [
      ['0', 0],
      ['123456789012345', 123456789012345],
      ['9007199254740991', 9007199254740991],
      ['9007199254740992', -1],
      ['1.0', 1],
      ['1e3', 1000],
      ['-1', -1],
      ['1.5', -1],
      ['1e400', -1],
      ['"7"', -1],
      ['""', -1],
      ['null', -1],
      ['1'.repeat(1_000), -1],
    ]
    for (const [written, number] of numbers) {
      const text = `{"id":${written},"result":1}`
      assert.equal(numberId(bytes(text), message(text)), number, written)
    }
    assert.equal(numberId(bytes(notification), message(notification)), -1)
  })

  it('is left out where there was none', () => {
    const spliced = withId(bytes(notification), message(notification), '12')
    assert.equal(spliced.toString(), `${notification}\n`)
    assert.equal(idOf(bytes(notification), message(notification)).toString(), 'null')
  })
})

describe('an error line', () => {
  it('is an answer on one line, with the id as it came', () => {
    const text = '{"method":"a","id":"\\u00e9 💡 \\n"}'
    const line = errorLine(idOf(bytes(text), message(text)), -32000, 'no "b"\nhere', {
      code: 'NO_BACKEND',
    })
    assert.equal(
      line.toString(),
      '{"jsonrpc":"2.0","id":"\\u00e9 💡 \\n",' +
        '"error":{"code":-32000,"message":"no \\"b\\"\\nhere","data":{"code":"NO_BACKEND"}}}\n',
    )
    assert.equal(message(line.toString().trimEnd()).isError, true)
  })

  it('has no data when there is none, and an id of null for what could not be read', () => {
    const line = errorLine(idOf(bytes('{'), fault('{')), -32700, 'what')
    const error = '{"code":-32700,"message":"what"}'
    assert.equal(line.toString(), `{"jsonrpc":"2.0","id":null,"error":${error}}\n`)
  })
})
