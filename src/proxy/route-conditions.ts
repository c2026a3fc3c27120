import { isNamed, isToken } from '../codecs/http1-chars.ts'
import { kindOf, mixOf } from '../codecs/http1-names.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import { fitsHost, type HostPattern, hostEnd, hostPattern, shortLiteral } from './route-host.ts'
import { isAmbiguous, isBelow, normalPath, pathEnd, routePath } from './route-path.ts'

/** Which requests a route is for. What is not given fits every request. */
export interface Conditions {
  /** `example.org`, or `*.example.org` for all below it; ports do not count. */
  readonly hosts?: readonly string[]
  /** Fits this path and all below it: `/api` fits `/api` and `/api/x`, not `/apis`. */
  readonly path?: string
  /** Header names in any case, and their exact values; an empty value fits any. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A request as the conditions of routes ask for it; used again for every one. */
export class Asked {
  head!: RequestHead
  bytes!: Buffer
  host: Buffer = Buffer.alloc(0)
  hostFrom = 0
  hostTo = 0
  pathFrom = 0
  pathTo = 0

  read(head: RequestHead, bytes: Buffer): void {
    const { line, start } = head
    this.head = head
    this.bytes = bytes
    this.host = bytes
    this.hostFrom = start + head.hostFrom
    this.hostTo = head.hostFrom === -1 ? this.hostFrom : start + head.hostTo
    this.hostTo = hostEnd(bytes, this.hostFrom, this.hostTo)
    this.pathFrom = start + line.pathFrom
    this.pathTo = pathEnd(bytes, this.pathFrom, start + line.targetTo)
    if (bytes[this.hostFrom] === 0x5b) this.#shorten()
  }

  /** Says whether servers may read its path in different ways. */
  get isAmbiguous(): boolean {
    return isAmbiguous(this.bytes, this.pathFrom, this.pathTo)
  }

  /** Its path as the most forthcoming server reads it. */
  get normalPath(): string {
    return normalPath(this.bytes.toString('latin1', this.pathFrom, this.pathTo))
  }

  #shorten(): void {
    this.host = shortLiteral(this.bytes, this.hostFrom, this.hostTo)
    this.hostFrom = 0
    this.hostTo = this.host.length
  }
}

interface HeaderCondition {
  readonly name: Uint8Array
  readonly kind: number
  /** Undefined fits any. */
  readonly value: Uint8Array | undefined
}

/** The conditions of one route, made ready for comparing bytes. */
export class Fitting {
  /** As it stands in requests; empty fits every path. */
  readonly path: Buffer
  readonly #normalPath: string
  readonly #hosts: readonly HostPattern[] | undefined
  readonly #headers: readonly HeaderCondition[]

  /** @throws RangeError for a condition that no request can fit. */
  constructor({ hosts, path = '/', headers = {} }: Conditions) {
    if (hosts?.length === 0) throw new RangeError('route hosts is empty: leave it out to fit all')
    this.path = Buffer.from(routePath(path), 'latin1')
    this.#normalPath = normalPath(this.path.toString('latin1'))
    this.#hosts = hosts?.map(hostPattern)
    this.#headers = Object.entries(headers).map(headerCondition)
  }

  get fitsAll(): boolean {
    return this.path.length === 0 && this.#hosts === undefined && this.#headers.length === 0
  }

  /** @param normal the path to compare; undefined takes the one in the bytes. */
  fits(asked: Asked, normal?: string): boolean {
    return this.#fitsPath(asked, normal) && this.#fitsHost(asked) && this.#fitsHeaders(asked)
  }

  #fitsPath({ bytes, pathFrom, pathTo }: Asked, normal: string | undefined): boolean {
    const { path } = this
    if (path.length === 0) return true
    if (normal !== undefined) return isBelow(normal, this.#normalPath)
    const end = pathFrom + path.length
    if (end > pathTo || (end < pathTo && bytes[end] !== 0x2f)) return false
    for (let i = 0; i < path.length; i++) if (bytes[pathFrom + i] !== path[i]) return false
    return true
  }

  #fitsHost({ host, hostFrom, hostTo }: Asked): boolean {
    const hosts = this.#hosts
    if (hosts === undefined) return true
    for (let i = 0; i < hosts.length; i++) {
      if (fitsHost(hosts[i]!, host, hostFrom, hostTo)) return true
    }
    return false
  }

  #fitsHeaders(asked: Asked): boolean {
    const headers = this.#headers
    for (let i = 0; i < headers.length; i++) if (!hasHeader(asked, headers[i]!)) return false
    return true
  }
}

function headerCondition([name, value]: [string, string]): HeaderCondition {
  const bytes = Buffer.from(name.toLowerCase())
  if (!isToken(name)) throw new RangeError(`route header '${name}': no name`)
  if (/[\0\r\n]|^[ \t]|[ \t]$/.test(value)) {
    throw new RangeError(`route header '${name}' has value '${value}': no request can have it`)
  }
  const kind = kindOf(bytes, 0, bytes.length, mixOf(bytes, 0, bytes.length))
  return { name: bytes, kind, value: value === '' ? undefined : Buffer.from(value) }
}

function hasHeader({ bytes, head }: Asked, { name, kind, value }: HeaderCondition): boolean {
  const { fields, start } = head
  for (let line = 0; line < fields.count; line++) {
    if (fields.kind(line) !== kind) continue
    const from = start + fields.lineStart(line)
    if (!isNamed(bytes, from, start + fields.nameTo(line), name)) continue
    if (value === undefined) return true
    if (isSame(bytes, start + fields.valueFrom(line), start + fields.valueTo(line), value)) {
      return true
    }
  }
  return false
}

function isSame(bytes: Uint8Array, from: number, to: number, value: Uint8Array): boolean {
  if (to - from !== value.length) return false
  for (let i = 0; i < value.length; i++) if (bytes[from + i] !== value[i]) return false
  return true
}
