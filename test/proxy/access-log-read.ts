import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type AccessLog, type AccessLogOptions, createAccessLog } from '../../src/proxy.ts'

/** A folder that goes with the test. */
export function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'piloti-access-log-'))
  t.after(() => rmSync(made, { recursive: true, force: true }))
  return made
}

/** An access log, and what stands in it once it is closed. */
export interface Logged {
  readonly accessLog: AccessLog
  readonly file: string
  lines(): Promise<string[]>
}

/** An access log in a folder of its own. */
export function logged(t: TestContext, options: Partial<AccessLogOptions> = {}): Logged {
  const file = join(folder(t), 'access.log')
  const accessLog = createAccessLog({ file, ...options })
  t.after(() => accessLog.close())
  return {
    accessLog,
    file,
    async lines() {
      await accessLog.close()
      return linesOf(file)
    },
  }
}

/** The lines of a file, which ends with one. */
export function linesOf(file: string): string[] {
  const lines = readFileSync(file, 'latin1').split('\n')
  const rest = lines.pop()
  if (rest !== '') throw new Error(`a line is cut: '${rest}'`)
  return lines
}

/** What a line of format `json` says. */
export interface Entry {
  readonly time: string
  readonly durationMs: number
  readonly client: string
  readonly method?: string
  readonly path?: string
  readonly host?: string
  readonly status?: number
  readonly referer?: string
  readonly agent?: string
  readonly requestBytes: number
  readonly responseBytes: number
  readonly pool: string
  readonly backend: string
  readonly retries: number
  readonly queueMs: number
  readonly connectMs: number
  readonly firstByteMs: number | null
  readonly end: string
  readonly requestId?: string
  readonly traceId?: string
}

export async function entries(log: Logged): Promise<Entry[]> {
  return (await log.lines()).map((line) => JSON.parse(line))
}
