import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'

/** A file of the repository; `path` is relative to its root. */
export interface File {
  readonly path: string
  readonly text: string
}

/** What a rule has looked at, and what it does not like. */
export interface Finding {
  readonly looked: number
  readonly complaints: readonly string[]
}

export interface Rule {
  readonly sentence: string
  find(files: readonly File[]): Finding
  /** Files that break it, each in one way, among files that do not. */
  readonly broken: readonly File[]
  /** What is complained of in `broken`: the paths, in order. */
  readonly blamed: readonly string[]
}

const skipped = new Set(['node_modules', 'dist', 'coverage', '.git'])

/** Every file of the repository, but for what is installed or built. */
export function repository(root: string): readonly File[] {
  return list(root, '').map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

function list(root: string, folder: string): string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = posix.join(folder, name)
    if (skipped.has(name)) return []
    return statSync(join(root, path)).isDirectory() ? list(root, path) : [path]
  })
}

export const file = (path: string, text = ''): File => ({ path, text })

/** A rule that looks at each file for itself; `complain` gives what is wrong with one. */
export function perFile(
  isMeant: (path: string) => boolean,
  complain: (file: File) => readonly string[],
): (files: readonly File[]) => Finding {
  return (files) => {
    const meant = files.filter(({ path }) => isMeant(path))
    const complaints = meant.flatMap((file) =>
      complain(file).map((text) => `${file.path}: ${text}`),
    )
    return { looked: meant.length, complaints }
  }
}

/** The code alone: comments, and what stands in quotes, are blanked; lines stay where they are. */
export function codeOf(text: string): string {
  const blank = (found: string): string => found.replace(/[^\n]/g, ' ')
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, blank)
}
