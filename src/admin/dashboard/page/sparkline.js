// A small line: how one number went, without axes. The number itself stands beside it.
import { svg } from './dom.js'

/** How far back it goes. */
export const sparkMs = 120_000
const leastMs = 30_000
const [width, height] = [96, 22]

export function sparkline() {
  return svg(
    'svg',
    {
      class: 'spark',
      viewBox: `0 0 ${width} ${height}`,
      preserveAspectRatio: 'none',
      'aria-hidden': 'true',
    },
    svg('path', { class: 'spark-area' }),
    svg('path', { class: 'spark-line' }),
  )
}

/**
 * @param {Element} element what `sparkline` gave
 * @param {readonly { agoMs: number, value: number | null }[]} series oldest first
 * @param {number} top what is as high as can be
 * @param {number} spanMs from the left to the right end
 */
export function drawSpark(element, series, top, spanMs) {
  const [area, line] = element.children
  const runs = runsOf(series)
  const x = (/** @type {number} */ agoMs) => round(width - (agoMs / spanMs) * width)
  const y = (/** @type {number} */ value) =>
    round(height - 1.5 - (Math.min(value, top) / top) * (height - 4))
  const path = (/** @type {Point[]} */ run) =>
    run.map(({ agoMs, value }, i) => `${i === 0 ? 'M' : 'L'}${x(agoMs)} ${y(value)}`).join('')
  const closed = (/** @type {Point[]} */ run) =>
    `${path(run)}V${height}H${x(/** @type {Point} */ (run[0]).agoMs)}Z`
  line?.setAttribute('d', runs.map(path).join(''))
  area?.setAttribute('d', runs.map(closed).join(''))
}

/** Short as long as there is little to show. @param {number} knownMs */
export const spanOf = (knownMs) => Math.min(sparkMs, Math.max(leastMs, knownMs))

/** @typedef {{ agoMs: number, value: number }} Point */

/** Pieces without a gap. @param {readonly { agoMs: number, value: number | null }[]} series @returns {Point[][]} */
function runsOf(series) {
  /** @type {Point[][]} */
  const runs = []
  let isOpen = false
  for (const { agoMs, value } of series) {
    if (value !== null && !isOpen) runs.push([])
    if (value !== null) runs.at(-1)?.push({ agoMs, value })
    isOpen = value !== null
  }
  return runs
}

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10
