// The topology: clients, listeners, pools and backends, and how much flows between them.
import { h, keep, say, set, svg } from './dom.js'
import { edgesOf, layout } from './flow-layout.js'
import { icon, reshape } from './icons.js'
import { figure } from './words.js'

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./flow-layout.js').Node} Node */
/** @typedef {import('./flow-layout.js').Edge} Edge */

/** @param {HTMLElement} place */
export function createFlow(place) {
  const drawing = svg('svg', { class: 'flow-drawing', role: 'img' })
  const edges = svg('g', { class: 'edges' })
  const nodes = svg('g', { class: 'nodes' })
  drawing.append(edges, nodes)
  place.append(drawing)
  return (/** @type {Model} */ model) => {
    const width = Math.max(300, place.clientWidth)
    const { height, list } = layout(model, width)
    set(drawing, { viewBox: `0 0 ${width} ${height}`, width, height, 'aria-label': inWords(model) })
    keep(edges, edgesOf(model, list), ({ key }) => key, makeEdge, drawEdge)
    keep(nodes, list, ({ key }) => key, makeNode, drawNode)
  }
}

function makeEdge() {
  return svg('g', {}, svg('path', { class: 'pipe' }), svg('path', { class: 'stream' }))
}

/** @param {SVGGElement} element @param {Edge} edge */
function drawEdge(element, { from, most, perS, to, tone, top }) {
  const [x0, y0] = [from.x + from.width, from.y + from.height / 2]
  const [x1, y1] = [to.x, to.y + to.height / 2]
  const middle = (x0 + x1) / 2
  const d = `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}`
  const width = perS === 0 ? 1.5 : 2 + (most - 2) * Math.sqrt(perS / Math.max(top, perS))
  set(element, { 'data-tone': tone, 'data-flows': perS > 0 })
  const [pipe, stream] = /** @type {SVGPathElement[]} */ ([...element.children])
  if (pipe === undefined || stream === undefined) return
  set(pipe, { d, 'stroke-width': width.toFixed(1) })
  set(stream, { d, 'stroke-width': Math.max(1.2, width * 0.22).toFixed(1) })
}

/** @param {Node} node */
function makeNode({ shape }) {
  const mark = shape === undefined ? [] : [svg('g', { class: 'mark' }, icon(shape, 14))]
  return svg(
    'g',
    {},
    svg('rect', { class: 'box', rx: 8 }),
    svg('text', { class: 'name' }),
    svg('text', { class: 'detail' }),
    ...mark,
  )
}

/** @param {SVGGElement} element @param {Node} node */
function drawNode(element, { detail, height, name, shape, tone, width, x, y }) {
  set(element, { transform: `translate(${x} ${y})`, 'data-tone': tone })
  const [box, title, more, mark] = element.children
  if (box === undefined || title === undefined || more === undefined) return
  set(box, { width, height })
  const isTight = height < 40
  const left = shape === undefined ? 10 : 28
  set(title, { x: left, y: isTight ? height / 2 + 4.5 : height / 2 - 4 })
  set(more, { x: isTight ? width - 8 : left, y: isTight ? height / 2 + 4 : height / 2 + 13 })
  set(more, { 'text-anchor': isTight ? 'end' : 'start' })
  const room = width - left - 4
  const short = isTight
    ? shortened(detail, detailFont, room / 2)
    : shortened(detail, detailFont, room)
  const used = isTight ? widthOf(short, detailFont) + 8 : 0
  say(more, short)
  say(title, shortened(name, nameFont, room - used))
  if (mark !== undefined && shape !== undefined) {
    set(mark, { transform: `translate(8 ${height / 2 - 7})` })
    const [inner] = mark.children
    if (inner !== undefined) reshape(inner, shape)
  }
}

const nameFont = '550 13px'
const detailFont = '12px'
const pen = document.createElement('canvas').getContext('2d')
/** @type {Map<string, string>} */
const known = new Map()

/** @param {string} text @param {string} font */
function widthOf(text, font) {
  if (pen === null) return text.length * 8
  pen.font = `${font} ${getComputedStyle(document.body).fontFamily}`
  return pen.measureText(text).width
}

/** Without its middle where it is too long: the ends of an address tell more, and of these the last one. @param {string} text @param {string} font @param {number} room */
function shortened(text, font, room) {
  const key = `${font} ${Math.round(room)} ${text}`
  const before = known.get(key)
  if (before !== undefined) return before
  let shown = text
  for (let kept = text.length - 1; kept > 2 && widthOf(shown, font) > room; kept--) {
    const first = font === detailFont ? kept : kept < 10 ? 0 : Math.ceil(kept / 2)
    shown = `${text.slice(0, first)}…${text.slice(text.length - (kept - first))}`
  }
  // Numbers change all the time.
  if (known.size > 1_000) known.clear()
  known.set(key, shown)
  return shown
}

/** @param {Model} model */
function inWords(model) {
  return model.state.pools
    .map((pool) => {
      const each = pool.backends
        .slice(0, 16)
        .map(({ health, id }) => `${id}, ${health}: ${figure(model.now(pool.name, id)[0])}`)
      return `Pool ${pool.name} by ${pool.strategy}, work a second: ${each.join('; ')}`
    })
    .join('. ')
}

/** For who does not see the drawing's key. */
export function flowKey() {
  return h('p', { class: 'hint' }, 'The wider, the more work a second.')
}
