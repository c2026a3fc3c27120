/** The forms an answer may have, in the order that decides when the client has no preference. */
export const forms = ['text', 'json', 'html'] as const
export type Form = (typeof forms)[number]

export const mediaTypes: Readonly<Record<Form, string>> = {
  text: 'text/plain',
  json: 'application/json',
  html: 'text/html',
}

interface MediaRange {
  readonly type: string
  readonly quality: number
}

/**
 * The form that an Accept field prefers; text when there is none, or when it accepts none of the forms:
 * RFC 9110 12.5.1 lets a server send another form rather than a 406, and people can read text.
 */
export function preferredForm(accept: string | undefined): Form {
  if (accept === undefined) return 'text'
  const ranges = accept.split(',').map(parseRange)
  let best: { form: Form; quality: number; rank: number } = { form: 'text', quality: 0, rank: 0 }
  for (const form of forms) {
    const { quality, rank } = rate(mediaTypes[form], ranges)
    const better = quality > best.quality || (quality === best.quality && rank > best.rank)
    if (quality > 0 && better) best = { form, quality, rank }
  }
  return best.form
}

/** The quality by the most specific range that matches, and how specific that is. */
function rate(type: string, ranges: readonly MediaRange[]): { quality: number; rank: number } {
  const candidates = ['*/*', `${type.split('/')[0]}/*`, type]
  for (let rank = candidates.length; rank > 0; rank--) {
    const range = ranges.find((range) => range.type === candidates[rank - 1])
    if (range !== undefined) return { quality: range.quality, rank }
  }
  return { quality: 0, rank: 0 }
}

function parseRange(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const weight = parameters.find((parameter) => parameter.startsWith('q='))
  const quality = weight === undefined ? 1 : Number(weight.slice(2))
  return { type, quality: quality >= 0 && quality <= 1 ? quality : 0 }
}
