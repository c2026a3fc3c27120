import { z } from 'zod'
import type { Balancer } from '../balancer.ts'
import type { Decision } from '../pool/decisions.ts'

const considered = z.strictObject({
  id: z.string(),
  weight: z.number(),
  active: z.number(),
  responseTimeMs: z.number(),
  score: z.number().optional().describe('what the strategy compares, where it can tell'),
  leftOut: z.string().describe('why it could not be picked; empty when it could'),
})

const picks = z.array(
  z.strictObject({
    strategy: z.string(),
    considered: z.array(considered),
    others: z.number().describe('backends that are not shown'),
    picked: z.string().describe('empty when nobody could be'),
    failed: z.string().describe('why the try failed; empty when it did not'),
  }),
)

/** The latest decisions of each pool. */
export const decisionsView: z.ZodType<Readonly<Record<string, readonly Decision[]>>> = z.record(
  z.string(),
  z.array(
    z.strictObject({
      atMs: z.number(),
      what: z.string(),
      client: z.string(),
      picks,
      queueMs: z.number(),
      connectMs: z.number(),
      firstByteMs: z.number().describe('-1 without an answer'),
      durationMs: z.number(),
      status: z.number(),
      end: z.string(),
      requestId: z.string(),
    }),
  ),
) as z.ZodType<Readonly<Record<string, readonly Decision[]>>>

export function decisionsOf({ pools }: Balancer): Record<string, readonly Decision[]> {
  return Object.fromEntries([...pools].map(([name, pool]) => [name, pool.decisions.view()]))
}
