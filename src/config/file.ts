import type { AffinitySpec, HealthSpec } from '../balancer.ts'
import type { Address } from '../base/address.ts'
import type { LogLevel } from '../base/log.ts'
import type { BackendSpec } from '../pool/backend.ts'
import type { HttpOptions, LinesOptions, Mode } from '../proxy.ts'

/** What a file holds once it has been read: times in milliseconds, sizes in bytes. Unlike a spec, it may be short. */
export interface ConfigFile extends ListenerKeys, PoolKeys {
  readonly listeners?: Readonly<Record<string, ListenerKeys>> | readonly ListenerKeys[]
  readonly pools?: Readonly<Record<string, PoolKeys>>
  readonly admin?: Address | 'off'
  readonly log?: LogKeys
  readonly accessLog?: AccessLogKeys
  readonly grace?: number
}

export interface LogKeys {
  readonly level?: LogLevel
  readonly format?: 'pretty' | 'json'
}

export interface AccessLogKeys {
  readonly file: string
  readonly format?: 'json' | 'combined' | 'timing'
  readonly sample?: number
}

export interface ListenerKeys {
  /** In a list of listeners; in a mapping the key is the name. */
  readonly name?: string
  readonly listen?: Address
  readonly mode?: Mode
  readonly pool?: string
  readonly routes?: readonly RouteKeys[]
  readonly connectTimeout?: number
  readonly retries?: number
  readonly idleTimeout?: number
  readonly connectionsMax?: number
  readonly http?: HttpKeys
  readonly lines?: LinesKeys
}

export interface RouteKeys {
  readonly host?: string
  readonly hosts?: readonly string[]
  readonly path?: string
  readonly stripPrefix?: boolean
  readonly headers?: Readonly<Record<string, string>>
  readonly pool?: string
  readonly split?: readonly { readonly pool: string; readonly weight: number }[]
}

/** What the keys of `http` are called as options. */
export const httpNames = {
  trust: 'trust',
  forwarded: 'forwarded',
  host: 'host',
  requestId: 'requestId',
  trace: 'trace',
  pseudonym: 'pseudonym',
  headTimeout: 'headTimeoutMs',
  bodyTimeout: 'bodyTimeoutMs',
  writeTimeout: 'writeTimeoutMs',
  keepAliveTimeout: 'keepAliveTimeoutMs',
  responseTimeout: 'responseTimeoutMs',
  responseIdleTimeout: 'responseIdleTimeoutMs',
  tunnelTimeout: 'tunnelIdleTimeoutMs',
  halfClosedTimeout: 'halfClosedTimeoutMs',
  requestsMax: 'requestsMax',
  ageMax: 'ageMaxMs',
  keepAlive10: 'keepAlive10',
  headLimit: 'headLimitBytes',
  targetLimit: 'targetLimitBytes',
  fieldsLimit: 'fieldsLimit',
  bodyLimit: 'bodyLimitBytes',
  lingerTimeout: 'lingerTimeoutMs',
  lingerLimit: 'lingerLimitBytes',
  idleConnectionsMax: 'idleConnectionsMax',
  reuseTimeout: 'reuseTimeoutMs',
  reuseTimeoutMax: 'reuseTimeoutMaxMs',
  replayLimit: 'replayLimitBytes',
} as const

export type HttpKeys = {
  readonly [K in keyof typeof httpNames]?: HttpOptions[(typeof httpNames)[K]]
}

/** What the keys of `lines` are called as options. */
export const linesNames = {
  wire: 'wire',
  messageLimit: 'messageLimitBytes',
  clientOutstandingMax: 'clientOutstandingMax',
  outstandingMax: 'outstandingMax',
  backendConnectionsMax: 'backendConnectionsMax',
  messageTimeout: 'messageTimeoutMs',
  writeTimeout: 'writeTimeoutMs',
  reuseTimeout: 'reuseTimeoutMs',
  resend: 'resend',
  activity: 'activity',
} as const

export type LinesKeys = {
  readonly [K in keyof typeof linesNames]?: LinesOptions[(typeof linesNames)[K]]
}

export interface PoolKeys {
  readonly backends?: readonly BackendSpec[]
  readonly discover?: readonly DiscoverKeys[]
  readonly strategy?: string
  readonly affinity?: AffinitySpec
  readonly health?: HealthSpec | 'off'
  readonly limits?: LimitKeys
  readonly slowStart?: number
  readonly ejection?: boolean
  readonly failOpen?: boolean
  readonly drainHonoursAffinity?: boolean
}

export interface LimitKeys {
  readonly maxConnections?: number
  readonly queue?: { readonly max?: number; readonly timeout?: number }
}

export type DiscoverKeys =
  | { readonly file: string; readonly port?: number }
  | { readonly dns: string; readonly port: number; readonly server?: string }
  | { readonly srv: string; readonly port?: number; readonly server?: string }
