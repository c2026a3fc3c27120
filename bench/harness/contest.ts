import { type Child, type Command, start } from './child.ts'
import type { Contender } from './contenders.ts'
import { measure, type Unit } from './generator.ts'
import { freePort, listening } from './ports.ts'
import { interleave, type Sample } from './rounds.ts'

export interface Contest {
  readonly contenders: readonly Contender[]
  /** The backend: it prints `listening PORT`. Every contender gets its own. */
  readonly backend: Command
  /** The load on a proxy that listens on `port`. */
  load(port: number): Command
  readonly unit: Unit
  readonly rounds: number
}

/** Samples by contender; the absent are missing. */
export type Results = ReadonlyMap<string, readonly Sample[]>

export interface Seat {
  readonly port: number
  readonly proxy: Child
  stop(): Promise<void>
}

/** Starts all contenders, measures them in turn, stops them. */
export async function contest(options: Contest): Promise<Results> {
  const { contenders, backend, load, unit, rounds } = options
  const seats: Seat[] = []
  try {
    const runners = []
    for (const contender of contenders) {
      const seat = await takeSeat(contender, backend)
      if (seat === undefined) continue
      seats.push(seat)
      const { port, proxy } = seat
      const round = () =>
        measure(load(port), proxy.pid, unit).catch((cause) => {
          throw new Error(`cannot measure '${contender.name}': ${cause.message}`, { cause })
        })
      runners.push({ name: contender.name, round })
    }
    return await interleave(runners, rounds)
  } finally {
    await Promise.all(seats.map((seat) => seat.stop()))
  }
}

/** A contender in front of its own backend, both listening; undefined when it is not installed. */
export async function takeSeat(contender: Contender, backend: Command): Promise<Seat | undefined> {
  if (contender.command === undefined) return undefined
  const server = start('load', backend)
  const children = [server]
  const over = new AbortController()
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()))
  }
  try {
    const backendPort = Number((await server.line()).split(' ')[1])
    const port = await freePort()
    const proxy = start('proxy', contender.command({ port, backendPort }))
    children.push(proxy)
    await Promise.race([listening(port, over.signal), neverEnding(proxy)])
    return { port, proxy, stop }
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
