import { isNamed, isToken } from '../codecs/http1-chars.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import { Form } from '../codecs/http1-target.ts'

/** What a request belongs by. */
export type KeyOf = (head: RequestHead, bytes: Buffer) => string

/**
 * The network a client is in: an IPv4 address itself, the first 64 bits of an IPv6 address. A machine changes
 * the other 64 every day (RFC 8981), and may use several at a time.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1)
  const [before = '', after] = address.split('::')
  const groups = before === '' ? [] : before.split(':')
  const behind = after === undefined || after === '' ? 0 : after.split(':').length
  while (groups.length < Math.min(4, 8 - behind)) groups.push('0')
  if (groups.length < 4) groups.push(...after!.split(':'))
  return `${groups.slice(0, 4).join(':')}::/64`
}

/** Path and query as they stand in the request. */
export const urlKey: KeyOf = ({ line, start }, bytes) => {
  const text = bytes.toString('latin1', start + line.pathFrom, start + line.targetTo)
  return line.form === Form.ABSOLUTE && text[0] !== '/' ? `/${text}` : text
}

/** The value of the first such header. @throws RangeError when `name` is none. */
export function headerKey(name: string): KeyOf {
  if (!isToken(name)) {
    throw new RangeError(`affinity header '${name}': the name of a header wanted`)
  }
  const lower = Buffer.from(name.toLowerCase())
  return ({ fields, start }, bytes) => {
    for (let line = 0; line < fields.count; line++) {
      if (!isNamed(bytes, start + fields.lineStart(line), start + fields.nameTo(line), lower)) {
        continue
      }
      return bytes.toString('latin1', start + fields.valueFrom(line), start + fields.valueTo(line))
    }
    return ''
  }
}

/**
 * The value of the first such parameter, decoded as forms are: `+` is a space, and an escape that is none
 * stays as it is. @throws RangeError when `name` is empty.
 */
export function queryKey(name: string): KeyOf {
  if (name === '') throw new RangeError('affinity query has no name: that of a parameter wanted')
  return ({ line, start }, bytes) => {
    const target = bytes.toString('latin1', start + line.pathFrom, start + line.targetTo)
    let from = target.indexOf('?') + 1
    while (from > 0 && from < target.length) {
      const next = target.indexOf('&', from)
      const to = next === -1 ? target.length : next
      const pair = target.slice(from, to)
      const equals = pair.indexOf('=')
      const nameTo = equals === -1 ? pair.length : equals
      if (decoded(pair.slice(0, nameTo)) === name) return decoded(pair.slice(nameTo + 1))
      from = next + 1
    }
    return ''
  }
}

function decoded(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
