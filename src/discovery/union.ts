import { formatAddress } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'
import type { BackendSpec } from '../pool/backend.ts'
import type { Discovery, DiscoveryObserver } from './discovery.ts'

export interface UnionOptions {
  /** How long the start waits for sources that have told nothing yet; 3 s by default. */
  readonly startTimeoutMs?: number
}

/**
 * Adds up the backends that are named and those that several discoveries find.
 *
 * Named ones come first, then those of each discovery in the order given. An address that is told of twice
 * counts the first time, and that is reported. A discovery that fails keeps its share, so the list is
 * only empty, and never told, while nothing is named and nothing was ever found.
 *
 * @throws PilotiError ADDRESS when a backend is named twice.
 */
export function createUnion(
  named: readonly BackendSpec[],
  discoveries: readonly Discovery[],
  options: UnionOptions = {},
): Discovery {
  return new Union(named, discoveries, options)
}

interface Share {
  readonly name: string
  specs: readonly BackendSpec[]
}

class Union implements Discovery {
  readonly name: string
  readonly #discoveries: readonly Discovery[]
  readonly #startTimeoutMs: number
  readonly #shares: readonly Share[]
  #observer: DiscoveryObserver | undefined
  #stopWaiting = (): void => {}
  #told = ''
  #doubles = new Set<string>()

  constructor(
    named: readonly BackendSpec[],
    discoveries: readonly Discovery[],
    options: UnionOptions,
  ) {
    const [double] = add([{ name: '', specs: named }]).doubles
    if (double !== undefined)
      throw new PilotiError('ADDRESS', `backend ${double.id} is named twice`)
    this.name = discoveries.map(({ name }) => name).join(', ')
    this.#discoveries = discoveries
    this.#startTimeoutMs = options.startTimeoutMs ?? 3_000
    const found = discoveries.map(({ name }): Share => ({ name, specs: [] }))
    this.#shares = [{ name: 'those named', specs: named }, ...found]
  }

  async start(observer: DiscoveryObserver): Promise<void> {
    let isStarting = true
    const tell = (): void => {
      if (!isStarting) this.#tell()
    }
    this.#observer = observer
    const starts = this.#discoveries.map((discovery, i) =>
      discovery.start({
        found: (specs) => {
          this.#shares[i + 1]!.specs = specs
          tell()
        },
        failed: (error) => this.#observer?.failed(error),
      }),
    )
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#startTimeoutMs)
      this.#stopWaiting = resolve
    })
    await Promise.race([Promise.all(starts), late])
    clearTimeout(timer)
    // All that was found until now is one change.
    isStarting = false
    tell()
  }

  close(): void {
    this.#observer = undefined
    for (const discovery of this.#discoveries) discovery.close()
    this.#stopWaiting()
  }

  #tell(): void {
    const { specs, doubles } = add(this.#shares)
    const text = JSON.stringify(specs)
    if (specs.length > 0 && text !== this.#told) {
      this.#told = text
      this.#observer?.found(specs)
    }
    const before = this.#doubles
    this.#doubles = new Set(doubles.map(({ id }) => id))
    for (const { id, first, second } of doubles) {
      if (before.has(id)) continue
      const text = `backend ${id} of ${second} is also one of ${first}: that one counts`
      this.#observer?.failed(new PilotiError('DISCOVERY', text))
    }
  }
}

interface Double {
  readonly id: string
  readonly first: string
  readonly second: string
}

function add(shares: readonly Share[]): { specs: BackendSpec[]; doubles: Double[] } {
  const known = new Map<string, { spec: BackendSpec; name: string }>()
  const doubles: Double[] = []
  for (const { name, specs } of shares) {
    for (const spec of specs) {
      const id = formatAddress(spec.address)
      const first = known.get(id)
      if (first === undefined) known.set(id, { spec, name })
      else doubles.push({ id, first: first.name, second: name })
    }
  }
  return { specs: [...known.values()].map(({ spec }) => spec), doubles }
}
