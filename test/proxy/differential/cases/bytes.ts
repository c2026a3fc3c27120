import { gzipSync } from 'node:zlib'

/** A request: its line without the version, further lines, a body. */
export function request(line: string, lines: readonly string[] = [], body = ''): string {
  return `${line} HTTP/1.1\r\n${['Host: front.test', ...lines].join('\r\n')}\r\n\r\n${body}`
}

/** A response: its status and reason, lines, a body. */
export function response(status: string, lines: readonly string[] = [], body = ''): string {
  return `HTTP/1.1 ${status}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`
}

export const date: string = 'Date: Mon, 02 Nov 2026 08:00:00 GMT'
export const chunked: string = 'Transfer-Encoding: chunked'
export const size = (body: string): string => `Content-Length: ${body.length}`

export function chunks(...parts: readonly string[]): string {
  return `${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`
}

/** More than a socket or a stream holds. */
export const large: string = '0123456789'.repeat(30_000)

export const zipped: string = gzipSync('π '.repeat(500)).toString('latin1')
export const switching: string = response('101 Switching Protocols', [
  'Connection: Upgrade',
  'Upgrade: websocket',
])
export const upgrade: readonly string[] = ['Connection: Upgrade', 'Upgrade: websocket']
