import type { Socket } from 'node:net'
import type { ResponseHead } from '../codecs/http1-response.ts'
import { wasAborted } from '../net/abort.ts'
import type { Inlet, Reader } from '../net/inlet.ts'
import type { Backend } from '../pool/backend.ts'
import { ResponseBody } from './response-body.ts'
import { ResponseHeads } from './response-heads.ts'

/** Who uses a connection now: an exchange. */
export interface ConnectionUser {
  /** Bytes came, from 0 to `end`; as `Reader.read`. */
  responseBytes(bytes: Buffer, end: number, isShared: boolean): boolean
  /** The backend will send no more. */
  backendEnded(): void
  /** The connection is gone, `error` says why if it broke. */
  backendClosed(error: Error | undefined): void
  /** What was written has been taken. */
  backendDrained(): void
  /** What was written has not been taken for too long. */
  backendStalled(): void
}

/** What becomes of a connection that nobody uses. */
export interface ConnectionOwner {
  /** It ended by itself while idle. */
  lost(connection: BackendConnection): void
  /** Bytes came that no request asked for. */
  desynced(connection: BackendConnection): void
}

/** A connection to a backend; it carries one exchange at a time and may wait for the next. */
export class BackendConnection implements Reader {
  readonly socket: Socket
  readonly backend: Readonly<Backend>
  readonly heads: ResponseHeads = new ResponseHeads()
  readonly head: ResponseHead = this.heads.head
  readonly body: ResponseBody = new ResponseBody()
  idleUntilMs = 0
  /** How many exchanges it has carried to their end. */
  exchanges = 0
  user: ConnectionUser | undefined
  readonly #inlet: Inlet
  readonly #owner: ConnectionOwner
  #error: Error | undefined

  constructor(socket: Socket, backend: Readonly<Backend>, inlet: Inlet, owner: ConnectionOwner) {
    this.socket = socket
    this.backend = backend
    this.#inlet = inlet
    this.#owner = owner
    inlet.reader = this
    socket.setNoDelay(true)
    socket.on('error', (error) => {
      this.#error = error
    })
    socket.on('end', () => this.#ended())
    socket.on('close', () => this.#closed())
    socket.on('drain', () => this.user?.backendDrained())
    socket.on('timeout', () => this.user?.backendStalled())
  }

  get isOpen(): boolean {
    return !this.socket.destroyed
  }

  get inlet(): Inlet {
    return this.#inlet
  }

  read(bytes: Buffer, end: number, isShared: boolean): boolean {
    if (this.user !== undefined) return this.user.responseBytes(bytes, end, isShared)
    this.#owner.desynced(this)
    this.socket.destroy()
    return false
  }

  /** Ends it; whoever used it has let go of it before. */
  destroy(): void {
    this.socket.destroy()
  }

  /** Hands the socket over to somebody else, who adds listeners of its own. */
  detach(): Socket {
    this.user = undefined
    for (const event of ['end', 'close', 'drain', 'timeout']) this.socket.removeAllListeners(event)
    this.socket.setTimeout(0)
    return this.socket
  }

  #ended(): void {
    if (this.user === undefined || wasAborted(this.socket)) this.socket.destroy()
    else this.user.backendEnded()
  }

  #closed(): void {
    this.#inlet.abandon()
    if (this.user === undefined) this.#owner.lost(this)
    else this.user.backendClosed(this.#error)
  }
}
