/**
 * What a head says about its connection: the options of Connection, and the fields it nominates.
 *
 * Nominated fields end with this hop, but a peer cannot take away by nomination what routes, frames
 * or authenticates a message (CVE-2024-45410, CVE-2025-48865).
 *
 * @see RFC 9110 7.6.1
 */
import { COMMA, isBlank, lowered } from './http1-chars.ts'
import type { Fault } from './http1-faults.ts'
import type { FieldLines } from './http1-fields.ts'
import { isHopByHop, isProtected, Kind, kindOf, mixOf } from './http1-names.ts'
import { STRIDE } from './http1-table.ts'

const nominatedLimit = 32
const close = new TextEncoder().encode('close')

export class HopOptions {
  close = false
  keepAlive = false
  upgrade = false
  /** Nominated names in lower case; null when none was. Trailers are filtered by them too. */
  nominated: Uint8Array[] | null = null

  reset(): void {
    this.close = false
    this.keepAlive = false
    this.upgrade = false
    this.nominated = null
  }

  /** Reads every Connection line and marks the lines it nominates as left out. */
  read(fields: FieldLines, bytes: Uint8Array, start: number): Fault | null {
    let line = fields.find(Kind.CONNECTION)
    while (line !== -1) {
      const to = start + fields.valueTo(line)
      let from = start + fields.valueFrom(line)
      while (from < to) {
        let comma = from
        while (comma < to && bytes[comma] !== COMMA) comma++
        const fault = this.#take(fields, bytes, from, comma)
        if (fault !== null) return fault
        from = comma + 1
      }
      line = fields.find(Kind.CONNECTION, line + 1)
    }
    if (this.nominated !== null) this.#leaveOut(fields, bytes, start)
    return null
  }

  /** Says whether Connection nominated the name at `from` … `to`. */
  nominates(bytes: Uint8Array, from: number, to: number): boolean {
    return this.nominated?.some((name) => isName(bytes, from, to, name)) ?? false
  }

  #take(fields: FieldLines, bytes: Uint8Array, from: number, to: number): Fault | null {
    while (from < to && isBlank(bytes[from])) from++
    while (to > from && isBlank(bytes[to - 1])) to--
    if (isName(bytes, from, to, close)) {
      this.close = true
      return null
    }
    const mix = mixOf(bytes, from, to)
    if (mix === 0) return null // An empty element, or not a token: it names no field.
    const kind = kindOf(bytes, from, to, mix)
    if (kind === Kind.KEEP_ALIVE) this.keepAlive = true
    if (kind === Kind.UPGRADE) this.upgrade = true
    if (kind === Kind.TRANSFER_ENCODING || kind === Kind.CONTENT_LENGTH) {
      return fields.faults.nominated
    }
    if (isHopByHop(kind) || isProtected(kind)) return null
    this.nominated ??= []
    if (this.nominated.length === nominatedLimit) return fields.faults.nominatedTooMany
    this.nominated.push(Uint8Array.from(bytes.subarray(from, to), lowered))
    return null
  }

  #leaveOut(fields: FieldLines, bytes: Uint8Array, start: number): void {
    for (let index = 0; index < fields.count; index++) {
      const from = start + fields.table[index * STRIDE]!
      const to = start + fields.table[index * STRIDE + 1]!
      if (this.nominates(bytes, from, to)) fields.leaveOut(index)
    }
  }
}

function isName(bytes: Uint8Array, from: number, to: number, name: Uint8Array): boolean {
  if (to - from !== name.length) return false
  for (let i = 0; i < name.length; i++) if (lowered(bytes[from + i]!) !== name[i]) return false
  return true
}
