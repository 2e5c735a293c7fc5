/**
 * The element that a page is known to have.
 * @param {ParentNode} root
 * @param {string} selector
 */
export const part = (root, selector) => {
  const element = root.querySelector(selector)
  if (!(element instanceof HTMLElement)) throw new Error(`The page has no ${selector}`)
  return element
}
