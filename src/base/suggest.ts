import { distance } from 'fastest-levenshtein'

const farthest = 2

/** The known word that `word` was probably meant to be, within an edit distance of 2. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  const nearness = (candidate: string): number =>
    distance(word.toLowerCase(), candidate.toLowerCase())
  const [nearest] = known
    .filter((candidate) => nearness(candidate) <= farthest)
    .sort((a, b) => nearness(a) - nearness(b))
  return nearest
}
