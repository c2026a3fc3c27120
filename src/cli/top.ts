import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { Command, Option } from 'commander'
import { formatAddress } from '../base/address.ts'
import { type ErrorCode, PilotiError } from '../base/errors.ts'
import { withAskOptions } from './admin-options.ts'
import { type Asking, ask } from './ask.ts'
import { withHelp } from './help.ts'
import { duration, oneOf } from './options.ts'
import { statusTable } from './status-table.ts'
import { Course, type Status } from './top-course.ts'
import { paint, screenOf } from './top-screen.ts'
import {
  chosen,
  keyAt,
  type Order,
  press,
  type SortKey,
  sortKeys,
  type TopState,
} from './top-state.ts'
import { TopTerminal } from './top-terminal.ts'

interface TopFlags extends Asking {
  readonly interval: number
  readonly sort: SortKey
  readonly color: boolean
}

const about = [
  'Shows what a running piloti does, each second anew: its pools and backends, and what has happened to them. Keys select a backend, drain it, make it ready, change its weight and the strategy of its pool; each asks first.',
  'Where there is no terminal it prints one table and ends.',
].join('\n\n')

/** An answer that takes longer is none: the screen says so. */
const timeoutMs = 5_000

export function topCommand(): Command {
  const made = withAskOptions(
    new Command('top').summary('watch a running piloti, and steer it by keys').description(about),
  )
    .addOption(
      new Option('--interval <TIME>', 'how often it is asked')
        .default(1_000, '1s')
        .argParser(duration(100)),
    )
    .addOption(
      new Option('--sort <KEY>', sortKeys.join(', '))
        .default('requests')
        .argParser(oneOf(sortKeys)),
    )
    .option('--no-color', 'no colours (also: NO_COLOR)')
  const examples = ['piloti top', 'piloti top --sort p99 --interval 5s']
  return withHelp(made, examples).action(async (flags: TopFlags) => {
    const first = await answerOf<Status>(flags, '/status')
    const { stdin, stdout } = process
    if (!stdin.isTTY || !stdout.isTTY) return console.log(statusTable(first))
    await new Watch(flags, first, await strategiesOf(flags)).run()
  })
}

/** Asks again and again, and draws what is answered and what was pressed. */
class Watch {
  readonly #flags: TopFlags
  readonly #course = new Course()
  readonly #terminal: TopTerminal
  readonly #end = new AbortController()
  readonly #isColor: boolean
  #state: TopState

  constructor(flags: TopFlags, first: Status, strategies: TopState['strategies']) {
    const { admin, color, sort } = flags
    this.#flags = flags
    this.#isColor = color && !process.env.NO_COLOR
    const view = this.#course.add(first, performance.now(), timeOfDay())
    const where = formatAddress(admin)
    const state = { where, view, sort, selected: '', said: '', strategies }
    const marked = chosen(state)
    this.#state = marked === undefined ? state : { ...state, selected: keyAt(marked) }
    this.#terminal = new TopTerminal(process.stdin, process.stdout, {
      key: (name) => this.#press(name),
      redraw: () => this.#draw(),
    })
  }

  /** Ends when somebody wants it to. */
  async run(): Promise<void> {
    const { signal } = this.#end
    try {
      while (!signal.aborted) {
        this.#draw()
        await wait(this.#flags.interval, undefined, { signal }).catch(() => {})
        if (!signal.aborted) await this.#look()
      }
    } finally {
      this.#terminal.close()
    }
    // An answer that is still waited for is of no interest any more.
    process.exit()
  }

  async #look(): Promise<void> {
    try {
      const status = await answerOf<Status>(this.#flags, '/status')
      if (this.#state.lost !== undefined) this.#course.note(timeOfDay(), 'it answers again')
      const view = this.#course.add(status, performance.now(), timeOfDay())
      this.#state = { ...this.#state, lost: undefined, view }
    } catch (error) {
      const { message } = error as Error
      if (this.#state.lost === undefined) this.#course.note(timeOfDay(), 'no answer any more')
      this.#state = { ...this.#state, lost: message }
    }
  }

  #press(name: string): void {
    const { isEnd, order, state } = press(this.#state, name)
    this.#state = state
    if (isEnd) {
      this.#terminal.close()
      this.#end.abort()
      process.exit()
    }
    this.#draw()
    if (order !== undefined) void this.#steer(order)
  }

  async #steer({ body, path }: Order): Promise<void> {
    let said = 'done'
    try {
      await answerOf(this.#flags, path, body)
      await this.#look()
    } catch (error) {
      said = (error as Error).message
    }
    this.#state = { ...this.#state, said }
    this.#draw()
  }

  #draw(): void {
    const lines = screenOf(this.#state, this.#terminal.size)
    this.#terminal.draw(lines.map((line) => paint(line, this.#isColor)))
  }
}

/** @throws PilotiError ADMIN_REACH, or with the code of the answer when that is no. */
async function answerOf<T>(asking: Asking, path: string, order?: object): Promise<T> {
  const method = order === undefined ? 'GET' : 'POST'
  const { body, status } = await ask({ ...asking, timeoutMs }, method, path, order)
  if (status === 200) return body as T
  throw new PilotiError(body.code as ErrorCode, String(body.message))
}

/** None, when whoever answers is too old to tell. */
async function strategiesOf(asking: Asking): Promise<TopState['strategies']> {
  try {
    return await answerOf<TopState['strategies']>(asking, '/strategies')
  } catch {
    return []
  }
}

const timeOfDay = (): string => new Date().toTimeString().slice(0, 8)
