import { type Command, InvalidArgumentError, Option } from 'commander'
import type { AffinitySpec, HealthSpec, PoolSpec, SourceSpec } from '../balancer.ts'
import { isToken } from '../codecs/http1-chars.ts'
import { parseSource } from '../discovery/source.ts'
import { healthDefaults, parseHealth } from '../health/spec.ts'
import type { BackendSpec } from '../pool/backend.ts'
import { poolDefaults } from '../pool/options.ts'
import { backend, duration, strategyOption, usage, whole } from './options.ts'

/** Which backends there are, how they are picked, and what keeps the pool true. */
export interface PoolFlags {
  readonly strategy: string
  readonly affinity?: AffinitySpec
  readonly affinitySecret?: string
  readonly backendsFile: readonly string[]
  readonly health: HealthSpec | 'off'
  readonly healthInterval: number
  readonly healthTimeout: number
  readonly rise: number
  readonly fall: number
  readonly slowStart: number
  readonly ejection: boolean
  readonly failOpen: boolean
  readonly maxConnections: number
  readonly queueMax: number
  readonly queueTimeout: number
  readonly drainHonoursAffinity?: boolean
}

/** A backend, or where to find some. */
export type Target = BackendSpec | SourceSpec

export function withPoolOptions(command: Command): Command {
  return withLimits(withHealth(withFinding(command)))
}

function withFinding(command: Command): Command {
  return command
    .optionsGroup('Backends:')
    .addOption(
      new Option('--backends-file <FILE>', 'one HOST[:PORT] a line, watched; repeatable')
        .default([], 'none')
        .argParser((path: string, before: readonly string[]) => [...before, path]),
    )
    .optionsGroup('Picking:')
    .addOption(strategyOption())
    .addOption(
      new Option(
        '--affinity <KEY>',
        'client, url, header:NAME, query:NAME or cookie[:NAME]',
      ).argParser(affinity),
    )
    .addOption(
      new Option('--affinity-secret <TEXT>', 'signs the cookie (default: new at each start)')
        .env('PILOTI_AFFINITY_SECRET')
        .argParser(secret),
    )
    .option('--drain-honours-affinity', 'a backend that drains keeps the clients it has')
}

function withHealth(command: Command): Command {
  const { intervalMs, timeoutMs, rise, fall } = healthDefaults
  const { slowStartMs } = poolDefaults
  return command
    .optionsGroup('Health:')
    .addOption(
      new Option('--health <SPEC>', 'how backends are probed: tcp, http:/PATH, lines, off')
        .env('PILOTI_HEALTH')
        .default({ kind: 'tcp' }, 'tcp')
        .argParser((text) => usage(() => parseHealth(text))),
    )
    .addOption(time('--health-interval', intervalMs, 'from one probe to the next', 10))
    .addOption(time('--health-timeout', timeoutMs, 'for a whole probe', 1))
    .addOption(count('--rise', rise, 'good probes that bring a backend back', 1, 100))
    .addOption(count('--fall', fall, 'bad probes that take a backend out', 1, 100))
    .addOption(
      new Option('--slow-start <TIME>', 'until one that is back has its whole share; off: at once')
        .default(slowStartMs, '10s')
        .argParser((text) => (text === 'off' || text === '0' ? 0 : duration(0)(text))),
    )
    .option('--no-ejection', 'keep backends that fail their work again and again')
    .option('--no-fail-open', 'with all backends down: refuse, instead of trying them all')
}

function withLimits(command: Command): Command {
  const { maxConnections, queueMax, queueTimeoutMs } = poolDefaults
  return command
    .optionsGroup('Limits:')
    .addOption(
      count('--max-connections', maxConnections, 'at a time, for each backend; 0: no limit'),
    )
    .addOption(count('--queue-max', queueMax, 'who may wait while all backends are full'))
    .addOption(time('--queue-timeout', queueTimeoutMs, 'how long they may: 503', 1))
}

/** The pool that arguments and flags describe. */
export function poolSpecOf(targets: readonly Target[], flags: PoolFlags): PoolSpec {
  const { health } = flags
  const files = flags.backendsFile.map((path) => ({ kind: 'file', path }) as const)
  const affinity = affinityOf(flags)
  return {
    name: 'default',
    backends: targets.filter((target): target is BackendSpec => !isSource(target)),
    sources: [...targets.filter(isSource), ...files],
    strategy: flags.strategy,
    ...(affinity && { affinity }),
    health: health === 'off' ? health : { ...health, ...timesOf(flags) },
    maxConnections: flags.maxConnections,
    queueMax: flags.queueMax,
    queueTimeoutMs: flags.queueTimeout,
    slowStartMs: flags.slowStart,
    ejection: flags.ejection,
    failOpen: flags.failOpen,
    drainHonoursAffinity: flags.drainHonoursAffinity === true,
  }
}

const isSource = (target: Target): target is SourceSpec => 'kind' in target

function timesOf({ healthInterval, healthTimeout, rise, fall }: PoolFlags): Partial<HealthSpec> {
  // The default timeout is no reason to refuse a short interval.
  const timeoutMs = Math.min(healthTimeout, healthInterval)
  return { intervalMs: healthInterval, timeoutMs, rise, fall }
}

function affinityOf({
  affinity: spec,
  affinitySecret: secret,
}: PoolFlags): AffinitySpec | undefined {
  return spec?.kind === 'cookie' && secret !== undefined ? { ...spec, secret } : spec
}

/** For a variadic argument: each call adds one. */
export function targets(text: string, before: readonly Target[] = []): Target[] {
  return [...before, usage(() => parseSource(text)) ?? backend(text)]
}

function affinity(text: string): AffinitySpec {
  const [, kind, name] = /^([a-z]+)(?::(.+))?$/.exec(text) ?? []
  if ((kind === 'client' || kind === 'url') && name === undefined) return { kind }
  if (kind === 'query' && name !== undefined) return { kind, name }
  if (kind === 'header' && name !== undefined) return { kind, name: checkedToken(kind, name) }
  if (kind === 'cookie') return { kind, name: checkedToken(kind, name ?? 'piloti') }
  const known = 'client, url, header:NAME, query:NAME, cookie or cookie:NAME'
  throw new InvalidArgumentError(`unknown affinity '${text}': one of ${known}`)
}

/** As in the file: RFC 9110 5.6.2. */
function checkedToken(kind: string, name: string): string {
  if (name.length <= 256 && isToken(name)) return name
  throw new InvalidArgumentError(`'${name}' is no name of a ${kind}`)
}

function secret(text: string): string {
  if (text.length >= 16) return text
  throw new InvalidArgumentError('a secret has 16 characters at the least')
}

function time(flag: string, fallbackMs: number, about: string, leastMs: number): Option {
  const shown = fallbackMs % 1_000 === 0 ? `${fallbackMs / 1_000}s` : `${fallbackMs}ms`
  return new Option(`${flag} <TIME>`, about).default(fallbackMs, shown).argParser(duration(leastMs))
}

function count(flag: string, fallback: number, about: string, least = 0, most = 1_000_000): Option {
  return new Option(`${flag} <N>`, about).default(fallback).argParser(whole(least, most))
}
