// What can be ordered, and what each order will do, in words.
import { confirmOrder } from './ask.js'
import { h } from './dom.js'
import { strategySentences } from './strategies.js'
import { percent, plural } from './words.js'

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./words.js').PoolState} PoolState */

/** @param {Model} model @returns {import('./pools.js').Orders} */
export function createOrders(model) {
  const poolOf = (/** @type {string} */ name) =>
    model.state.pools.find((pool) => pool.name === name)
  const command = (/** @type {string} */ name, /** @type {string} */ pool) =>
    `piloti ${name}${model.state.pools.length > 1 ? ` --pool ${pool}` : ''}`
  return {
    drain(name, id) {
      confirmOrder({
        title: `Drain ${id}?`,
        does: () => drained(poolOf(name), id),
        warns: () => aloneWarning(poolOf(name), id),
        command: () => command(`drain ${id}`, name),
        button: 'Drain',
        path: '/drain',
        body: () => ({ backend: id, pool: name }),
      })
    },
    maintenance(name, id) {
      const input = h('input', { id: 'note', type: 'text', maxlength: 200, autocomplete: 'off' })
      const note = () => input.value.trim()
      confirmOrder({
        title: `Maintenance of ${id}`,
        inputs: [h('label', { for: 'note' }, 'What for, if you like'), input],
        does: () =>
          `${drained(poolOf(name), id)} Everybody who looks sees ${
            note() === '' ? 'that it is in maintenance' : `“maintenance: ${note()}”`
          }; no probe brings it back.`,
        warns: () => aloneWarning(poolOf(name), id),
        command: () =>
          command(`maintenance ${id}${note() === '' ? '' : ` ${quoted(note())}`}`, name),
        button: 'Begin maintenance',
        path: '/maintenance',
        body: () => ({ backend: id, pool: name, note: note() }),
      })
    },
    ready(name, id) {
      confirmOrder({
        title: `Give ${id} work again?`,
        does: () =>
          'If it is well, it takes its share of the new work at once. Until now it finished what it had.',
        command: () => command(`ready ${id}`, name),
        button: 'Make ready',
        path: '/ready',
        body: () => ({ backend: id, pool: name }),
      })
    },
    weight(name, id) {
      const before = poolOf(name)?.backends.find((backend) => backend.id === id)?.fullWeight ?? 1
      const input = h('input', {
        id: 'weight',
        type: 'number',
        min: 0.001,
        max: 1_000_000,
        step: 'any',
        value: before,
        required: true,
      })
      confirmOrder({
        title: `Weight of ${id}`,
        inputs: [h('label', { for: 'weight' }, 'New weight'), input],
        does: () => weighed(poolOf(name), id, Number(input.value)),
        command: () => command(`weight ${id} ${input.value}`, name),
        button: 'Change weight',
        path: '/weight',
        body: () => ({ backend: id, pool: name, weight: Number(input.value) }),
      })
    },
    strategy(name) {
      const now = poolOf(name)?.strategy ?? ''
      const options = model.about.strategies.map((each) =>
        h('option', { value: each, selected: each === now }, each),
      )
      const select = h('select', { id: 'strategy' }, ...options)
      confirmOrder({
        title: `How pool ${name} picks`,
        inputs: [h('label', { for: 'strategy' }, `Strategy, now ${now}`), select],
        does: () =>
          `${strategySentences[select.value] ?? ''} New work is spread so from now on; work under way and all counters stay. A restart forgets it.`,
        command: () => command(`strategy ${select.value}`, name),
        button: 'Swap strategy',
        path: '/strategy',
        body: () => ({ pool: name, strategy: select.value }),
      })
    },
  }
}

/** How many besides it are up. @param {PoolState | undefined} pool @param {string} id */
const othersOf = (pool, id) =>
  pool?.backends.filter((backend) => backend.id !== id && backend.health === 'up').length ?? 0

/** @param {PoolState | undefined} pool @param {string} id */
const aloneWarning = (pool, id) =>
  othersOf(pool, id) > 0 ? '' : 'No other backend may take work: clients will get errors.'

/** As a shell takes it for one word. @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`

/** @param {PoolState | undefined} pool @param {string} id */
function drained(pool, id) {
  const active = pool?.backends.find((backend) => backend.id === id)?.active ?? 0
  const others = othersOf(pool, id)
  const what =
    active === 0
      ? 'It holds no work now'
      : `It finishes the ${plural(active, 'piece')} of work it holds`
  const who =
    others === 0
      ? ''
      : ` ${others === 1 ? 'The other backend takes' : `The ${others} others take`} its share.`
  return `${what} and gets no more, until it is made ready again.${who}`
}

/** @param {PoolState | undefined} pool @param {string} id @param {number} weight */
function weighed(pool, id, weight) {
  const up = pool?.backends.filter(({ health }) => health === 'up') ?? []
  const sumWith = (/** @type {number} */ own) =>
    up.reduce((sum, backend) => sum + (backend.id === id ? own : backend.fullWeight), 0)
  const before = up.find((backend) => backend.id === id)?.fullWeight
  if (!(weight > 0)) return 'A weight is above 0. To give a backend nothing, drain it.'
  if (before === undefined)
    return 'It takes no full part now; the weight counts once it is up again.'
  const [was, is] = [before / sumWith(before), weight / sumWith(weight)]
  return `Its share of new work will be about ${percent(is)} instead of ${percent(was)}, with a strategy that goes by weights. It stays so until it is changed again.`
}
