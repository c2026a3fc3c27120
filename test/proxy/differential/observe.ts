import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { backend, deadPort } from '../../support/backends.ts'
import { cutRequests, cutResponses, type Message } from './message.ts'

/** What a client sends, what the backend answers, and how either of them ends. */
export interface Case {
  readonly name: string
  /** Bytes, each further piece sent when there is one more response. */
  readonly send: readonly string[]
  /** What the backend answers to each request; the last one also to further requests. */
  readonly answers?: readonly string[]
  /** What the backend says when it has a head, before its answer. */
  readonly interim?: string
  /** The backend answers as soon as it has a head. */
  readonly answersEarly?: true
  /** What the backend does after its answer. */
  readonly backendThen?: 'ends' | 'resets'
  /** Nobody listens. */
  readonly hasNoBackend?: true
  /** The client goes away: when the backend has its request, or when some of the answer has come. */
  readonly clientLeaves?: 'unanswered' | 'half-answered'
  /** http-proxy adds X-Forwarded-… only when it is told to. */
  readonly xfwd?: true
  /** http-proxy does nothing at all then: it is not waited for long. */
  readonly hangs?: true
  /** Names of the differences it shows, besides the usual ones. */
  readonly differs?: readonly string[]
}

/** What one case led to, at both sides of a proxy. */
export interface Observation {
  /** What each connection to the backend carried. */
  readonly connections: readonly (readonly Message[])[]
  readonly responses: readonly Message[]
  /** How the client's connection ended; `open` when the answer leaves it open. */
  readonly ending: 'fin' | 'reset' | 'open' | 'hangs' | 'left'
  /** After the client has left: whether the connection to the backend ended too. */
  readonly isTold?: boolean
}

/** One of the two proxies. */
export interface Peer {
  /** Starts it for a backend. @returns its port. */
  start(t: TestContext, backendPort: number, it: Case): Promise<number>
  /** How long something is waited for that does not come. */
  patienceMs(it: Case): number
}

const plain = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok'
/** Sends what the case says through a proxy, and gives what its ends have seen. */
export async function observe(t: TestContext, it: Case, peer: Peer): Promise<Observation> {
  const received: string[] = []
  let closed = 0
  const patienceMs = peer.patienceMs(it)
  let client: Client | undefined
  let reset = (): void => {}
  const serve = (socket: Socket): void => {
    const place = received.push('') - 1
    const speak = speaker(socket, it)
    reset = () => socket.resetAndDestroy()
    socket.on('close', () => closed++)
    socket.on('end', () => socket.end())
    socket.on('data', (data) => {
      received[place] += data.toString('latin1')
      if (it.clientLeaves === 'unanswered') client?.leave()
      else speak(cutRequests(received[place]!))
    })
  }
  const port = it.hasNoBackend ? await deadPort() : await backend(t, serve)
  client = new Client(await peer.start(t, port, it), it, patienceMs)
  // A reset overtakes bytes that are on their way, so it waits until they have come.
  if (it.backendThen === 'resets') client.onBody = () => reset()
  if (it.clientLeaves === 'half-answered') client.onBody = () => client?.leave()
  const ending = await client.ending
  const areClosed = (): boolean => closed === received.length
  const told = ending === 'left' ? { isTold: await soon(areClosed, patienceMs) } : {}
  const connections = received.filter((text) => text !== '').map(cutRequests)
  return { connections, responses: client.responses, ending, ...told }
}

/** Answers what has come over one connection; to be called whenever that has become more. */
function speaker(socket: Socket, it: Case): (requests: readonly Message[]) => void {
  const { answers = [], answersEarly, backendThen, interim } = it
  let answered = 0
  let hasSaidInterim = false
  let hasSaidBye = false
  return (requests) => {
    if (interim !== undefined && !hasSaidInterim) socket.write(interim, 'latin1')
    hasSaidInterim = true
    const ready = answersEarly ? requests : requests.filter(({ isWhole }) => isWhole)
    for (; answered < ready.length; answered++) {
      socket.write(answers[Math.min(answered, answers.length - 1)] ?? plain, 'latin1')
      if (backendThen === 'ends') socket.end()
    }
    const { framing, body } = requests.at(-1)!
    if (framing !== 'tunnel' || body !== 'ping' || hasSaidBye) return
    hasSaidBye = true
    socket.write('bye')
  }
}

class Client {
  readonly ending: Promise<Observation['ending']>
  /** Some of the answer's body has come. */
  onBody: () => void = () => {}
  readonly #it: Case
  readonly #socket: Socket
  readonly #methods: readonly string[]
  #finish!: (ending: Observation['ending']) => void
  #sent = 0
  #text = ''

  constructor(port: number, it: Case, patienceMs: number) {
    this.#it = it
    const requests = cutRequests(it.send.join('')).filter(({ isWhole }) => isWhole)
    this.#methods = requests.map(({ start }) => start.split(' ')[0]!)
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    this.#socket = socket
    this.ending = new Promise((resolve) => {
      const timer = setTimeout(() => this.#finish('hangs'), patienceMs)
      this.#finish = (ending) => {
        clearTimeout(timer)
        socket.destroy()
        resolve(ending)
      }
    })
    socket.on('error', () => {})
    socket.on('end', () => this.#finish('fin'))
    socket.on('close', () => this.#finish('reset'))
    socket.on('connect', () => this.#next())
    socket.on('data', (data) => this.#read(data))
  }

  get responses(): Message[] {
    return cutResponses(this.#text, this.#methods)
  }

  leave(): void {
    this.#finish('left')
  }

  #next(): void {
    this.#socket.write(this.#it.send[this.#sent++]!, 'latin1')
  }

  #read(data: Buffer): void {
    this.#text += data.toString('latin1')
    const { responses } = this
    if (responses.at(-1)!.body !== '') this.onBody()
    const whole = responses.filter(({ isWhole }) => isWhole)
    if (this.#sent < this.#it.send.length) {
      if (whole.length >= this.#sent) this.#next()
      return
    }
    const final = whole.filter(({ start }) => !/^\S+ 1(?!01)/.test(start))
    const isAnswered = final.length >= Math.max(1, this.#methods.length)
    if (isAnswered && staysOpen(responses.at(-1)!)) this.#finish('open')
  }
}

/** Whether nothing more is to come. Otherwise the end is to come, and waited for. */
function staysOpen({ framing, body, fields }: Message): boolean {
  if (framing === 'close') return false
  if (framing === 'tunnel') return body.endsWith('bye')
  return !fields.some(([name, value]) => /^connection$/i.test(name) && /close/i.test(value))
}

async function soon(isSo: () => boolean, patienceMs: number): Promise<boolean> {
  const untilMs = Date.now() + patienceMs
  while (!isSo() && Date.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 5))
  return isSo()
}
