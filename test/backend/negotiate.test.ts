import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { preferredForm } from '../../backend/negotiate.ts'

describe('preferredForm', () => {
  const cases: [accept: string | undefined, form: string][] = [
    [undefined, 'text'],
    ['', 'text'],
    ['*/*', 'text'],
    ['text/*', 'text'],
    ['text/plain', 'text'],
    ['text/html', 'html'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'html'],
    ['text/html, */*', 'html'],
    ['TEXT/HTML', 'html'],
    ['application/json', 'json'],
    ['application/*', 'json'],
    ['application/json, text/plain, */*', 'json'],
    ['application/json;q=0.9, text/html;q=0.5', 'json'],
    ['application/json ; Q=0.4 , text/html ; level=1 ; q=0.5', 'html'],
    ['text/plain;q=0, */*', 'json'],
    ['text/html;q=0', 'text'],
    ['text/html;q=abc, application/json;q=0.1', 'json'],
    ['image/png', 'text'],
    [',;,=,q=1;;', 'text'],
  ]
  for (const [accept, form] of cases) {
    it(`answers ${accept === undefined ? 'no Accept field' : `'${accept}'`} with ${form}`, () => {
      assert.equal(preferredForm(accept), form)
    })
  }
})
