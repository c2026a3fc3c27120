import type { Socket } from 'node:net'

/**
 * Lets a socket whose write fails still read what had come before.
 *
 * Node closes it in the very call that fails. A server that refuses an upload, and closes without reading it,
 * would never be heard: its answer lies unread in the system, and the next write meets its reset.
 */
export function keepLastWords(socket: Socket): void {
  if (Object.hasOwn(socket, 'destroy')) return
  const destroy = socket.destroy.bind(socket)
  socket.destroy = (error) => {
    const isWrite = error !== undefined && 'syscall' in error && error.syscall === 'write'
    if (!isWrite) return destroy(error)
    // The reset came behind the last words, so the next look at the sockets reads them: that is between these two.
    setImmediate(() => setImmediate(() => destroy(error)))
    return socket
  }
}
