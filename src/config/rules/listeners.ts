import { type Address, formatAddress } from '../../base/address.ts'
import { absolute } from '../describe.ts'
import type { ListenerKeys } from '../file.ts'
import { type Meant, type Model, modeOf, usualListen } from '../model.ts'
import type { Finding } from '../problem.ts'

/** What is wrong with listeners among themselves, and with keys that their mode does not have. */
export function listenerRules(model: Model, folder: string): Finding[] {
  const { file, listeners } = model
  return [
    ...together(model),
    ...listeners.flatMap((listener, i) => [
      ...names(listener, listeners.slice(0, i)),
      ...addresses(listener, listeners.slice(0, i), folder),
      ...ofMode(listener),
    ]),
    ...admin(model, folder),
    ...ownModes.flatMap((mode) => {
      if (file[mode] === undefined || listeners.some(({ keys }) => modeOf(keys) === mode)) return []
      const message = `${mode} is for mode ${mode}, and no listener has that`
      return [{ path: [mode], isOfKey: true, message }]
    }),
  ]
}

/** The modes that have keys of their own, which are called as they are. */
const ownModes = ['http', 'lines'] as const

/** The short and the long way to say one thing cannot stand together. */
function together({ file }: Model): Finding[] {
  const findings: Finding[] = []
  const refuse = (short: 'listen' | 'backends' | 'discover', long: 'listeners' | 'pools'): void => {
    if (file[short] === undefined || file[long] === undefined) return
    findings.push({
      path: [short],
      isOfKey: true,
      message: `${short} and ${long} cannot both stand at the top`,
      suggestion: `move ${short} below a name in ${long}`,
    })
  }
  refuse('listen', 'listeners')
  refuse('backends', 'pools')
  refuse('discover', 'pools')
  return findings
}

function names(listener: Meant<ListenerKeys>, before: readonly Meant<ListenerKeys>[]): Finding[] {
  const other = before.find(({ name }) => name === listener.name)
  if (other === undefined || listener.keys.name === undefined) return []
  const message = `listener '${listener.name}' has the name of the one in line %LINE%`
  return [{ path: listener.at('name'), message, other: other.path }]
}

const addressOf = ({ keys }: Meant<ListenerKeys>, folder: string): Address =>
  absolute(keys.listen ?? usualListen, folder)

function addresses(
  listener: Meant<ListenerKeys>,
  before: readonly Meant<ListenerKeys>[],
  folder: string,
): Finding[] {
  const address = addressOf(listener, folder)
  const other = before.find((candidate) => overlap(address, addressOf(candidate, folder)))
  if (other === undefined) return []
  const [where, its] = [address, addressOf(other, folder)].map(formatAddress)
  const of = `of listener '${other.name}' in line %LINE%`
  const message =
    where === its
      ? `${where} is the address ${of} already`
      : `${where} takes in, or is in, ${its} ${of}: the second could not listen`
  return [
    {
      path: listener.at('listen'),
      message,
      suggestion: 'give each a port of its own',
      other: other.at('listen'),
    },
  ]
}

function admin({ file, listeners }: Model, folder: string): Finding[] {
  const { admin } = file
  if (admin === undefined || admin === 'off') return []
  const other = listeners.find((listener) =>
    overlap(absolute(admin, folder), addressOf(listener, folder)),
  )
  if (other === undefined) return []
  const message = `admin has the address of listener '${other.name}' in line %LINE%`
  return [{ path: ['admin'], message, other: other.at('listen') }]
}

function ofMode(listener: Meant<ListenerKeys>): Finding[] {
  const { keys, path } = listener
  const mode = modeOf(keys)
  const findings: Finding[] = []
  for (const other of ownModes) {
    // What stands at the top is for other listeners.
    if (other === mode || path.length === 0 || !Object.hasOwn(listener.own, other)) continue
    const message = `listener '${listener.name}' has mode ${mode}: ${other} is for mode ${other}`
    findings.push({ path: listener.at(other), isOfKey: true, message })
  }
  if (mode !== 'http') {
    const routes = keys.routes ?? []
    const asks = routes.findIndex((route) =>
      Object.keys(route).some((key) => key !== 'pool' && key !== 'split'),
    )
    const many = routes.length > 1 ? 1 : -1
    const wrong = asks === -1 ? many : asks
    if (wrong !== -1) {
      const message = `mode ${mode} looks at no request: it has one route, which fits everything`
      findings.push({
        path: [...listener.at('routes'), wrong],
        message,
        suggestion: 'write pool: NAME',
      })
    }
  } else if (keys.idleTimeout !== undefined && listener.at('idleTimeout').length > 1) {
    const message = `listener '${listener.name}' has mode http: idleTimeout is for modes tcp and lines`
    const suggestion = 'http.keepAliveTimeout and http.tunnelTimeout are for mode http'
    findings.push({ path: listener.at('idleTimeout'), isOfKey: true, message, suggestion })
  }
  if (keys.pool !== undefined && keys.routes !== undefined) {
    const message = 'pool and routes cannot both be given'
    const suggestion = 'make the last route one that has a pool and no conditions'
    findings.push({ path: listener.at('pool'), isOfKey: true, message, suggestion })
  }
  return findings
}

const anyHosts = new Set(['0.0.0.0', '::'])

/** Whether two sockets cannot both listen: the same address, or one takes in the other. */
export function overlap(a: Address, b: Address): boolean {
  if ('path' in a || 'path' in b) return 'path' in a && 'path' in b && a.path === b.path
  if (a.port !== b.port) return false
  const [mine, its] = [hostOf(a), hostOf(b)]
  // Any free port is another one each time, but a balancer tells its listeners by their addresses.
  if (a.port === 0) return mine === its
  if (mine === its || mine === '::' || its === '::') return true
  const isAny = anyHosts.has(mine) || anyHosts.has(its)
  return isAny && !mine.includes(':') && !its.includes(':')
}

const hostOf = ({ host }: { host: string }): string => {
  const lower = host.toLowerCase()
  return lower === 'localhost' ? '127.0.0.1' : lower
}

/** Whether a host is surely this machine. */
export function isLocal(host: string): boolean {
  return /^(?:localhost|127\.[\d.]+|::1|0\.0\.0\.0|::)$/i.test(host)
}
