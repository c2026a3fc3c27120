// Latency over time: each column is a moment, each row a range of times, the stronger the more answers.
import { h, say, set } from './dom.js'
import { duration, plural } from './words.js'

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('../told.ts').Sample} Sample */

const height = 132
const left = 52
const bottom = 18
/** Time in a column. */
const columnMs = 2_000
const leastMs = 60_000
const sayEveryMs = 10_000

/** @param {string} pool */
export function createHeat(pool) {
  const canvas = h('canvas', { class: 'heat', role: 'img', height })
  const readout = h('p', { class: 'hint heat-readout' })
  const title = h('h3', {}, 'How long answers took')
  const element = h(
    'div',
    { class: 'heat-box' },
    h('div', { class: 'heat-top' }, title, readout),
    canvas,
  )
  /** @type {{ model: Model, grid: Grid } | undefined} */
  let drawn
  /** @type {{ x: number, y: number } | undefined} */
  let pointer
  let saidMs = 0
  const point = () => say(readout, drawn === undefined ? '' : readAt(drawn.grid, canvas, pointer))
  canvas.addEventListener('pointermove', ({ offsetX, offsetY }) => {
    pointer = { x: offsetX, y: offsetY }
    point()
  })
  canvas.addEventListener('pointerleave', () => {
    pointer = undefined
    point()
  })
  const draw = (/** @type {Model} */ model) => {
    const grid = gridOf(model, pool)
    drawn = { model, grid }
    paint(canvas, grid)
    point()
    if (model.nowMs - saidMs < sayEveryMs) return
    saidMs = model.nowMs
    set(canvas, { 'aria-label': inWords(grid) })
  }
  return { element, draw }
}

/**
 * @typedef {{ low: number, high: number, columns: number, most: number, total: number,
 *   cells: Map<string, number>, edgesMs: readonly number[] }} Grid
 */

/** @param {Model} model @param {string} pool @returns {Grid} */
function gridOf({ about, knownMs, nowMs, samples }, pool) {
  const { edgesMs, keptMs } = about
  // Whole minutes, so that it does not shift all the time.
  const spanMs = Math.min(keptMs, Math.ceil(Math.max(1, knownMs) / leastMs) * leastMs)
  const columns = Math.floor(spanMs / columnMs)
  /** @type {Map<string, number>} */
  const cells = new Map()
  let [low, high, most, total] = [edgesMs.length, 0, 0, 0]
  for (const { atMs, pools } of samples) {
    // By the wall clock, so that a column stays what it is.
    const column = columns - 1 - (Math.floor(nowMs / columnMs) - Math.floor(atMs / columnMs))
    const answers = pools[pool]?.answers ?? []
    for (let i = 0; i + 1 < answers.length && column >= 0; i += 2) {
      const [bin = 0, n = 0] = answers.slice(i, i + 2)
      const key = `${column} ${bin}`
      const sum = (cells.get(key) ?? 0) + n
      cells.set(key, sum)
      total += n
      most = Math.max(most, sum)
      low = Math.min(low, bin)
      high = Math.max(high, bin)
    }
  }
  if (total === 0) [low, high] = [4, 13]
  // A few rows around what there is, and at least ten.
  low = Math.max(0, low - 1)
  high = Math.min(edgesMs.length - 1, Math.max(high + 1, low + 9))
  return { low, high, columns, most, total, cells, edgesMs }
}

/** @param {HTMLCanvasElement} canvas @param {Grid} grid */
function paint(canvas, grid) {
  const { cells, columns, high, low, most } = grid
  const [width, ratio] = [canvas.clientWidth, devicePixelRatio]
  const context = canvas.getContext('2d')
  if (context === null || width === 0) return
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  context.scale(ratio, ratio)
  const style = getComputedStyle(canvas)
  const [wide, tall] = [(width - left) / columns, (height - bottom) / (high - low + 1)]
  axes(context, grid, width, style)
  context.fillStyle = style.color
  for (const [key, n] of cells) {
    const [column = 0, bin = 0] = key.split(' ').map(Number)
    context.globalAlpha = 0.12 + 0.88 * (Math.log(1 + n) / Math.log(1 + most))
    context.fillRect(left + column * wide, (high - bin) * tall, wide + 0.4, tall - 0.6)
  }
  context.globalAlpha = 1
}

/** @param {CanvasRenderingContext2D} context @param {Grid} grid @param {number} width @param {CSSStyleDeclaration} style */
function axes(context, { columns, edgesMs, high, low }, width, style) {
  const lineColour = style.getPropertyValue('border-top-color')
  context.font = `11px ${style.fontFamily}`
  context.textBaseline = 'middle'
  context.textAlign = 'right'
  const tall = (height - bottom) / (high - low + 1)
  const bottomMs = (edgesMs[low] ?? 1) / 1.4
  const topMs = edgesMs[high] ?? 1
  let lastY = Number.POSITIVE_INFINITY
  for (const ms of [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000]) {
    if (ms < bottomMs || ms > topMs) continue
    const y = (height - bottom) * (1 - Math.log(ms / bottomMs) / Math.log(topMs / bottomMs))
    if (y < 6 || lastY - y < 1.2 * tall) continue
    lastY = y
    context.fillStyle = lineColour
    context.fillRect(left, Math.round(y), width - left, 1)
    context.fillStyle = style.getPropertyValue('outline-color')
    context.fillText(label(ms), left - 8, y)
  }
  context.fillStyle = style.getPropertyValue('outline-color')
  for (const [share, text, align] of timeLabels((columns * columnMs) / 60_000)) {
    context.textAlign = align
    context.fillText(text, left + share * (width - left), height - 6)
  }
}

/** @param {number} minutes @returns {[number, string, CanvasTextAlign][]} */
const timeLabels = (minutes) => [
  [0, `${minutes} min ago`, 'left'],
  [0.5, minutes === 1 ? '30 s' : `${minutes / 2} min`, 'center'],
  [1, 'now', 'right'],
]

/** @param {number} ms */
const label = (ms) => (ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`)

/** @param {Grid} grid @param {HTMLCanvasElement} canvas @param {{ x: number, y: number } | undefined} pointer */
function readAt({ cells, columns, edgesMs, high, low, most, total }, canvas, pointer) {
  if (total === 0) return 'no answers lately'
  if (pointer === undefined || pointer.x < left)
    return `up to ${plural(most, 'answer')} a cell of ${columnMs / 1_000} s`
  const column = Math.floor(((pointer.x - left) / (canvas.clientWidth - left)) * columns)
  const bin = high - Math.floor((pointer.y / (height - bottom)) * (high - low + 1))
  const n = cells.get(`${column} ${bin}`) ?? 0
  const agoS = ((columns - 1 - column) * columnMs) / 1_000
  return `${agoS} s ago: ${plural(n, 'answer')} in ${duration(edgesMs[bin - 1] ?? 0)} to ${duration(edgesMs[bin] ?? 0)}`
}

/** @param {Grid} grid */
function inWords({ cells, edgesMs, total }) {
  if (total === 0) return 'Response times of the last minutes: no answers'
  /** @type {Map<number, number>} */
  const bins = new Map()
  for (const [key, n] of cells) {
    const bin = Number(key.split(' ')[1])
    bins.set(bin, (bins.get(bin) ?? 0) + n)
  }
  const at = (/** @type {number} */ share) => {
    let leftOver = share * total
    for (const [bin, n] of [...bins].sort(([a], [b]) => a - b)) {
      leftOver -= n
      if (leftOver <= 0) return duration(edgesMs[bin] ?? 0)
    }
    return '–'
  }
  return `Response times of the last minutes, ${plural(total, 'answer')}: half within ${at(0.5)}, 99 % within ${at(0.99)}`
}
