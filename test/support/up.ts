import assert from 'node:assert/strict'
import { get } from 'node:http'
import type { TestContext } from 'node:test'
import { accepts, type Command, listening, piloti } from './command.ts'

/** What `piloti up --json` says. */
export interface UpListening {
  readonly address: string
  readonly backends: readonly { readonly address: string; readonly pid: number }[]
}

export const anyPorts = ['--listen', '127.0.0.1:0', '--first-port', '0', '--json'] as const

/** `piloti up` on free ports. */
export async function up(
  t: TestContext,
  ...args: readonly string[]
): Promise<{ command: Command; told: UpListening }> {
  const command = piloti(t, ['up', ...anyPorts, ...args])
  return { command, told: await listening<UpListening>(command) }
}

/** How long a process that is ending may take to close its sockets. */
const closingMs = 5_000

/**
 * Fails when one of these still listens.
 *
 * The system closes the files of a killed process one after the other, its stderr before its sockets: so
 * it may accept for a moment longer than it seems to live.
 */
export async function assertGone({ address, backends }: UpListening): Promise<void> {
  const latestMs = performance.now() + closingMs
  for (const each of [address, ...backends.map((backend) => backend.address)]) {
    while (await accepts(each)) {
      assert.ok(performance.now() < latestMs, `${each} still accepts connections`)
    }
  }
}

/** The body of an answer, over a connection of its own. */
export function fetchText(address: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(`http://${address}${path}`, { agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text) => {
        body += text
      })
      response.on('end', () => resolve(body)).on('error', reject)
    }).on('error', reject)
  })
}

/** π with 100 digits after the point. */
export const pi100 =
  '3.1415926535897932384626433832795028841971693993751058209749445923078164062862089986280348253421170679'
