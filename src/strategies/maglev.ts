import { hash, mix } from '../base/hash.ts'
import type { Candidates, Strategy } from '../pool/strategy.ts'
import { checkLoadFactor, hasRoom, type KeyOptions, limitOf } from './bounded.ts'
import { KeptTable, type Member } from './kept-table.ts'
import { leastLoaded } from './least.ts'
import { roundRobin } from './round-robin.ts'

/** Primes; the table has a hundred slots for each member, so shares are within some percent of even. */
const sizes = [5_003, 65_537, 655_373]
const slotsForEach = 100
/** So many tries for each member find one with room, but for bad luck. */
const triesForEach = 8

/**
 * Looks the key up in a table whose slots the candidates filled in turn, each in an order of its own and
 * in proportion to its full weight; none may hold more than `loadFactor` times its share. Beyond that, and
 * for whom is not there, the key tries slots of its own, so that overflow is spread over all others.
 * Work without a key is given out as by `round-robin`.
 *
 * For many keys: the evenest of the strategies by key, with the fastest pick. When a candidate joins or is
 * forgotten, a few other keys move as well; nearly all do when the pool grows past 50, or past 655, and
 * the table with it. Each pick is O(1) while the candidate is idle or there is no limit, O(n) otherwise.
 *
 * @see Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer" (2016).
 * @see Chen et al., "Revisiting Consistent Hashing with Bounded Loads" (2021), for the overflow.
 * @throws RangeError for a `loadFactor` above 0 and below 1.
 */
export function maglev(options: KeyOptions = {}): Strategy {
  const factor = checkLoadFactor(options.loadFactor ?? 1.25)
  const slots = new KeptTable(fillSlots)
  const withoutKey = roundRobin()
  return {
    name: 'maglev',
    pick(candidates, key) {
      if (key === '') return withoutKey.pick(candidates, key)
      return (
        candidates[probe(candidates, slots.follow(candidates), hash(key))] ??
        leastLoaded(candidates)
      )
    },
  }

  /** The place among the candidates of the first one in the key's order with room; −1 after many tries. */
  function probe(candidates: Candidates, table: Int32Array, hashed: number): number {
    const { where, size } = slots
    const tries = size * triesForEach + slotsForEach
    const step = 1 + (mix(hashed + 1) % (table.length - 1))
    let slot = hashed % table.length
    let limit = 0
    for (let nth = 0; nth < tries; nth++, slot = (slot + step) % table.length) {
      const place = where[table[slot]!]!
      if (place < 0) continue
      const candidate = candidates[place]!
      // An idle one has room, so that nothing need be added up.
      if (factor === 0 || candidate.active === 0) return place
      if (limit === 0) limit = limitOf(candidates, factor)
      if (hasRoom(candidate, limit)) return place
    }
    return -1
  }
}

/** Whose each slot is. In every round each gains its weight beside the heaviest, and fills a slot for 1. */
function fillSlots(members: readonly Member[]): Int32Array {
  const size = sizes.find((size) => size >= members.length * slotsForEach) ?? sizes.at(-1)!
  const table = new Int32Array(size).fill(-1)
  const heaviest = members.reduce((most, { weight }) => Math.max(most, weight), 0)
  const gains = Float64Array.from(members, ({ weight }) => weight / heaviest)
  const steps = Int32Array.from(members, ({ id }) => 1 + (hash(id, 1) % (size - 1)))
  const slots = Int32Array.from(members, ({ id }) => hash(id) % size)
  // One slot is everybody's, however light.
  const credits = gains.map((gain) => 1 - gain)
  for (let filled = 0; members.length > 0; ) {
    for (let member = 0; member < members.length; member++) {
      credits[member]! += gains[member]!
      if (credits[member]! < 1) continue
      credits[member]! -= 1
      while (table[slots[member]!]! >= 0) slots[member] = (slots[member]! + steps[member]!) % size
      table[slots[member]!] = member
      if (++filled === size) return table
    }
  }
  return table
}
