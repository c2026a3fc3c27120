import assert from 'node:assert/strict'
import { type StrategyReport, simulate, type Workload } from '../../src/simulator.ts'

/** Within 2 %, as the textbook tests promise. */
export function near(found: number, wanted: number, what: string): void {
  const off = Math.abs(found / wanted - 1)
  assert.ok(
    off <= 0.02,
    `${what}: ${found}, the textbook says ${wanted}: ${(off * 100).toFixed(2)} % off`,
  )
}

/** What a request takes on average, in milliseconds, in all tests here: rates are loads × 100. */
export const meanMs = 10

export const exponential: Workload['service'] = { kind: 'exponential', meanMs }

/** Runs are so long that a standard error is some 1 %; with one seed the result is always the same. */
const seed = 4

/** Arrivals by chance, the first 10 % not measured. */
export function played(
  rho: number,
  requests: number,
  more: Partial<Workload> = {},
  strategy = 'n-to-1',
): StrategyReport {
  const backends = more.backends ?? [{ name: 'b' }]
  const servers = backends.reduce((sum, { count = 1, servers: own = 1 }) => sum + count * own, 0)
  const ratePerSecond = (rho * servers * 1_000) / meanMs
  const workload: Workload = {
    arrivals: { kind: 'poisson', ratePerSecond },
    service: exponential,
    backends,
    requests,
    warmUpMs: (requests / ratePerSecond) * 100,
    ...more,
  }
  const [report] = simulate(workload, [strategy], { seed }).strategies
  assert.ok(report)
  return report
}
