import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Case } from '../fixtures/http1/case.ts'
import { chunks } from '../fixtures/http1/chunks.ts'
import { framing } from '../fixtures/http1/framing.ts'
import { heads } from '../fixtures/http1/heads.ts'
import { hop } from '../fixtures/http1/hop.ts'
import { get, response } from '../fixtures/http1/messages.ts'
import { responses } from '../fixtures/http1/responses.ts'
import { routing } from '../fixtures/http1/routing.ts'
import {
  type Facts,
  feeds,
  forwardRequests,
  forwardResponses,
  latin1,
  type Outcome,
} from '../support/http1.ts'

describe('a request', () => {
  const next = get('X-Next: 1\r\n')
  for (const one of [...heads, ...framing, ...chunks, ...routing, ...hop]) {
    it(`row ${one.row}: ${one.says}`, () => {
      check(one, next, (pieces) => forwardRequests(pieces, one.feed))
    })
  }
})

describe('a response', () => {
  for (const one of responses) {
    it(`row ${one.row}: ${one.says}`, () => {
      const next = response('Content-Length: 2\r\n', one.feed?.toHead === true ? '' : 'ok')
      check(one, next, (pieces) => forwardResponses(pieces, one.feed))
    })
  }
})

type Forward = (pieces: readonly Buffer[]) => Outcome

// The message whole, byte by byte, cut at every offset; then the same with a message behind it.
function check(one: Case, next: string, forward: Forward): void {
  const alone = forward([latin1(one.bytes)])
  judge(one, alone)
  for (const pieces of feeds(latin1(one.bytes))) assert.deepEqual(forward(pieces), alone)
  if (one.facts?.unfinished === true || one.facts?.framing === 3) return
  const glued = forward([latin1(one.bytes + next)])
  assert.equal(glued.fault, alone.fault)
  assert.deepEqual(glued.messages.slice(0, alone.messages.length), alone.messages)
  if (one.refused === undefined) assert.equal(glued.messages.length, 2)
  for (const pieces of feeds(latin1(one.bytes + next))) assert.deepEqual(forward(pieces), glued)
}

function judge(one: Case, outcome: Outcome): void {
  if (one.refused !== undefined) {
    assert.equal(outcome.fault?.status, one.refused)
    assert.deepEqual(outcome.messages, [])
    return
  }
  assert.equal(outcome.fault, null)
  if (one.facts?.unfinished === true) {
    assert.equal(outcome.unfinished, true)
    return
  }
  assert.equal(outcome.unfinished, false)
  const [message] = outcome.messages
  assert.equal(message!.head + message!.body, one.forwarded ?? one.bytes)
  assert.deepEqual(picked(message!.facts, one.facts ?? {}), one.facts ?? {})
}

function picked(facts: Facts, wanted: Facts): Facts {
  return Object.fromEntries(Object.keys(wanted).map((name) => [name, facts[name]!]))
}
