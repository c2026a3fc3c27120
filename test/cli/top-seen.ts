/** What `piloti top` may be told. */
import fc from 'fast-check'
import type { Status } from '../../src/cli/top-course.ts'
import type { BackendView } from '../../src/pool/view.ts'

const answers = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 }
const times = { count: 0, sumMs: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, maxMs: 0 }

export function backendSeen(id: string, more: Partial<BackendView> = {}): BackendView {
  return {
    ...{ id, weight: 1, fullWeight: 1, maxConnections: 0, health: 'up', reason: '', forMs: 5_000 },
    ...{ load: 0, active: 0, leases: 0, ok: 0, failed: 0, aborted: 0, errors: 0, answers },
    ...{ ejections: 0, sentBytes: 0, receivedBytes: 0, averageResponseTimeMs: 0 },
    responseTimes: times,
    ...more,
  }
}

export function statusSeen(
  pools: Readonly<Record<string, readonly BackendView[]>>,
  pid = 1,
): Status {
  const connections = { active: 3, total: 9, refused: 0 }
  const made = Object.entries(pools).map(([name, backends]) => [
    name,
    {
      ...{ strategy: 'round-robin', queued: 0, queuedTotal: 0, requests: { times, own: answers } },
      ...{ isFailOpen: false, failOpenLeases: 0, backends },
    },
  ])
  return {
    pid,
    listeners: { web: { address: '127.0.0.1:80', mode: 'tcp', connections } },
    pools: Object.fromEntries(made),
  }
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('\u001b[2J\u0007', '\u009b31m', 'a\r\nb', '漢字😀', 'e\u0301', '\u202eabc', ''),
)
const number = fc.oneof(
  fc.nat(10),
  fc.double({ min: 0, max: 1e12, noNaN: true }),
  fc.constantFrom(0, 1e300),
)
const health = fc.constantFrom('up', 'down', 'ejected', 'trial', 'draining', 'unknown')

const anyBackend: fc.Arbitrary<BackendView> = fc
  .record({
    ...{ id: text, reason: text, health, weight: number, fullWeight: number, forMs: number },
    ...{ active: number, leases: number, failed: number, errors: number },
    ...{ averageResponseTimeMs: number, p50Ms: number, p99Ms: number },
  })
  .map(({ p50Ms, p99Ms, ...more }) =>
    backendSeen(more.id, { ...more, responseTimes: { ...times, p50Ms, p99Ms } } as BackendView),
  )

/** Any status, with whatever texts and numbers. */
export const anyStatus: fc.Arbitrary<Status> = fc
  .dictionary(text, fc.array(anyBackend, { maxLength: 12 }), { maxKeys: 4 })
  .map((pools) => statusSeen(pools))
