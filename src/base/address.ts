import { PilotiError } from './errors.ts'

/** A place to listen at or to dial: a TCP port or a Unix socket. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string }

const usual = 'HOST:PORT, :PORT, [IPV6]:PORT or unix:/PATH'

/**
 * Reads `HOST:PORT`, `:PORT` (on 127.0.0.1), `[::1]:PORT` or `unix:/path`.
 *
 * @throws PilotiError ADDRESS when the text is none of these.
 */
export function parseAddress(text: string): Address {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length)
    if (path === '') throw new PilotiError('ADDRESS', `'${text}' names no path: write unix:/PATH`)
    return { path }
  }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === undefined || bracketed === '') {
    throw new PilotiError('ADDRESS', `'${text}' is not an address: write ${usual}`)
  }
  if (port > 65_535) {
    throw new PilotiError('ADDRESS', `'${text}' has port ${port}: a port is 0 to 65535`)
  }
  const host = bracketed ?? plain
  return { host: host === undefined || host === '' ? '127.0.0.1' : host, port }
}

/** Writes an address the way `parseAddress` reads it. */
export function formatAddress(address: Address): string {
  if ('path' in address) return `unix:${address.path}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `${host}:${address.port}`
}
