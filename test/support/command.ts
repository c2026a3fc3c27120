import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

/** The built command: `npm test` builds before it tests. */
export const cli: string = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url))

/** How a process ended, after everything it has started and that shares its stderr has ended too. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A process under test; it is killed when the test ends. */
export interface Command {
  readonly pid: number
  readonly ended: Promise<Ended>
  kill(signal: NodeJS.Signals): void
  /** Waits until stdout or stderr has a line that matches, after those seen by earlier calls. */
  line(pattern: RegExp): Promise<string>
  /** Closes our end of its stderr, as a reader that leaves does. */
  stopReading(): void
}

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv
}

/** Starts `piloti` with `args`. */
export function piloti(t: TestContext, args: readonly string[], options?: CommandOptions): Command {
  return start(t, process.execPath, [cli, ...args], options)
}

/** Starts any program. */
export function start(
  t: TestContext,
  file: string,
  args: readonly string[],
  { env = {} }: CommandOptions = {},
): Command {
  const child = spawn(file, args, {
    env: { ...clean(process.env), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  const lines = createLines()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
      lines.add(name, text)
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => {
    lines.end(`it ended with ${code ?? signal}: ${said.stderr}`)
    return { code, signal, ...said }
  })
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return {
    pid: child.pid!,
    ended,
    kill: (signal) => child.kill(signal),
    line: (pattern) => lines.next(pattern),
    stopReading: () => child.stderr.destroy(),
  }
}

/** Runs `piloti` until it ends by itself. */
export function ran(
  t: TestContext,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<Ended> {
  return piloti(t, args, env && { env }).ended
}

/** What a server says first, with --json. */
export interface Listening {
  readonly event: 'listening'
  readonly address: string
  readonly pid: number
}

/** Waits until a server started with --json listens. */
export async function listening<L = Listening>(command: Command): Promise<L> {
  return JSON.parse(await command.line(/^\{"event":"listening"/))
}

/** What curl prints, given these arguments. @throws when curl does not end with 0. */
export function curl(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('curl', ['-sS', '--max-time', '20', ...args], (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    )
  })
}

/** Whether somebody accepts connections there. */
export function accepts(address: string): Promise<boolean> {
  const [host = '', port] = address.split(':')
  const socket = connect(Number(port), host)
  return new Promise((resolve) => {
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
  }).finally(() => socket.destroy()) as Promise<boolean>
}

/** Variables of whoever runs the tests do not decide how they end. */
function clean(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = Object.entries(env).filter(
    ([name]) => !/^(PILOTI_|NODE_OPTIONS$|NODE_TEST_CONTEXT$|NO_COLOR$)/.test(name),
  )
  return Object.fromEntries(ours)
}

/** Cuts text into lines and hands them to whoever waits for one. */
function createLines(): {
  add(source: string, text: string): void
  next(pattern: RegExp): Promise<string>
  end(why: string): void
} {
  const rests: Record<string, string> = {}
  const all: string[] = []
  let seen = 0
  let ended: Error | undefined
  let wake: (() => void) | undefined

  async function next(pattern: RegExp): Promise<string> {
    for (;;) {
      while (seen < all.length) {
        const line = all[seen++]!
        if (pattern.test(line)) return line
      }
      if (ended !== undefined) throw ended
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }

  return {
    next,
    add(source, text) {
      const parts = `${rests[source] ?? ''}${text}`.split('\n')
      rests[source] = parts.pop()!
      all.push(...parts)
      wake?.()
    },
    end(why) {
      ended = new Error(why)
      wake?.()
    },
  }
}
