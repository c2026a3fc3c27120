import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import { type Address, formatAddress } from '../base/address.ts'
import { systemCode } from '../base/errors.ts'
import { type DnsMessage, type Question, readAnswer, writeQuestion } from './dns-message.ts'

export interface QueryOptions {
  /** Asked in this order. */
  readonly servers: readonly Server[]
  /** How long one server may take for one answer. */
  readonly timeoutMs: number
  /** Ends the query at once. */
  readonly signal: AbortSignal
}

/** The host is an IP address. */
export type Server = Extract<Address, { host: string }>

/** How often all servers are asked, and how many of them. */
const rounds = 2
const serversMax = 3
const noSuchName = 3
const codes: Readonly<Record<number, string>> = {
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  4: 'NOTIMP',
  5: 'REFUSED',
}
/** What a server says that does not understand EDNS. */
const notUnderstood = new Set([1, 4])

/**
 * Asks name servers until one knows: what there is, or that there is nothing.
 *
 * By UDP from a random port with a random id, and by TCP when the answer is too long for that.
 *
 * @throws Error with the reason of the last server that failed.
 */
export async function query(question: Question, options: QueryOptions): Promise<DnsMessage> {
  let reason = 'no name server is known'
  for (let round = 0; round < rounds; round++) {
    for (const server of options.servers.slice(0, serversMax)) {
      try {
        const answer = await ask(server, question, options)
        if (answer.code === noSuchName || (answer.code === 0 && !answer.isReferral)) return answer
        const said = codes[answer.code] ?? `code ${answer.code}`
        reason = `answered ${answer.isReferral ? 'with a referral' : said}`
      } catch (error) {
        reason = systemCode(error)
      }
      if (options.signal.aborted) throw new Error('stopped')
      reason = `name server ${formatAddress(server)} ${reason}`
    }
  }
  throw new Error(reason)
}

async function ask(server: Server, question: Question, options: QueryOptions): Promise<DnsMessage> {
  let isPlain = false
  let answer = await askByUdp(server, question, options, isPlain)
  if (notUnderstood.has(answer.code)) {
    isPlain = true
    answer = await askByUdp(server, question, options, isPlain)
  }
  return answer.isTruncated ? askByTcp(server, question, options, isPlain) : answer
}

type Ask = (
  server: Server,
  question: Question,
  options: QueryOptions,
  isPlain: boolean,
) => Promise<DnsMessage>

const askByUdp: Ask = (server, question, options, isPlain) =>
  bounded(options, (resolve, reject) => {
    const id = randomInt(2 ** 16)
    // First: what could throw in a callback would be nobody's to catch.
    const message = writeQuestion(question, id, isPlain)
    const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4')
    socket.on('error', (error) => reject(unreachable(error)))
    // Whatever does not answer the question may come from anybody: it is ignored.
    socket.on('message', (bytes) => {
      const answer = readAnswer(bytes, question, id)
      if (answer !== undefined) resolve(answer)
    })
    // Connected, it takes datagrams from that server alone, and hears when there is none.
    socket.connect(server.port, server.host, () => {
      socket.send(message, (error) => {
        if (error) reject(unreachable(error))
      })
    })
    socket.unref()
    return () => socket.close()
  })

const askByTcp: Ask = (server, question, options, isPlain) =>
  bounded(options, (resolve, reject) => {
    const id = randomInt(2 ** 16)
    const message = writeQuestion(question, id, isPlain)
    let received = Buffer.alloc(0)
    const socket = connect(server.port, server.host).unref()
    socket.on('error', (error) => reject(unreachable(error)))
    socket.on('close', () => reject(new Error('closed the connection')))
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes])
      if (received.length < 2) return
      const length = received.readUInt16BE(0)
      if (received.length < 2 + length) return
      const answer = readAnswer(received.subarray(2, 2 + length), question, id)
      if (answer === undefined) reject(new Error('answered what is no answer'))
      else resolve(answer)
    })
    socket.write(
      Buffer.concat([Buffer.from([message.length >> 8, message.length & 0xff]), message]),
    )
    return () => socket.destroy()
  })

const unreachable = (error: Error): Error => new Error(`cannot be reached: ${systemCode(error)}`)

/** Waits for what `open` begins, no longer than allowed, and closes it however it ends. */
function bounded<T>(
  { timeoutMs, signal }: QueryOptions,
  open: (resolve: (value: T) => void, reject: (error: Error) => void) => () => void,
): Promise<T> {
  let close = (): void => {}
  let timer: NodeJS.Timeout | undefined
  let stop = (): void => {}
  return new Promise<T>((resolve, reject) => {
    stop = () => reject(new Error('stopped'))
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop)
    const late = new Error(`did not answer within ${timeoutMs} ms`)
    timer = setTimeout(() => reject(late), timeoutMs).unref()
    close = open(resolve, reject)
  }).finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    close()
  })
}
