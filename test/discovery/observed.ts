import { EventEmitter, once } from 'node:events'
import type { TestContext } from 'node:test'
import { formatAddress } from '../../src/base/address.ts'
import type { PilotiError } from '../../src/base/errors.ts'
import type { Discovery } from '../../src/discovery/discovery.ts'
import type { BackendSpec } from '../../src/pool/backend.ts'

/** All that a discovery has told. */
export interface Observed {
  /** The backends, each time they were told. */
  readonly found: string[][]
  readonly specs: (readonly BackendSpec[])[]
  readonly failed: string[]
  readonly errors: PilotiError[]
  /** Waits until what was told fulfils it. */
  until(isSo: (observed: Observed) => boolean): Promise<void>
  /** Waits until these backends, and no others, were told last. */
  untilFound(...ids: string[]): Promise<void>
}

/** Starts a discovery, and closes it when the test ends. */
export async function observe(t: TestContext, discovery: Discovery): Promise<Observed> {
  const news = new EventEmitter()
  const observed: Observed = {
    found: [],
    specs: [],
    failed: [],
    errors: [],
    async until(isSo) {
      // Discoveries keep no process alive, also not this one.
      const hold = setInterval(() => {}, 1_000)
      try {
        while (!isSo(observed)) await once(news, 'told')
      } finally {
        clearInterval(hold)
      }
    },
    untilFound: (...ids) => observed.until(({ found }) => `${found.at(-1)}` === `${ids}`),
  }
  t.after(() => discovery.close())
  await discovery.start({
    found(specs) {
      observed.found.push(specs.map(({ address }) => formatAddress(address)))
      observed.specs.push(specs)
      news.emit('told')
    },
    failed(error) {
      observed.failed.push(error.message)
      observed.errors.push(error)
      news.emit('told')
    },
  })
  return observed
}
