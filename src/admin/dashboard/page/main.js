// Wires the parts: one stream of updates, one model, and a drawing for each part.
import { askForToken, currentToken } from './ask.js'
import { createDecisions } from './decisions.js'
import { byId, say, set } from './dom.js'
import { createFlow, flowKey } from './flow.js'
import { createHappenings } from './happenings.js'
import { Model } from './model.js'
import { createOrders } from './orders.js'
import { createPools } from './pools.js'
import { follow } from './stream.js'
import { offerThemes } from './theme.js'
import { aboutText, createVerdict } from './verdict.js'

const model = new Model()
byId('flow').before(flowKey())
const parts = [
  createVerdict(byId('verdict')),
  createFlow(byId('flow')),
  createPools(byId('pools'), createOrders(model)),
  createHappenings(byId('happenings')),
  createDecisions(byId('decisions')),
]

function draw() {
  // A page that nobody sees only remembers.
  if (document.hidden || model.samples.length + model.state.pools.length === 0) return
  for (const part of parts) part(model)
  say(byId('about'), aboutText(model))
}

/** @param {'live' | 'lost'} state @param {string} text */
function tell(state, text) {
  const link = byId('link')
  set(link, { 'data-state': state })
  say(link, text)
  set(document.body, { 'data-stale': state === 'lost' })
}

// What scrolls must do so by keyboard too.
for (const each of document.querySelectorAll('.scroll')) each.setAttribute('tabindex', '0')

offerThemes(byId('theme'), draw)
document.addEventListener('visibilitychange', draw)
new ResizeObserver(draw).observe(byId('flow'))
follow(currentToken, {
  told(update) {
    model.take(update)
    tell('live', 'live')
    draw()
  },
  lost: (why) => tell('lost', `not live: ${why}`),
  async refused() {
    tell('lost', 'not live: it takes the token')
    while (!(await askForToken()));
  },
})
