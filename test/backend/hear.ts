import { type ClientRequest, type IncomingHttpHeaders, request } from 'node:http'
import type { TestContext } from 'node:test'
import { type Backend, type BackendOptions, createBackend } from '../../backend/server.ts'

export interface Heard {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A backend on a free port, closed when the test ends, also with computations under way. */
export async function startBackend(t: TestContext, options: BackendOptions = {}): Promise<Backend> {
  const backend = await createBackend({ port: 0, graceMs: 50, ...options })
  t.after(() => backend.close())
  return backend
}

export interface HearOptions {
  readonly method?: string
  readonly accept?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** One request on a connection of its own, with the path exactly as given, and the whole answer. */
export function hear(backend: Backend, path: string, options: HearOptions = {}): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const sent = ask(backend, path, options)
    sent.on('error', reject)
    sent.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        body += text
      })
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
      })
    })
  })
}

/** A request that the test can destroy; its errors are then no news. */
export function ask(backend: Backend, path: string, options: HearOptions = {}): ClientRequest {
  const { method = 'GET', accept } = options
  const headers = { ...options.headers, ...(accept !== undefined && { accept }) }
  const { host, port } = backend
  const sent = request({ host, port, path, method, headers, agent: false })
  sent.on('error', () => {})
  sent.end()
  return sent
}

/** Waits until the backend is in that state, asking it over and over, as a health check would. */
export async function reaches(
  backend: Backend,
  state: (view: ReturnType<Backend['view']>) => boolean,
): Promise<void> {
  while (!state(backend.view())) await new Promise((resolve) => setImmediate(resolve))
}
