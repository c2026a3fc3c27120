// What happened, newest first.
import { h, keep } from './dom.js'
import { icon, shapeOf, toneOfEvent } from './icons.js'
import { clock } from './words.js'

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./model.js').Happening} Happening */

const shownMost = 60

/** @param {HTMLElement} list */
export function createHappenings(list) {
  const none = h(
    'p',
    { class: 'hint' },
    'Nothing yet: ups and downs, drains, reloads and swaps will stand here.',
  )
  list.after(none)
  return (/** @type {Model} */ { happenings }) => {
    const newest = happenings.slice(-shownMost).reverse()
    keep(
      list,
      newest,
      ({ nth }) => String(nth),
      make,
      () => {},
    )
    none.hidden = newest.length > 0
    list.hidden = newest.length === 0
  }
}

/** @param {Happening} happening */
function make({ atMs, event, pool, sentence }) {
  const time = h('time', { datetime: new Date(atMs).toISOString() }, clock(atMs))
  const text = h(
    'span',
    {},
    sentence,
    ...(pool === undefined ? [] : [h('small', {}, ` pool ${pool}`)]),
  )
  return h(
    'li',
    { 'data-tone': toneOfEvent(event), 'data-event': event },
    time,
    icon(shapeOf(event), 14),
    text,
  )
}
