// Dialogs: what an order will do, said before it is done; and the token, which stays in memory.
import { byId, h, say } from './dom.js'

let token = ''
export const currentToken = () => token

/**
 * @typedef {{ title: string, does: () => string, warns?: () => string, command: () => string, button: string,
 *   inputs?: HTMLElement[], path: string, body: () => object }} Order
 */

/** Says what will happen, and does it if that is wanted. @param {Order} order */
export function confirmOrder({
  body,
  button,
  command,
  does,
  inputs = [],
  path,
  title,
  warns = () => '',
}) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('order'))
  const heading = h('h2', { id: 'order-title' }, title)
  const text = h('p', { role: 'status' })
  const warning = h('p', { class: 'warning', role: 'status' })
  const same = h('code', {})
  const problem = h('p', { class: 'warning', role: 'alert' })
  const refresh = () => {
    say(text, does())
    say(warning, warns())
    warning.hidden = warns() === ''
    say(same, command())
  }
  const go = h('button', { type: 'submit', class: 'go' }, button)
  const back = h('button', { type: 'button' }, 'Cancel')
  back.addEventListener('click', () => dialog.close())
  const form = h(
    'form',
    {},
    heading,
    ...inputs,
    text,
    warning,
    h('p', { class: 'hint same' }, 'The same on the command line:', same),
    problem,
    h('div', { class: 'choices' }, back, go),
  )
  form.addEventListener('input', refresh)
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    go.disabled = true
    const refused = await send(path, body())
    go.disabled = false
    if (refused === undefined) dialog.close()
    else say(problem, refused)
  })
  refresh()
  dialog.replaceChildren(form)
  dialog.showModal()
}

/** @param {string} path @param {object} order @returns {Promise<string | undefined>} why not. */
async function send(path, order) {
  for (;;) {
    try {
      const answer = await fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...authorization() },
        body: JSON.stringify(order),
      })
      if (answer.ok) return undefined
      if (answer.status !== 401) return (await answer.json()).message
      if (!(await askForToken())) return 'this takes the token'
    } catch {
      return 'piloti does not answer'
    }
  }
}

/** @returns {Record<string, string>} */
export const authorization = () => (token === '' ? {} : { authorization: `Bearer ${token}` })

/** @type {Promise<boolean> | undefined} */
let asking

/** @returns {Promise<boolean>} whether there is another one now. */
export function askForToken() {
  asking ??= ask().finally(() => {
    asking = undefined
  })
  return asking
}

/** @returns {Promise<boolean>} */
function ask() {
  const dialog = /** @type {HTMLDialogElement} */ (byId('token'))
  const input = h('input', {
    type: 'password',
    id: 'token-text',
    autocomplete: 'off',
    required: true,
  })
  const note =
    token === ''
      ? 'It is kept until this page is closed, and nowhere else.'
      : 'That token is wrong.'
  const form = h(
    'form',
    {},
    h('h2', { id: 'token-title' }, 'The admin token, please'),
    h('label', { for: 'token-text' }, 'Who has the token of --admin-token may look and steer.'),
    input,
    h('p', { class: token === '' ? 'hint' : 'warning', role: 'status' }, note),
    h('div', { class: 'choices' }, h('button', { type: 'submit', class: 'go' }, 'Continue')),
  )
  return new Promise((resolve) => {
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      token = input.value
      dialog.close('given')
    })
    dialog.returnValue = ''
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'given'), { once: true })
    dialog.replaceChildren(form)
    dialog.showModal()
  })
}
