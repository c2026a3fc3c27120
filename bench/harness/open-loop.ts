import { Agent, get } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from '../../src/base/random.ts'

/** Requests at random times, whether or not those before are answered, as many clients do. */
export class OpenLoop {
  readonly #agent = new Agent({ keepAlive: true })
  readonly #port: number
  readonly #rate: number
  readonly #random: Random

  /** @param rate requests a second. */
  constructor(port: number, rate: number, random: Random) {
    this.#port = port
    this.#rate = rate
    this.#random = random
  }

  /** @returns the response times of all requests sent in this time, errors too, when all are answered. */
  async run(durationMs: number): Promise<number[]> {
    const answers: Promise<number>[] = []
    const startMs = performance.now()
    let dueMs = 0
    for (;;) {
      const elapsedMs = performance.now() - startMs
      while (dueMs <= elapsedMs) {
        answers.push(this.#ask())
        dueMs += (-Math.log(1 - this.#random()) * 1_000) / this.#rate
      }
      if (dueMs >= durationMs) return Promise.all(answers)
      await wait(dueMs - elapsedMs)
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #ask(): Promise<number> {
    const startMs = performance.now()
    return new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port: this.#port, agent: this.#agent }, (response) => {
        response.resume().on('end', () => resolve(performance.now() - startMs))
        response.on('error', reject)
      }).on('error', reject)
    })
  }
}
