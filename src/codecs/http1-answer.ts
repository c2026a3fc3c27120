/** The proxy's own answers, as complete messages: text for people, JSON for programs. */
import { STATUS_CODES } from 'node:http'

export interface Answer {
  readonly status: number
  /** The error code, for programs. */
  readonly code: string
  /** One sentence on what happened, for people. Nothing of the peer's belongs in it. */
  readonly message: string
  /** JSON instead of text. */
  readonly json?: boolean
  /** Say `Connection: close`. */
  readonly close?: boolean
  /** The answer to a HEAD request: the head alone. */
  readonly toHead?: boolean
  /** Further fields, such as Allow or Retry-After. */
  readonly headers?: Readonly<Record<string, string>>
  /** The line `Date: …` with its CRLF. */
  readonly date?: Buffer
}

/** Builds an answer of the proxy's own. */
export function simpleAnswer(answer: Answer): Buffer {
  const { status, json = false, headers = {} } = answer
  const body = bodyOf(answer)
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `Content-Type: ${json ? 'application/json' : 'text/plain'}; charset=utf-8`,
    `Content-Length: ${body.length}`,
    'Cache-Control: no-store',
  ]
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${visible(value)}`)
  if (answer.close === true) lines.push('Connection: close')
  const date = answer.date?.toString('latin1') ?? ''
  const head = Buffer.from(`${lines.join('\r\n')}\r\n${date}\r\n`, 'latin1')
  return answer.toHead === true ? head : Buffer.concat([head, body])
}

/** How long the body of such an answer is, as it is sent. */
export function bodyBytesOf(answer: Answer): number {
  return answer.toHead === true ? 0 : bodyOf(answer).length
}

function bodyOf(answer: Answer): Buffer {
  return Buffer.from(answer.json === true ? jsonBody(answer) : textBody(answer))
}

function jsonBody({ status, code, message }: Answer): string {
  return `${JSON.stringify({ statusCode: status, code, error: STATUS_CODES[status], message })}\n`
}

function textBody({ status, code, message }: Answer): string {
  return `${status} ${STATUS_CODES[status] ?? ''}: ${message} (${code})\n`
}

// A value that came from elsewhere must not be able to end the line.
function visible(value: string): string {
  return value.replace(/[^\t\x20-\x7e\x80-\xff]/g, '')
}
