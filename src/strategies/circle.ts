import { hash, mix } from '../base/hash.ts'
import type { Member } from './kept-table.ts'

/** Points of a member of mean weight: enough for shares within a third of even. */
const pointsEach = 160
/** Of all members together, so that a large pool or a large weight makes no large circle. */
const pointsMax = 2 ** 17
/** A point and a place below this fit into one float without loss. */
const placesMax = 2 ** 21

/** The circle of numbers below 2^32, and points on it. */
export interface Circle {
  /** Where the points lie, in order. */
  readonly points: Uint32Array
  /** Whose each point is: a place among the members. */
  readonly owners: Uint32Array
  /** The first point of each arc, or the next after it; the circle has at least as many arcs as points. */
  readonly firsts: Uint32Array
  /** How many bits of a point tell nothing of its arc. */
  readonly shift: number
}

/** Places each member at points of its own, in proportion to its weight. O(points). */
export function createCircle(members: readonly Member[]): Circle {
  const counts = countPoints(members)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const shift = 32 - Math.max(1, Math.ceil(Math.log2(total)))
  const packed = new Float64Array(total)
  const firsts = new Uint32Array(2 ** (32 - shift) + 1)
  let at = 0
  for (const [place, { id }] of members.entries()) {
    const start = hash(id)
    const step = hash(id, 1) | 1
    for (let nth = 0; nth < counts[place]!; nth++) {
      const point = mix(start + Math.imul(nth, step))
      packed[at++] = point * placesMax + place
      firsts[(point >>> shift) + 1]!++
    }
  }
  for (let arc = 1; arc < firsts.length; arc++) firsts[arc]! += firsts[arc - 1]!
  const points = new Uint32Array(total)
  const owners = new Uint32Array(total)
  const sorted = sort(packed, firsts, shift)
  for (let at = 0; at < total; at++) {
    points[at] = sorted[at]! / placesMax
    owners[at] = sorted[at]! % placesMax
  }
  return { points, owners, firsts, shift }
}

/** The first point from `from` on, clockwise. O(1), for points are spread evenly. */
export function nextPoint({ points, firsts, shift }: Circle, from: number): number {
  let at = firsts[from >>> shift]!
  while (at < points.length && points[at]! < from) at++
  return at === points.length ? 0 : at
}

/**
 * In proportion to the weights. The unit is a power of two near the mean weight: it stays the same, and
 * with it the points of all others, when one member more or less changes the mean by little.
 */
function countPoints(members: readonly Member[]): number[] {
  const mean = members.reduce((sum, { weight }) => sum + weight, 0) / members.length
  const unit = 2 ** Math.round(Math.log2(mean))
  let each = pointsEach
  while (each > 1 && each * members.length > pointsMax) each /= 2
  return members.map(({ weight }) => Math.max(1, Math.round((each * weight) / unit)))
}

/** Puts each into its arc, then in order: there is hardly more than one in an arc. */
function sort(packed: Float64Array, firsts: Uint32Array, shift: number): Float64Array {
  const sorted = new Float64Array(packed.length)
  const ends = firsts.slice()
  for (const value of packed) {
    const arc = Math.floor(value / placesMax) >>> shift
    let at = ends[arc]!++
    for (; at > firsts[arc]! && sorted[at - 1]! > value; at--) sorted[at] = sorted[at - 1]!
    sorted[at] = value
  }
  return sorted
}
