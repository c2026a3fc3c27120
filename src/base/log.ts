export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export type LogFields = Readonly<Record<string, unknown>>

/**
 * Where the programs tell what changed. Each call names an event that scripts rely on
 * (`backend_down`), a sentence for people, and the facts as fields.
 */
export type Log = {
  readonly [level in LogLevel]: (event: string, sentence: string, fields?: LogFields) => void
}

const ignore = (): void => {}

/** Says nothing: what a library does unless it is asked. */
export const silent: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
