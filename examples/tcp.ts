/**
 * Any TCP service behind one address, here Redis: a primary, and stand-bys for when it is gone.
 *
 *     node examples/tcp.ts 127.0.0.1:6379 127.0.0.1:6380             (PORT=7379)
 *     redis-cli -p 7379 ping
 *
 * In mode `tcp` a lease lasts as long as the connection. A connection that has begun stays where it is;
 * only new ones go elsewhere. A backend that cannot be connected to is left out and asked again after a
 * pause: the primary gets its work back when it is back.
 */
import { createProxy, createStrategy, type Log, Pool, parseAddress } from 'piloti'

const specs = process.argv.slice(2).map((text) => ({ address: parseAddress(text) }))
const pool = new Pool(specs, createStrategy('n-to-1'))

const say = (_event: string, sentence: string): void => console.log(sentence)
const log: Log = { debug: () => {}, info: say, warn: say, error: say }

const proxy = await createProxy({
  pool,
  mode: 'tcp',
  address: { host: '127.0.0.1', port: Number(process.env.PORT ?? 7379) },
  connectTimeoutMs: 1_000,
  // Clients keep connections for as long as they live, and say nothing for hours.
  idleTimeoutMs: 24 * 3_600_000,
  log,
})

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => proxy.close(5_000))
