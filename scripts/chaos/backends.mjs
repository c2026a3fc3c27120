// @ts-check
// What is done to the backends themselves: killed and started again, stopped and continued.
import { setTimeout as delay } from 'node:timers/promises'
import { startBackend } from './processes.mjs'

/** How many backends can do work at any time, at least. */
const goodMin = 2

/**
 * @typedef {{ from: number, to: number }} Span in ms
 * @typedef {import('node:child_process').ChildProcess} Child
 */

/** One π backend, and what was done to it. */
export class Backend {
  /** @type {Child | undefined} */
  child
  state = /** @type {'running' | 'stopped' | 'killed'} */ ('running')
  isDrained = false
  weight = 1
  /** When it was stopped. @type {Span[]} */
  stops = []
  /** When it was killed. @type {number[]} */
  kills = []

  /** @param {number} port */
  constructor(port) {
    this.port = port
    this.id = `127.0.0.1:${port}`
  }

  get isGood() {
    return this.state === 'running' && !this.isDrained
  }

  /** @param {(line: string) => void} hear */
  async start(hear) {
    this.child = await startBackend(this.port, hear)
    this.state = 'running'
  }

  kill() {
    this.state = 'killed'
    this.kills.push(performance.now())
    this.child?.kill('SIGKILL')
  }

  stop() {
    this.state = 'stopped'
    this.stops.push({ from: performance.now(), to: Number.POSITIVE_INFINITY })
    this.child?.kill('SIGSTOP')
  }

  continue() {
    const last = this.stops.at(-1)
    if (last !== undefined) last.to = performance.now()
    this.child?.kill('SIGCONT')
    this.state = 'running'
  }
}

/** Those of `backends` that one may be taken from. @param {readonly Backend[]} backends */
export function spareable(backends) {
  const good = backends.filter(({ isGood }) => isGood)
  return good.length > goodMin ? good : []
}

/**
 * Kills and stops backends until `isOver`; all run again at the end.
 *
 * @param {readonly Backend[]} backends
 * @param {{ random: import('./dice.mjs').Dice, everyMs: number, signal: AbortSignal,
 *   say: (text: string) => void, hear: (line: string) => void }} run
 */
export async function breakBackends(backends, { random, everyMs, signal, say, hear }) {
  /** @type {Promise<void>[]} */
  const repairs = []
  while (await random.pause(everyMs, signal)) {
    const backend = random.oneOf(spareable(backends))
    if (backend === undefined) continue
    if (random.next(['kill', 'stop']) === 'kill') {
      say(`> kill ${backend.id}`)
      backend.kill()
      repairs.push(revive(backend, random.between(300, 2_500)))
    } else {
      say(`> stop ${backend.id} (SIGSTOP)`)
      backend.stop()
      repairs.push(wake(backend, random.between(2_500, 4_500)))
    }
  }
  await Promise.all(repairs)

  /** @param {Backend} backend @param {number} ms */
  async function revive(backend, ms) {
    await delay(ms, undefined, { signal }).catch(() => {})
    say(`> start ${backend.id} again`)
    await backend.start(hear)
    say(`    ${backend.id} listens again`)
  }

  /** @param {Backend} backend @param {number} ms */
  async function wake(backend, ms) {
    await delay(ms, undefined, { signal }).catch(() => {})
    say(`> continue ${backend.id} (SIGCONT)`)
    backend.continue()
  }
}
