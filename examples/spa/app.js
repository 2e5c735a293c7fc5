/** The page: which view is shown, and what the buttons do. */
import { AuthError, createAuth } from './auth.js'
import { apiUrl } from './config.js'
import { countDown } from './countdown.js'
import { connectForm } from './forms.js'
import { part } from './part.js'

const views = ['loading', 'signed-out', 'signed-in']
const notice = part(document, '#notice')
const trouble = part(document, '#trouble')

/** @param {string} name @param {{ focus?: string | undefined }} [options] */
const show = (name, { focus } = {}) => {
  for (const view of views) part(document, `#${view}`).hidden = view !== name
  if (focus !== undefined) part(document, focus).focus()
}

const isShown = (/** @type {string} */ name) => !part(document, `#${name}`).hidden

// ---- Trouble: nothing was decided, so whoever is signed in stays so, and it is tried again.

/** Seconds between attempts, where the server names none or a shorter time. */
const pauseMax = 30
let attempts = 0
/** Ends the wait for the next attempt. */
let stopWaiting = () => {}
let retry = () => {}

const overTrouble = () => {
  stopWaiting()
  trouble.hidden = true
  attempts = 0
}

/**
 * Asks the server, and again after a while for as long as it gives no verdict.
 * @param {string} stillSo what holds meanwhile
 * @param {() => Promise<void>} work
 */
const untilDecided = async (stillSo, work) => {
  stopWaiting()
  try {
    await work()
    overTrouble()
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    if (error.meaning !== 'later') {
      overTrouble()
      // The view of somebody signed out comes with the change itself.
      if (error.meaning === 'signed-out') return
      notice.textContent = error.message
      if (isShown('loading')) show('none')
      return
    }
    attempts++
    // Growing, and not the same for everybody, or all pages would come back at once.
    const pause = Math.min(pauseMax, 2 ** attempts) * (1 + Math.random() / 2)
    const wait = Math.ceil(Math.max(error.wait ?? 0, pause))
    show(isShown('signed-in') ? 'signed-in' : 'none')
    part(trouble, '.explanation').textContent = `${error.message} ${stillSo}`
    trouble.hidden = false
    retry = () => void untilDecided(stillSo, work)
    stopWaiting = countDown(part(trouble, '.timer'), wait, retry)
  }
}

part(trouble, 'button').addEventListener('click', () => retry())
addEventListener('online', () => {
  if (!trouble.hidden) retry()
})

// ---- Signed in

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' })
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** @param {string} selector @param {Intl.DateTimeFormat} format @param {string | null} time */
const fillTime = (selector, format, time) => {
  const element = part(document, selector)
  element.textContent = time === null ? 'never' : format.format(new Date(time))
  if (time !== null) element.setAttribute('datetime', time)
}

/** Shows who is signed in. @param {{ focus?: string }} [options] */
const load = (options) => {
  const stillSo = isShown('signed-in')
    ? 'You are still signed in.'
    : 'If you were signed in, you still are.'
  return untilDecided(stillSo, async () => {
    const { data } = await auth.request('/api/auth/session')
    const { user, session } = data
    part(document, '#greeting').textContent = user.name
    part(document, '#signed-in .email').textContent = user.email
    part(document, '#signed-in .initial').textContent = [...user.name][0].toUpperCase()
    part(document, '#signed-in .role').textContent = user.role
    fillTime('.member-since', day, user.createdAt)
    fillTime('.last-sign-in', moment, user.lastLoginAt)
    fillTime('.session-expires', moment, session.expiresAt)
    show('signed-in', options)
  })
}

part(document, '#reload').addEventListener('click', async () => {
  notice.textContent = ''
  await load()
  if (isShown('signed-in') && trouble.hidden) notice.textContent = 'This is up to date.'
})

part(document, '#sign-out').addEventListener('click', () => {
  notice.textContent = ''
  untilDecided('You may still be signed in.', auth.signOut)
})

// ---- Signed out

/** The form that the address asks for; links and the back button work as anywhere. */
const chosenForm = () => (location.hash === '#sign-up' ? 'sign-up' : 'sign-in')

const choose = () => {
  for (const name of ['sign-in', 'sign-up']) {
    const chosen = name === chosenForm()
    part(document, `#${name}-form`).hidden = !chosen
    const link = part(document, `a[href="#${name}"]`)
    if (chosen) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
}
addEventListener('hashchange', choose)
choose()

connectForm('#sign-in-form', async ({ email = '', password = '' }) => {
  await auth.signIn({ email, password })
  await load({ focus: '#greeting' })
})
connectForm('#sign-up-form', async ({ email = '', password = '', name = '' }) => {
  const { message, data } = await auth.signUp({ email, password, name })
  if (data?.expiresIn !== undefined) await load({ focus: '#greeting' })
  // The server wants the address verified first.
  else notice.textContent = message
})

// ---- What happens to the session, here or in another tab

const auth = createAuth({
  apiUrl,
  onChange: (change, source) => {
    const elsewhere = source === 'another tab'
    if (change === 'refreshed') {
      fillTime('.refreshed', moment, new Date().toISOString())
      return
    }
    overTrouble()
    if (change === 'signed-in') {
      notice.textContent = ''
      // In this tab the form goes on by itself.
      if (elsewhere) void load()
      return
    }
    const wasSignedIn = isShown('signed-in')
    if (wasSignedIn) {
      notice.textContent = elsewhere ? 'You were signed out in another tab.' : 'You are signed out.'
    }
    show('signed-out', wasSignedIn ? { focus: `#${chosenForm()}-title` } : {})
  },
})

// A page that the back button brings back shows what was so when it was left.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) void load()
})
void load()
