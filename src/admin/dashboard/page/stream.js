// Server-sent events over fetch: EventSource cannot send a token.

/** @typedef {import('../told.ts').Update} Update */

const retryMs = 1_000
const retryMostMs = 10_000
/** A message comes each second; after this long the connection is dead. */
const silenceMs = 8_000

/**
 * Follows `/events` for ever.
 *
 * @param {() => string} tokenOf
 * @param {{ told(update: Update): void, lost(why: string): void, refused(): Promise<void> }} listener
 */
export async function follow(tokenOf, listener) {
  for (let waitMs = retryMs; ; waitMs = Math.min(waitMs * 2, retryMostMs)) {
    try {
      const answer = await read(tokenOf(), (update) => {
        waitMs = retryMs
        listener.told(update)
      })
      if (answer === 401) {
        await listener.refused()
        continue
      }
      listener.lost(answer === 503 ? 'too many look at it: close another one' : 'it has ended')
    } catch {
      listener.lost('piloti does not answer')
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
}

/** @param {string} token @param {(update: Update) => void} told @returns {Promise<number>} the status. */
async function read(token, told) {
  const stop = new AbortController()
  let timer = setTimeout(() => stop.abort(), silenceMs)
  const headers = token === '' ? undefined : { authorization: `Bearer ${token}` }
  const { body, status } = await fetch('/events', {
    ...(headers && { headers }),
    signal: stop.signal,
  })
  if (status !== 200 || body === null) {
    clearTimeout(timer)
    await body?.cancel()
    return status
  }
  const texts = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value = '' } = await texts.read()
      if (done) return status
      clearTimeout(timer)
      timer = setTimeout(() => stop.abort(), silenceMs)
      const messages = (rest + value).split('\n\n')
      rest = messages.pop() ?? ''
      for (const message of messages) told(JSON.parse(message.slice('data: '.length)))
    }
  } finally {
    clearTimeout(timer)
  }
}
