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
function make({ atMs, client, durationMs, end, picks, pool, queueMs, status, what }) {
  const time = h('time', { datetime: new Date(atMs).toISOString() }, clock(atMs))
  const how = end === 'finished' && status > 0 ? '' : (ends[end] ?? end.replaceAll('_', ' '))
  const outcome = [status > 0 ? String(status) : '', how].filter((text) => text !== '').join(', ')
  const title = h(
    'p',
    {},
    h('b', {}, what === '' ? 'A connection' : what),
    ` from ${client === '' ? 'a Unix socket' : client}: ${outcome}, after `,
    h('span', { class: 'whole' }, duration(durationMs)),
  )
  const lines = picks.map((pick, index) => h('li', {}, sentenceOf(pick, index, queueMs)))
  const why = h('ul', {}, ...lines)
  return h('li', {}, time, h('div', {}, title, why, h('small', {}, `pool ${pool}`)))
}

/** How it ended, where the word of the access log does not say it. @type {Record<string, string>} */
const ends = {
  finished: 'ended by both sides',
  client_gone: 'the client left',
  backend_reset: 'the backend broke off',
  backend_silent: 'the backend ended it without a word',
  idle_timeout: 'silent for too long',
  forced: 'broken off by a stop',
  no_backend: 'no backend could take it',
  backends_full: 'no backend had room in time',
  backend_connect: 'no backend could be connected to',
  backend_connect_timeout: 'no backend accepted in time',
}

/** @param {Pick} pick @param {number} index @param {number} queueMs */
function sentenceOf({ considered, failed, others, picked, strategy }, index, queueMs) {
  const out = considered.filter(({ id, leftOut }) => leftOut !== '' && id !== picked)
  const left = considered.filter(({ leftOut }) => leftOut === '').length + others
  const rivals = considered.filter(({ id, leftOut }) => leftOut === '' && id !== picked)
  const chosen = considered.find(({ id }) => id === picked)
  // It was picked although it could not be: it was waited for, is out since, or the client belonged to it.
  const isLate = chosen !== undefined && chosen.leftOut !== ''
  const facts = chosen === undefined || isLate ? '' : `, which ${stateOf(chosen)}`
  const than =
    rivals.length === 0
      ? ''
      : `, among ${plural(left, 'candidate')} (${rivals.slice(0, 3).map(shortOf).join('; ')})`
  const without =
    out.length === 0
      ? ''
      : `. Left out: ${out.map(({ id, leftOut }) => `${id} (${leftOut})`).join(', ')}`
  const then = failed === '' ? '' : `. That failed: ${failed}`
  return `${index === 0 ? '' : 'Then: '}${who()}${facts}${than}${without}${then}.`

  function who() {
    if (picked === '') return queueMs > 0 ? waited(queueMs) : 'Nobody could be picked'
    if (!isLate) return `${strategy} picked ${picked}`
    if (chosen?.leftOut === 'trial') return `${picked} was due for a trial`
    if (queueMs > 0) return `${waited(queueMs)}, then ${picked} had room`
    return `It went to ${picked} (by now ${chosen?.leftOut})`
  }
}

/** @param {number} ms */
const waited = (ms) => `All were full, so it waited ${duration(ms)} in line`

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
