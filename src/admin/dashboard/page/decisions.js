// Why a request came to its backend, in words.
import { h, keep } from './dom.js'
import { clock, duration, plural } from './words.js'

/** @typedef {import('./model.js').Model} Model */
/** @typedef {Model['decisions'][number]} Decision */
/** @typedef {Decision['picks'][number]} Pick */

/** @param {HTMLElement} section */
export function createDecisions(section) {
  const list = section.querySelector('ol')
  if (list === null) return () => {}
  return (/** @type {Model} */ { decisions }) => {
    section.hidden = decisions.length === 0
    // Who is reading one must not have it moved away.
    if (section.matches(':hover') || section.contains(document.activeElement)) return
    keep(list, decisions, keyOf, make, () => {})
  }
}

/** @param {Decision} decision */
const keyOf = ({ atMs, client, pool, what }) => `${atMs} ${pool} ${client} ${what}`

/** @param {Decision} decision */
function make({ atMs, client, durationMs, end, picks, pool, status, what }) {
  const time = h('time', { datetime: new Date(atMs).toISOString() }, clock(atMs))
  const outcome = status > 0 ? `${status} after ${duration(durationMs)}` : end
  const title = h(
    'p',
    {},
    h('b', {}, what === '' ? 'a connection' : what),
    ` from ${client}: ${outcome}`,
  )
  const lines = picks.map((pick, index) => h('li', {}, sentenceOf(pick, index)))
  const why = h('ul', {}, ...lines)
  return h('li', {}, time, h('div', {}, title, why, h('small', {}, `pool ${pool}`)))
}

/** @param {Pick} pick @param {number} index */
function sentenceOf({ considered, failed, others, picked, strategy }, index) {
  const out = considered.filter(({ leftOut }) => leftOut !== '')
  const left = considered.length - out.length + others
  const rivals = considered.filter(({ id, leftOut }) => leftOut === '' && id !== picked)
  const chosen = considered.find(({ id }) => id === picked)
  const who = picked === '' ? 'nobody could be picked' : `${strategy} picked ${picked}`
  const facts = chosen === undefined ? '' : `, which ${stateOf(chosen)}`
  const than =
    rivals.length === 0
      ? ''
      : `, among ${plural(left, 'candidate')} (${rivals.slice(0, 3).map(shortOf).join('; ')})`
  const without =
    out.length === 0
      ? ''
      : `. Left out: ${out.map(({ id, leftOut }) => `${id} (${leftOut})`).join(', ')}`
  const then = failed === '' ? '' : `. That failed: ${failed}`
  return `${index === 0 ? '' : 'then '}${who}${facts}${than}${without}${then}.`
}

/** @typedef {Pick['considered'][number]} Considered */

/** @param {Considered} considered */
function stateOf({ active, responseTimeMs, score }) {
  const quick =
    responseTimeMs === 0 ? '' : ` and answered in ${duration(responseTimeMs)} on average`
  const value =
    score === undefined ? '' : ` (score ${Number(score.toPrecision(3))}, the lowest wins)`
  return `held ${active}${quick}${value}`
}

/** @param {Considered} considered */
function shortOf({ active, id, score }) {
  return `${id}: ${score === undefined ? `held ${active}` : `score ${Number(score.toPrecision(3))}`}`
}
