import { suggest } from '../base/suggest.ts'
import { parseDuration } from '../base/units.ts'
import { isFault, methods, readTask, type Task } from '../compute.ts'

/** What a line asks for, at the prompt or from a script. */
export type Order =
  | { readonly kind: 'task'; readonly task: Task }
  | { readonly kind: 'random'; readonly count: number; readonly overMs: number }
  | { readonly kind: 'workers' | 'help' | 'exit' | 'nothing' }
  | { readonly kind: 'fault'; readonly line: string; readonly message: string }

/** Words that are no tasks, and what they do. */
const commands = {
  random: { values: '[N] [TIME]', about: 'N tasks by chance, 100 unless said; over TIME, as 10s' },
  workers: { values: '', about: 'who has answered, and what the balancer says of them' },
  help: { values: '', about: 'this text' },
  exit: { values: '', about: 'leave; so does Ctrl-D' },
} as const

/** Every word that a line may begin with. */
export const words: readonly string[] = [...Object.keys(methods), ...Object.keys(commands)]

export const randomMax = 1_000_000
const randomUsual = 100
const overMaxMs = 24 * 3_600_000

/** Reads a line; what is wrong with it is an answer too. */
export function readOrder(line: string): Order {
  const [given = '', ...rest] = line.trim().split(/\s+/)
  const word = given.toLowerCase()
  if (word === '' || word.startsWith('#')) return { kind: 'nothing' }
  if (word === 'random') return readRandom(line, rest)
  if (word === 'workers' || word === 'help' || word === 'exit') return { kind: word }
  const read = readTask(line)
  if (!isFault(read)) return { kind: 'task', task: read }
  const nearest = suggest(word.slice(0, 80), words)
  // The protocol knows no commands.
  const isCommand = nearest !== undefined && nearest in commands
  const message = isCommand ? `unknown '${word}' (did you mean ${nearest}?)` : read.message
  return { kind: 'fault', line, message }
}

function readRandom(line: string, given: readonly string[]): Order {
  const [count = String(randomUsual), over = '0ms', more] = given
  const overMs = parseDuration(over)
  const isCount = /^\d{1,7}$/.test(count) && Number(count) > 0 && Number(count) <= randomMax
  if (isCount && overMs !== undefined && overMs <= overMaxMs && more === undefined) {
    return { kind: 'random', count: Number(count), overMs }
  }
  const wanted = `how many tasks, 1 to ${randomMax}, and perhaps over which time`
  return { kind: 'fault', line, message: `random wants ${wanted}: 'random 200 10s'` }
}

/** What can be typed. */
export function helpText(): string {
  const tasks = Object.entries(methods).map(([name, { values, about, example }]) => ({
    usage: [name, ...values].join(' '),
    about: `${about}: ${[name, ...example].join(' ')}`,
  }))
  const others = Object.entries(commands).map(([name, { values, about }]) => ({
    usage: `${name} ${values}`.trim(),
    about,
  }))
  const width = Math.max(...[...tasks, ...others].map(({ usage }) => usage.length))
  const lines = (rows: typeof tasks): string =>
    rows.map(({ usage, about }) => `  ${usage.padEnd(width)}   ${about}`).join('\n')
  return `tasks\n${lines(tasks)}\n\nbesides\n${lines(others)}\n\nCtrl-C ends what runs; tab completes.`
}
