import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { printable, shown } from '../../src/base/printable.ts'

describe('what others wrote, in a message', () => {
  it('stays as it is when it can be read', () => {
    assert.equal(printable("Grüße, 你好: 'a b'"), "Grüße, 你好: 'a b'")
  })

  it('moves no cursor, ends no line and turns no direction', () => {
    const odd = 'a\r\n\u001b[2J\u009b\u2028\u202eb'
    assert.equal(printable(odd), 'a\\u{d}\\u{a}\\u{1b}[2J\\u{9b}\\u{2028}\\u{202e}b')
  })

  it('is cut when it is long', () => {
    assert.equal(shown('x'.repeat(81)), `${'x'.repeat(80)}…`)
    assert.equal(shown('x'.repeat(80)), 'x'.repeat(80))
  })
})
