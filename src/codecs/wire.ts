/** What clients, backends and workers speak: lines; or words and dicts without framing, as the original system. */
export type Wire = 'lines' | 'original'

/** All that can be spoken. */
export const wires: readonly Wire[] = ['lines', 'original']
