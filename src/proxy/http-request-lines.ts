import { formatAddress } from '../base/address.ts'
import { Kind } from '../codecs/http1-names.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import type { RequestWriteOptions } from '../codecs/http1-write.ts'
import type { Backend } from '../pool/backend.ts'
import { type ForwardedLines, forwardedLines } from './forwarded.ts'
import type { HttpContext } from './http-context.ts'

/** What is added to the requests of one client, made when the first one comes. */
export class RequestLines {
  readonly #peer: string
  readonly #context: HttpContext
  readonly #isTrusted: boolean
  #made: ForwardedLines | undefined
  #madeFor = -1

  constructor(peer: string, context: HttpContext) {
    this.#peer = peer
    this.#context = context
    this.#isTrusted = context.trusted.has(peer)
  }

  options(head: RequestHead, backend: Readonly<Backend>): RequestWriteOptions {
    const lines = this.#lines(head)
    const ownHost = this.#context.options.host === 'backend'
    return {
      block: lines.block,
      trusted: this.#isTrusted,
      forwardedFor: lines.address,
      forwardedHost: true,
      host: ownHost ? Buffer.from(formatAddress(backend.address)) : null,
      contentLength: -1,
      teTrailers: head.teTrailers,
    }
  }

  #lines(head: RequestHead): ForwardedLines {
    const hasProto = this.#isTrusted && head.fields.has(Kind.X_FORWARDED_PROTO)
    const wanted = head.minor + (hasProto ? 2 : 0)
    if (this.#made === undefined || this.#madeFor !== wanted) {
      const { forwarded, pseudonym } = this.#context.options
      const manner = { isTrusted: this.#isTrusted, forwarded, hasProto }
      this.#made = forwardedLines(this.#peer || 'unknown', pseudonym, head.minor, manner)
      this.#madeFor = wanted
    }
    return this.#made
  }
}
