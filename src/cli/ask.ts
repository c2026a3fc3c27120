import { request } from 'node:http'
import { type Address, formatAddress } from '../base/address.ts'
import { PilotiError, systemCode } from '../base/errors.ts'

/** Whom to ask, and what to show for it. */
export interface Asking {
  readonly admin: Address
  readonly adminToken?: string
  /** How long an answer may take, 30 s by default. */
  readonly timeoutMs?: number
}

/** What the admin API answers: what is so now, or what is wrong. */
export interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** Asks a running piloti. @throws PilotiError ADMIN_REACH */
export function ask(
  { admin, adminToken, timeoutMs = 30_000 }: Asking,
  method: 'GET' | 'POST',
  path: string,
  order?: object,
): Promise<Answer> {
  const text = order === undefined ? '' : JSON.stringify(order)
  const target = 'path' in admin ? { socketPath: admin.path } : admin
  const headers = {
    ...(text !== '' && {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    }),
    ...(adminToken !== undefined && { authorization: `Bearer ${adminToken}` }),
  }
  return new Promise((resolve, reject) => {
    const where = formatAddress(admin)
    const fail = (error: Error): void => {
      const why = systemCode(error)
      const hint = 'is it running, and is this its --admin address?'
      const message = `cannot reach piloti at ${where}: ${why}; ${hint}`
      reject(new PilotiError('ADMIN_REACH', message, { cause: error }))
    }
    const sent = request({ ...target, method, path, headers, timeout: timeoutMs }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', fail)
      response.on('end', () => {
        try {
          const body = JSON.parse(Buffer.concat(chunks).toString())
          resolve({ status: response.statusCode ?? 0, body })
        } catch {
          fail(new Error('what answers there is not piloti'))
        }
      })
    })
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs / 1_000} s`)))
    sent.on('error', fail)
    sent.end(text)
  })
}
