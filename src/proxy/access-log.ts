import { type Log, silent } from '../base/log.ts'
import { LineFile } from './access-log-file.ts'
import { type AccessLogFormat, accessLogFormats } from './access-log-formats.ts'
import type { Notes } from './notes.ts'

export type { AccessLogFormat }

export interface AccessLogOptions {
  /** `-` is standard output. */
  readonly file: string
  /** `json` by default. */
  readonly format?: AccessLogFormat
  /** The share of the requests that get a line, 0 to 1. What went wrong always gets one. */
  readonly sample?: number
  /** Hears that the file cannot be written, or not fast enough. */
  readonly log?: Log
}

/** Where a proxy says what it has done for whom: a line for each request, or connection of mode `tcp`. */
export interface AccessLog {
  tell(notes: Notes): void
  /** Opens the file by its name again, after it was renamed. No line is lost or split. */
  reopen(): void
  /** Writes what there is, for two seconds at the most. */
  close(): Promise<void>
  view(): AccessLogView
}

export interface AccessLogView {
  readonly lines: number
  /** Lines dropped because the disk was slow, or full. */
  readonly lost: number
}

/** Opens an access log; several proxies may share it. @throws PilotiError FILE, RangeError for `sample`. */
export function createAccessLog(options: AccessLogOptions): AccessLog {
  const { file: path, format = 'json', sample = 1, log = silent } = options
  if (!(sample >= 0 && sample <= 1)) throw new RangeError(`sample is ${sample}: 0 to 1 wanted`)
  const file = new LineFile(path, accessLogFormats[format], log)
  let lines = 0
  return {
    tell(notes) {
      if (sample < 1 && isGood(notes) && Math.random() >= sample) return
      lines++
      file.add(notes)
    },
    reopen: () => file.reopen(),
    close: () => file.close(),
    view: () => ({ lines, lost: file.lost }),
  }
}

/** Whether it is like all the others: nothing that anybody would look for. */
const isGood = ({ end, status }: Notes): boolean => end === 'finished' && status < 500
