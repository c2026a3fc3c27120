import { Method } from '../codecs/http1-method.ts'
import { Kind } from '../codecs/http1-names.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import type { Exchange } from './http-exchange.ts'
import type { HttpSettings } from './http-settings.ts'

const allow = { Allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' }

/** Refuses what piloti does not forward. @returns whether the request may go to a backend. */
export function admit(
  exchange: Exchange,
  head: RequestHead,
  bytes: Buffer,
  { options }: HttpSettings,
): boolean {
  const { bodyLimitBytes, pseudonym } = options
  if (head.method === Method.CONNECT || head.method === Method.TRACE) {
    // What follows was meant for a tunnel: it is not the next request.
    head.keepAlive = false
    exchange.fail('REQUEST_METHOD', 'CONNECT and TRACE are not forwarded', allow)
  } else if (head.maxForwards === 0) {
    // RFC 9110 7.6.2: whoever receives a zero answers itself. Only OPTIONS comes as far as here.
    exchange.reply('these methods are forwarded', allow)
  } else if (bodyLimitBytes > 0 && head.contentLength > bodyLimitBytes) {
    exchange.fail('REQUEST_BODY_TOO_LARGE', `the body is larger than ${bodyLimitBytes} bytes`)
  } else if (hasPassed(head, bytes, pseudonym)) {
    exchange.fail('LOOP', 'the request has come through this proxy before')
  } else {
    return true
  }
  return false
}

/** Whether Via names this very proxy, as in `1.1 x, 1.1 pseudonym`. RFC 9110 7.6.3 */
function hasPassed({ fields, start }: RequestHead, bytes: Buffer, pseudonym: string): boolean {
  let line = fields.find(Kind.VIA)
  while (line !== -1) {
    for (const hop of fields.lowerText(bytes, start, line).split(',')) {
      if (hop.trim().split(/[ \t]+/)[1] === pseudonym.toLowerCase()) return true
    }
    line = fields.find(Kind.VIA, line + 1)
  }
  return false
}
