import { shown } from '../base/printable.ts'
import { suggest } from '../base/suggest.ts'

/** What a worker can be asked to do. */
export type Method =
  | 'sum'
  | 'difference'
  | 'product'
  | 'quotient'
  | 'power'
  | 'pi'
  | 'primes'
  | 'sleep'

/** How one of the methods is asked for. */
export interface Shape {
  /** The names of its values, in order: `['A', 'B']`. */
  readonly values: readonly string[]
  /** What it answers, in a few words. */
  readonly about: string
  /** The values of an example. */
  readonly example: readonly string[]
  /** Whether a value below 0 makes sense; of `power` only the base. */
  readonly negative: boolean
  /** The largest value; without one, it is `operandDigitsMax` that limits. */
  readonly most?: number
}

/** Digits of an operand. Two fit into a message of 64 KiB, and so does what comes of them. */
export const operandDigitsMax: number = 10_000
/** Digits of a power, which as an answer has to fit into 64 KiB. */
export const powerDigitsMax: number = 50_000
/** Digits after the point of a quotient that does not end before; its last one is rounded. */
export const quotientDigitsMax: number = 50
/** Up to here `primes` names them all; beyond, only how many and the last one. */
export const primesListedMax: number = 1_000

const twoOperands = { values: ['A', 'B'], negative: true } as const

/** Every method, in the order in which people are told of them. */
export const methods: Readonly<Record<Method, Shape>> = {
  sum: { ...twoOperands, about: 'A + B', example: ['3', '4'] },
  difference: { ...twoOperands, about: 'A − B', example: ['3', '4'] },
  product: { ...twoOperands, about: 'A · B', example: ['3', '4'] },
  quotient: { ...twoOperands, about: 'A / B, as a decimal and a fraction', example: ['10', '3'] },
  power: { ...twoOperands, about: 'A to the power of B', example: ['2', '100'] },
  pi: {
    values: ['DIGITS'],
    about: 'π to that many digits after the point',
    example: ['50'],
    negative: false,
    most: 50_000,
  },
  primes: {
    values: ['N'],
    about: 'how many primes there are up to N, and which',
    example: ['100'],
    negative: false,
    most: 100_000_000,
  },
  sleep: {
    values: ['MS'],
    about: 'nothing, for that many milliseconds',
    example: ['500'],
    negative: false,
    most: 30_000,
  },
}

/** A method and its values as decimal text: as many as it takes, each a whole number within its limits. */
export interface Task {
  readonly method: Method
  readonly params: readonly string[]
}

/** What came of a task. All numbers are text, so that none of their digits is lost. */
export interface Result {
  /** The number itself; of `primes`, how many; of `sleep`, the milliseconds. */
  readonly value: string
  /** Of `quotient`: the same, exact and reduced, as `10/3`. Absent when it is whole. */
  readonly fraction?: string
  /** Of `primes`: the largest one. Absent when there is none. */
  readonly last?: string
  /** Of `primes` up to `primesListedMax`: all of them, with a space between. */
  readonly primes?: string
  /** Who has worked on it. */
  readonly worker?: string
}

/** Why a task was not done, in the numbers of JSON-RPC 2.0 and a sentence. */
export interface Fault {
  readonly code: number
  readonly message: string
}

/** The codes that a worker answers with; -32000 is the balancer's, for what no worker has answered. */
export const faultCodes: Readonly<
  Record<
    | 'parse'
    | 'request'
    | 'method'
    | 'params'
    | 'internal'
    | 'balancer'
    | 'divisionByZero'
    | 'tooMuch'
    | 'overloaded',
    number
  >
> = {
  parse: -32_700,
  request: -32_600,
  method: -32_601,
  params: -32_602,
  internal: -32_603,
  balancer: -32_000,
  divisionByZero: -32_001,
  tooMuch: -32_002,
  overloaded: -32_003,
}

export const isFault = (what: object): what is Fault => 'code' in what

const names = Object.keys(methods) as Method[]
const wholeNumber = /^-?\d+$/

/** Reads the text form: `sum 3 4`. The word may be in capitals. */
export function readTask(text: string): Task | Fault {
  const [word = '', ...params] = text.trim().split(/[ \t]+/)
  return checkTask(word.toLowerCase(), params)
}

/** The text form of a task. */
export const textOfTask = ({ method, params }: Task): string => [method, ...params].join(' ')

/** What `method` of `params`, decimal text each, is as a task; or why it is none. */
export function checkTask(method: string, params: readonly unknown[]): Task | Fault {
  const known = names.find((name) => name === method)
  if (known === undefined) return unknownMethod(method)
  const { values } = methods[known]
  if (params.length !== values.length) {
    const got = params.length === 0 ? 'none' : `${params.length}`
    const wanted = `${known} takes ${values.join(' and ')}`
    return { code: faultCodes.params, message: `${wanted}: got ${got}` }
  }
  const given: string[] = []
  for (const param of params) {
    const text = typeof param === 'string' ? param : JSON.stringify(param)
    const complaint = complain(known, text)
    if (complaint !== undefined) return complaint
    given.push(text)
  }
  return refuse(known, given) ?? { method: known, params: given }
}

function unknownMethod(method: string): Fault {
  const nearest = method === '' ? undefined : suggest(method.slice(0, 80), names)
  const hint = nearest === undefined ? '' : ` (did you mean ${nearest}?)`
  const message = `unknown task '${shown(method)}': one of ${names.join(', ')}${hint}`
  return { code: faultCodes.method, message }
}

/** What is wrong with one value. */
function complain(method: Method, text: string): Fault | undefined {
  const { negative, most, values } = methods[method]
  if (!wholeNumber.test(text) || (!negative && text.startsWith('-'))) {
    const range = most === undefined ? '' : ` from 0 to ${most}`
    const wanted = values.length === 2 ? 'two whole numbers' : `a whole number${range}`
    const message = `${method} wants ${wanted}: got '${shown(text)}'`
    return { code: faultCodes.params, message }
  }
  const digits = text.length - (text.startsWith('-') ? 1 : 0)
  if (digits > operandDigitsMax) {
    const message = `${method} takes numbers of up to ${operandDigitsMax} digits: got ${digits}`
    return { code: faultCodes.tooMuch, message }
  }
  if (most !== undefined && BigInt(text) > most) {
    const message = `${method} takes a number up to ${most}: got ${shown(text)}`
    return { code: faultCodes.tooMuch, message }
  }
  return undefined
}

/** What the two values do not allow together. */
function refuse(method: Method, [a, b]: readonly string[]): Fault | undefined {
  if (method === 'quotient' && /^-?0+$/.test(b!)) {
    return { code: faultCodes.divisionByZero, message: `cannot divide ${shown(a!)} by zero` }
  }
  if (method !== 'power') return undefined
  if (/^-0*[1-9]/.test(b!)) {
    const message = `power wants an exponent from 0: got '${shown(b!)}'`
    return { code: faultCodes.params, message }
  }
  if (powerDigits(a!, b!) <= powerDigitsMax) return undefined
  const power = `${shown(a!)} to the power of ${shown(b!)}`
  const message = `${power} has more than ${powerDigitsMax} digits`
  return { code: faultCodes.tooMuch, message }
}

/** About how many digits `a` to the power of `b` has. */
export function powerDigits(a: string, b: string): number {
  const digits = a.replace(/^-?0*/, '')
  const lead = Number(digits.slice(0, 15) || '0')
  if (lead < 2 && digits.length < 2) return 1
  return (Math.log10(lead) + Math.max(0, digits.length - 15)) * Number(b) + 1
}

/** What people read: `7`, `3.33 (10/3)`, `4 (2 3 5 7)`, `78498 (the last is 999983)`. */
export function textOfResult({ value, fraction, last, primes }: Result): string {
  const more = fraction ?? primes ?? (last === undefined ? undefined : `the last is ${last}`)
  return more === undefined ? value : `${value} (${more})`
}

/** A task as a line of JSON-RPC, with its `\n`. */
export function requestLine(id: number | string, { method, params }: Task): string {
  return `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`
}

/** An answer to a request. */
export type Answer =
  | { readonly id: number | string | null; readonly result: Result }
  | { readonly id: number | string | null; readonly error: AnswerError }

/** Why there is no result. */
export interface AnswerError extends Fault {
  /** Who has said so, when it was a worker. */
  readonly worker?: string
  /** Piloti's code, when it was the balancer: `NO_BACKEND`. */
  readonly reason?: string
}

/** Reads a line that a worker, or the balancer, has answered; undefined when it is none. */
export function readAnswer(line: string): Answer | undefined {
  const answer = membersOf(parsed(line))
  const { id } = answer
  if (typeof id !== 'number' && typeof id !== 'string' && id !== null) return undefined
  const result = membersOf(answer.result)
  if (typeof result.value === 'string')
    return { id, result: { value: result.value, ...texts(result) } }
  const { code, message, data } = membersOf(answer.error)
  if (typeof code !== 'number' || typeof message !== 'string') return undefined
  const { worker, code: reason } = membersOf(data)
  return {
    id,
    error: {
      code,
      message,
      ...(typeof worker === 'string' && { worker }),
      ...(typeof reason === 'string' && { reason }),
    },
  }
}

/** The members of a result beside its value that are text. */
function texts(result: Readonly<Record<string, unknown>>): Omit<Result, 'value'> {
  const known = ['fraction', 'last', 'primes', 'worker'] as const
  return Object.fromEntries(
    known.flatMap((name) => (typeof result[name] === 'string' ? [[name, result[name]]] : [])),
  )
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
