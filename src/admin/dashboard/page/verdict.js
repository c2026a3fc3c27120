// The first thing to see at 3 a.m.: is all well, and if not, what is not.
import { h, say, set } from './dom.js'
import { icon, reshape } from './icons.js'
import { createNumbers } from './numbers.js'
import { ago, plural, toneOf } from './words.js'

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('../told.ts').State} State */

/** @param {HTMLElement} section */
export function createVerdict(section) {
  const shape = icon('note', 28)
  const title = h('p', { class: 'verdict-title', role: 'status' })
  const more = h('p', { class: 'verdict-more' })
  section.append(shape, h('div', {}, title, more))
  const numbers = createNumbers()
  section.after(numbers.element)
  return (/** @type {Model} */ model) => {
    const { sentence, details, tone } = judge(model.state)
    set(section, { 'data-tone': tone })
    reshape(shape, tone === 'good' ? 'up' : tone === 'bad' ? 'down' : 'overloaded')
    say(title, sentence)
    say(more, details)
    more.hidden = details === ''
    numbers.draw(model)
  }
}

/** @param {State} state @returns {{ sentence: string, details: string, tone: 'good' | 'wait' | 'bad' }} */
function judge({ pools }) {
  const all = pools.flatMap((pool) => pool.backends.map((backend) => ({ pool, backend })))
  const open = pools.filter(({ isFailOpen }) => isFailOpen)
  const none = pools.filter(({ available, isFailOpen }) => available === 0 && !isFailOpen)
  const bad = all.filter(({ backend }) => toneOf(backend.health) === 'bad')
  const waiting = all.filter(({ backend }) => toneOf(backend.health) === 'wait')
  const details = [...bad, ...waiting]
    .slice(0, 4)
    .map(({ backend: { health, id, reason } }) => `${id} ${health}${reason && ` (${reason})`}`)
    .join(' · ')
  if (none.length > 0) {
    const empty = none.filter(({ backends }) => backends.length === 0)
    const sentence = `Nobody takes work in ${named(none)}: clients get errors`
    const why = empty.length > 0 ? `No backend in ${named(empty)}` : ''
    return { sentence, details: [why, details].filter(Boolean).join(' · '), tone: 'bad' }
  }
  if (open.length > 0) {
    return { sentence: `No backend is up in ${named(open)}: all are tried`, details, tone: 'bad' }
  }
  if (bad.length > 0) {
    const are = bad.length === 1 ? 'is' : 'are'
    const sentence = `${bad.length} of ${plural(all.length, 'backend')} ${are} out; the others take the work`
    return { sentence, details, tone: 'bad' }
  }
  if (waiting.length > 0) {
    const sentence = `${plural(waiting.length, 'backend')} of ${all.length} ${waiting.length === 1 ? 'takes' : 'take'} no full part`
    return { sentence, details, tone: 'wait' }
  }
  const who = all.length === 1 ? 'the backend is' : `all ${all.length} backends are`
  return { sentence: `All is well: ${who} up`, details: '', tone: 'good' }
}

/** @param {State['pools']} pools */
const named = (pools) => `pool ${pools.map(({ name }) => name).join(', ')}`

/** @param {Model} model */
export const aboutText = ({ about, knownMs }) =>
  `piloti ${about.version} · process ${about.pid} · numbers are of the last 3 s, the history of ${ago(knownMs)}`
