import { RequestHead } from '../codecs/http1-request.ts'
import { TrustedPeers } from './forwarded.ts'
import type { HttpOptions } from './http-options.ts'
import { RequestLines } from './http-request-lines.ts'
import type { Router } from './routes.ts'

export interface HttpTimeouts {
  readonly connectTimeoutMs: number
  readonly retriesMax: number
}

const headsMax = 1_024
const peersMax = 1_024

/** What a request goes by from its first byte to the end of its answer, whatever is configured meanwhile. */
export class HttpSettings {
  readonly options: HttpOptions & HttpTimeouts
  readonly router: Router
  readonly trusted: TrustedPeers
  readonly #heads: RequestHead[] = []
  readonly #lines = new Map<string, RequestLines>()

  /** @throws PilotiError ADDRESS for what `trust` holds. */
  constructor(options: HttpOptions & HttpTimeouts, router: Router) {
    this.options = options
    this.router = router
    this.trusted = new TrustedPeers(options.trust)
  }

  /** What is added to the requests of `peer`. */
  linesOf(peer: string): RequestLines {
    let lines = this.#lines.get(peer)
    if (lines !== undefined) return lines
    if (this.#lines.size >= peersMax) this.#lines.clear()
    lines = new RequestLines(peer, this)
    this.#lines.set(peer, lines)
    return lines
  }

  /** A parser for the next request: an idle connection needs none. */
  takeHead(): RequestHead {
    return this.#heads.pop() ?? new RequestHead(this.options)
  }

  giveHeadBack(head: RequestHead): void {
    head.reset()
    if (this.#heads.length < headsMax) this.#heads.push(head)
  }
}
