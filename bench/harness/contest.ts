import { type Child, type Command, start } from './child.ts'
import type { Contender } from './contenders.ts'
import { type Load, measure, type Seat, type Unit } from './generator.ts'
import { freePort, listening } from './ports.ts'
import { interleave, type Sample } from './rounds.ts'

/** Node compiles what is hot while the first thousands of requests pass. */
const WARM_UPS = 2

export interface Contest {
  readonly contenders: readonly Contender[]
  /** Clients and backend, see `ends.ts`. Every contender gets its own. */
  readonly ends: Command
  readonly load: Load
  readonly unit: Unit
  readonly rounds: number
}

/** Samples by contender; those that are not installed or did not start are missing. */
export type Results = ReadonlyMap<string, readonly Sample[]>

/** Starts all contenders, measures them in turn, stops them. Says on stderr why one did not start. */
export async function contest(options: Contest): Promise<Results> {
  const { contenders, ends, load, unit, rounds } = options
  const seats: Seat[] = []
  try {
    const runners = []
    for (const contender of contenders) {
      const seat = await takeSeat(contender, ends).catch((error) => console.error(error.message))
      if (!seat) continue
      seats.push(seat)
      const round = (): Promise<Sample> =>
        measure(seat, load, unit).catch((cause) => {
          throw new Error(`cannot measure '${contender.name}': ${cause.message}`, { cause })
        })
      runners.push({ name: contender.name, round })
    }
    return await interleave(runners, rounds, WARM_UPS)
  } finally {
    await Promise.all(seats.map((seat) => seat.stop()))
  }
}

/** A contender between its own clients and backend; undefined when it is not installed. */
export async function takeSeat(contender: Contender, command: Command): Promise<Seat | undefined> {
  if (contender.command === undefined) return undefined
  const ends = start('load', command)
  const children = [ends]
  const over = new AbortController()
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()))
  }
  try {
    const backendPort = Number((await ends.line()).split(' ')[1])
    const port = await freePort()
    const proxy = start('proxy', contender.command({ port, backendPort }))
    children.push(proxy)
    await Promise.race([listening(port, over.signal), neverEnding(proxy)])
    return { port, proxy, ends, stop }
  } catch (cause) {
    await stop()
    throw new Error(`cannot start '${contender.name}': ${(cause as Error).message}`, { cause })
  } finally {
    over.abort()
  }
}

/** Settles only when the process ends: it rejects with what it said. */
async function neverEnding(child: Child): Promise<never> {
  for (;;) await child.line()
}
