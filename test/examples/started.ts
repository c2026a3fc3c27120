import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Command, start } from '../support/command.ts'

const folder = fileURLToPath(new URL('../../examples/', import.meta.url))

/** An example under test, and the port it listens on. */
export interface Example {
  readonly command: Command
  readonly port: number
}

/** Starts an example the way its comment says, for backends at these ports, and waits until it listens. */
export async function started(
  t: TestContext,
  name: string,
  backends: readonly number[],
): Promise<Example> {
  const file = `${folder}${name}.ts`
  const args = ['--import', 'tsx', file, ...backends.map((port) => `127.0.0.1:${port}`)]
  const command = start(t, process.execPath, args, { env: { PORT: '0', STATUS_PORT: '0' } })
  const line = await command.line(/listening on 127\.0\.0\.1:\d+/)
  return { command, port: Number(/on 127\.0\.0\.1:(\d+)/.exec(line)![1]) }
}

/** Ends an example as Ctrl-C does, and gives what it said. */
export async function stopped({ command }: Example): Promise<string> {
  command.kill('SIGINT')
  const { code, stdout, stderr } = await command.ended
  if (code !== 0) throw new Error(`it ended with ${code}: ${stderr}`)
  return stdout
}
