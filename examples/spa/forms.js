/** Forms: what is wrong stands beside its field, and is read out with it. */
import { AuthError } from './auth.js'
import { countDown } from './countdown.js'
import { part } from './page.js'

/** @param {HTMLFormElement} form @returns {HTMLInputElement[]} */
const inputsOf = (form) => [...form.querySelectorAll('input')]

/** @param {HTMLInputElement} input @param {string[]} messages none: it is right */
const mark = (input, messages) => {
  const error = part(document, `#${input.id}-error`)
  error.textContent = messages.map(sentence).join(' ')
  if (messages.length > 0) input.setAttribute('aria-invalid', 'true')
  else input.removeAttribute('aria-invalid')
}

/**
 * Marks fields and puts the focus on the first of them.
 * @param {HTMLFormElement} form
 * @param {AuthError['fields']} errors
 * @returns {string[]} what belongs to none of the form's fields
 */
const markAll = (form, errors) => {
  const inputs = inputsOf(form)
  for (const input of inputs) {
    mark(
      input,
      errors.filter(({ field }) => field === input.name).map(({ message }) => message),
    )
  }
  inputs.find((input) => input.getAttribute('aria-invalid') === 'true')?.focus()
  return errors
    .filter(({ field }) => !inputs.some(({ name }) => name === field))
    .map(({ field, message }) => `${field}: ${message}`)
}

/**
 * Sends a form's fields to `submit`, and shows beside them why they were refused.
 * @param {string} selector
 * @param {(fields: Record<string, string>) => Promise<void>} submit
 */
export const connectForm = (selector, submit) => {
  const form = part(document, selector)
  if (!(form instanceof HTMLFormElement)) throw new Error(`${selector} is not a form`)
  const button = part(form, 'button[type=submit]')
  const problem = part(form, '.problem')
  const explanation = part(problem, '.explanation')
  const timer = part(problem, '.timer')
  let stopWaiting = () => {}
  let busy = false
  // The browser's own bubbles say one thing at a time, and vanish. Without script they still work.
  form.noValidate = true

  /** @param {string} [text] @param {number} [wait] */
  const explain = (text = '', wait = 0) => {
    stopWaiting()
    timer.textContent = ''
    explanation.textContent = text
    problem.hidden = text === ''
    if (wait > 0) {
      stopWaiting = countDown(timer, 'Try again', wait, () => {
        explanation.textContent = ''
        timer.textContent = 'You can try again now.'
      })
    }
  }

  /** @param {unknown} error */
  const refused = (error) => {
    if (!(error instanceof AuthError)) throw error
    if (error.code === 'USER_EXISTS') {
      markAll(form, [{ field: 'email', message: error.message }])
      return
    }
    const others = markAll(form, error.fields)
    // What stands beside the fields needs no repetition above them.
    if (others.length > 0) explain(others.map(sentence).join(' '))
    else if (error.fields.length === 0) explain(sentence(error.message), error.wait)
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (busy) return
    explain()
    const empty = inputsOf(form).filter((input) => !input.checkValidity())
    markAll(
      form,
      empty.map(({ name, validationMessage }) => ({ field: name, message: validationMessage })),
    )
    if (empty.length > 0) return

    busy = true
    // Not `disabled`, which would take the focus away.
    button.setAttribute('aria-disabled', 'true')
    try {
      await submit(Object.fromEntries(inputsOf(form).map(({ name, value }) => [name, value])))
      // No password stays in the page.
      form.reset()
    } catch (error) {
      refused(error)
    } finally {
      busy = false
      button.removeAttribute('aria-disabled')
    }
  })

  // Somebody who mends a field need not look at its old fault.
  form.addEventListener('input', ({ target }) => {
    if (target instanceof HTMLInputElement) mark(target, [])
  })

  if (form.querySelector('.secret') !== null) connectReveal(form)
}

/** Shows a password that is being typed, to whoever wants to see it. @param {HTMLFormElement} form */
const connectReveal = (form) => {
  const toggle = part(form, '.reveal')
  const password = part(form, '.secret input')
  /** @param {boolean} shown */
  const reveal = (shown) => {
    password.setAttribute('type', shown ? 'text' : 'password')
    toggle.setAttribute('aria-pressed', String(shown))
  }
  toggle.addEventListener('click', () => reveal(toggle.getAttribute('aria-pressed') !== 'true'))
  form.addEventListener('reset', () => reveal(false))
}

/** @param {string} text */
const sentence = (text) => (/[.!?]$/.test(text) ? text : `${text}.`)
