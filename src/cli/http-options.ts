import { type Command, Option } from 'commander'
import { type HttpOptions, httpDefaults } from '../proxy.ts'
import { duration, oneOf, size, whole } from './options.ts'

/** What mode `http` takes besides. */
export interface HttpFlags {
  readonly trust: readonly string[]
  readonly forwarded?: boolean
  readonly host: HttpOptions['host']
  readonly requestId?: boolean
  readonly trace: HttpOptions['trace']
  readonly headTimeout: number
  readonly bodyTimeout: number
  readonly bodyLimit: number
  readonly writeTimeout: number
  readonly keepAliveTimeout: number
  readonly responseTimeout: number
  readonly responseIdleTimeout: number
  readonly tunnelTimeout: number
  readonly idleConnectionsMax: number
}

export function withHttpOptions(command: Command): Command {
  return command
    .optionsGroup('Mode http:')
    .addOption(
      new Option('--trust <CIDR>', 'peers whose X-Forwarded-… is believed; repeatable')
        .default([], 'nobody')
        .argParser((range: string, before: readonly string[]) => [...before, range]),
    )
    .option('--forwarded', 'also send Forwarded (RFC 7239)')
    .addOption(
      new Option('--host <WHOSE>', 'Host for backends: client or backend')
        .default(httpDefaults.host)
        .argParser(oneOf(['client', 'backend'])),
    )
    .option('--request-id', 'give each request an X-Request-Id')
    .addOption(
      new Option('--trace <WHAT>', 'traceparent: pass it on, or start one too')
        .default(httpDefaults.trace)
        .argParser(oneOf(['pass', 'start'])),
    )
    .addOption(time('head', '10s', 'for a whole request head: 408'))
    .addOption(time('body', '30s', 'between two pieces of a request body: 408'))
    .addOption(
      new Option('--body-limit <SIZE>', 'larger request bodies are refused; 0: no limit')
        .default(httpDefaults.bodyLimitBytes)
        .argParser(size),
    )
    .addOption(time('write', '30s', 'for a peer to take anything'))
    .addOption(time('keep-alive', '75s', 'how long an idle client is kept'))
    .addOption(time('response', '30s', 'for the head of a response: 504'))
    .addOption(time('response-idle', '60s', 'between two pieces of a response'))
    .addOption(time('tunnel', '1h', 'how long an upgraded connection may be silent'))
    .addOption(
      new Option('--idle-connections-max <N>', 'kept for reuse, for each backend')
        .default(httpDefaults.idleConnectionsMax)
        .argParser(whole(0, 100_000)),
    )
}

/** The names of these flags. */
export const httpFlags: readonly string[] = [
  ...[
    'trust',
    'forwarded',
    'host',
    'requestId',
    'trace',
    'headTimeout',
    'bodyTimeout',
    'bodyLimit',
    'writeTimeout',
  ],
  ...['keepAliveTimeout', 'responseTimeout', 'responseIdleTimeout', 'tunnelTimeout'],
  'idleConnectionsMax',
]

/** The options that the flags describe. */
export function httpOptionsOf(flags: HttpFlags): Partial<HttpOptions> {
  return {
    trust: flags.trust,
    forwarded: flags.forwarded === true,
    host: flags.host,
    requestId: flags.requestId === true,
    trace: flags.trace,
    headTimeoutMs: flags.headTimeout,
    bodyTimeoutMs: flags.bodyTimeout,
    bodyLimitBytes: flags.bodyLimit,
    writeTimeoutMs: flags.writeTimeout,
    keepAliveTimeoutMs: flags.keepAliveTimeout,
    responseTimeoutMs: flags.responseTimeout,
    responseIdleTimeoutMs: flags.responseIdleTimeout,
    tunnelIdleTimeoutMs: flags.tunnelTimeout,
    idleConnectionsMax: flags.idleConnectionsMax,
  }
}

function time(name: string, fallback: string, about: string): Option {
  const read = duration(1)
  return new Option(`--${name}-timeout <TIME>`, about)
    .default(read(fallback), fallback)
    .argParser(read)
}
