import { apacheStamp, decimals, isoStamp, jsonText, plainText } from './access-log-text.ts'
import type { Notes } from './notes.ts'

export type AccessLogFormat = 'json' | 'combined' | 'timing'

/** A line with its line feed; the manual is docs/reference/access-log.md. */
type Format = (notes: Notes) => string

/** `{"time":…,"durationMs":…,"client":…}`, always the same keys in the same order. */
const json: Format = (notes) => {
  const { firstByteMs, requestId, traceId } = notes
  const first = firstByteMs < 0 ? 'null' : decimals(firstByteMs)
  const request =
    notes.status === 0
      ? ''
      : `","method":"${jsonText(notes.method)}","path":"${jsonText(notes.target)}","host":"${jsonText(
          notes.host,
        )}","status":${notes.status},"referer":"${jsonText(notes.referer)}","agent":"${jsonText(notes.agent)}`
  return `{"time":"${isoStamp(notes.atMs)}","durationMs":${decimals(notes.durationMs)},"client":"${jsonText(
    notes.client,
  )}${request}","requestBytes":${notes.requestBytes},"responseBytes":${notes.responseBytes},"pool":"${jsonText(
    notes.pool,
  )}","backend":"${jsonText(notes.backend)}","retries":${notes.retries},"queueMs":${decimals(
    notes.queueMs,
  )},"connectMs":${decimals(notes.connectMs)},"firstByteMs":${first},"end":"${notes.end}"${
    requestId === '' ? '' : `,"requestId":"${jsonText(requestId)}"`
  }${traceId === '' ? '' : `,"traceId":"${traceId}"`}}\n`
}

/** What Apache and nginx write by this name, and the seconds that nginx calls `$request_time`. */
const combined: Format = (notes) => {
  const { agent, client, durationMs, referer, responseBytes, status } = notes
  const stamp = apacheStamp(notes.atMs + durationMs)
  const ends = `${String(status).padStart(3, '0')} ${responseBytes}`
  const said = `"${plainText(referer) || '-'}" "${plainText(agent) || '-'}"`
  return `${plainText(client) || 'unix:'} - - [${stamp}] "${requestLine(notes)}" ${ends} ${said} ${decimals(durationMs / 1_000)}\n`
}

/** Where the time went, for people: `key=value` behind the request. */
const timing: Format = (notes) => {
  const { backend, client, firstByteMs, pool, requestId, traceId } = notes
  const where = `${plainText(pool) || '-'} ${plainText(backend) || '-'}`
  const times = [
    `queue=${decimals(notes.queueMs)} connect=${decimals(notes.connectMs)}`,
    `first=${firstByteMs < 0 ? '-' : decimals(firstByteMs)} total=${decimals(notes.durationMs)}`,
  ].join(' ')
  const ids = `${requestId && ` id=${plainText(requestId)}`}${traceId && ` trace=${traceId}`}`
  const bytes = `in=${notes.requestBytes} out=${notes.responseBytes}`
  return `${isoStamp(notes.atMs)} ${plainText(client) || 'unix:'} "${requestLine(notes)}" ${notes.status || '-'} ${where} ${times} retries=${notes.retries} ${bytes} end=${notes.end}${ids}\n`
}

/** `GET /a HTTP/1.1`; what was no request, or could not be read as one, is `-`. */
function requestLine({ method, minor, target }: Notes): string {
  return method === '' ? '-' : `${plainText(method)} ${plainText(target)} HTTP/1.${minor}`
}

export const accessLogFormats: Readonly<Record<AccessLogFormat, Format>> = {
  json,
  combined,
  timing,
}
