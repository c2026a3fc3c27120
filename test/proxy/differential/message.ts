/** A message as it was on the wire. Our own codecs are under test, so nothing of them is used here. */
export interface Message {
  readonly start: string
  /** Names and values, in order and casing. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly framing: 'none' | 'length' | 'chunked' | 'close' | 'tunnel'
  /** Without its chunks. */
  readonly body: string
  readonly trailers: string
  readonly isWhole: boolean
}

/** Cuts the requests out of what came over one connection. The last one may not be whole. */
export function cutRequests(text: string): Message[] {
  return cut(text, (_start, value) => {
    if (value('upgrade') !== '' && /upgrade/i.test(value('connection'))) return 'tunnel'
    return coded(value) ?? 'none'
  })
}

/** Cuts the responses to requests of these methods, interim ones as messages of their own. */
export function cutResponses(text: string, methods: readonly string[]): Message[] {
  let final = 0
  return cut(text, (start, value) => {
    const status = Number(start.split(' ')[1])
    if (status === 101) return 'tunnel'
    if (status < 200) return 'none'
    const method = methods[Math.min(final++, methods.length - 1)]
    if (status === 204 || status === 304 || method === 'HEAD') return 'none'
    return coded(value) ?? 'close'
  })
}

type Framing = Message['framing']
type Value = (name: string) => string

function coded(value: Value): Framing | undefined {
  if (/chunked/i.test(value('transfer-encoding'))) return 'chunked'
  return value('content-length') === '' ? undefined : 'length'
}

function cut(text: string, framingOf: (start: string, value: Value) => Framing): Message[] {
  const messages: Message[] = []
  let rest = text
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) return [...messages, { ...unfinished, start: rest }]
    const [start = '', ...lines] = rest.slice(0, end).split('\r\n')
    const fields = lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
    })
    const value: Value = (name) => fields.find(([field]) => field.toLowerCase() === name)?.[1] ?? ''
    const framing = framingOf(start, value)
    const body = bodyIn(rest.slice(end + 4), framing, Number(value('content-length')))
    rest = body.rest
    messages.push({ start, fields, framing, ...body })
  }
  return messages
}

const unfinished = { fields: [], framing: 'none', body: '', trailers: '', isWhole: false } as const

interface Body {
  readonly body: string
  readonly trailers: string
  readonly isWhole: boolean
  readonly rest: string
}

function bodyIn(text: string, framing: Framing, length: number): Body {
  const none = { trailers: '', isWhole: true }
  if (framing === 'none') return { body: '', rest: text, ...none }
  if (framing === 'close' || framing === 'tunnel') return { body: text, rest: '', ...none }
  if (framing === 'chunked') return chunksIn(text)
  const body = text.slice(0, length)
  return { body, rest: text.slice(length), trailers: '', isWhole: body.length === length }
}

function chunksIn(text: string): Body {
  let body = ''
  let at = 0
  for (;;) {
    const line = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, line), 16)
    if (line === -1 || Number.isNaN(size)) break
    if (size > 0) {
      body += text.slice(line + 2, line + 2 + size)
      at = line + 2 + size + 2
      if (at > text.length) break
      continue
    }
    const end = text.indexOf('\r\n\r\n', line)
    if (end === -1) break
    const trailers = text.slice(line + 2, Math.max(end, line + 2))
    return { body, trailers, isWhole: true, rest: text.slice(end + 4) }
  }
  return { body, trailers: '', isWhole: false, rest: '' }
}
