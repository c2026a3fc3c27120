import type { Socket } from 'node:net'
import { BAD, DONE, MORE, type Result } from '../codecs/http1-faults.ts'
import { Method } from '../codecs/http1-method.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import { ResponseHead } from '../codecs/http1-response.ts'
import { type ResponseWriteOptions, writeResponseHead } from '../codecs/http1-write.ts'
import { copyOf } from '../net/inlet.ts'
import type { Outbox } from './outbox.ts'

const interimMax = 16
const nothing = Buffer.alloc(0)
const asItIs: ResponseWriteOptions = {
  block: null,
  date: nothing,
  chunked: false,
  connection: 'none',
}

/**
 * Reads the heads of one answer: interim ones are passed on at once, the final one or a 101 is left to the
 * caller. A head that comes in pieces is held until it is whole.
 */
export class ResponseHeads {
  /** The head read last. */
  readonly head: ResponseHead = new ResponseHead()
  /** What was read, behind what was held; `at` is behind the last head. */
  bytes: Buffer = nothing
  at = 0
  end = 0
  /** Why the answer is refused, after BAD. */
  reason = ''
  #held: Buffer = nothing
  #interims = 0
  #request!: RequestHead
  #outbox!: Outbox
  #client!: Socket

  /** Makes ready for the answer to `request`. */
  begin(request: RequestHead, outbox: Outbox, client: Socket): void {
    this.#request = request
    this.#outbox = outbox
    this.#client = client
    this.#held = nothing
    this.#interims = 0
    this.#reset()
  }

  /** Reads on, from 0 to `end`. DONE: see `head`, and `bytes` from `at` for what is behind it. */
  read(bytes: Buffer, end: number): Result {
    this.#take(bytes, end)
    const { head } = this
    for (;;) {
      const result = head.parse(this.bytes, this.at, this.end)
      if (result === BAD) return this.#refuse(head.fault!.reason)
      if (result === MORE) {
        this.#held = copyOf(this.bytes, this.at, this.end)
        return MORE
      }
      this.at += head.end
      if (!head.interim || head.status === 101) return DONE
      if (++this.#interims > interimMax) return this.#refuse('more interim responses than allowed')
      this.#passOn()
      this.#reset()
    }
  }

  /** Writes the head for the client. @returns whether there is room for it. */
  forward(options: ResponseWriteOptions = asItIs): boolean {
    const outbox = this.#outbox
    const to = writeResponseHead(outbox.buffer, outbox.length, this.head, this.bytes, options)
    if (to === -1) return false
    outbox.length = to
    return true
  }

  #take(bytes: Buffer, end: number): void {
    this.at = 0
    this.bytes = bytes
    this.end = end
    if (this.#held.length === 0) return
    this.bytes = Buffer.concat([this.#held, bytes.subarray(0, end)])
    this.end = this.bytes.length
    this.#held = nothing
  }

  /** RFC 9110 15.2: not to a client of HTTP/1.0. */
  #passOn(): void {
    if (this.#request.minor === 0) return
    this.forward()
    this.#outbox.flush(this.#client)
    this.#client.setNoDelay(true)
  }

  #reset(): void {
    this.head.reset(this.#request.method === Method.HEAD ? 'HEAD' : 'other')
  }

  #refuse(reason: string): Result {
    this.reason = reason
    return BAD
  }
}
