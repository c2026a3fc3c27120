/**
 * The trailer section behind the last chunk: held until it is complete, checked, filtered.
 *
 * Trailers stay trailers: none is merged into the head, and none that frames, routes, authenticates
 * or caches a message is forwarded.
 *
 * @see RFC 9110 6.5.1, RFC 9112 7.1.2
 */
import { BAD, DONE, type Fault, type Faults, MORE, type Result } from './http1-faults.ts'
import { type FieldLimits, FieldLines } from './http1-fields.ts'
import type { HopOptions } from './http1-hop.ts'
import { isForwarding, isHopByHop, isProtected, Kind } from './http1-names.ts'
import { STRIDE } from './http1-table.ts'

const refused = new Set(
  `accept authentication-info authorization cache-control content-encoding content-range
  content-type cookie date expires if-match if-modified-since if-none-match if-range
  if-unmodified-since location pragma proxy-authenticate proxy-authentication-info
  proxy-authorization range retry-after set-cookie trailer vary warning www-authenticate`.split(
    /\s+/,
  ),
)
const firstBytes = 256

export class TrailerSection {
  /** The lines to forward, each with its CRLF; null for none. */
  lines: Buffer | null = null
  fault: Fault | null = null
  /** Bytes held so far; after DONE, bytes of the section. */
  sizeBytes = 0
  readonly #fields: FieldLines
  readonly #hop: HopOptions
  #held: Buffer = Buffer.allocUnsafe(firstBytes)

  constructor(faults: Faults, limits: FieldLimits, hop: HopOptions) {
    this.#fields = new FieldLines(faults, limits)
    this.#fields.reset()
    this.#hop = hop
  }

  /** Takes bytes of the section; on DONE `sizeBytes` tells how many belonged to it. */
  read(bytes: Buffer, start: number, end: number): Result {
    const room = this.#fields.limitBytes - this.sizeBytes
    this.#hold(bytes.subarray(start, Math.min(end, start + room)))
    const result = this.#fields.parse(this.#held, 0, this.sizeBytes)
    if (result === MORE) return MORE
    if (result === BAD) return this.#refuse()
    this.sizeBytes = this.#fields.end
    this.#filter()
    return DONE
  }

  #hold(bytes: Buffer): void {
    const size = this.sizeBytes + bytes.length
    if (size > this.#held.length) {
      const held = Buffer.allocUnsafe(Math.max(size, this.#held.length * 2))
      this.#held.copy(held, 0, 0, this.sizeBytes)
      this.#held = held
    }
    bytes.copy(this.#held, this.sizeBytes)
    this.sizeBytes = size
  }

  #refuse(): Result {
    const { fault, faults } = this.#fields
    const tooLarge = fault === faults.headTooLarge || fault === faults.fieldsTooMany
    this.fault = tooLarge ? faults.trailersTooLarge : fault
    return BAD
  }

  #filter(): void {
    const fields = this.#fields
    const kept: Buffer[] = []
    for (let index = 0; index < fields.count; index++) {
      if (!this.#isRefused(index)) {
        kept.push(this.#held.subarray(fields.lineStart(index), fields.lineStart(index + 1)))
      }
    }
    this.lines = kept.length === 0 ? null : Buffer.concat(kept)
  }

  #isRefused(index: number): boolean {
    const kind = this.#fields.kind(index)
    if (isHopByHop(kind) || isForwarding(kind) || isProtected(kind)) return true
    if (kind === Kind.LOOK_ALIKE || kind === Kind.DATE) return true
    const from = this.#fields.table[index * STRIDE]!
    const to = this.#fields.table[index * STRIDE + 1]!
    const name = this.#held.toString('latin1', from, to).toLowerCase()
    return refused.has(name) || this.#hop.nominates(this.#held, from, to)
  }
}
