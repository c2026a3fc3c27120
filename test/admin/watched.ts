/** The dashboard of a balancer with real backends, in a real browser. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, get, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core'
import type { AdminOptions } from '../../src/admin.ts'
import type { BalancerSpec } from '../../src/balancer.ts'
import { listenerTo, poolOf } from '../balancer/balanced.ts'
import { type Steered, steered } from './steered.ts'

const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
)
export const skip: string | false = browser ? false : 'no Chromium is installed'

export function launch(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
  return chromium.launch({ executablePath: browser!, args })
}

/** A backend that can be killed, and comes back at the same port. */
export interface Mortal {
  readonly port: number
  kill(): void
  revive(): Promise<void>
}

export async function mortal(t: TestContext): Promise<Mortal> {
  let server = await serveAt(0)
  const { port } = server.address() as AddressInfo
  const kill = (): void => {
    server.close()
    server.closeAllConnections()
  }
  t.after(kill)
  return {
    port,
    kill,
    async revive() {
      server = await serveAt(port)
    },
  }
}

async function serveAt(port: number): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end('done'))
  })
  await once(server.listen(port, '127.0.0.1'), 'listening')
  return server
}

/** One probed pool behind one listener, for these ports. */
export function probed(ports: readonly number[]): BalancerSpec {
  const health = { kind: 'tcp', intervalMs: 200 } as const
  return { pools: [poolOf(ports, { health, slowStartMs: 0 })], listeners: [listenerTo('main')] }
}

export interface Watched extends Steered {
  readonly page: Page
  /** What went wrong in the page: its errors, and what it asked of anybody else. */
  readonly faults: readonly string[]
}

/** Opens the dashboard; waits until it is live, unless it takes a token first. */
export async function watched(
  t: TestContext,
  chrome: Browser,
  spec: BalancerSpec,
  { context = {}, ...options }: Partial<AdminOptions> & { context?: BrowserContextOptions } = {},
): Promise<Watched> {
  const running = await steered(t, spec, options)
  assert.ok('port' in running.admin)
  const origin = `http://127.0.0.1:${running.admin.port}`
  const opened = await chrome.newContext({ reducedMotion: 'reduce', ...context })
  t.after(() => opened.close())
  const page = await opened.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text())
  })
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) faults.push(`asks ${request.url()}`)
  })
  await page.goto(`${origin}/`)
  if (options.token === undefined) await page.waitForSelector('.link[data-state=live]')
  return { ...running, page, faults }
}

/** Requests without end, until the test does. */
export function busy(t: TestContext, { addressOf }: Steered): void {
  const address = addressOf()
  assert.ok('port' in address)
  const { host, port } = address
  const timer = setInterval(() => {
    get({ host, port, agent: false }, (response) => response.resume()).on('error', () => {})
  }, 20)
  t.after(() => clearInterval(timer))
}

/** The row of the backend at `port`. */
export const rowOf = (page: Page, port: number): Locator =>
  page.locator('tbody tr', { hasText: `127.0.0.1:${port}` })

/** Waits until the row of a backend matches. */
export async function sees(page: Page, port: number, text: RegExp, ms = 15_000): Promise<void> {
  await rowOf(page, port).filter({ hasText: text }).waitFor({ timeout: ms })
}
