import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let folder: string | undefined

/** A temporary folder for configurations and programs; it goes with the process. */
export function scratch(): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'piloti-bench-'))
    process.once('exit', () => rmSync(made, { recursive: true, force: true }))
    folder = made
  }
  return folder
}

/** A new file with this text, in a folder of its own. */
export function save(name: string, text: string): string {
  const file = join(mkdtempSync(join(scratch(), 'file-')), name)
  writeFileSync(file, text)
  return file
}
