import type { Log } from '../base/log.ts'
import { shown } from '../base/printable.ts'

/** Tells the log what goes on, one event for each step of a message. */
export class LinesActivity {
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  connected(client: string): void {
    this.#log.info('client_connected', `client ${client} connected`, { client })
  }

  request(line: Buffer, client: string): void {
    const text = textOf(line)
    this.#log.info('request', `request '${text}' from ${client}`, { request: text, client })
  }

  forwarded(line: Buffer, client: string, backend: string): void {
    const text = textOf(line)
    const sentence = `request '${text}' forwarded to ${backend}`
    this.#log.info('forwarded', sentence, { request: text, client, backend })
  }

  /** @param durationMs since the request came */
  answered(line: Buffer, client: string, backend: string, durationMs: number): void {
    const text = textOf(line)
    const tookMs = Math.round(durationMs * 10) / 10
    const fields = { answer: text, client, backend, durationMs: tookMs }
    this.#log.info('answered', `answered in ${tookMs} ms: ${text}`, fields)
  }

  gone(client: string): void {
    this.#log.info('client_gone', `client ${client} gone`, { client })
  }
}

const shownBytes = 400

/** Short, and nothing in it moves a cursor. */
const textOf = (line: Buffer): string => shown(line.toString('utf8', 0, shownBytes))
