import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { PilotiError } from '../base/errors.ts'

/** Peers whose word about where a request came from is believed. */
export class TrustedPeers {
  readonly #list = new BlockList()
  readonly #isEmpty: boolean

  /** @param ranges addresses or CIDR ranges. @throws PilotiError ADDRESS when one is neither. */
  constructor(ranges: readonly string[]) {
    this.#isEmpty = ranges.length === 0
    for (const range of ranges) this.#add(range)
  }

  has(address: string): boolean {
    if (this.#isEmpty) return false
    return this.#list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  }

  #add(range: string): void {
    const [address = '', bits] = range.split('/')
    const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined
    const most = family === 'ipv4' ? 32 : 128
    const length = bits === undefined ? most : Number(bits)
    const isLength = bits === undefined || (/^\d{1,3}$/.test(bits) && length <= most)
    if (family === undefined || !isLength) {
      const text = `'${range}' is not an address or range: write 10.0.0.0/8 or ::1`
      throw new PilotiError('ADDRESS', text)
    }
    this.#list.addSubnet(address, length, family)
  }
}

/** What is added to a client's requests, made once for each client address. */
export interface ForwardedLines {
  /** Lines with their CRLF. */
  readonly block: Buffer
  /** Put behind the addresses that a trusted peer gave; null when `block` holds the only one. */
  readonly address: Buffer | null
}

/**
 * The lines that tell a backend where a request came from. RFC 9110 7.6.3 (Via), RFC 7239 (Forwarded)
 *
 * @param peer the client's address as the system gives it; only that gets into the lines.
 */
export function forwardedLines(
  peer: string,
  pseudonym: string,
  minor: number,
  manner: { readonly isTrusted: boolean; readonly forwarded: boolean; readonly hasProto: boolean },
): ForwardedLines {
  const { isTrusted, forwarded, hasProto } = manner
  const lines = [`Via: 1.${minor} ${pseudonym}`]
  if (!isTrusted) lines.push(`X-Forwarded-For: ${peer}`)
  if (!isTrusted || !hasProto) lines.push('X-Forwarded-Proto: http')
  if (forwarded)
    lines.push(`Forwarded: for=${peer.includes(':') ? `"[${peer}]"` : peer};proto=http`)
  return {
    block: Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1'),
    address: isTrusted ? Buffer.from(peer, 'latin1') : null,
  }
}
