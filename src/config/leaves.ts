import { isIP } from 'node:net'
import { z } from 'zod'
import { type Address, parseAddress } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'
import { shown } from '../base/printable.ts'
import { suggest } from '../base/suggest.ts'
import { parseDuration, parseShare, parseSize } from '../base/units.ts'
import { isToken } from '../codecs/http1-chars.ts'
import { hostFault } from '../discovery/host.ts'

/** A text that something reads; what is thrown as a PilotiError or RangeError is what is wrong with it. */
export function text<T>(read: (text: string) => T, meta: Meta): z.ZodType<T, string> {
  return z
    .string()
    .meta(meta)
    .transform((given, context) => {
      try {
        return read(given)
      } catch (error) {
        if (!(error instanceof PilotiError || error instanceof RangeError)) throw error
        context.addIssue({ code: 'custom', message: error.message })
        return z.NEVER
      }
    })
}

export interface Meta extends Record<string, unknown> {
  readonly pattern?: string
  readonly examples?: string[]
  readonly minLength?: number
}

/** As on the command line; Node's timers do not wait beyond some 24 days. */
const longestMs = 24 * 3_600_000

/** A length of time in milliseconds. */
export function duration(leastMs: 0 | 1): z.ZodType<number, string> {
  const meta = { pattern: '^\\d+(\\.\\d+)?(ms|s|m|h)$', examples: ['500ms', '30s', '1h'] }
  const error = ({ input }: { input?: unknown }): string | undefined =>
    typeof input === 'number' ? `'${input}' has no unit: write ${input}s or ${input}ms` : undefined
  return z
    .string({ error })
    .meta(meta)
    .transform((given, context) => {
      const ms = parseDuration(given)
      if (ms !== undefined && ms >= leastMs && ms <= longestMs) return ms
      const message =
        ms === undefined
          ? `'${shown(given)}' is no length of time: write 20ms, 1.5s, 10m or 1h`
          : `'${shown(given)}' is out of range: from ${leastMs}ms to 24h`
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    })
}

/** A number of bytes. */
export function size(least = 0, most: number = 2 ** 40): z.ZodType<number, number | string> {
  const word = text(
    (given) => {
      const bytes = parseSize(given)
      if (bytes !== undefined && bytes >= least && bytes <= most) return bytes
      if (bytes !== undefined) {
        throw new RangeError(`'${shown(given)}' is out of range: from ${least} to ${most} bytes`)
      }
      throw new RangeError(`'${shown(given)}' is no size: write 512, 64k, 10m or 1g`)
    },
    { pattern: '^\\d{1,12}[kmgKMG]?$', examples: ['64k', '10m'] },
  )
  return z.union([whole(least, most), word])
}

/** A part of all, 0 to 1. */
export function share(): z.ZodType<number, number | string> {
  const word = text(
    (given) => {
      const part = parseShare(given)
      if (part !== undefined) return part
      throw new RangeError(`'${shown(given)}' is no share: write 1% or 0.01, at most 100%`)
    },
    { pattern: '^\\d+(\\.\\d+)?%?$', examples: ['1%', '0.01'] },
  )
  return z.union([z.number().min(0).max(1), word])
}

/** A whole number within bounds, both included. */
export function whole(least: number, most: number): z.ZodType<number, number> {
  return z.int().min(least).max(most)
}

/** `true` and `false`, also as the words `on` and `off`, which are texts in YAML 1.2. */
export function onOff(): z.ZodType<boolean, boolean | 'on' | 'off'> {
  return z
    .union([z.boolean(), z.enum(['on', 'off'])])
    .transform((given) => given === true || given === 'on')
}

/** Where to listen; port 0 takes any free one. */
export function address(): z.ZodType<Address, string> {
  const meta = { examples: ['127.0.0.1:8080', ':8080', "'[::1]:8080'", 'unix:run/piloti.sock'] }
  return text(parseListen, meta)
}

function parseListen(given: string): Address {
  const parsed = parseAddress(given)
  if ('path' in parsed) return parsed
  const fault = hostFault(parsed.host)
  if (fault === undefined) return parsed
  throw new RangeError(`'${shown(given)}' names no host: '${shown(parsed.host)}' ${fault}`)
}

/** A peer, or a range of them: `10.0.0.1`, `10.0.0.0/8`. */
export function range(): z.ZodType<string, string> {
  const read = (given: string): string => {
    const [, host = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(given) ?? []
    const version = isIP(host)
    const isRange = version > 0 && Number(digits ?? 0) <= (version === 4 ? 32 : 128)
    if (isRange) return given
    throw new RangeError(`'${shown(given)}' is no address or range: write 10.0.0.1 or 10.0.0.0/8`)
  }
  return text(read, { examples: ['10.0.0.0/8', 'fd00::/8'] })
}

/** Names stand in logs, metrics and commands. */
export function name(): z.ZodType<string, string> {
  const read = (given: string): string => {
    if (/^[A-Za-z0-9][\w.:-]{0,62}$/.test(given)) return given
    throw new RangeError(
      `'${shown(given)}' is no name: letters, digits, '-', '_' and '.' wanted, 63 at the most`,
    )
  }
  return text(read, { pattern: '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,62}$' })
}

/** A header, cookie or parameter: a token of RFC 9110 5.6.2. */
export function token(what: string): z.ZodType<string, string> {
  const read = (given: string): string => {
    if (given.length <= 256 && isToken(given)) return given
    throw new RangeError(`'${shown(given)}' is no name of a ${what}`)
  }
  return text(read, { minLength: 1 })
}

/** One of the `known` words; the nearest is suggested. */
export function word<const W extends string>(known: readonly W[]): z.ZodType<W, W> {
  const error = ({ input }: { input?: unknown }): string | undefined => {
    if (typeof input !== 'string') return undefined
    const nearest = suggest(input, known)
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
    return `'${shown(input)}' is unknown: one of ${known.join(', ')}${hint}`
  }
  return z.enum([...known], { error })
}
