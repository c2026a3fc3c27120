/**
 * A balancer with a strategy of one's own: `sticky`, in the file beside this one.
 *
 *     node examples/own-strategy.ts 127.0.0.1:3001 127.0.0.1:3002    (PORT=8080)
 *
 * A strategy is an object with a name and a synchronous `pick`. It sees only backends that may take
 * work, never an empty list; the pool counts who holds what. The laws that piloti's own strategies are
 * held to are run on this one too: test/examples/own-strategy.test.ts.
 */
import { createProxy, formatAddress, Pool, parseAddress } from 'piloti'
import { sticky } from './sticky.ts'

const specs = process.argv.slice(2).map((text) => ({ address: parseAddress(text) }))
const pool = new Pool(specs, sticky())
const proxy = await createProxy({
  pool,
  address: { host: '127.0.0.1', port: Number(process.env.PORT ?? 8080) },
})
console.log(`listening on ${formatAddress(proxy.address)}`)

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => proxy.close(5_000))
