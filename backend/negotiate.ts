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

interface Rating {
  readonly quality: number
  readonly rank: number
  readonly place: number
}

/**
 * The form that an Accept field prefers: of those with the highest quality the one it names most
 * specifically, then first. Text when there is no field, or when it accepts none of the forms: RFC 9110
 * 12.5.1 lets a server send another form rather than a 406, and people can read text.
 */
export function preferredForm(accept: string | undefined): Form {
  if (accept === undefined) return 'text'
  const ranges = accept.split(',').map(parseRange)
  const ratings = forms.map((form) => ({ form, ...rate(mediaTypes[form], ranges) }))
  ratings.sort((a, b) => b.quality - a.quality || b.rank - a.rank || a.place - b.place)
  const best = ratings[0]!
  return best.quality > 0 ? best.form : 'text'
}

/** The quality by the most specific range that matches, how specific that is, and where it stands. */
function rate(type: string, ranges: readonly MediaRange[]): Rating {
  const candidates = ['*/*', `${type.split('/')[0]}/*`, type]
  for (let rank = candidates.length; rank > 0; rank--) {
    const place = ranges.findIndex((range) => range.type === candidates[rank - 1])
    if (place >= 0) return { quality: ranges[place]!.quality, rank, place }
  }
  return { quality: 0, rank: 0, place: 0 }
}

function parseRange(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const weight = parameters.find((parameter) => parameter.startsWith('q='))
  const quality = weight === undefined ? 1 : Number(weight.slice(2))
  return { type, quality: quality >= 0 && quality <= 1 ? quality : 0 }
}
