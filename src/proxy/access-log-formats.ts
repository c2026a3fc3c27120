import type { LineWriter } from './access-log-line.ts'
import {
  apacheStamp,
  decimals,
  isoSecond,
  isoStamp,
  jsonText,
  plainText,
} from './access-log-text.ts'
import type { Notes } from './notes.ts'
import type { RequestText } from './request-text.ts'

export type AccessLogFormat = 'json' | 'combined' | 'timing'

/** Writes a line with its line feed; the manual is docs/reference/access-log.md. */
export type Format = (notes: Notes, line: LineWriter) => void

/** Texts that the JSON of every line has. */
const texts = {
  time: ascii('{"time":"'),
  duration: ascii('Z","durationMs":'),
  client: ascii(',"client":"'),
  host: ascii('","host":"'),
  status: ascii('","status":'),
  referer: ascii(',"referer":"'),
  agent: ascii('","agent":"'),
  requestBytes: ascii('","requestBytes":'),
  responseBytes: ascii(',"responseBytes":'),
  end: ascii(',"end":"'),
} as const

/** `{"time":…,"durationMs":…,"client":…}`, always the same keys in the same order. */
const json: Format = (notes, line) => {
  line.fixed(texts.time)
  stamp(notes.atMs, line)
  line.fixed(texts.duration)
  line.decimals(notes.durationMs)
  line.fixed(texts.client)
  line.text(jsonText(notes.client))
  if (notes.status !== 0) requestJson(notes, line)
  line.fixed(texts.requestBytes)
  line.whole(notes.requestBytes)
  line.fixed(texts.responseBytes)
  line.whole(notes.responseBytes)
  line.fixed(placeJson(notes))
  effortJson(notes, line)
  line.fixed(texts.end)
  line.text(endJson(notes))
}

function requestJson({ request, status }: Notes, line: LineWriter): void {
  const { bytes, targetAt } = request
  line.fixed(methodJson(request.method))
  line.peer(bytes, targetAt)
  if (request.isSame) {
    request.told ??= [
      line.aside(() => hostJson(request, line)),
      line.aside(() => whoJson(request, line)),
    ]
    line.fixed(request.told[0]!)
    line.whole(status)
    line.fixed(request.told[1]!)
    return
  }
  hostJson(request, line)
  line.whole(status)
  whoJson(request, line)
}

function hostJson({ bytes, hostAt }: RequestText, line: LineWriter): void {
  line.fixed(texts.host)
  line.peer(bytes, hostAt)
  line.fixed(texts.status)
}

function whoJson({ agentAt, bytes, refererAt }: RequestText, line: LineWriter): void {
  line.fixed(texts.referer)
  line.peer(bytes, refererAt)
  line.fixed(texts.agent)
  line.peer(bytes, agentAt)
}

const methodsMax = 64
const methodTexts = new Map<string, Buffer>()

function methodJson(method: string): Buffer {
  const known = methodTexts.get(method)
  if (known !== undefined) return known
  const bytes = ascii(`","method":"${jsonText(method)}","path":"`)
  if (methodTexts.size < methodsMax) methodTexts.set(method, bytes)
  return bytes
}

const placesMax = 1_024
const places = new Map<string, { readonly pool: string; readonly bytes: Buffer }>()

/** The same for all requests of a backend: made once. */
function placeJson({ backend, pool }: Notes): Buffer {
  const known = places.get(backend)
  if (known?.pool === pool) return known.bytes
  const text = `,"pool":"${jsonText(named(pool))}","backend":"${jsonText(named(backend))}","retries":`
  const bytes = ascii(text)
  if (places.size >= placesMax) places.clear()
  places.set(backend, { pool, bytes })
  return bytes
}

const noEffort = ascii('0,"queueMs":0.000,"connectMs":0.000,"firstByteMs":')
const noAnswer = ascii('null')

/** Most of it is what most requests do not need. */
function effortJson({ connectMs, firstByteMs, queueMs, retries }: Notes, line: LineWriter): void {
  if (retries === 0 && queueMs === 0 && connectMs === 0) line.fixed(noEffort)
  else {
    const times = `"queueMs":${decimals(queueMs)},"connectMs":${decimals(connectMs)}`
    line.text(`${retries},${times},"firstByteMs":`)
  }
  if (firstByteMs < 0) line.fixed(noAnswer)
  else line.decimals(firstByteMs)
}

function endJson({ end, requestId, traceId }: Notes): string {
  if (requestId === '' && traceId === '') return end === 'finished' ? finished : `${end}"}\n`
  const id = requestId && `,"requestId":"${jsonText(requestId)}"`
  return `${end}"${id}${traceId && `,"traceId":"${traceId}"`}}\n`
}

const finished = 'finished"}\n'

/** What Apache and nginx write by this name, and the seconds that nginx calls `$request_time`. */
const combined: Format = (notes, line) => {
  const { client, durationMs, request, responseBytes, status } = notes
  const [agent, referer] = [request.text(request.agentAt), request.text(request.refererAt)]
  const stamp = apacheStamp(notes.atMs + durationMs)
  const ends = `${String(status).padStart(3, '0')} ${responseBytes}`
  const said = `"${plainText(referer) || '-'}" "${plainText(agent) || '-'}"`
  const who = plainText(client) || 'unix:'
  const seconds = decimals(durationMs / 1_000)
  line.text(`${who} - - [${stamp}] "${requestLine(notes)}" ${ends} ${said} ${seconds}\n`)
}

/** Where the time went, for people: `key=value` behind the request. */
const timing: Format = (notes, line) => {
  const { backend, client, firstByteMs, pool, requestId, traceId } = notes
  const where = `${plainText(named(pool)) || '-'} ${plainText(named(backend)) || '-'}`
  const times = [
    `queue=${decimals(notes.queueMs)} connect=${decimals(notes.connectMs)}`,
    `first=${firstByteMs < 0 ? '-' : decimals(firstByteMs)} total=${decimals(notes.durationMs)}`,
  ].join(' ')
  const ids = `${requestId && ` id=${plainText(requestId)}`}${traceId && ` trace=${traceId}`}`
  const bytes = `in=${notes.requestBytes} out=${notes.responseBytes}`
  const what = `${plainText(client) || 'unix:'} "${requestLine(notes)}" ${notes.status || '-'}`
  const how = `retries=${notes.retries} ${bytes} end=${notes.end}${ids}`
  line.text(`${isoStamp(notes.atMs)} ${what} ${where} ${times} ${how}\n`)
}

/** `GET /a HTTP/1.1`; what was no request, or could not be read as one, is `-`. */
function requestLine({ request: { method, minor, target } }: Notes): string {
  return method === '' ? '-' : `${plainText(method)} ${plainText(target)} HTTP/1.${minor}`
}

/** `2026-11-20T10:32:07.123`: the second is the same in many lines. */
function stamp(ms: number, line: LineWriter): void {
  const second = Math.floor(ms / 1_000)
  line.text(isoSecond(second))
  line.threeDigits(Math.floor(ms) - second * 1_000)
}

/** A name that the line has room for. */
const named = (name: string): string => name.slice(0, nameMax)
const nameMax = 1_024

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

export const accessLogFormats: Readonly<Record<AccessLogFormat, Format>> = {
  json,
  combined,
  timing,
}
