import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installed } from './installed.ts'
import { scratch } from './scratch.ts'

const built = new Map<string, string>()

/** Whether the C programs can be built; without them nothing over sockets is measured. */
export const compilable = (): boolean => installed('cc')

/** The sources of a program; the first names it. */
const sources = {
  ends: ['ends', 'answers', 'load', 'source', 'bulk', 'lines'],
  floor: ['floor'],
} as const

/** Builds a program from the C files beside this one, once, and gives its path. */
export function compile(name: keyof typeof sources): string {
  const known = built.get(name)
  if (known !== undefined) return known
  if (!compilable()) throw new Error(`cannot build '${name}': no C compiler 'cc' found`)
  const files = sources[name].map((source) =>
    fileURLToPath(new URL(`${source}.c`, import.meta.url)),
  )
  const program = join(scratch(), name)
  execFileSync('cc', ['-O2', '-o', program, ...files])
  built.set(name, program)
  return program
}
