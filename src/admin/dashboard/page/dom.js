// Elements in few words. Nothing here takes HTML: what a backend is called can never become markup.

/** @typedef {Record<string, string | number | boolean | undefined>} Attributes */
/** @typedef {(Node | string)[]} Children */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Attributes} [attributes] @param {Children} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  set(element, attributes)
  element.append(...children)
  return element
}

/**
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag @param {Attributes} [attributes] @param {Children} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  set(element, attributes)
  element.append(...children)
  return element
}

/** Sets what is different; undefined and false take it off. @param {Element} element @param {Attributes} attributes */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    const text = value === true ? '' : String(value)
    if (value === undefined || value === false) element.removeAttribute(name)
    else if (element.getAttribute(name) !== text) element.setAttribute(name, text)
  }
}

/** Changes nothing where nothing is new: screen readers would say it again. @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/**
 * Keeps one child for each key, in order; those that stay are not touched.
 *
 * @template T @template {Element} E
 * @param {Element} parent @param {readonly T[]} items @param {(item: T) => string} keyOf
 * @param {(item: T) => E} make @param {(element: E, item: T) => void} update
 */
export function keep(parent, items, keyOf, make, update) {
  const keys = new Set(items.map(keyOf))
  // First of all: what stays is not moved then, and does not lose the focus.
  for (const child of [...parent.children]) {
    if (!keys.has(child.getAttribute('data-key') ?? '')) child.remove()
  }
  const before = new Map(
    [...parent.children].map((child) => [child.getAttribute('data-key'), child]),
  )
  items.forEach((item, index) => {
    const key = keyOf(item)
    const known = /** @type {E | undefined} */ (before.get(key))
    before.delete(key)
    const element = known ?? make(item)
    if (known === undefined) element.setAttribute('data-key', key)
    update(element, item)
    if (parent.children[index] !== element)
      parent.insertBefore(element, parent.children[index] ?? null)
  })
  // Two items with one key.
  while (parent.children.length > items.length) parent.lastElementChild?.remove()
}

/** @param {string} id */
export function byId(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`no element ${id}`)
  return element
}
