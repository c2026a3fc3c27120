import { matches } from '../codecs/http1-chars.ts'
import { Method } from '../codecs/http1-method.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import { STRIDE } from '../codecs/http1-table.ts'

/** A piece of the head, as offsets in its bytes; empty when there is none. */
export interface Span {
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

const noBytes = Buffer.alloc(0)

/**
 * What is told of a request, as the client sent it: where it stands in the bytes of its head.
 *
 * Nothing is read before it is over, and no text is made that nobody asks for. There is one for each head, used
 * again as the head is: most clients say the same of themselves with every request, and that is found once.
 */
export class RequestText {
  bytes: Buffer = noBytes
  minor = 1
  readonly targetAt: Span = nowhere()
  readonly hostAt: Span = nowhere()
  readonly refererAt: Span = nowhere()
  readonly agentAt: Span = nowhere()
  /** Whether host, referer and agent are what they were in the request before. */
  isSame = false
  /** What a format has made of those, for as long as they stay the same. */
  told: readonly Buffer[] | undefined
  readonly #methodAt: Span = nowhere()
  #known: string | undefined
  #isFound = true
  #section = -1
  /** Where its first field stood. */
  #fieldsAt = 0

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

  /** Another request begins. */
  begin(bytes: Buffer): void {
    this.bytes = bytes
    this.#isFound = false
  }

  /** Finds it all, while head and bytes are still those of the request. Later calls do nothing. */
  find(head: RequestHead): void {
    if (this.#isFound) return
    this.#isFound = true
    const { fields, hostFrom, hostTo, line, start } = head
    this.minor = line.minor
    this.#known = methods[line.method]
    place(this.#methodAt, start + line.methodFrom, start + line.methodTo)
    place(this.targetAt, start + line.targetFrom, start + line.targetTo, targetMaxBytes)
    // A host in the target is told instead of the field.
    const isHostInTarget = hostFrom !== -1 && hostFrom < line.targetTo
    this.isSame = fields.section === this.#section && !isHostInTarget
    this.#section = isHostInTarget ? -1 : fields.section
    if (!this.isSame) this.told = undefined
    const fieldsAt = start + (fields.count > 0 ? fields.table[0]! : 0)
    if (this.isSame) this.#shift(fieldsAt - this.#fieldsAt)
    else this.#findFields(head, hostFrom === -1 ? 0 : start + hostFrom, start + hostTo)
    this.#fieldsAt = fieldsAt
  }

  /** The same beyond the request: its head will be used again, and its bytes too. */
  kept(head: RequestHead): RequestText {
    const { end, start } = head
    const copy = new RequestText()
    copy.begin(Buffer.from(this.bytes.subarray(0, start + end)))
    copy.find(head)
    return copy
  }

  #findFields({ fields: { count, table }, start }: RequestHead, from: number, to: number): void {
    const { bytes } = this
    place(this.hostAt, from, from === 0 ? 0 : to)
    place(this.refererAt, 0, 0)
    place(this.agentAt, 0, 0)
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

  #shift(by: number): void {
    for (const span of [this.hostAt, this.refererAt, this.agentAt]) {
      if (span.to === 0) continue
      span.from += by
      span.to += by
    }
  }
}

/** Of what was no request, or cannot be read as one. */
export const noRequest: RequestText = new RequestText()

const texts = new WeakMap<RequestHead, RequestText>()

/** The one of a head whose request begins. */
export function requestTextOf(head: RequestHead, bytes: Buffer): RequestText {
  let text = texts.get(head)
  if (text === undefined) {
    text = new RequestText()
    texts.set(head, text)
  }
  text.begin(bytes)
  return text
}

function nowhere(): Span {
  return { from: 0, to: 0 }
}

function place(span: Span, from: number, to: number, maxBytes = valueMaxBytes): void {
  span.from = from
  span.to = Math.min(to, from + maxBytes)
}
