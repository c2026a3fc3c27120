import { spawnSync } from 'node:child_process'
import { delimiter } from 'node:path'

/** Debian keeps daemons in `sbin`, which is not in every user's PATH. */
export const env: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: [process.env.PATH ?? '', '/usr/sbin', '/usr/local/sbin'].join(delimiter),
}

/** What a program says of itself, both streams; undefined when there is no such program. */
export function ask(program: string, ...args: string[]): string | undefined {
  const { error, stdout, stderr } = spawnSync(program, args, { env, encoding: 'utf8' })
  return error === undefined ? `${stdout}${stderr}` : undefined
}

export const installed = (program: string): boolean => ask(program, '--version') !== undefined
