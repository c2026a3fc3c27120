import { shown } from '../base/printable.ts'

/**
 * Reads the path of a route: without the slash at its end, for the one and the other fit alike.
 *
 * @throws RangeError for one that servers may read in different ways.
 */
export function readRoutePath(path: string): string {
  if (!path.startsWith('/')) {
    const near = `/${path.replace(/^(https?:\/\/[^/]*)?\/*/, '')}`
    throw new RangeError(`path '${shown(path)}' does not begin with '/': write ${shown(near)}`)
  }
  if (path === '/') return path
  const plain = path.replace(/\/$/, '')
  if (/\/\*+$/.test(plain)) {
    const below = plain.replace(/\/\*+$/, '') || '/'
    throw new RangeError(`path '${shown(path)}' ends with '*': ${below} fits all below it already`)
  }
  const hidden = /%(?:2[ef3]|3[bf]|5c|00)|%(?![0-9a-f]{2})/i
  if (/^(?:\/(?!\.\.?(?:\/|$))[^/\\;?#]+)+$/.test(plain) && !hidden.test(plain)) return plain
  throw new RangeError(
    `path '${shown(path)}' may be read in different ways: no '//', '.', '..', '?', '#', ';', '\\' or escapes of them wanted`,
  )
}

/**
 * Reads the host of a route: `example.org`, `*.example.org`, or an address.
 *
 * @throws RangeError for anything else.
 */
export function readRouteHost(host: string): string {
  const given = shown(host)
  const bare = host.replace(/^[a-z]+:\/\//i, '').replace(/\/.*$/, '')
  if (bare !== host)
    throw new RangeError(`host '${given}' is more than a host: write ${shown(bare)}`)
  if (host === '*') throw new RangeError("host '*' is not needed: without a host a route fits all")
  const isLiteral = /^\[?[\da-f.]*:[\da-f:.]*\]?$/i.test(host) && host.split(':').length > 2
  if (isLiteral && URL.canParse(`http://[${host.replace(/^\[(.*)\]$/, '$1')}]`)) return host
  const [, named = '', port] = /^([^:]*)(:\d*)?$/.exec(host) ?? []
  if (port !== undefined) {
    throw new RangeError(
      `host '${given}' has a port, and ports do not count: write ${shown(named)}`,
    )
  }
  const name = host.replace(/^\*\./, '').replace(/\.$/, '')
  if (/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i.test(name)) return host
  const ending = name.includes('*') ? ": '*.' may stand at the beginning alone" : ''
  throw new RangeError(`host '${given}' is no name, address or *.NAME${ending}`)
}

/** @throws RangeError for a value that no request can have. */
export function readHeaderValue(value: string): string {
  if (!/(?!\t)\p{Cc}|^[ \t]|[ \t]$/u.test(value)) return value
  throw new RangeError(`'${shown(value)}' is no value of a header: no request can have it`)
}
