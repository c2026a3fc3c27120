import type { Considered, Decision, Survey } from '../pool/decisions.ts'
import type { Notes } from './notes.ts'

type Pick = Survey & { picked: string; failed: string }

/** How a request came to its backend, noted while that happens. */
export class Explanation {
  readonly #picks: Pick[] = []

  /** A strategy is about to pick. */
  look(survey: Survey): void {
    this.#picks.push({ ...survey, picked: '', failed: '' })
  }

  picked(backend: string): void {
    const last = this.#picks.at(-1)
    if (last !== undefined) last.picked = backend
  }

  /** The try failed. */
  failed(why: string): void {
    const last = this.#picks.at(-1)
    if (last !== undefined) last.failed = why
  }

  /** What there is to keep, once all is over. */
  decision(notes: Notes): Decision {
    const { atMs, client } = notes
    const { method, target } = notes.request
    const { connectMs, durationMs, end, firstByteMs, queueMs, requestId, status } = notes
    const what = method === '' ? '' : `${method} ${target.slice(0, 200)}`
    const times = { queueMs, connectMs, firstByteMs, durationMs }
    return { atMs, what, client, picks: this.#picks, ...times, status, end, requestId }
  }

  /** The field for a client that asks: visible ASCII, and not endless. */
  line(notes: Notes): Buffer {
    return Buffer.from(`X-Piloti-Explain: ${this.value(notes)}\r\n`, 'latin1')
  }

  /** In words: who was picked, among whom, and who was left out. */
  value({ connectMs, firstByteMs, queueMs }: Notes): string {
    const first = firstByteMs < 0 ? '-' : firstByteMs.toFixed(3)
    const times = `queue=${queueMs.toFixed(3)} connect=${connectMs.toFixed(3)} first=${first}`
    const text = `${this.#picks.map(wordsOf).join(' | ')} | ${times}`
    return text.replace(/[^ -~]/g, '?').slice(0, valueMaxBytes)
  }
}

const valueMaxBytes = 2_048

function wordsOf({ considered, failed, others, picked, strategy }: Pick): string {
  const may = considered.filter(({ leftOut }) => leftOut === '').map(candidateOf)
  const not = considered
    .filter(({ leftOut }) => leftOut !== '')
    .map(({ id, leftOut }) => `${id} (${leftOut})`)
  const who = picked === '' ? 'nobody' : picked
  return [
    `${strategy} picked ${who}`,
    ...(may.length > 0 ? [`of ${may.join(', ')}`] : []),
    ...(others > 0 ? [`and ${others} more`] : []),
    ...(not.length > 0 ? [`without ${not.join(', ')}`] : []),
    ...(failed === '' ? [] : [`which failed: ${failed}`]),
  ].join(' ')
}

function candidateOf({ active, id, responseTimeMs, score, weight }: Considered): string {
  const scored = score === undefined ? '' : ` score=${score.toFixed(3)}`
  return `${id} (active=${active} weight=${weight} ms=${responseTimeMs.toFixed(3)}${scored})`
}
