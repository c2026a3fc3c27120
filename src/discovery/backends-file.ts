import { isIPv6 } from 'node:net'
import { type Address, formatAddress } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'
import { shown } from '../base/printable.ts'
import type { BackendSpec } from '../pool/backend.ts'
import { parseBackendAddress, parseBackendOptions } from './static.ts'

/** What is wrong in a file, and in which line of it; the first is 1. */
export interface LineFault {
  readonly line: number
  readonly message: string
}

export interface BackendsFile {
  readonly specs: readonly BackendSpec[]
  readonly faults: readonly LineFault[]
}

const backendsMax = 10_000

/**
 * Reads a list of backends: one `HOST[:PORT]` a line, options after blanks or `;`, `#` begins a comment.
 *
 * @param port of a host that is written without one.
 * @returns all backends and all faults: who finds a fault should use none of the backends.
 */
export function parseBackendsFile(text: string, port: number): BackendsFile {
  const specs: BackendSpec[] = []
  const faults: LineFault[] = []
  const lineOf = new Map<string, number>()
  const lines = text.replace(/^\u{feff}/u, '').split(/\r\n|\n|\r/)
  for (const [index, raw] of lines.entries()) {
    const content = raw.replace(/(?:^|\s)#.*$/, '').trim()
    if (content === '') continue
    const line = index + 1
    try {
      const spec = parseLine(content, port)
      const key = keyOf(spec.address)
      const first = lineOf.get(key)
      if (first !== undefined) {
        faults.push({ line, message: `'${shown(content)}' is the backend of line ${first} again` })
      } else if (specs.length === backendsMax) {
        faults.push({ line, message: `this is more than ${backendsMax} backends` })
        break
      } else {
        lineOf.set(key, line)
        specs.push(spec)
      }
    } catch (error) {
      if (!(error instanceof PilotiError)) throw error
      faults.push({ line, message: error.message })
    }
  }
  return { specs, faults }
}

function parseLine(content: string, port: number): BackendSpec {
  const [first = '', ...options] = content.split(/\s*[;\s]\s*/)
  return {
    address: parseBackendAddress(withPort(first, port)),
    ...parseBackendOptions(options, content),
  }
}

/** Completes a bare host; anything else is left to the parser of addresses. */
function withPort(text: string, port: number): string {
  if (isIPv6(text)) return `[${text}]:${port}`
  // A number alone was meant to be a port by most who write it.
  const isBare = /^(?:\[[^\]]*\]|[^:[\]]+)$/.test(text) && !/^\d+$/.test(text)
  return isBare ? `${text}:${port}` : text
}

/** Names are the same in any case, paths are not. */
function keyOf(address: Address): string {
  const id = formatAddress(address)
  return 'path' in address ? id : id.toLowerCase()
}
