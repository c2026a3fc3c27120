import { type Answer, decode, encode, RECURSION_DESIRED } from 'dns-packet'

export interface Question {
  /** In ASCII and small letters, without a trailing dot. */
  readonly name: string
  readonly type: 'A' | 'AAAA' | 'SRV'
}

export interface Service {
  readonly target: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

/** What DNS says of a name. Names are in the form of those in questions. */
export type DnsRecord = { readonly name: string; readonly ttlS: number } & (
  | { readonly type: 'A' | 'AAAA' | 'CNAME'; readonly data: string }
  | { readonly type: 'SRV'; readonly data: Service }
)

export interface DnsMessage {
  /** RFC 1035 4.1.1: 0 is no error, 3 says that there is no such name. */
  readonly code: number
  readonly isTruncated: boolean
  /** It sends us on to other servers instead of asking them. */
  readonly isReferral: boolean
  readonly answers: readonly DnsRecord[]
  readonly additionals: readonly DnsRecord[]
}

/** Larger datagrams get lost on some ways (DNS flag day 2020); longer answers come by TCP. */
const datagramBytes = 1_232
const [authoritative, truncated, recursive] = [1 << 10, 1 << 9, 1 << 7]

/** Writes a question. @param isPlain leaves out EDNS, which a few servers do not understand. */
export function writeQuestion({ name, type }: Question, id: number, isPlain: boolean): Buffer {
  const options: Answer = {
    ...{ type: 'OPT', name: '.', udpPayloadSize: datagramBytes, extendedRcode: 0 },
    ...{ ednsVersion: 0, flags: 0, flag_do: false, options: [] },
  }
  const additionals = isPlain ? [] : [options]
  const questions = [{ name, type }]
  return encode({ type: 'query', id, flags: RECURSION_DESIRED, questions, additionals })
}

/** Reads the answer to a question. @returns undefined for all that is none. Never throws. */
export function readAnswer(bytes: Buffer, question: Question, id: number): DnsMessage | undefined {
  try {
    const packet = decode(bytes)
    const { flags = 0, questions = [], answers = [], additionals = [] } = packet
    const code = flags & 0xf
    const opcode = (flags >> 11) & 0xf
    if (packet.type !== 'response' || packet.id !== id || opcode !== 0) return undefined
    const [asked] = questions
    // A server that could not even read the question does not repeat it.
    if (asked === undefined ? code === 0 : !isAsked(asked, question)) return undefined
    return {
      code,
      isTruncated: (flags & truncated) !== 0,
      isReferral: code === 0 && answers.length === 0 && (flags & (authoritative | recursive)) === 0,
      answers: answers.flatMap(recordOf),
      additionals: additionals.flatMap(recordOf),
    }
  } catch {
    return undefined
  }
}

/** The records that answer a question, at the end of its aliases, and for how long they are true. */
export function recordsFor({ name, type }: Question, answers: readonly DnsRecord[]): DnsRecord[] {
  let owner = name
  let ttlS = Number.POSITIVE_INFINITY
  const seen = new Set<string>()
  for (;;) {
    const alias = answers.find((record) => record.type === 'CNAME' && record.name === owner)
    if (alias?.type !== 'CNAME' || seen.has(owner)) break
    seen.add(owner)
    owner = alias.data
    ttlS = Math.min(ttlS, alias.ttlS)
  }
  return answers
    .filter((record) => record.type === type && record.name === owner)
    .map((record) => ({ ...record, ttlS: Math.min(ttlS, record.ttlS) }))
}

const isAsked = (asked: { name: string; type: string }, { name, type }: Question): boolean =>
  nameOf(asked.name) === name && asked.type === type

function recordOf(answer: Answer): DnsRecord[] {
  const { type } = answer
  if (type !== 'A' && type !== 'AAAA' && type !== 'CNAME' && type !== 'SRV') return []
  if ((answer.class ?? 'IN') !== 'IN') return []
  const name = nameOf(answer.name)
  const ttlS = readTtl(answer.ttl)
  if (type === 'CNAME') return [{ name, ttlS, type, data: nameOf(answer.data) }]
  if (type !== 'SRV') return [{ name, ttlS, type, data: answer.data }]
  const { target, port, priority = 0, weight = 0 } = answer.data
  return [{ name, ttlS, type, data: { target: nameOf(target), port, priority, weight } }]
}

/** RFC 2181 8: with the highest bit set it is to be read as 0. */
const readTtl = (ttl = 0): number => (ttl >= 2 ** 31 ? 0 : ttl)

const nameOf = (name: string): string => name.toLowerCase().replace(/\.$/, '')
