import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PilotiError } from '../../src/base/errors.ts'
import type { LogFields } from '../../src/base/log.ts'
import { silent } from '../../src/base/log.ts'
import { Outage } from '../../src/proxy/outage.ts'

const down = new PilotiError('NO_BACKEND', 'all are down')
const full = new PilotiError('BACKENDS_FULL', 'all are full')

function recorded(): { outage: Outage; told: () => string[] } {
  const lines: string[] = []
  const note = (event: string, _sentence: string, fields: LogFields = {}): void =>
    void lines.push(`${event} ${fields.code ?? fields.refused}`)
  return { outage: new Outage({ ...silent, info: note, error: note }), told: () => lines.splice(0) }
}

describe('an outage', () => {
  it('is told once, and how many it cost when it is over', () => {
    const { outage, told } = recorded()
    for (let nth = 0; nth < 3; nth++) outage.refuse(down)
    assert.equal(outage.over(), true)
    assert.equal(outage.over(), true)
    assert.deepEqual(told(), ['refused NO_BACKEND', 'refused_over 3'])
    outage.refuse(down)
    assert.deepEqual(told(), ['refused NO_BACKEND'])
  })

  it('is told once for each reason, however they take turns', () => {
    const { outage, told } = recorded()
    for (let nth = 0; nth < 3; nth++) {
      outage.refuse(full)
      outage.refuse(down)
    }
    assert.deepEqual(told(), ['refused BACKENDS_FULL', 'refused NO_BACKEND'])
  })

  it('is not over by one served client while backends are full', () => {
    const { outage, told } = recorded()
    for (let nth = 0; nth < 3; nth++) {
      outage.refuse(full)
      assert.equal(outage.over(), false)
    }
    assert.deepEqual(told(), ['refused BACKENDS_FULL'])
  })
})
