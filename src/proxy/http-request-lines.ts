import { Kind } from '../codecs/http1-names.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import type { RequestWriteOptions } from '../codecs/http1-write.ts'
import type { Backend } from '../pool/backend.ts'
import { forwardedLines } from './forwarded.ts'
import type { HttpSettings } from './http-settings.ts'

/** What is added to the requests of one peer, made when the first one comes. */
export class RequestLines {
  readonly #peer: string
  readonly #settings: HttpSettings
  /** Whether the peer is believed. */
  readonly isTrusted: boolean
  /** By the client's minor version, and whether it says which protocol it was asked with. */
  readonly #made: RequestWriteOptions[] = []

  constructor(peer: string, settings: HttpSettings) {
    this.#peer = peer
    this.#settings = settings
    this.isTrusted = settings.trusted.has(peer)
  }

  /**
   * The same object every time: it holds until the next call.
   *
   * @param stripBytes of the path, taken off at its beginning.
   */
  options(head: RequestHead, backend: Readonly<Backend>, stripBytes = 0): RequestWriteOptions {
    const hasProto = this.isTrusted && head.fields.has(Kind.X_FORWARDED_PROTO)
    const wanted = head.minor + (hasProto ? 2 : 0)
    this.#made[wanted] ??= this.#make(head.minor, hasProto)
    const options = this.#made[wanted]
    options.teTrailers = head.teTrailers
    options.stripBytes = stripBytes
    if (this.#settings.options.host === 'backend') {
      // A path is no host; what nginx and curl call a Unix socket.
      options.host = Buffer.from('path' in backend.address ? 'localhost' : backend.id)
    }
    return options
  }

  #make(minor: number, hasProto: boolean): RequestWriteOptions {
    const { forwarded, pseudonym } = this.#settings.options
    const manner = { isTrusted: this.isTrusted, forwarded, hasProto }
    const { address, block } = forwardedLines(this.#peer || 'unknown', pseudonym, minor, manner)
    return {
      block,
      own: null,
      trusted: this.isTrusted,
      forwardedFor: address,
      forwardedHost: true,
      host: null,
      contentLength: -1,
      teTrailers: false,
      stripBytes: 0,
    }
  }
}
