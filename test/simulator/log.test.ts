import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createLogReader, type LoggedRequest, type LogReader } from '../../src/simulator.ts'

function read(lines: readonly string[], reader: LogReader = createLogReader()): LoggedRequest[] {
  const requests = lines.flatMap((line) => [...reader.take(line)])
  return [...requests, ...reader.end()]
}

const line = (stamp: string, end: string): string =>
  `192.0.2.7 - joe [${stamp}] "GET /a?b HTTP/1.1" 200 12 "-" "curl \\"8\\" [x]"${end}`

describe('a log', () => {
  it('of nginx tells when requests came and how long they took', () => {
    const lines = [
      line('20/Nov/2026:10:32:07 +0100', ' 0.250'),
      line('20/Nov/2026:10:32:07 +0100', ' 0.010'),
      line('20/Nov/2026:09:32:09 +0000', ' 1.000'),
    ]
    // Spread over their second: they end at 7.25, 7.75 and 9.5.
    assert.deepEqual(read(lines), [
      { atMs: 0, workMs: 250, key: '192.0.2.7' },
      { atMs: 740, workMs: 10, key: '192.0.2.7' },
      { atMs: 1_500, workMs: 1_000, key: '192.0.2.7' },
    ])
  })

  it('may have other stamps and names for durations', () => {
    for (const stamp of ['2026-11-20T10:32:07+01:00', '1763631127', '1763631127.123']) {
      for (const end of [' 0.5', ' rt=0.5', ' "0.5"', ' 7 up=- 0.5']) {
        assert.deepEqual(
          read([line(stamp, end)]).map(({ workMs }) => workMs),
          [500],
          `${stamp} ${end}`,
        )
      }
    }
    const common = '::1 - - [20/Nov/2026:10:32:07 +0100] "GET / HTTP/1.0" 304 - 0.5'
    assert.equal(read([common])[0]!.workMs, 500)
  })

  it('of JSON lines tells when requests came, and is put in order', () => {
    const at = (ms: number, path: string): string =>
      JSON.stringify({ time: `2026-11-20T10:00:00.${ms}Z`, durationMs: 7, client: 'c', path })
    const reader = createLogReader('path')
    assert.deepEqual(read([at(300, '/b'), at(100, '/a'), '', at(200, '/c')], reader), [
      { atMs: 0, workMs: 7, key: '/a' },
      { atMs: 100, workMs: 7, key: '/c' },
      { atMs: 200, workMs: 7, key: '/b' },
    ])
    assert.equal(reader.faults.lines, 3)
  })

  it('counts what it leaves out, and says where', () => {
    const reader = createLogReader()
    const good = line('20/Nov/2026:10:32:07 +0100', ' 0.5')
    const none = line('20/Nov/2026:10:32:07 +0100', '')
    const bad = ['', 'nonsense', '{"time":', '{}', '[]', good.replace('Nov', 'Foo'), none]
    assert.equal(read([...bad, good], reader).length, 1)
    const { lines, unreadable, withoutDuration, firstBad } = reader.faults
    assert.deepEqual([lines, unreadable, withoutDuration], [7, 5, 1])
    assert.deepEqual(firstBad, [2, 3, 4, 5, 6])
  })

  it('never throws, and is always in order', () => {
    const json = fc.record({
      time: fc.oneof(fc.integer(), fc.string(), fc.double(), fc.date().map(String)),
      durationMs: fc.oneof(fc.integer(), fc.double(), fc.string()),
    })
    const any = fc.oneof(
      fc.string(),
      json.map((value) => JSON.stringify(value)),
      fc.json(),
    )
    const property = fc.property(fc.array(any, { maxLength: 50 }), (lines) => {
      let lastMs = 0
      for (const { atMs, workMs } of read(lines)) {
        assert.ok(atMs >= lastMs && workMs >= 0)
        lastMs = atMs
      }
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('is read in bounded memory: what it holds back is limited', () => {
    const reader = createLogReader()
    let came = 0
    const count = 60_000
    for (let i = 0; i < count; i++) {
      came += reader.take(`{"time":${1_700_000_000_000 + i},"durationMs":1}`).length
    }
    assert.ok(count - came <= 20_000, `${count - came} held back`)
    assert.equal(came + reader.end().length, count)
  })
})
