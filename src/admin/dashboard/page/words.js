// What the page says: numbers, times, and what health means.

/** @typedef {import('../told.ts').BackendState} BackendState */
/** @typedef {import('../told.ts').PoolState} PoolState */
/** @typedef {BackendState['health']} Health */

/** @type {Record<Health, string>} */
export const meanings = {
  up: 'takes work',
  down: 'takes no work: it cannot be reached, or says it is not well',
  ejected: 'takes no work for a while: it failed too often',
  trial: 'gets a little work, to see whether it is well again',
  overloaded: 'takes no work: it says that it is too busy',
  draining: 'finishes what it has and gets no more',
  unknown: 'takes no work yet: it was not probed',
}

/** How bad it is. @param {Health} health @returns {'good' | 'wait' | 'bad'} */
export function toneOf(health) {
  if (health === 'up') return 'good'
  return health === 'down' || health === 'ejected' ? 'bad' : 'wait'
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** @param {number} value */
export const count = (value) => whole.format(value)

/** Three digits say enough. @param {number} value */
export function figure(value) {
  if (value === 0) return '0'
  if (value >= 100) return count(value)
  return value >= 10 ? value.toFixed(0) : value.toFixed(1)
}

/** @param {number | null} ms */
export function duration(ms) {
  if (ms === null) return '–'
  if (ms >= 10_000) return `${(ms / 1_000).toFixed(0)} s`
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`
  if (ms >= 10) return `${ms.toFixed(0)} ms`
  return ms >= 1 ? `${ms.toFixed(1)} ms` : `${ms.toFixed(2)} ms`
}

/** How long, in words. @param {number} ms */
export function ago(ms) {
  const s = Math.max(0, Math.round(ms / 1_000))
  if (s < 60) return `${s} s`
  if (s < 3_600) return `${Math.floor(s / 60)} min`
  if (s < 172_800) return `${Math.floor(s / 3_600)} h ${Math.floor((s % 3_600) / 60)} min`
  return `${Math.floor(s / 86_400)} days`
}

/** @param {number} share */
export function percent(share) {
  if (share === 0) return '0 %'
  if (share < 0.01) return '< 1 %'
  return `${(share * 100).toFixed(0)} %`
}

/** What is counted there, a second. @param {string} mode */
export function workOf(mode) {
  if (mode === 'http') return 'Requests/s'
  if (mode === 'lines') return 'Messages/s'
  return mode === 'tcp' ? 'Connections/s' : 'Work/s'
}

/** @param {number} atMs */
export function clock(atMs) {
  return new Date(atMs).toLocaleTimeString('en-GB', { hour12: false })
}

/** @param {number} n @param {string} one @param {string} [many] */
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`

/** Without the host, where all of a pool share it. @param {PoolState} pool @param {string} id */
export function shortName({ backends }, id) {
  const hosts = new Set(backends.map(({ id: each }) => each.slice(0, each.lastIndexOf(':'))))
  return hosts.size === 1 && backends.length > 1 ? id.slice(id.lastIndexOf(':')) : id
}
