/** What one line of a log tells. */
export interface LogEntry {
  readonly atMs: number
  /** What `atMs` is: nginx writes a line when the answer has ended, our own lines name the arrival. */
  readonly at: 'start' | 'end'
  /** How exact `atMs` is. */
  readonly stepMs: number
  readonly durationMs: number
  readonly client: string
  readonly path: string
}

/** Why a line tells nothing. */
export type LogFault = 'unreadable' | 'no-duration'

/**
 * Reads a line of the common or combined format with a duration in seconds at its end (nginx:
 * `$request_time`), or a JSON object with `time`, `durationMs`, `client` and `path`.
 */
export function parseLogLine(line: string): LogEntry | LogFault {
  return line.startsWith('{') ? parseJson(line) : parseCombined(line)
}

const quoted = '"(?:[^"\\\\]|\\\\.)*"'
const combined = new RegExp(
  `^(\\S+) \\S+ .*?\\[([^\\]]+)\\] (${quoted}) \\d{3} (?:\\d+|-)(?: ${quoted} ${quoted})?(.*)$`,
)
/** Also `rt=0.012` and `"0.012"`. */
const lastNumber = /(?:^|[\s="])(\d+\.\d+|\d+)"?\s*$/

function parseCombined(line: string): LogEntry | LogFault {
  const [, client, stamp = '', request = '', rest = ''] = combined.exec(line) ?? []
  const time = parseStamp(stamp)
  if (client === undefined || time === undefined) return 'unreadable'
  const seconds = lastNumber.exec(rest)?.[1]
  if (seconds === undefined) return 'no-duration'
  const path = request.slice(1, -1).split(' ')[1] ?? ''
  return { ...time, at: 'end', durationMs: Number(seconds) * 1_000, client, path }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const apache = /^(\d\d)\/(\w{3})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d\d)(\d\d)$/

/** `10/Oct/2026:13:55:36 +0200`, ISO 8601, or seconds since 1970 with a fraction. */
function parseStamp(stamp: string): { atMs: number; stepMs: number } | undefined {
  if (/^\d{9,11}(?:\.\d+)?$/.test(stamp)) {
    return { atMs: Number(stamp) * 1_000, stepMs: stamp.includes('.') ? 1 : 1_000 }
  }
  const [, day, name = '', year, hour, minute, second, zoneHour, zoneMinute] =
    apache.exec(stamp) ?? []
  const month = months.indexOf(name)
  if (day !== undefined && month >= 0) {
    const date = `${year}-${String(month + 1).padStart(2, '0')}-${day}`
    const iso = `${date}T${hour}:${minute}:${second}${zoneHour}:${zoneMinute}`
    return validTime(Date.parse(iso), 1_000)
  }
  if (!/^\d{4}-\d\d-\d\dT/.test(stamp)) return undefined
  return validTime(Date.parse(stamp), stamp.includes('.') ? 1 : 1_000)
}

function validTime(atMs: number, stepMs: number): { atMs: number; stepMs: number } | undefined {
  return Number.isNaN(atMs) ? undefined : { atMs, stepMs }
}

function parseJson(line: string): LogEntry | LogFault {
  const entry = parsed(line)
  if (entry === undefined) return 'unreadable'
  const { time, durationMs, client = '', path = '' } = entry
  const at = typeof time === 'number' ? validTime(time, 1) : parseStamp(String(time))
  if (at === undefined || !Number.isFinite(at.atMs)) return 'unreadable'
  if (typeof durationMs !== 'number' || !(durationMs >= 0)) return 'no-duration'
  return { ...at, at: 'start', durationMs, client: String(client), path: String(path) }
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
