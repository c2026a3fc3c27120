const shownLengthMax = 80

/** A text that somebody else wrote, fit for a message: nothing in it moves a cursor or hides the rest. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (odd) => `\\u{${odd.codePointAt(0)!.toString(16)}}`)
}

/** The same, cut after 80 characters. */
export function shown(text: string): string {
  const cut = text.length > shownLengthMax ? `${text.slice(0, shownLengthMax)}…` : text
  return printable(cut)
}
