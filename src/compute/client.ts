import { type Address, formatAddress } from '../base/address.ts'
import { longestTimerMs } from '../base/clock.ts'
import { PilotiError } from '../base/errors.ts'
import { jittered, type Random } from '../base/random.ts'
import { Sweep } from '../net/sweep.ts'
import { Call, type Settled } from './client-call.ts'
import { Connection } from './client-connection.ts'
import { readAnswer, type Task } from './protocol.ts'

export interface ComputeClientOptions {
  /** A balancer in mode `lines`, or a worker. */
  readonly address: Address
  /** How many tasks may be sent without an answer; further ones wait here. 512 by default, a balancer takes 1024. */
  readonly outstandingMax?: number
  /** How many may be asked for at a time, those that wait included. 100000 by default. */
  readonly callsMax?: number
  /** How often a task is sent again because the connection was lost. 8 by default. */
  readonly resendsMax?: number
  /** From the asking to the answer, whatever happens between. 2 minutes by default. */
  readonly answerTimeoutMs?: number
  readonly connectTimeoutMs?: number
  /** Between two attempts to connect: the first pause, which doubles, and the longest one. 100 ms and 5 s. */
  readonly reconnectMinMs?: number
  readonly reconnectMaxMs?: number
  /** The longest answer that is read. 1 MiB by default. */
  readonly lineLimitBytes?: number
  readonly random?: Random
  /** The connection is lost, once for each time it was there; `unanswered` tasks will be sent again. */
  readonly onLost?: (why: string, unanswered: number) => void
  /** It is there again, and `resumed` tasks are sent again. */
  readonly onBack?: (resumed: number) => void
}

/** Sends tasks and gives each its answer, whatever happens to the connection between. */
export interface ComputeClient {
  /** How many tasks have no answer yet. */
  readonly unanswered: number
  readonly isConnected: boolean
  /** Answers that nobody waits for: repeated, or without an id. */
  readonly strays: number
  /** How often a task was sent again. */
  readonly resends: number
  /**
   * @throws PilotiError COMPUTE_REACH when the connection was lost too often or for too long, COMPUTE_TIMEOUT
   *   when there was one and no answer came, CLOSED once the client is closed.
   * @throws RangeError above `callsMax`.
   */
  call(task: Task): Promise<Settled>
  /** Gives up the tasks that have no answer yet; they fail with CLOSED. */
  cancel(): void
  /** Cancels them, and ends the connection. */
  close(): void
}

/**
 * Connects to a balancer of compute tasks, or to a worker.
 *
 * A lost connection is opened again, and the tasks that have no answer are sent again, in their order: tasks are
 * safe to repeat.
 *
 * @throws PilotiError COMPUTE_REACH when the first connection cannot be had; RangeError for a limit that lets
 *   nothing through.
 */
export function createComputeClient(options: ComputeClientOptions): Promise<ComputeClient> {
  return new Promise((resolve, reject) => new Client(options, resolve, reject))
}

const defaults = {
  outstandingMax: 512,
  callsMax: 100_000,
  resendsMax: 8,
  answerTimeoutMs: 120_000,
  connectTimeoutMs: 3_000,
  reconnectMinMs: 100,
  reconnectMaxMs: 5_000,
  lineLimitBytes: 1_048_576,
}

type Limits = typeof defaults

class Client implements ComputeClient {
  strays = 0
  resends = 0
  isConnected = false
  readonly #options: ComputeClientOptions
  readonly #limits: Limits
  readonly #sweep = new Sweep()
  /** Both in the order of their ids. */
  #waiting = new Map<number, Call>()
  #sent = new Map<number, Call>()
  #connection: Connection
  #lastId = 0
  /** Since an answer came. */
  #attempts = 0
  #why = ''
  #isFlushing = false
  #isClosed = false
  #timer: NodeJS.Timeout | undefined
  /** Whoever waits for the first connection; afterwards nobody. */
  #first: { opened(): void; failed(error: PilotiError): void } | undefined

  constructor(
    options: ComputeClientOptions,
    resolve: (client: ComputeClient) => void,
    reject: (error: PilotiError) => void,
  ) {
    this.#options = options
    this.#limits = limitsOf(options)
    this.#first = { opened: () => resolve(this), failed: reject }
    this.#connection = this.#connect()
  }

  get unanswered(): number {
    return this.#waiting.size + this.#sent.size
  }

  call(task: Task): Promise<Settled> {
    if (this.#isClosed) return Promise.reject(closed())
    const { answerTimeoutMs, callsMax } = this.#limits
    if (this.unanswered >= callsMax) {
      return Promise.reject(new RangeError(`more than ${callsMax} tasks at a time`))
    }
    return new Promise((answered, failed) => {
      const call = new Call(++this.#lastId, task, { answered, failed }, (late) => this.#late(late))
      this.#waiting.set(call.id, call)
      this.#sweep.add(call)
      call.deadlineMs = this.#sweep.nowMs + answerTimeoutMs
      this.#flushSoon()
    })
  }

  cancel(): void {
    for (const call of this.#all().values()) this.#fail(call, closed())
  }

  close(): void {
    this.#isClosed = true
    this.isConnected = false
    clearTimeout(this.#timer)
    this.#connection.close()
    this.cancel()
  }

  #connect(): Connection {
    const { connectTimeoutMs, lineLimitBytes } = this.#limits
    const { address } = this.#options
    return new Connection(
      { address, connectTimeoutMs, lineLimitBytes },
      {
        open: () => this.#open(),
        line: (text) => this.#read(text),
        lost: (why) => this.#lose(why),
      },
    )
  }

  #open(): void {
    this.isConnected = true
    if (this.#first === undefined) this.#options.onBack?.(this.#resumed())
    this.#first?.opened()
    this.#first = undefined
    this.#flush()
  }

  #resumed(): number {
    let count = 0
    for (const { sends } of this.#waiting.values()) if (sends > 0) count++
    return count
  }

  #lose(why: string): void {
    const error = unreachable(this.#options.address, why)
    if (this.#first !== undefined) {
      this.#isClosed = true
      return this.#first.failed(error)
    }
    const wasConnected = this.isConnected
    this.isConnected = false
    this.#why = why
    this.#waiting = this.#all()
    this.#sent = new Map()
    for (const call of this.#waiting.values()) {
      if (call.sends > this.#limits.resendsMax) this.#fail(call, error)
    }
    if (wasConnected) this.#options.onLost?.(why, this.unanswered)
    if (!this.#isClosed) this.#connectLater()
  }

  /** To send the same again to whoever speaks something else is of no use. */
  #leave(why: string): void {
    const error = unreachable(this.#options.address, why)
    for (const call of this.#sent.values()) this.#fail(call, error)
    this.#connection.close()
    this.#lose(why)
  }

  #connectLater(): void {
    const { reconnectMaxMs, reconnectMinMs } = this.#limits
    const pauseMs = Math.min(reconnectMinMs * 2 ** this.#attempts++, reconnectMaxMs)
    // Clients that lose one balancer together do not come back together.
    const ms = jittered(pauseMs, 0.5, this.#options.random ?? Math.random)
    this.#timer = setTimeout(() => {
      this.#connection = this.#connect()
    }, ms)
  }

  /** In the order in which they were asked for. */
  #all(): Map<number, Call> {
    return new Map([...this.#sent, ...this.#waiting])
  }

  /** What is asked for in one turn goes out in one write. */
  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    this.#isFlushing = false
    if (!this.isConnected) return
    let text = ''
    for (const [id, call] of this.#waiting) {
      if (this.#sent.size >= this.#limits.outstandingMax) break
      this.#waiting.delete(id)
      this.#sent.set(id, call)
      if (call.sends > 0) this.resends++
      call.markSent()
      text += call.line
    }
    if (text !== '') this.#connection.write(text)
  }

  #read(line: string): void {
    const answer = readAnswer(line)
    if (answer === undefined) return this.#leave('what answers there is no JSON-RPC')
    const call = typeof answer.id === 'number' ? this.#sent.get(answer.id) : undefined
    if (call === undefined) {
      this.strays++
      return
    }
    this.#attempts = 0
    this.#end(call)
    const { caller, ms } = call
    const outcome = 'result' in answer ? { result: answer.result } : { error: answer.error }
    caller.answered({ ...outcome, ms })
    if (this.#waiting.size > 0) this.#flushSoon()
  }

  #late(call: Call): void {
    const { address } = this.#options
    const text = `no answer from ${formatAddress(address)} in ${this.#limits.answerTimeoutMs} ms`
    const error = this.isConnected
      ? new PilotiError('COMPUTE_TIMEOUT', text)
      : unreachable(address, this.#why)
    this.#fail(call, error)
    this.#flushSoon()
  }

  #fail(call: Call, error: Error): void {
    this.#end(call)
    call.caller.failed(error)
  }

  #end(call: Call): void {
    this.#sweep.delete(call)
    this.#waiting.delete(call.id)
    this.#sent.delete(call.id)
  }
}

/** One that is undefined is not given. */
function limitsOf(options: ComputeClientOptions): Limits {
  const limits = { ...defaults }
  for (const name of Object.keys(defaults) as (keyof Limits)[]) {
    const value = options[name] ?? defaults[name]
    const least = name === 'resendsMax' ? 0 : 1
    if (!(value >= least)) throw new RangeError(`${name} is ${value}: at least ${least} wanted`)
    limits[name] = name.endsWith('Ms') ? Math.min(value, longestTimerMs) : value
  }
  return limits
}

const closed = (): PilotiError => new PilotiError('CLOSED', 'the client of tasks is closed')

function unreachable(address: Address, why: string): PilotiError {
  const hint = "is it running ('piloti up --compute'), and is this its address?"
  const text = `cannot reach a balancer of tasks at ${formatAddress(address)}: ${why}; ${hint}`
  return new PilotiError('COMPUTE_REACH', text)
}
