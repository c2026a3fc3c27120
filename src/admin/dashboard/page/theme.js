// Light, dark, or as the system has it. Only this choice is stored.
import { say } from './dom.js'

const choices = /** @type {const} */ (['system', 'light', 'dark'])
const key = 'piloti-theme'

/** @param {HTMLElement} button @param {() => void} changed */
export function offerThemes(button, changed) {
  let choice = stored()
  const show = () => {
    if (choice === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = choice
    say(button, `Theme: ${choice}`)
    changed()
  }
  button.addEventListener('click', () => {
    choice = choices[(choices.indexOf(choice) + 1) % choices.length] ?? 'system'
    localStorage.setItem(key, choice)
    show()
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed)
  show()
}

function stored() {
  const text = localStorage.getItem(key)
  return choices.find((choice) => choice === text) ?? 'system'
}
