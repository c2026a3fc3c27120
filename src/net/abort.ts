import type { Socket } from 'node:net'

/** Breaks a connection off so that the other side cannot take it for complete: a reset where there is one. */
export function abort(socket: Socket): void {
  if (socket.destroyed) return
  // Only TCP has resets; a Unix socket throws, and is just closed.
  try {
    socket.resetAndDestroy()
  } catch {
    socket.destroy()
  }
}
