import { matches } from '../codecs/http1-chars.ts'
import { Method } from '../codecs/http1-method.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import { STRIDE } from '../codecs/http1-table.ts'

/** A piece of the head, as offsets in its bytes; empty when there is none. */
interface Span {
  from: number
  to: number
}

/** Longer texts are cut in what is told of them. */
const targetMaxBytes = 8_192
const valueMaxBytes = 1_024
const agentName = new TextEncoder().encode('user-agent')
const refererName = new TextEncoder().encode('referer')

/** By number; what is not known is read. */
const methods = Object.entries(Method).reduce<(string | undefined)[]>((names, [name, method]) => {
  if (method !== Method.OTHER) names[method] = name
  return names
}, [])

/**
 * What is told of a request, as the client sent it: where it stands in the bytes of its head.
 *
 * Nothing is read before it is over, and no text is made that nobody asks for.
 */
export class RequestText {
  bytes: Buffer
  minor = 1
  readonly targetAt: Span = nowhere()
  readonly hostAt: Span = nowhere()
  readonly refererAt: Span = nowhere()
  readonly agentAt: Span = nowhere()
  readonly #methodAt: Span = nowhere()
  #known: string | undefined
  #head: RequestHead | undefined

  constructor(head: RequestHead | undefined, bytes: Buffer) {
    this.#head = head
    this.bytes = bytes
  }

  /** Empty for a request that could not be read, and where there is none. */
  get method(): string {
    return this.#known ?? this.text(this.#methodAt)
  }

  get target(): string {
    return this.text(this.targetAt)
  }

  /** A text as the client sent it, a character for each byte. */
  text({ from, to }: Span): string {
    return this.bytes.toString('latin1', from, to)
  }

  /** Finds it all, while head and bytes are still those of the request. Later calls do nothing. */
  find(): void {
    const head = this.#head
    if (head === undefined) return
    this.#head = undefined
    const { hostFrom, hostTo, line, start } = head
    this.minor = line.minor
    this.#known = methods[line.method]
    place(this.#methodAt, start + line.methodFrom, start + line.methodTo)
    place(this.targetAt, start + line.targetFrom, start + line.targetTo, targetMaxBytes)
    if (hostFrom !== -1) place(this.hostAt, start + hostFrom, start + hostTo)
    this.#findFields(head)
  }

  /** Keeps it beyond the request: its head will be used again, and its bytes too. */
  keep(): void {
    if (this.#head === undefined) return
    const { end, start } = this.#head
    this.find()
    this.bytes = Buffer.from(this.bytes.subarray(start, start + end))
    const { agentAt, hostAt, refererAt, targetAt } = this
    for (const span of [this.#methodAt, targetAt, hostAt, refererAt, agentAt]) {
      if (span.to > 0) place(span, span.from - start, span.to - start, span.to - span.from)
    }
  }

  #findFields({ fields: { count, table }, start }: RequestHead): void {
    const { bytes } = this
    for (let slot = 0; slot < count * STRIDE; slot += STRIDE) {
      const length = table[slot + 1]! - table[slot]!
      if (length !== agentName.length && length !== refererName.length) continue
      const isAgent = length === agentName.length
      const name = isAgent ? agentName : refererName
      if (!matches(bytes, start + table[slot]!, name)) continue
      const span = isAgent ? this.agentAt : this.refererAt
      place(span, start + table[slot + 2]!, start + table[slot + 3]!)
    }
  }
}

function nowhere(): Span {
  return { from: 0, to: 0 }
}

function place(span: Span, from: number, to: number, maxBytes = valueMaxBytes): void {
  span.from = from
  span.to = Math.min(to, from + maxBytes)
}
