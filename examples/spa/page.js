/** The parts of the page that its modules share. */

/**
 * The element that the page is known to have.
 * @param {ParentNode} root
 * @param {string} selector
 */
export const part = (root, selector) => {
  const element = root.querySelector(selector)
  if (!(element instanceof HTMLElement)) throw new Error(`The page has no ${selector}`)
  return element
}

/** @typedef {'loading' | 'signed-out' | 'signed-in'} View */
const views = /** @type {View[]} */ (['loading', 'signed-out', 'signed-in'])

/** @param {View} name */
export const isShown = (name) => !part(document, `#${name}`).hidden

/** @param {View | 'none'} name @param {{ focus?: string }} [options] */
export const show = (name, { focus } = {}) => {
  for (const view of views) part(document, `#${view}`).hidden = view !== name
  if (focus !== undefined) part(document, focus).focus()
}

/** Says a thing in passing, aloud too where a screen reader runs. @param {string} text */
export const say = (text) => {
  part(document, '#notice').textContent = text
}
