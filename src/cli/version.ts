import { readFileSync } from 'node:fs'

/** The version of piloti, as its package says. */
export function version(): string {
  // Built, this file is in dist/src/cli; in development it is in src/cli.
  const here = import.meta.url
  const root = here.endsWith('.ts') ? '../../package.json' : '../../../package.json'
  return JSON.parse(readFileSync(new URL(root, here), 'utf8')).version
}
