import type { Path } from '../codecs/yaml-tree.ts'

export type { Path }

export type Severity = 'error' | 'warning'

/** What is wrong, and where in the file. */
export interface Problem {
  /** From 1; 0 when it is not in a line, as of a file that is missing. */
  readonly line: number
  /** From 1, in characters. */
  readonly column: number
  /** `pools.web.backends[1].weight`; empty for the file as a whole. */
  readonly path: string
  readonly severity: Severity
  readonly message: string
  /** What to write instead, where that is known. */
  readonly suggestion?: string
}

/** What is wrong with a value, before it is known where that stands. */
export interface Finding {
  readonly path: Path
  readonly message: string
  readonly suggestion?: string
  readonly severity?: Severity
  /** It is the key that is wrong, not its value. */
  readonly isOfKey?: boolean
  /** Where another value stands that the message is about; its line is put for `%LINE%`. */
  readonly other?: Path
}

/** Whether something at or below a path is wrong: what it lacks then may just have been left out. */
export type IsBroken = (path: Path) => boolean

/** `pools.web.backends[1]` */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    return text === '' ? step : `${text}.${step}`
  }, '')
}

/** `piloti.yaml:3:5: what is wrong (what to write instead)` */
export function formatProblem(file: string, problem: Problem): string {
  const { line, column, severity, message, suggestion } = problem
  const where = line === 0 ? file : `${file}:${line}:${column}`
  const word = severity === 'warning' ? 'warning: ' : ''
  return `${where}: ${word}${message}${suggestion === undefined ? '' : ` (${suggestion})`}`
}

/** In the order of the file, each once. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const keyOf = ({ line, column, message }: Problem): string => `${line}:${column}:${message}`
  const different = new Map(problems.map((problem) => [keyOf(problem), problem]))
  return [...different.values()].sort((a, b) => a.line - b.line || a.column - b.column)
}
