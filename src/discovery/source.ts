import { isIP, isIPv4, isIPv6 } from 'node:net'
import { formatAddress } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'
import { shown } from '../base/printable.ts'
import type { Server } from './dns-query.ts'
import { asciiOf, hostFault } from './host.ts'

/** Where backends are found, besides those that are named one by one. */
export type SourceSpec =
  | {
      readonly kind: 'file'
      readonly path: string
      /** Of hosts that are written without one; 80 by default. */
      readonly port?: number
    }
  | {
      readonly kind: 'dns'
      readonly name: string
      /** Of the backends. */
      readonly port: number
      readonly server?: string
    }
  | {
      readonly kind: 'srv'
      /** `_SERVICE._tcp.NAME`. */
      readonly name: string
      /** Of backends whose record says 0; they are left out by default. */
      readonly port?: number
      /** Which name server to ask, `IP[:PORT]`; the system's by default. */
      readonly server?: string
    }

/** What a source is called in the log: `dns api.internal:80`. */
export function describeSource(source: SourceSpec): string {
  if (source.kind === 'file') return `file ${shown(source.path)}`
  if (source.kind === 'srv') return `srv ${shown(source.name)}`
  return `dns ${shown(formatAddress({ host: source.name, port: source.port }))}`
}

/**
 * Reads a source as it is written on the command line: `dns:NAME:PORT` or `srv:NAME`, and perhaps
 * `;server=IP[:PORT]`.
 *
 * @returns undefined for what is no source, but may be a backend; so may `dns:80`.
 * @throws PilotiError ADDRESS for a source that cannot be.
 */
export function parseSource(text: string): SourceSpec | undefined {
  const [, kind, rest = ''] = /^(dns|srv):(.*)$/s.exec(text) ?? []
  if (kind === undefined || /^\d+(?:;|$)/.test(rest)) return undefined
  const [where = '', ...options] = rest.split(';')
  const server = readServer(options, text)
  if (kind === 'srv') return { kind, name: checkedService(where, text), ...server }
  const [, name, digits] = /^(.*):(\d{1,5})$/s.exec(where) ?? []
  if (name === undefined) {
    throw new PilotiError('ADDRESS', `'${shown(text)}' names no port: write dns:NAME:PORT`)
  }
  const port = Number(digits)
  if (port === 0 || port > 65_535) {
    throw new PilotiError('ADDRESS', `'${shown(text)}' has port ${port}: a port is 1 to 65535`)
  }
  return { kind: 'dns', name: checkedName(name, text), port, ...server }
}

/**
 * Reads the address of a name server, `IP`, `IP:PORT` or `[IPV6]:PORT`.
 *
 * @throws PilotiError ADDRESS for anything else, also for a name: who would look that up?
 */
export function parseServer(text: string): Server {
  const server = serverOf(text)
  if (server !== undefined) return server
  throw new PilotiError('ADDRESS', `'${shown(text)}' is no name server: write IP or IP:PORT`)
}

/** The same, undefined for anything else. */
export function serverOf(text: string): Server | undefined {
  if (isIP(text) !== 0) return { host: text, port: 53 }
  const [, six, four, digits = '53'] = /^(?:\[(.*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? []
  const [host = four ?? '', port] = [six, Number(digits)]
  const isHost = six === undefined ? isIPv4(host) : isIPv6(host)
  return isHost && port > 0 && port <= 65_535 ? { host, port } : undefined
}

/**
 * The name a source asks for, in the form of names in questions.
 *
 * @throws PilotiError ADDRESS for a name that cannot be.
 */
export function checkedName(name: string, text: string): string {
  const host = /^\[.*\]$/.test(name) ? name.slice(1, -1) : name
  const fault = host === '' ? 'is empty' : hostFault(host)
  if (fault === undefined) return isIP(host) === 0 ? asciiOf(host) : host
  throw new PilotiError('ADDRESS', `'${shown(text)}' names no host: '${shown(host)}' ${fault}`)
}

/**
 * The same for a name that is asked for services.
 *
 * @throws PilotiError ADDRESS also for an IP address, which has none.
 */
export function checkedService(name: string, text: string): string {
  const checked = checkedName(name, text)
  if (isIP(checked) === 0) return checked
  const wanted = 'write _SERVICE._tcp.NAME, or HOST:PORT for a backend'
  throw new PilotiError('ADDRESS', `'${shown(text)}' is no name of a service: ${wanted}`)
}

function readServer(options: readonly string[], text: string): { server?: string } {
  const [option, ...more] = options
  if (option === undefined) return {}
  const [, server] = /^server=(.*)$/s.exec(option) ?? []
  if (server === undefined || more.length > 0) {
    const wanted = 'write ;server=IP or ;server=IP:PORT, and nothing else'
    throw new PilotiError('ADDRESS', `'${shown(text)}' has an option it cannot have: ${wanted}`)
  }
  parseServer(server)
  return { server }
}
