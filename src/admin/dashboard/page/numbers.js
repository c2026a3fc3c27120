// The four numbers of all of it, large, and how they went.
import { h, say, set } from './dom.js'
import { drawSpark, spanOf, sparkline } from './sparkline.js'
import { duration, figure, percent, workOf } from './words.js'

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./model.js').Sample} Sample */
/** @typedef {{ perS: number, p99Ms: number | null, active: number, failed: number | null }} Totals */

export function createNumbers() {
  const tiles = ['', 'Slowest p99', 'Under way', 'Failed at backends'].map(createTile)
  const element = h('dl', { class: 'numbers' }, ...tiles.map(({ element }) => element))
  const draw = (/** @type {Model} */ model) => {
    const spanMs = spanOf(model.knownMs)
    const course = model.samples
      .filter(({ atMs }) => atMs >= model.nowMs - spanMs)
      .map((sample) => ({ agoMs: model.nowMs - sample.atMs, ...totalsOf(sample) }))
    const now = course.at(-1) ?? { perS: 0, p99Ms: null, active: 0, failed: null }
    const modes = new Set(model.state.listeners.map(({ mode }) => mode))
    const work = workOf(modes.size === 1 ? ([...modes][0] ?? '') : '')
    const failed = now.failed === null ? '–' : percent(now.failed)
    const texts = [figure(now.perS), duration(now.p99Ms), String(now.active), failed]
    const values = [
      course.map(({ agoMs, perS }) => ({ agoMs, value: perS })),
      course.map(({ agoMs, p99Ms }) => ({ agoMs, value: p99Ms })),
      course.map(({ agoMs, active }) => ({ agoMs, value: active })),
      course.map(({ agoMs, failed }) => ({ agoMs, value: failed })),
    ]
    tiles.forEach(({ element: tile, name, number, spark }, index) => {
      const series = values[index] ?? []
      if (index === 0) say(name, work)
      say(number, texts[index] ?? '')
      set(tile, { 'data-tone': index === 3 && (now.failed ?? 0) > 0 ? 'bad' : undefined })
      const least = index === 3 ? 0.05 : 1
      const top = series.reduce((most, { value }) => Math.max(most, value ?? 0), least)
      drawSpark(spark, series, top, spanMs)
    })
  }
  return { element, draw }
}

/** @param {string} label */
function createTile(label) {
  const [name, number, spark] = [h('dt', {}, label), h('span', {}), sparkline()]
  const element = h('div', { class: 'tile' }, name, h('dd', {}, number, spark))
  return { element, name, number, spark }
}

/** @param {Sample} sample @returns {Totals} */
function totalsOf({ listeners, pools }) {
  const rows = Object.values(pools).flatMap(({ backends }) => Object.values(backends))
  const sum = (/** @type {0 | 3 | 4} */ column) => rows.reduce((all, row) => all + row[column], 0)
  const slowest = rows.reduce((most, [, , p99]) => Math.max(most, p99 ?? 0), 0)
  const [done, failures] = [sum(0), sum(4)]
  return {
    perS: Object.values(listeners).reduce((all, perS) => all + perS, 0),
    p99Ms: slowest === 0 ? null : slowest,
    active: sum(3),
    failed: done + failures === 0 ? null : Math.min(1, failures / Math.max(done, failures)),
  }
}
