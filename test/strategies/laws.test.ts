import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { strategies } from '../../src/strategies/index.ts'
import { laws } from './laws.ts'

const whileWorkPilesUp = 'leaves no candidate idle for ever while work piles up'
const whenFinishedAtOnce = 'leaves no candidate idle for ever when all work is finished at once'
const despiteOne = 'spreads what one candidate never manages over all the others'
const byWeight = 'gives to each by its weight while work piles up'

/** Strategy → law → why it cannot obey. */
const exceptions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'n-to-1': {
    [whileWorkPilesUp]: 'all to one is what it is for',
    [whenFinishedAtOnce]: 'all to one is what it is for',
    [despiteOne]: 'the next one is the only other that gets work',
    [byWeight]: 'one gets everything, whatever its weight',
  },
  'least-connections': {
    [whenFinishedAtOnce]: 'ties go to the first in order, as in the original system',
  },
}

for (const [name, make] of Object.entries(strategies)) {
  describe(`strategy ${name}`, () => {
    it('is called by its name in the table', () => assert.equal(make().name, name))

    for (const { sentence, hold } of laws) {
      const reason = exceptions[name]?.[sentence]
      if (reason === undefined) it(sentence, () => hold(make))
      else it(`is excepted: ${sentence} (${reason})`, () => assert.throws(() => hold(make)))
    }
  })
}

it('excepts known strategies from known laws', () => {
  const sentences = laws.map(({ sentence }) => sentence)
  for (const [name, excepted] of Object.entries(exceptions)) {
    assert.ok(Object.hasOwn(strategies, name), name)
    for (const sentence of Object.keys(excepted)) assert.ok(sentences.includes(sentence), sentence)
  }
})
