// One section for each pool: its strategy, its backends with their numbers, and the heat map.
import { h, keep, say, set } from './dom.js'
import { drawBadge, healthBadge } from './health.js'
import { createHeat } from './heat.js'
import { drawSpark, spanOf, sparkline, sparkMs } from './sparkline.js'
import { duration, figure, percent, plural, workOf } from './words.js'

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./words.js').PoolState} PoolState */
/** @typedef {import('./words.js').BackendState} BackendState */
/**
 * @typedef {{ drain(pool: string, id: string): void, ready(pool: string, id: string): void,
 *   maintenance(pool: string, id: string): void, weight(pool: string, id: string): void,
 *   strategy(pool: string): void }} Orders
 */

const columns = ['Backend', 'Requests/s', 'p50', 'p99', 'Active', 'Failed', 'Weight', 'Steer']

/** @param {HTMLElement} place @param {Orders} orders */
export function createPools(place, orders) {
  /** @type {WeakMap<Element, (model: Model, pool: PoolState) => void>} */
  const drawings = new WeakMap()
  return (/** @type {Model} */ model) => {
    const make = (/** @type {PoolState} */ { name }) => {
      const { draw, section } = createPool(name, orders)
      drawings.set(section, draw)
      return section
    }
    const update = (/** @type {Element} */ section, /** @type {PoolState} */ pool) =>
      drawings.get(section)?.(model, pool)
    keep(place, model.state.pools, ({ name }) => name, make, update)
  }
}

/** @param {string} name @param {Orders} orders */
function createPool(name, orders) {
  const summary = h('p', { class: 'hint' })
  const strategy = h('button', { type: 'button' })
  strategy.addEventListener('click', () => orders.strategy(name))
  const body = h('tbody', { role: 'rowgroup' })
  const head = h(
    'tr',
    { role: 'row' },
    ...columns.map((text) => h('th', { role: 'columnheader', scope: 'col' }, text)),
  )
  const table = h(
    'table',
    { role: 'table', 'aria-label': `Backends of pool ${name}` },
    h('thead', { role: 'rowgroup' }, head),
    body,
  )
  const heat = createHeat(name)
  const more = createMore()
  const title = h('h2', {}, `Pool ${name}`)
  const top = h('div', { class: 'card-top' }, h('div', {}, title, summary), strategy)
  const section = h(
    'section',
    { class: 'card', 'aria-label': `Pool ${name}` },
    top,
    table,
    more.element,
    heat.element,
  )
  const draw = (/** @type {Model} */ model, /** @type {PoolState} */ pool) => {
    const line = pool.queued > 0 ? ` · ${plural(pool.queued, 'request')} in line` : ''
    const isEmpty = pool.backends.length === 0
    const may = `${pool.available} of ${plural(pool.backends.length, 'backend')} may take work${line}`
    say(summary, isEmpty ? 'No backend yet: piloti add HOST:PORT adds one.' : may)
    table.hidden = isEmpty
    say(strategy, `Strategy: ${pool.strategy}`)
    const tops = topsOf(model, pool)
    const modes = model.state.listeners.filter(({ pools }) => pools.includes(name))
    const work = workOf(modes[0]?.mode ?? 'http')
    if (head.children[1] !== undefined) say(head.children[1], work)
    const make = (/** @type {BackendState} */ { id }) => createRow(name, id, orders)
    const update = (/** @type {HTMLElement} */ row, /** @type {BackendState} */ backend) =>
      drawRow(row, model, pool, backend, tops, work)
    keep(body, pool.backends, ({ id }) => id, make, update)
    more.draw(pool, [...body.children])
    heat.draw(model)
  }
  return { section, draw }
}

/** A longer pool shows so many of those that are well, and all that are not. */
const calmMost = 10

/** Hides what is well in a long pool, until it is asked for. */
function createMore() {
  let isAll = false
  const element = h('button', { type: 'button', class: 'more', 'aria-expanded': 'false' })
  /** @type {() => void} */
  let redraw = () => {}
  element.addEventListener('click', () => {
    isAll = !isAll
    redraw()
  })
  const draw = (/** @type {PoolState} */ pool, /** @type {Element[]} */ rows) => {
    const { backends } = pool
    redraw = () => draw(pool, rows)
    let calm = 0
    const isLong = backends.length > calmMost + 2
    const hidden = backends.map(({ health }) => isLong && health === 'up' && ++calm > calmMost)
    const count = hidden.filter(Boolean).length
    rows.forEach((row, index) => {
      const isHidden = !isAll && hidden[index] === true
      // Who is in it is not thrown out.
      set(row, { hidden: isHidden && !row.contains(document.activeElement) })
    })
    element.hidden = count === 0
    set(element, { 'aria-expanded': String(isAll) })
    say(
      element,
      isAll
        ? 'Show fewer'
        : `Show ${plural(count, 'more backend')} that ${count === 1 ? 'is' : 'are'} up`,
    )
  }
  return { element, draw }
}

/** @param {string} pool @param {string} id @param {Orders} orders */
function createRow(pool, id, orders) {
  const cell = (/** @type {string} */ label, /** @type {(Node | string)[]} */ ...children) =>
    h('td', { role: 'cell', 'data-label': label }, ...children)
  const number = (/** @type {string} */ label) =>
    cell(label, h('span', { class: 'number' }), sparkline())
  const steer = h('button', { type: 'button', 'data-does': 'drain' }, 'Drain')
  steer.addEventListener('click', () =>
    steer.dataset.does === 'ready' ? orders.ready(pool, id) : orders.drain(pool, id),
  )
  const maintain = h(
    'button',
    { type: 'button', 'aria-label': `Maintenance of ${id} …` },
    'Maintenance',
  )
  maintain.addEventListener('click', () => orders.maintenance(pool, id))
  const weight = h('button', { type: 'button', class: 'weight' })
  weight.addEventListener('click', () => orders.weight(pool, id))
  const name = h(
    'th',
    { role: 'rowheader', scope: 'row' },
    h('span', { class: 'id' }, id),
    healthBadge(),
  )
  const numbers = ['Requests/s', 'p50', 'p99', 'Active', 'Failed'].map(number)
  return h(
    'tr',
    { role: 'row' },
    name,
    ...numbers,
    cell('Weight', weight),
    cell('Steer', h('div', { class: 'steer' }, steer, maintain)),
  )
}

/** @typedef {readonly [number, number, number, number, number]} Tops */

/** One scale for all backends of a pool, so that they can be compared. @param {Model} model @param {PoolState} pool @returns {Tops} */
function topsOf(model, pool) {
  const since = model.nowMs - sparkMs
  const rows = model.samples
    .filter(({ atMs }) => atMs >= since)
    .flatMap(({ pools }) => Object.values(pools[pool.name]?.backends ?? {}))
  const top = (/** @type {0 | 1 | 2 | 3 | 4} */ column, /** @type {number} */ least) =>
    rows.reduce((most, row) => Math.max(most, row[column] ?? 0), least)
  return [top(0, 1), top(1, 1), top(2, 1), top(3, 2), top(4, 1)]
}

/** @param {HTMLElement} row @param {Model} model @param {PoolState} pool @param {BackendState} backend @param {Tops} tops @param {string} work */
function drawRow(row, model, { name: pool }, backend, tops, work) {
  const { fullWeight, id, isDraining, maxConnections, weight } = {
    ...backend,
    isDraining: backend.health === 'draining',
  }
  const [perS, p50, p99, , failures] = model.now(pool, id)
  const share = perS === 0 ? (failures > 0 ? 1 : 0) : Math.min(1, failures / perS)
  const active =
    maxConnections > 0 ? `${backend.active} of ${maxConnections}` : String(backend.active)
  const texts = [figure(perS), duration(p50), duration(p99), active, percent(share)]
  const [name, ...cells] = row.children
  const spanMs = spanOf(model.knownMs)
  const badge = /** @type {HTMLElement | null | undefined} */ (name?.lastElementChild)
  if (badge) drawBadge(badge, backend)
  texts.forEach((text, column) => {
    const [number, spark] = cells[column]?.children ?? []
    if (number === undefined || spark === undefined) return
    say(number, text)
    drawSpark(spark, model.series(pool, id, column, spanMs), tops[column] ?? 1, spanMs)
  })
  set(cells[0] ?? row, { 'data-label': work })
  set(cells[4] ?? row, { 'data-tone': share > 0 ? 'bad' : undefined })
  const [weigher, steer] = [cells[5]?.firstElementChild, cells[6]?.querySelector('button')]
  if (weigher) {
    say(
      weigher,
      weight === fullWeight
        ? figureOf(fullWeight)
        : `${figureOf(weight)} of ${figureOf(fullWeight)}`,
    )
    set(weigher, { 'aria-label': `Weight of ${id}: ${figureOf(fullWeight)}. Change …` })
  }
  if (steer) {
    const does = isDraining ? 'ready' : 'drain'
    say(steer, isDraining ? 'Make ready' : 'Drain')
    set(steer, { 'data-does': does, 'aria-label': `${isDraining ? 'Make ready' : 'Drain'} ${id}` })
  }
}

/** @param {number} weight */
const figureOf = (weight) => String(Math.round(weight * 100) / 100)
