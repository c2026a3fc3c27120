/**
 * MurmurHash3 (x86, 32 bits) of the UTF-8 bytes of `text`: 0 up to 2^32. Spreads keys evenly and quickly;
 * not for secrets, and no shield against someone who looks for keys that collide.
 *
 * @param seed a whole number; other seeds give hashes that have nothing to do with each other.
 * @see Austin Appleby, smhasher, MurmurHash3.cpp.
 */
export function hash(text: string, seed = 0): number {
  return murmur(isAscii(text) ? text : Buffer.from(text).toString('latin1'), seed)
}

/** Stirs 32 bits until every one of them depends on all: the last step of MurmurHash3. One to one. */
export function mix(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** Of a text whose characters are bytes. */
function murmur(bytes: string, seed: number): number {
  const rest = bytes.length & 3
  const end = bytes.length - rest
  let state = seed
  for (let at = 0; at < end; at += 4) {
    const low = bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8)
    const high = bytes.charCodeAt(at + 2) | (bytes.charCodeAt(at + 3) << 8)
    state ^= scramble(low | (high << 16))
    state = (Math.imul((state << 13) | (state >>> 19), 5) + 0xe6546b64) | 0
  }
  let last = 0
  for (let at = bytes.length - 1; at >= end; at--) last = (last << 8) | bytes.charCodeAt(at)
  return mix(state ^ scramble(last) ^ bytes.length)
}

function scramble(block: number): number {
  const product = Math.imul(block, 0xcc9e2d51)
  return Math.imul((product << 15) | (product >>> 17), 0x1b873593)
}

function isAscii(text: string): boolean {
  let seen = 0
  for (let at = 0; at < text.length; at++) seen |= text.charCodeAt(at)
  return seen < 0x80
}
