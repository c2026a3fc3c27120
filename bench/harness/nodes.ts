import { ask } from './installed.ts'

export interface Node {
  readonly file: string
  /** As in `24.21`. */
  readonly version: string
}

/** The Node that runs this, and those of PILOTI_BENCH_NODES (paths, separated by colons). */
export function nodes(list: string = process.env.PILOTI_BENCH_NODES ?? ''): Node[] {
  const files = [process.execPath, ...list.split(':').filter((file) => file !== '')]
  return files.map((file) => ({ file, version: version(file) }))
}

/** The Node whose rows are judged, and that runs the peers: 24 when it is there, otherwise the last. */
export const reference = (all: readonly Node[]): Node =>
  all.find((node) => node.version.startsWith('24.')) ?? all.at(-1)!

function version(file: string): string {
  const found = /^v(\d+\.\d+)/.exec(ask(file, '-v') ?? '')?.[1]
  if (found === undefined)
    throw new Error(`PILOTI_BENCH_NODES names '${file}', which is not a Node`)
  return found
}
