import { apacheStamp, decimals, isoStamp, jsonText, plainText } from './access-log-text.ts'
import type { Notes } from './notes.ts'

export type AccessLogFormat = 'json' | 'combined' | 'timing'

/** A line with its line feed; the manual is docs/reference/access-log.md. */
type Format = (notes: Notes) => string

/** `{"time":…,"durationMs":…,"client":…}`, always the same keys in the same order. */
const json: Format = (notes) => {
  const head = `{"time":"${isoStamp(notes.atMs)}","durationMs":${decimals(notes.durationMs)},"client":"${jsonText(notes.client)}${notes.status === 0 ? '' : requestJson(notes)}","requestBytes":`
  const { firstByteMs, requestId, traceId } = notes
  const first = firstByteMs < 0 ? 'null' : decimals(firstByteMs)
  const line = `${head}${notes.requestBytes},"responseBytes":${notes.responseBytes}${placeJson(notes)}${effortJson(notes)}${first},"end":"${notes.end}"`
  if (requestId === '' && traceId === '') return `${line}}\n`
  const id = requestId && `,"requestId":"${jsonText(requestId)}"`
  return `${line}${id}${traceId && `,"traceId":"${traceId}"`}}\n`
}

const requestJson = ({ agent, host, method, referer, status, target }: Notes): string =>
  `","method":"${jsonText(method)}","path":"${jsonText(target)}","host":"${jsonText(host)}","status":${status},"referer":"${jsonText(referer)}","agent":"${jsonText(agent)}`

const placesMax = 1_024
const places = new Map<string, { readonly pool: string; readonly text: string }>()

/** The same for all requests of a backend: made once. */
function placeJson({ backend, pool }: Notes): string {
  const known = places.get(backend)
  if (known?.pool === pool) return known.text
  const text = `,"pool":"${jsonText(pool)}","backend":"${jsonText(backend)}","retries":`
  if (places.size >= placesMax) places.clear()
  places.set(backend, { pool, text })
  return text
}

const noEffort = '0,"queueMs":0.000,"connectMs":0.000,"firstByteMs":'

/** What most requests do not need. */
function effortJson({ connectMs, queueMs, retries }: Notes): string {
  if (retries === 0 && queueMs === 0 && connectMs === 0) return noEffort
  return `${retries},"queueMs":${decimals(queueMs)},"connectMs":${decimals(connectMs)},"firstByteMs":`
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
