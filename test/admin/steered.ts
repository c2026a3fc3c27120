/** A balancer with an admin API, and requests to that. */
import { type IncomingHttpHeaders, request } from 'node:http'
import type { TestContext } from 'node:test'
import { type AdminOptions, createAdmin } from '../../src/admin.ts'
import type { BalancerSpec } from '../../src/balancer.ts'
import type { Address } from '../../src/base/address.ts'
import { type Balanced, balanced } from '../balancer/balanced.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Readonly<Record<string, unknown>>
}

export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is when it is a text. */
  readonly body?: object | string
}

export interface Steered extends Balanced {
  readonly admin: Address
  ask(path: string, question?: Question): Promise<Answer>
  /** Sends an order as JSON. */
  order(path: string, body?: object): Promise<Answer>
}

export async function steered(
  t: TestContext,
  spec: BalancerSpec,
  options: Partial<AdminOptions> = {},
): Promise<Steered> {
  const running = await balanced(t, spec)
  const address = { host: '127.0.0.1', port: 0 }
  const admin = await createAdmin(running.balancer, { address, ...options })
  t.after(() => admin.close())
  const ask = (path: string, question?: Question): Promise<Answer> =>
    askAt(admin.address, path, question)
  const json = { 'content-type': 'application/json' }
  const order = (path: string, body: object = {}): Promise<Answer> =>
    ask(path, { method: 'POST', headers: json, body })
  return { ...running, admin: admin.address, ask, order }
}

/** Asks whoever listens there; a body that is no JSON is `{ text }`. */
export function askAt(
  address: Address,
  path: string,
  { method = 'GET', headers = {}, body }: Question = {},
): Promise<Answer> {
  const where = 'path' in address ? { socketPath: address.path } : address
  const bytes = typeof body === 'object' ? JSON.stringify(body) : body
  return new Promise((resolve, reject) => {
    const sent = request({ ...where, path, method, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      const { headers, statusCode } = response
      response.on('end', () => resolve({ status: statusCode!, headers, body: read(text) }))
    })
    sent.on('error', reject)
    sent.end(bytes)
  })
}

function read(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text)
  } catch {
    return { text }
  }
}
