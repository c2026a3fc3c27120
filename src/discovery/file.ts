import { PilotiError } from '../base/errors.ts'
import { shown } from '../base/printable.ts'
import type { BackendSpec } from '../pool/backend.ts'
import { type LineFault, parseBackendsFile } from './backends-file.ts'
import type { Discovery, DiscoveryObserver } from './discovery.ts'
import { Lookout } from './lookout.ts'
import type { Snapshot } from './snapshot.ts'
import { Teller } from './teller.ts'

export interface FileDiscoveryOptions {
  /** Of hosts that are written without one; 80 by default. */
  readonly port?: number
  /** How often it looks even when it hears of no change; 1 s by default. */
  readonly pollMs?: number
  /** How long a file must be what it is before it is used; 50 ms by default. */
  readonly settleMs?: number
  /** The same for one that looks half-written, and for one that is gone; 1 s by default. */
  readonly patienceMs?: number
  /** One that did not stand still for so long is reported; 5 s by default. */
  readonly restlessMs?: number
}

/** Finds the backends that a file lists, and follows its changes; a half-written one is never used. */
export function createFileDiscovery(path: string, options: FileDiscoveryOptions = {}): Discovery {
  return new FileDiscovery(path, options)
}

/** Of a file with more, these stand in the message. */
const faultsShown = 20

interface Reading {
  readonly snapshot: Snapshot
  readonly specs: readonly BackendSpec[]
  /** Why it cannot be used; empty when it can. */
  readonly fault: string
  /** Whether it may be half-written, or about to come back. */
  readonly isDoubtful: boolean
  /** When it was first seen like this. */
  readonly sinceMs: number
}

class FileDiscovery implements Discovery {
  readonly name: string
  readonly #path: string
  readonly #options: Required<FileDiscoveryOptions>
  readonly #lookout: Lookout
  #teller: Teller | undefined
  #isClosed = false
  /** What was seen last, and what was used or refused last. */
  #seen: Reading | undefined
  #settled: Reading | undefined
  #restlessSinceMs: number | undefined

  constructor(path: string, options: FileDiscoveryOptions) {
    const { port = 80, pollMs = 1_000, settleMs = 50 } = options
    const { patienceMs = 1_000, restlessMs = 5_000 } = options
    this.name = `file ${shown(path)}`
    this.#path = path
    this.#options = { port, pollMs, settleMs, patienceMs, restlessMs }
    this.#lookout = new Lookout(path, (snapshot, nowMs) => this.#judge(snapshot, nowMs))
  }

  start(observer: DiscoveryObserver): Promise<void> {
    this.#teller = new Teller(observer)
    if (this.#isClosed) this.#teller.close()
    else this.#lookout.start()
    return this.#teller.begun
  }

  close(): void {
    this.#isClosed = true
    this.#lookout.close()
    this.#teller?.close()
  }

  /** @returns when to look again, in milliseconds. */
  #judge(snapshot: Snapshot | undefined, nowMs: number): number {
    const { pollMs, settleMs, patienceMs } = this.#options
    if (snapshot === undefined) this.#seen = undefined
    else if (!isSame(this.#seen?.snapshot, snapshot)) this.#seen = this.#read(snapshot, nowMs)
    const seen = this.#seen
    if (seen !== undefined) {
      const waitMs = seen.isDoubtful ? patienceMs : settleMs
      const leftMs = waitMs - this.#standstillMs(seen, nowMs)
      if (leftMs <= 0) {
        this.#settle(seen)
        return pollMs
      }
      this.#complain(nowMs)
      return Math.ceil(leftMs)
    }
    this.#complain(nowMs)
    return settleMs
  }

  #read(snapshot: Snapshot, sinceMs: number): Reading {
    if (snapshot.fault !== '') {
      return { snapshot, specs: [], fault: snapshot.fault, isDoubtful: true, sinceMs }
    }
    const { specs, faults } = parseBackendsFile(snapshot.text, this.#options.port)
    const fault =
      faults.length > 0
        ? sentenceOf(faults)
        : specs.length === 0
          ? 'it lists no backend: write one HOST[:PORT] a line'
          : ''
    const isDoubtful = fault !== '' || !/[\r\n]$/.test(snapshot.text)
    return { snapshot, specs, fault, isDoubtful, sinceMs }
  }

  /** How long the file has been what it is. */
  #standstillMs({ snapshot, sinceMs }: Reading, nowMs: number): number {
    // At the start nothing is waited for that is probably a typing error.
    const isTypo = snapshot.fault !== '' && this.#settled === undefined
    return isTypo ? Number.POSITIVE_INFINITY : nowMs - sinceMs
  }

  #settle(reading: Reading): void {
    const isKnown = this.#restlessSinceMs === undefined
    this.#restlessSinceMs = undefined
    if (isKnown && isSame(this.#settled?.snapshot, reading.snapshot)) return
    this.#settled = reading
    if (reading.fault === '') this.#teller?.found(reading.specs)
    else this.#fail(reading.fault)
  }

  #complain(nowMs: number): void {
    this.#restlessSinceMs ??= nowMs
    if (nowMs - this.#restlessSinceMs > this.#options.restlessMs)
      this.#fail('it changes all the time')
  }

  #fail(fault: string): void {
    const text = `cannot use file '${shown(this.#path)}': ${fault}`
    this.#teller?.failed(new PilotiError('DISCOVERY', text))
  }
}

const isSame = (a: Snapshot | undefined, b: Snapshot): boolean =>
  a?.signature === b.signature && a.text === b.text && a.fault === b.fault

function sentenceOf(faults: readonly LineFault[]): string {
  const sentences = faults
    .slice(0, faultsShown)
    .map(({ line, message }) => `line ${line}: ${message}`)
  const more = faults.length - sentences.length
  return [...sentences, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}
