import assert from 'node:assert/strict'
import { it } from 'node:test'
import { copyOf, Inlet } from '../../src/net/inlet.ts'

const sharedBytes = 65_536
const longBytes = 262_144

/** Plays what a socket does: reads `bytes` into the inlet's buffer. @returns whether it goes on. */
function read(inlet: Inlet, bytes: number): boolean {
  const { buffer, callback } = inlet.onread
  const into = (buffer as () => Buffer)()
  return callback(bytes, into)
}

const bufferOf = (inlet: Inlet): Buffer => (inlet.onread.buffer as () => Buffer)()

it('an inlet shares a buffer until it is filled, and then has its own', () => {
  const [short, long] = [new Inlet(longBytes), new Inlet(longBytes)]
  const seen: [number, boolean][] = []
  const reader = {
    read: (_: Buffer, end: number, isShared: boolean) => seen.push([end, isShared]) > 0,
  }
  short.reader = reader
  long.reader = reader
  assert.equal(bufferOf(short), bufferOf(long))
  read(short, 100)
  read(long, sharedBytes)
  assert.equal(bufferOf(short).length, sharedBytes)
  assert.equal(bufferOf(long).length, longBytes)
  read(long, 5)
  assert.deepEqual(seen, [
    [100, true],
    [sharedBytes, true],
    [5, false],
  ])
})

it('an inlet gives its buffer back for the next one, of the same size', () => {
  const lend = (bytes: number): Inlet => {
    const inlet = new Inlet(bytes)
    inlet.reader = { read: () => true }
    read(inlet, sharedBytes)
    return inlet
  }
  const first = lend(longBytes)
  const buffer = bufferOf(first)
  const other = lend(2 * longBytes)
  first.giveBack()
  first.giveBack()
  assert.equal(bufferOf(first).length, sharedBytes)
  const [second, third] = [lend(longBytes), lend(longBytes)]
  assert.notEqual(bufferOf(second), bufferOf(third))
  assert.ok(bufferOf(second) === buffer || bufferOf(third) === buffer)
  second.abandon()
  assert.notEqual(bufferOf(lend(longBytes)), buffer)
  assert.equal(bufferOf(other).length, 2 * longBytes)
})

it('an inlet lends no more than 256 buffers', () => {
  const inlets = Array.from({ length: 300 }, () => new Inlet(longBytes))
  for (const inlet of inlets) {
    inlet.reader = { read: () => true }
    read(inlet, sharedBytes)
  }
  const lent = inlets.filter((inlet) => bufferOf(inlet).length === longBytes)
  assert.ok(lent.length > 200 && lent.length <= 256, `${lent.length}`)
  for (const inlet of inlets) inlet.giveBack()
})

it('an inlet without a reader stops reading', () => {
  assert.equal(read(new Inlet(longBytes), 1), false)
})

it('a copy does not change with its source', () => {
  const source = Buffer.from('abcdef')
  const copy = copyOf(source, 1, 4)
  source.fill('x')
  assert.equal(copy.toString(), 'bcd')
})
