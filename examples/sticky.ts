import type { Candidate, Candidates, Strategy } from 'piloti'

/**
 * Gives the same client to the same backend, unless that one has more than its share of the work.
 *
 * For backends that keep something per client (a cache, a session) which is good to find again but can
 * be made again. Each client ranks the backends in an order of its own and takes the first one that is
 * not full; when a backend leaves, only its own clients move. Each pick is O(n).
 *
 * @param slack how much more than its share one may have: 1.25 is a quarter more.
 * @see Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates" (1998): the ranking.
 * @see Mirrokni et al., "Consistent Hashing with Bounded Loads" (2018): the limit.
 */
export function sticky(slack = 1.25): Strategy {
  return {
    name: 'sticky',
    pick(candidates, key) {
      const limit = slack * loadPerWeight(candidates)
      let best = candidates[0]
      let bestRank = Number.NEGATIVE_INFINITY
      for (const candidate of candidates) {
        // Rounded up, so that there is always one with room.
        if (candidate.active >= Math.ceil(limit * candidate.weight)) continue
        const candidateRank = rank(candidate, key)
        if (candidateRank <= bestRank) continue
        best = candidate
        bestRank = candidateRank
      }
      return best
    },
  }
}

/** Work for each unit of weight, with the piece that is being given out. */
function loadPerWeight(candidates: Candidates): number {
  let active = 1
  let weight = 0
  for (const candidate of candidates) {
    active += candidate.active
    weight += candidate.weight
  }
  return active / weight
}

/** The highest wins; by chance, in proportion to the weight, and always the same for the same pair. */
function rank({ id, weight }: Candidate, key: string): number {
  return weight / -Math.log(fraction(`${key} ${id}`))
}

/** A number above 0 and below 1 that looks like chance. FNV-1a, stirred as in MurmurHash3. */
function fraction(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 2 ** 32
}
