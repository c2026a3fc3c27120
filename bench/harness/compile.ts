import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installed } from './installed.ts'
import { scratch } from './scratch.ts'

const built = new Map<string, string>()

/** Whether the C programs can be built; without them nothing over sockets is measured. */
export const compilable = (): boolean => installed('cc')

/** Builds `NAME.c` beside this file, once, and gives the program's path. */
export function compile(name: string): string {
  const known = built.get(name)
  if (known !== undefined) return known
  if (!compilable()) throw new Error(`cannot build '${name}': no C compiler 'cc' found`)
  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url))
  const program = join(scratch(), name)
  execFileSync('cc', ['-O2', '-o', program, source])
  built.set(name, program)
  return program
}
