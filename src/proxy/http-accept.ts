import type { RequestHead } from '../codecs/http1-request.ts'
import { STRIDE } from '../codecs/http1-table.ts'

/** Whether the client would rather have JSON than text, for an answer of the proxy's own. */
export function prefersJson({ fields, start }: RequestHead, bytes: Buffer): boolean {
  for (let line = 0; line < fields.count; line++) {
    const from = start + fields.table[line * STRIDE]!
    const to = start + fields.table[line * STRIDE + 1]!
    if (bytes.toString('latin1', from, to).toLowerCase() !== 'accept') continue
    const accept = fields.lowerText(bytes, start, line)
    if (accept.includes('application/json') && !accept.includes('text/html')) return true
  }
  return false
}
