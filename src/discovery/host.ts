import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { shown } from '../base/printable.ts'

const nameLengthMax = 253
const labelLengthMax = 63

/** What is wrong with a host that can never be, for people: `has an empty label`; undefined for any other. */
export function hostFault(host: string): string | undefined {
  if (isIP(host) !== 0) return undefined
  if (host.includes(':')) return 'is no IPv6 address'
  const [odd] = /[^\p{L}\p{M}\p{N}._-]/u.exec(host) ?? []
  if (odd !== undefined) return `has '${shown(odd)}'`
  if (/^[\d.]+$/.test(host)) return 'is no IPv4 address'
  const name = asciiOf(host)
  if (name === '') return 'is no name'
  const labels = name.split('.')
  if (labels.includes('')) return 'has an empty label'
  if (labels.some((label) => label.length > labelLengthMax)) {
    return `has a label of more than ${labelLengthMax} characters`
  }
  return name.length > nameLengthMax ? `has more than ${nameLengthMax} characters` : undefined
}

/** Whether there is nothing to ask for: an IP address is itself, and the system knows localhost (RFC 6761 6.3). */
export function isKnownHost(host: string): boolean {
  const name = asciiOf(host)
  return isIP(host) !== 0 || name === 'localhost' || name.endsWith('.localhost')
}

/** The name that name servers know, without a trailing dot; empty for one that cannot be. */
export function asciiOf(name: string): string {
  const ascii = /^[\w.-]*$/.test(name) ? name : domainToASCII(name)
  return ascii.replace(/\.$/, '').toLowerCase()
}
