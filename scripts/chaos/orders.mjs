// @ts-check
// What is ordered of piloti: by its file, by its commands, by a signal.
import { rename, writeFile } from 'node:fs/promises'
import { spareable } from './backends.mjs'
import { order } from './processes.mjs'

const strategies = [
  ...['round-robin', 'least-connections', 'least-response-time', 'peak-ewma', 'two-choices'],
  ...['random', 'rendezvous', 'maglev'],
]
const kinds = [
  ...['weights', 'http', 'strategy in the file', 'swap the fifth', 'broken file'],
  ...['drain', 'drain', 'add and remove', 'strategy', 'hangup', 'reload'],
]
/** A change of the file is heard of within this time. */
const noticeMs = 10_000

/**
 * @typedef {import('./backends.mjs').Backend} Backend
 * @typedef {{ event: string, message: string, why?: string }} Told a line of the log of piloti
 */

/** piloti at work, and its file. */
export class Piloti {
  #version = 0
  #isFifthIn = false
  #strategy = 'round-robin'
  /** How long the log is read for, by who reads it. @type {Set<(told: Told) => void>} */
  #readers = new Set()
  /** What did not go as it should. @type {string[]} */
  faults = []

  /**
   * @param {readonly Backend[]} backends the last two are not in the file at first.
   * @param {{ folder: string, responseTimeoutMs: number, say: (text: string) => void,
   *   random: import('./dice.mjs').Dice, hangUp: () => void }} run
   */
  constructor(backends, run) {
    this.base = backends.slice(0, -2)
    const [fifth, sixth] = backends.slice(-2)
    this.fifth = /** @type {Backend} */ (fifth)
    this.sixth = /** @type {Backend} */ (sixth)
    this.run = run
    this.file = `${run.folder}/piloti.yaml`
    this.admin = `unix:${run.folder}/admin.sock`
  }

  /** Those that the file names. */
  get named() {
    return this.#isFifthIn ? [...this.base, this.fifth] : this.base
  }

  /** @param {Told} told */
  hear(told) {
    for (const reader of this.#readers) reader(told)
  }

  /** By a rename, or in place. */
  async write(text = this.#text()) {
    if (this.#version++ % 2 === 0) return writeFile(this.file, text)
    await writeFile(`${this.file}.new`, text)
    await rename(`${this.file}.new`, this.file)
  }

  /** Gives orders until `signal`. @param {number} everyMs @param {AbortSignal} signal */
  async steer(everyMs, signal) {
    const { random } = this.run
    while (await random.pause(everyMs, signal)) {
      const kind = random.next(kinds)
      if (kind === 'weights') await this.#weigh()
      else if (kind === 'http') await this.#changed('other http options in the file')
      else if (kind === 'strategy in the file') await this.#rename()
      else if (kind === 'swap the fifth') await this.#swapFifth()
      else if (kind === 'broken file') await this.#break()
      else if (kind === 'drain') await this.#drain(signal)
      else if (kind === 'add and remove') await this.#addAndRemove(signal)
      else if (kind === 'strategy') await this.#order('strategy', random.next(strategies))
      else if (kind === 'hangup') await this.#hangUp()
      else await this.#order('reload')
    }
  }

  #text() {
    const { responseTimeoutMs } = this.run
    return `listen: 127.0.0.1:0
admin: ${this.admin}
http: { responseTimeout: ${responseTimeoutMs}ms, idleConnectionsMax: ${200 + this.#version} }
health: { http: /health, interval: 1s, timeout: 1s, fall: 2 }
slowStart: 2s
strategy: ${this.#strategy}
backends:
${this.named.map(({ id, weight }) => `  - { address: '${id}', weight: ${weight} }\n`).join('')}`
  }

  async #weigh() {
    const { random } = this.run
    const backend = /** @type {Backend} */ (random.oneOf(this.named))
    backend.weight = Math.round(random.between(1, 5))
    await this.#changed(`weight ${backend.weight} for ${backend.id} in the file`)
  }

  async #rename() {
    this.#strategy = this.run.random.next(strategies)
    await this.#changed(`strategy ${this.#strategy} in the file`)
  }

  async #swapFifth() {
    this.#isFifthIn = !this.#isFifthIn
    await this.#changed(`${this.#isFifthIn ? 'add' : 'remove'} ${this.fifth.id} in the file`)
  }

  async #break() {
    this.run.say('break the file')
    const rejected = this.#told('reload_rejected', /changed/)
    await this.write(`${this.#text()}backend: nonsense\n`)
    await this.#order('reload', undefined, 3)
    await rejected
    await this.#changed('repair the file')
  }

  /** @param {AbortSignal} signal */
  async #drain(signal) {
    const { random } = this.run
    const backend = random.oneOf(spareable(this.base))
    if (backend === undefined) return
    backend.isDrained = true
    await this.#order('drain', backend.id)
    await random.pause(1_500, signal)
    await this.#order('ready', backend.id)
    backend.isDrained = false
  }

  /** A reload would take out what was added so, and there is none meanwhile. @param {AbortSignal} signal */
  async #addAndRemove(signal) {
    await this.#order('add', this.sixth.id)
    await this.run.random.pause(1_500, signal)
    await this.#order('remove', this.sixth.id)
  }

  async #hangUp() {
    this.run.say('SIGHUP')
    const reloaded = this.#told('reload_ok', /SIGHUP/)
    this.run.hangUp()
    await reloaded
  }

  /** @param {string} what */
  async #changed(what) {
    this.run.say(what)
    const reloaded = this.#told('reload_ok', /changed/)
    await this.write()
    await reloaded
  }

  /** @param {string} name @param {string | undefined} [about] @param {number} [wanted] */
  async #order(name, about, wanted = 0) {
    const words = about === undefined ? [name] : [name, about]
    this.run.say(`piloti ${words.join(' ')}`)
    const { code, stderr } = await order([...words, '--admin', this.admin])
    if (code === wanted) return
    this.faults.push(
      `piloti ${words.join(' ')} ended with ${code}, not ${wanted}: ${stderr.trim()}`,
    )
  }

  /** Waits until the log tells of it. @param {string} event @param {RegExp} why @returns {Promise<void>} */
  #told(event, why) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        this.#readers.delete(read)
        resolve()
      }
      const read = (/** @type {Told} */ told) => {
        if (told.event === event && why.test(told.why ?? '')) end()
      }
      const timer = setTimeout(() => {
        this.faults.push(`no ${event} within ${noticeMs / 1_000} s`)
        end()
      }, noticeMs)
      this.#readers.add(read)
    })
  }
}
