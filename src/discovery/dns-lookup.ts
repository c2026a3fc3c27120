import { isIP } from 'node:net'
import type { BackendSpec } from '../pool/backend.ts'
import {
  type DnsMessage,
  type DnsRecord,
  type Question,
  recordsFor,
  type Service,
} from './dns-message.ts'
import { type QueryOptions, query } from './dns-query.ts'

/** What a lookup has come to. */
export interface Found {
  readonly specs: readonly BackendSpec[]
  /** For how long that is true. */
  readonly ttlS: number
  /** Why it is not all there may be, for people; empty when it is. */
  readonly problem: string
}

interface Resolved {
  readonly records: readonly DnsRecord[]
  readonly additionals: readonly DnsRecord[]
  readonly problem: string
}

interface Hosts {
  readonly hosts: readonly string[]
  readonly ttlS: number
  readonly problem: string
}

const noSuchName = 3
/** Questions under way at a time. */
const concurrencyMax = 8
/** Of one service. While no server answers, each takes its time, and the next lookup waits for all. */
const targetsMax = 256
/** The share of a service of weight 0 beside one of weight 1: RFC 2782 wants it very small. */
const weightOfZero = 0.1

/**
 * Looks names up, again and again.
 *
 * Each question that no server answers now keeps the answer it had before, so that a failure of one of
 * many takes no backend away. That a name is no more, or has no addresses, is an answer.
 */
export class Lookup {
  readonly #options: () => QueryOptions
  /** The last answers, of the questions asked in this lookup and in the one before. */
  #before = new Map<string, DnsMessage>()
  #now = new Map<string, DnsMessage>()

  /** @param options are asked for at each lookup: the servers may change. */
  constructor(options: () => QueryOptions) {
    this.#options = options
  }

  /** The addresses of a name. Never rejects. */
  async addresses(name: string, port: number): Promise<Found> {
    this.#turn()
    const { hosts, ttlS, problem } = await this.#hosts(name, this.#options())
    return { specs: hosts.map((host) => ({ address: { host, port }, weight: 1 })), ttlS, problem }
  }

  /**
   * The services of the lowest priority that a name has, with their weights. Never rejects.
   *
   * @param port of those whose record says 0; without one they are left out.
   */
  async services(name: string, port = 0): Promise<Found> {
    this.#turn()
    const options = this.#options()
    const { records, additionals, problem } = await this.#resolve({ name, type: 'SRV' }, options)
    const services = first(records, port)
    if (services.length === 0) {
      const none = records.length > 0 ? 'it says that there is none' : 'it has no SRV record'
      return { specs: [], ttlS: 0, problem: problem === '' ? none : problem }
    }
    const all = [...new Set(services.map(({ target }) => target))]
    const targets = all.slice(0, targetsMax)
    const tooMany = `it has ${all.length} targets: the first ${targetsMax} are used`
    const resolved = await concurrently(targets, (target) => {
      return given(target, additionals) ?? this.#hosts(target, options)
    })
    const problems = [problem, ...resolved.map(({ problem }) => problem)]
    if (all.length > targetsMax) problems.push(tooMany)
    return {
      specs: specsOf(services, new Map(targets.map((target, i) => [target, resolved[i]!.hosts]))),
      ttlS: Math.min(ttlOf(records), ...resolved.map(({ ttlS }) => ttlS)),
      problem: problems.find((text) => text !== '') ?? '',
    }
  }

  #turn(): void {
    this.#before = this.#now
    this.#now = new Map()
  }

  async #hosts(name: string, options: QueryOptions): Promise<Hosts> {
    const [four, six] = await Promise.all([
      this.#resolve({ name, type: 'A' }, options),
      this.#resolve({ name, type: 'AAAA' }, options),
    ])
    const records = [...four.records, ...six.records]
    const problems = [four, six]
      // Some servers never answer for AAAA: with nothing to lose, that is no problem.
      .filter((family) => family.records.length > 0 || records.length === 0)
      .map(({ problem }) => problem)
    const none = records.length === 0 ? `'${name}' has no address` : ''
    return {
      hosts: hostsOf(records),
      ttlS: ttlOf(records),
      problem: problems.find((text) => text !== '') ?? none,
    }
  }

  async #resolve(question: Question, options: QueryOptions): Promise<Resolved> {
    const key = `${question.type} ${question.name}`
    let answer: DnsMessage | undefined
    let problem = ''
    try {
      answer = await query(question, options)
      if (answer.code === noSuchName) problem = `there is no name '${question.name}'`
    } catch (error) {
      answer = this.#before.get(key)
      problem = error instanceof Error ? error.message : String(error)
    }
    if (answer === undefined) return { records: [], additionals: [], problem }
    this.#now.set(key, answer)
    const { answers, additionals } = answer
    return { records: recordsFor(question, answers), additionals, problem }
  }
}

/** The services of the lowest priority, in an order that does not change from answer to answer. */
function first(records: readonly DnsRecord[], port: number): Service[] {
  const services = records
    .flatMap((record) => (record.type === 'SRV' ? [record.data] : []))
    .map((service) => ({ ...service, port: service.port === 0 ? port : service.port }))
    // A target of '.' says that there is no such service here.
    .filter((service) => service.target !== '' && service.port !== 0)
  const lowest = Math.min(...services.map(({ priority }) => priority))
  return services
    .filter(({ priority }) => priority === lowest)
    .sort((a, b) => compare(a.target, b.target) || a.port - b.port)
}

/** What is known of a target without asking. */
function given(target: string, additionals: readonly DnsRecord[]): Hosts | undefined {
  if (isIP(target) !== 0) return { hosts: [target], ttlS: Number.POSITIVE_INFINITY, problem: '' }
  const types = ['A', 'AAAA'] as const
  const records = types.flatMap((type) => recordsFor({ name: target, type }, additionals))
  if (records.length === 0) return undefined
  return { hosts: hostsOf(records), ttlS: ttlOf(records), problem: '' }
}

/** A backend for each address of each service; its addresses share a service's weight. */
function specsOf(
  services: readonly Service[],
  hostsOf: ReadonlyMap<string, readonly string[]>,
): BackendSpec[] {
  const areAllZero = services.every(({ weight }) => weight === 0)
  const specs = new Map<string, { address: { host: string; port: number }; weight: number }>()
  for (const { target, port, weight } of services) {
    const hosts = hostsOf.get(target) ?? []
    const share = (areAllZero ? 1 : weight || weightOfZero) / hosts.length
    for (const host of hosts) {
      const key = `${host} ${port}`
      const known = specs.get(key)
      if (known === undefined) specs.set(key, { address: { host, port }, weight: share })
      else known.weight += share
    }
  }
  return [...specs.values()]
}

/** The addresses, each once, IPv4 first, in an order that does not change from answer to answer. */
function hostsOf(records: readonly DnsRecord[]): string[] {
  const hosts = records.flatMap(({ data }) =>
    typeof data === 'string' && isIP(data) ? [data] : [],
  )
  return [...new Set(hosts)].sort((a, b) => isIP(a) - isIP(b) || compare(a, b))
}

const ttlOf = (records: readonly DnsRecord[]): number =>
  Math.min(...records.map(({ ttlS }) => ttlS))

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

async function concurrently<T, R>(
  items: readonly T[],
  work: (item: T) => R | Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++
      results[at] = await work(items[at]!)
    }
  }
  await Promise.all(Array.from({ length: concurrencyMax }, worker))
  return results
}
