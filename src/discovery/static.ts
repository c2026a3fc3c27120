import { type Address, parseAddress } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'
import { shown } from '../base/printable.ts'
import { suggest } from '../base/suggest.ts'
import { type BackendSpec, isWeight, weightMax } from '../pool/backend.ts'
import { hostFault } from './host.ts'

/**
 * Reads a backend as it is written on the command line: an address, then options after `;`.
 *
 * `127.0.0.1:5000;weight=3;max=100;drain`
 *
 * @throws PilotiError ADDRESS when the address or an option is wrong.
 */
export function parseBackend(text: string): BackendSpec {
  const [address = '', ...options] = text.split(';')
  return { address: parseBackendAddress(address), ...parseBackendOptions(options, text) }
}

/** No name is longer, nor the path of a Unix socket. */
const addressLengthMax = 300

/**
 * Reads an address that can be connected to.
 *
 * @throws PilotiError ADDRESS for port 0, and for a host that can never be.
 */
export function parseBackendAddress(text: string): Address {
  if (text.length > addressLengthMax || /\p{Cc}/u.test(text)) {
    throw new PilotiError('ADDRESS', `'${shown(text)}' is not an address`)
  }
  const address = parseAddress(text)
  if ('path' in address) return address
  const fault = hostFault(address.host)
  if (fault !== undefined) {
    throw new PilotiError(
      'ADDRESS',
      `'${shown(text)}' names no host: '${shown(address.host)}' ${fault}`,
    )
  }
  if (address.port === 0) {
    throw new PilotiError('ADDRESS', `'${shown(text)}' has port 0: nobody can connect to that`)
  }
  return address
}

type Options = Omit<BackendSpec, 'address'>

const connectionsMax = 1_000_000
const wanted: Readonly<Record<string, string>> = {
  weight: `;weight=N, N from 0.000001 to ${weightMax}`,
  max: `;max=N, N from 0, which is no limit, to ${connectionsMax}`,
  drain: ';drain',
}

/**
 * Reads what follows the address: `weight=3`, `max=100`, `drain`. The weight is always given.
 *
 * @param text what is quoted when an option is wrong.
 * @throws PilotiError ADDRESS for one that is unknown, wrong or there twice.
 */
export function parseBackendOptions(options: readonly string[], text: string): Options {
  const read: { -readonly [K in keyof Options]: Options[K] } = { weight: 1 }
  const seen = new Set<string>()
  for (const option of options) {
    const [name = '', value] = split(option)
    const complain = (ending: string): PilotiError =>
      new PilotiError('ADDRESS', `'${shown(text)}' has option '${shown(option)}'${ending}`)
    if (!Object.hasOwn(wanted, name)) throw complain(`: write ${known(name)}`)
    if (seen.has(name)) throw complain(', which it has before: once is enough')
    seen.add(name)
    if (!take(read, name, value)) throw complain(`: write ${wanted[name]}`)
  }
  return read
}

function take(
  read: { -readonly [K in keyof Options]: Options[K] },
  name: string,
  value: string | undefined,
): boolean {
  if (name === 'drain') {
    read.isDraining = true
    return value === undefined
  }
  const number = value !== undefined && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : Number.NaN
  if (name === 'weight') {
    read.weight = number
    return isWeight(number)
  }
  read.maxConnections = number
  return Number.isInteger(number) && number <= connectionsMax
}

function split(option: string): [string, string | undefined] {
  const at = option.indexOf('=')
  return at === -1 ? [option, undefined] : [option.slice(0, at), option.slice(at + 1)]
}

function known(name: string): string {
  const nearest = suggest(name, Object.keys(wanted))
  return nearest === undefined ? ';weight=N, ;max=N or ;drain' : wanted[nearest]!
}
