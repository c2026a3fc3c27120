/**
 * The field names piloti understands, as small integers found without making a string.
 *
 * @see RFC 9110 7.6.1 (hop-by-hop fields)
 */
import { matches, TOKEN, UNDERSCORE } from './http1-chars.ts'

const names = [
  '', // 0: a name unknown to us, forwarded as it is.
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'host',
  'expect',
  'max-forwards',
  'via',
  'cookie',
  'authorization',
  'date',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
] as const

/** The kind of a field line. */
export const Kind = {
  OTHER: 0,
  CONNECTION: 1,
  KEEP_ALIVE: 2,
  PROXY_CONNECTION: 3,
  TE: 4,
  TRANSFER_ENCODING: 5,
  UPGRADE: 6,
  CONTENT_LENGTH: 7,
  HOST: 8,
  EXPECT: 9,
  MAX_FORWARDS: 10,
  VIA: 11,
  COOKIE: 12,
  AUTHORIZATION: 13,
  DATE: 14,
  FORWARDED: 15,
  X_FORWARDED_FOR: 16,
  X_FORWARDED_HOST: 17,
  X_FORWARDED_PROTO: 18,
  /** Any further `X-Forwarded-…`. */
  X_FORWARDED_OTHER: 19,
  /** A name with `_` for `-` that a backend may take for a field piloti sets or frames by. */
  LOOK_ALIKE: 20,
} as const

const lowerNames = names.map((name) => new TextEncoder().encode(name))
const prefix = new TextEncoder().encode('x-forwarded-')

/** By length and first letter: the only name it can be, 0 for none. */
const byShape = new Uint8Array(32 * 32)
names.forEach((name, kind) => {
  if (kind === 0) return
  const shape = (name.length << 5) | (name.charCodeAt(0) & 31)
  if (byShape[shape] !== 0) throw new Error(`two names of one shape: '${name}'`)
  byShape[shape] = kind
})

/** The kind of the name at `from` … `to`; `mix` is the union of its bytes' `TOKEN` classes. */
export function kindOf(bytes: Uint8Array, from: number, to: number, mix = 0): number {
  const length = to - from
  const first = bytes[from]! & 31
  if ((mix & UNDERSCORE) !== 0) return lookAlike(bytes, from, to)
  if (length < 32) {
    const kind = byShape[(length << 5) | first]!
    if (kind !== 0 && matches(bytes, from, lowerNames[kind]!)) return kind
  }
  // 24 is `x`.
  if (first === 24 && length > prefix.length && matches(bytes, from, prefix)) {
    return Kind.X_FORWARDED_OTHER
  }
  return Kind.OTHER
}

/** Says whether a field belongs to one connection only and is left out when forwarding. */
export function isHopByHop(kind: number): boolean {
  return kind >= Kind.CONNECTION && kind <= Kind.UPGRADE
}

/** Says whether a field tells of the way so far, which only a trusted peer may tell. */
export function isForwarding(kind: number): boolean {
  return kind >= Kind.FORWARDED && kind <= Kind.X_FORWARDED_OTHER
}

/**
 * Says whether Connection cannot nominate a field: what routes, frames, authenticates or traces.
 */
export function isProtected(kind: number): boolean {
  return (kind >= Kind.CONTENT_LENGTH && kind <= Kind.AUTHORIZATION) || isForwarding(kind)
}

/** The mix of a name that was not met in a head's lines. */
export function mixOf(bytes: Uint8Array, from: number, to: number): number {
  let mix = 0
  for (let i = from; i < to; i++) {
    const type = TOKEN[bytes[i]!]!
    if (type === 0) return 0
    mix |= type
  }
  return mix
}

// CVE-2025-64484: gateways that map names to CGI variables take `X_Forwarded_For` for
// `X-Forwarded-For`.
function lookAlike(bytes: Uint8Array, from: number, to: number): number {
  const dashed = Uint8Array.from(bytes.subarray(from, to), (byte) => (byte === 0x5f ? 0x2d : byte))
  const kind = kindOf(dashed, 0, dashed.length)
  const shadows = kind === Kind.TRANSFER_ENCODING || kind === Kind.CONTENT_LENGTH
  return shadows || isForwarding(kind) ? Kind.LOOK_ALIKE : Kind.OTHER
}
