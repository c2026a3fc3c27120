// Shapes that tell states apart without colour.
import { svg } from './dom.js'

/** On a grid of 16 by 16. */
const shapes = {
  up: 'M3.2 8.4 6.6 11.8 12.8 4.8',
  down: 'M4 4l8 8M12 4l-8 8',
  ejected: 'M8 3.5 12.5 9h-9ZM3.5 12.5h9',
  trial: 'M8 3v5l3.2 2M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0',
  overloaded: 'M8 2.8 14 13H2ZM8 6.8v2.8M8 11.2v.3',
  draining: 'M8 2.8v7.4M4.8 7.2 8 10.4l3.2-3.2M3 13.2h10',
  unknown: 'M5.6 6a2.4 2.4 0 1 1 3.4 2.2c-.7.3-1 .8-1 1.6M8 12.2v.3',
  note: 'M8 7.2v4M8 4.6v.3M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0',
}

/** @typedef {keyof typeof shapes} Shape */

/** @param {Shape} shape @param {number} [size] */
export function icon(shape, size = 16) {
  return svg(
    'svg',
    { class: 'icon', viewBox: '0 0 16 16', width: size, height: size, 'aria-hidden': 'true' },
    svg('path', { d: shapes[shape] }),
  )
}

/** Draws another shape into what `icon` gave. @param {Element} element @param {Shape} shape */
export function reshape(element, shape) {
  const path = element.firstElementChild
  if (path !== null && path.getAttribute('d') !== shapes[shape])
    path.setAttribute('d', shapes[shape])
}

/** @type {Record<string, Shape>} */
const ofEvents = {
  backend_up: 'up',
  backend_added: 'up',
  fail_open_over: 'up',
  backend_down: 'down',
  backend_ejected: 'ejected',
  drain_start: 'draining',
  fail_open: 'overloaded',
  reload_rejected: 'overloaded',
}

/** @param {string} event */
export const shapeOf = (event) => ofEvents[event] ?? 'note'

/** @param {string} event @returns {'good' | 'wait' | 'bad' | 'plain'} */
export function toneOfEvent(event) {
  if (event === 'backend_up' || event === 'fail_open_over') return 'good'
  if (event === 'drain_start' || event === 'reload_rejected') return 'wait'
  return event === 'backend_down' || event === 'backend_ejected' || event === 'fail_open'
    ? 'bad'
    : 'plain'
}
