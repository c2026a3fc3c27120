import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { createInterface, type Interface } from 'node:readline'
import { env, installed } from './installed.ts'

/** Where a process runs: the proxy measured has a core of its own. */
export type Core = 'proxy' | 'load'

export interface Command {
  readonly file: string
  readonly args: readonly string[]
}

export interface Child {
  readonly pid: number
  /** The next line it prints. @throws Error when it ends first, with what it said on stderr. */
  line(): Promise<string>
  say(text: string): void
  /** SIGTERM, and SIGKILL after two seconds; resolves when it is gone. */
  stop(): Promise<void>
}

const cores: Readonly<Record<Core, string>> = { proxy: '0', load: '1' }
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Pinning needs `taskset` and two cores; without them the tables say so. */
export const pinned: boolean = availableParallelism() > 1 && installed('taskset')

/** Starts a program on its core. `taskset` becomes the program, so the pid is the program's own. */
export function start(core: Core, command: Command): Child {
  const { file, args } = pinned
    ? { file: 'taskset', args: ['-c', cores[core], command.file, ...command.args] }
    : command
  const child = spawn(file, args, { env, stdio: 'pipe' })
  running.add(child)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2_000)
  })
  child.stdin.on('error', () => {}) // It may end without reading us.
  child.on('error', (error) => {
    said += error.message
  })
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      running.delete(child)
      resolve()
    })
  })
  const lines = createInterface({ input: child.stdout })
  return {
    pid: child.pid ?? 0,
    line: () => nextLine(lines, ended, () => `'${command.file}' ended: ${said.trim()}`),
    say: (text) => void child.stdin.write(text),
    stop: () => stop(child, ended),
  }
}

async function nextLine(
  lines: Interface,
  ended: Promise<void>,
  why: () => string,
): Promise<string> {
  const line = once(lines, 'line').then(([text]) => text as string)
  const end = ended.then((): string => {
    throw new Error(why())
  })
  end.catch(() => {}) // Lost the race: not an error.
  return Promise.race([line, end])
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM')
  const deadline = setTimeout(() => child.kill('SIGKILL'), 2_000)
  await ended
  clearTimeout(deadline)
}
