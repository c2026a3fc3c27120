import type { Socket } from 'node:net'

/** What Node keeps to itself of a socket; a Unix socket has neither reset nor peer name. */
interface Inside {
  resetAndClosing: boolean
  readonly _handle?: {
    readonly reset?: unknown
    readonly getpeername?: (name: object) => number
  } | null
}

/**
 * Breaks a connection off, so that the other side cannot take what it got for complete: with a reset.
 *
 * Node's own `resetAndDestroy` first sends what is still to be written, however long that takes, then a
 * clean end, and resets after that: the other side reads a cut answer to a clean end. Its reset alone is
 * behind a private flag. A Unix socket has no reset, and is just closed.
 */
export function abort(socket: Socket): void {
  if (socket.destroyed) return
  const inside = socket as unknown as Inside
  // With an end on its way the system refuses to reset, and Node would lose the socket.
  const isEnding = socket.writableEnded && !socket.writableFinished
  inside.resetAndClosing = !isEnding && typeof inside._handle?.reset === 'function'
  socket.destroy()
}

/**
 * Whether a socket that just emitted `end` was broken off by the other side.
 *
 * libuv takes a reset that arrives together with bytes for a clean end. The system knows better: a socket
 * that was reset has no peer any more. Nor has one that both sides have ended, so nothing can be told once
 * our own end was sent.
 */
export function wasAborted(socket: Socket): boolean {
  if (socket.writableEnded) return false
  const { _handle } = socket as unknown as Inside
  return _handle?.getpeername !== undefined && _handle.getpeername({}) !== 0
}
