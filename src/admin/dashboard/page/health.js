// How health is shown: a shape, a word and a tone, never a colour alone.
import { h, say, set } from './dom.js'
import { icon, reshape } from './icons.js'
import { ago, meanings, toneOf } from './words.js'

/** @typedef {import('./words.js').BackendState} BackendState */

/** @param {BackendState['health']} health @returns {import('./icons.js').Shape} */
export const shapeOfHealth = (health) => health

export function healthBadge() {
  return h('span', { class: 'badge' }, icon('unknown', 14), h('span', {}), h('small', {}))
}

/** @param {HTMLElement} badge @param {BackendState} backend */
export function drawBadge(badge, { forMs, health, reason }) {
  const [shape, word, since] = badge.children
  set(badge, {
    'data-tone': toneOf(health),
    title: `${meanings[health]}${reason && `: ${reason}`}`,
  })
  if (shape !== undefined) reshape(shape, shapeOfHealth(health))
  if (word !== undefined) say(word, health)
  if (since !== undefined) say(since, `${ago(forMs)}${reason && ` · ${reason}`}`)
}
