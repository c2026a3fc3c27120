import { createHmac, randomBytes } from 'node:crypto'
import { isToken } from '../codecs/http1-chars.ts'
import { Kind } from '../codecs/http1-names.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import type { Pool } from '../pool/pool.ts'

export interface CookieSpec {
  readonly name: string
  /** Makes the values, so that others can neither read nor make one; a new one each start by default. */
  readonly secret?: string
}

/** 128 bits in base64url. */
const valueLength = 22

/**
 * A cookie that names a backend without telling which: HMAC-SHA256 of its id, cut to 128 bits.
 *
 * What a client sends is only ever looked up, so a made-up value is one that nobody has. Clients keep their
 * backend whatever changes about the others, and across restarts with the same secret. The cookie is forwarded
 * like any other.
 */
export class BackendCookie {
  readonly #pool: Pool
  readonly #prefix: string
  readonly #pairStart: string
  readonly #secret: string | Buffer
  readonly #ids = new Map<string, string>()
  readonly #lines = new Map<string, Buffer>()

  /** @throws RangeError when `name` cannot be that of a cookie, or the secret is empty. */
  constructor({ name, secret }: CookieSpec, pool: Pool) {
    if (!isToken(name)) {
      throw new RangeError(`cookie name '${name}': letters, digits and !#$%&'*+-.^_\`|~ wanted`)
    }
    if (secret === '') throw new RangeError('the secret of the cookie is empty')
    this.#pool = pool
    this.#prefix = `Set-Cookie: ${name}=`
    this.#pairStart = `${name}=`
    this.#secret = secret ?? randomBytes(32)
  }

  key(_head: RequestHead, _bytes: Buffer, clientAddress: string): string {
    return clientAddress
  }

  /** RFC 6265 4.2.1 and what browsers send besides: several lines, quotes, no space behind a semicolon. */
  backendId({ fields, start }: RequestHead, bytes: Buffer): string | undefined {
    let hasLearnt = false
    for (
      let line = fields.find(Kind.COOKIE);
      line !== -1;
      line = fields.find(Kind.COOKIE, line + 1)
    ) {
      const text = bytes.toString(
        'latin1',
        start + fields.valueFrom(line),
        start + fields.valueTo(line),
      )
      let at = text.indexOf(this.#pairStart)
      for (; at !== -1; at = text.indexOf(this.#pairStart, at + 1)) {
        const value = valueAt(text, at, at + this.#pairStart.length)
        if (value === undefined) continue
        if (!hasLearnt && !this.#ids.has(value)) {
          this.#learn()
          hasLearnt = true
        }
        const id = this.#ids.get(value)
        if (id !== undefined) return id
      }
    }
    return undefined
  }

  cookieLine(backendId: string): Buffer {
    const line = this.#lines.get(backendId)
    if (line !== undefined) return line
    if (this.#lines.size >= 2 * this.#pool.backends.length) this.#forget()
    return this.#add(backendId)
  }

  /** Makes the values of the backends that came since. */
  #learn(): void {
    for (const { id } of this.#pool.backends) if (!this.#lines.has(id)) this.#add(id)
  }

  /** What belongs to backends that are gone. */
  #forget(): void {
    this.#lines.clear()
    this.#ids.clear()
    this.#learn()
  }

  #add(id: string): Buffer {
    const hmac = createHmac('sha256', this.#secret).update(id).digest('base64url')
    const value = hmac.slice(0, valueLength)
    const line = Buffer.from(`${this.#prefix}${value}; Path=/; HttpOnly; SameSite=Lax\r\n`)
    this.#ids.set(value, id)
    this.#lines.set(id, line)
    return line
  }
}

/** The value that stands from `from` on, if a pair begins at `at` and the value has our length. */
function valueAt(text: string, at: number, from: number): string | undefined {
  let before = at - 1
  while (text[before] === ' ' || text[before] === '\t') before--
  if (before >= 0 && text[before] !== ';') return undefined
  const start = text[from] === '"' ? from + 1 : from
  const value = text.slice(start, start + valueLength)
  let end = start + valueLength
  if (start > from && text[end++] !== '"') return undefined
  while (text[end] === ' ' || text[end] === '\t') end++
  return end >= text.length || text[end] === ';' ? value : undefined
}
