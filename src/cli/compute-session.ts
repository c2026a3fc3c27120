import type { Address } from '../base/address.ts'
import { printable } from '../base/printable.ts'
import { seeded } from '../base/random.ts'
import { type ComputeClient, type Task, textOfResult } from '../compute.ts'
import type { Asking } from './ask.ts'
import { answerJson, type Came, messageOf, settled, whoAnswered } from './compute-answer.ts'
import { helpText, type Order } from './compute-order.ts'
import { runRandom } from './compute-random.ts'
import { runReport, runSummary, workerFacts } from './compute-report.ts'
import { workersTable } from './compute-table.ts'
import { Tally } from './compute-tally.ts'
import { knownWorkers } from './compute-workers.ts'
import { exit, exitCodeOf } from './exit.ts'
import type { Progress } from './progress.ts'

/** Who reads the answers: people at a prompt; whoever wants the n-th answer as the n-th line, or a value; programs. */
export type Style = 'prompt' | 'lines' | 'value' | 'json'

export interface SessionOptions {
  /** Where the tasks go. */
  readonly address: Address
  /** Where that balancer can be asked about its workers. */
  readonly asking: Asking
  readonly style: Style
  /** Random tasks at a time. */
  readonly atOnce: number
  /** Every run of random tasks begins with it; without one, each with another. */
  readonly seed?: number
  readonly createProgress: (what: string) => Progress
}

/** What is asked of one client, what came of it so far, and how that is told. */
export class ComputeSession {
  /** What the command is to end with. */
  exitCode: number = exit.done
  readonly #client: ComputeClient
  readonly #options: SessionOptions
  readonly #tally = new Tally()

  constructor(client: ComputeClient, options: SessionOptions) {
    this.#client = client
    this.#options = options
  }

  /** Asks for a task at once. @returns what tells the answer, for when it is its turn. */
  async begin(task: Task): Promise<() => void> {
    const came = await settled(this.#client, task)
    return () => this.#tell(came)
  }

  /** Does what a line asks for; `signal` ends it before its end. */
  async run(order: Order, signal: AbortSignal): Promise<void> {
    if (order.kind === 'task') await this.#task(order.task, signal)
    else if (order.kind === 'random') await this.#random(order, signal)
    else if (order.kind === 'workers') await this.#workers()
    else if (order.kind === 'help') console.log(helpText())
    else if (order.kind === 'fault') this.#refuse(order)
  }

  async #task(task: Task, signal: AbortSignal): Promise<void> {
    const cancel = (): void => this.#client.cancel()
    signal.addEventListener('abort', cancel)
    const tell = await this.begin(task)
    signal.removeEventListener('abort', cancel)
    if (signal.aborted) console.log('cancelled')
    else tell()
  }

  async #random({ count, overMs }: { count: number; overMs: number }, signal: AbortSignal) {
    const { atOnce, createProgress, seed = Math.floor(Math.random() * 2 ** 32) } = this.#options
    const isJson = this.#options.style === 'json'
    const progress = createProgress('random')
    const tally = new Tally()
    const startMs = performance.now()
    const resendsBefore = this.#client.resends
    let ended = 0
    await runRandom(
      this.#client,
      { count, overMs, atOnce, random: seeded(seed), signal },
      (came) => {
        progress.show(++ended / count)
        tally.add(came)
        this.#count(came)
        if (isJson) console.log(answerJson(came))
      },
    )
    progress.clear()
    const tookMs = performance.now() - startMs
    const resends = this.#client.resends - resendsBefore
    const facts = { asked: count, ended, tookMs, seed, resends }
    console.log(isJson ? runSummary(tally, facts) : runReport(tally, facts))
  }

  async #workers(): Promise<void> {
    const { address, asking, style } = this.#options
    const { workers: known, why } = await knownWorkers(asking, address)
    const doubt = `only what was answered here is known: ${printable(why)}`
    if (why !== '' && style === 'prompt') console.log(doubt)
    else if (why !== '') process.stderr.write(`piloti: ${doubt}\n`)
    if (style !== 'json') return console.log(workersTable(this.#tally, known))
    const answered = this.#tally.workers.map((each) => ({
      ...workerFacts(each),
      ...known.get(each.worker),
    }))
    const names = new Set(this.#tally.workers.map(({ worker }) => worker))
    const others = [...known].flatMap(([worker, facts]) =>
      names.has(worker) ? [] : [{ worker, tasks: 0, errors: 0, ...facts }],
    )
    console.log(JSON.stringify({ workers: [...answered, ...others] }))
  }

  /** What is no task fails without being sent. */
  #refuse({ line, message }: Extract<Order, { kind: 'fault' }>): void {
    this.exitCode ||= exit.failed
    const { style } = this.#options
    if (style === 'json') console.log(JSON.stringify({ task: line.trim(), error: { message } }))
    else this.#complain(message)
  }

  #tell(came: Came): void {
    const { style } = this.#options
    this.#count(came)
    if (style === 'json') console.log(answerJson(came))
    else if (!('result' in came)) this.#complain(messageOf(came))
    else {
      const who = style === 'prompt' ? `   ${whoAnswered(came)}` : ''
      console.log(`${printable(textOfResult(came.result))}${who}`)
    }
  }

  #count(came: Came): void {
    this.#tally.add(came)
    if ('lost' in came) this.exitCode = exitCodeOf(came.lost)
    else if ('error' in came) this.exitCode ||= exit.failed
  }

  #complain(message: string): void {
    // Whoever takes the value alone must not take this for one.
    if (this.#options.style === 'value') process.stderr.write(`piloti: ${printable(message)}\n`)
    else console.log(`error: ${printable(message)}`)
  }
}
