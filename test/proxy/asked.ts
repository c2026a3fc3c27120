/** Requests for what looks at heads alone. */
import assert from 'node:assert/strict'
import { DONE } from '../../src/codecs/http1-faults.ts'
import { RequestHead } from '../../src/codecs/http1-request.ts'
import { Pool } from '../../src/pool/pool.ts'
import type { Route, Router } from '../../src/proxy/routes.ts'
import { roundRobin } from '../../src/strategies/round-robin.ts'

export interface Question {
  readonly method?: string
  readonly target?: string
  /** Empty sends none, as HTTP/1.0 may. */
  readonly host?: string
  readonly fields?: readonly string[]
}

/** A request as a connection reads it, behind bytes of another one. */
export function asked(question: Question = {}): [head: RequestHead, bytes: Buffer] {
  const { method = 'GET', target = '/', host = 'h.test', fields = [] } = question
  const version = host === '' ? 'HTTP/1.0' : 'HTTP/1.1'
  const lines = [`${method} ${target} ${version}`, ...(host === '' ? [] : [`Host: ${host}`])]
  const before = 'what came before'
  const bytes = Buffer.from(`${before}${[...lines, ...fields].join('\r\n')}\r\n\r\n`, 'latin1')
  const head = new RequestHead()
  assert.equal(head.parse(bytes, before.length, bytes.length), DONE, head.fault?.reason)
  return [head, bytes]
}

/** A pool with one backend for each port. */
export function poolOf(...ports: readonly number[]): Pool {
  const specs = ports.map((port) => ({ address: { host: '127.0.0.1', port } }))
  return new Pool(specs, roundRobin())
}

export type Named = Omit<Route, 'to'> & { readonly to: string | Readonly<Record<string, number>> }

/** Routes to pools that are known by a name; `nameOf` tells them apart. */
export function named(routes: readonly Named[]): {
  readonly routes: Route[]
  nameOf(router: Router, question?: Question): string
} {
  const pools = new Map<string, Pool>()
  const names = new Map<Pool, string>()
  const poolNamed = (name: string): Pool => {
    const pool = pools.get(name) ?? poolOf()
    pools.set(name, pool)
    names.set(pool, name)
    return pool
  }
  const made = routes.map(({ to, ...conditions }) => ({
    ...conditions,
    to: Object.entries(typeof to === 'string' ? { [to]: 1 } : to).map(([name, weight]) => ({
      destination: { pool: poolNamed(name) },
      weight,
    })),
  }))
  const nameOf = (router: Router, question?: Question): string => {
    const match = router.find(...asked(question))
    return match === undefined ? router.refusal.code : names.get(match.destination.pool)!
  }
  return { routes: made, nameOf }
}
