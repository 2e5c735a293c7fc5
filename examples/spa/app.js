/** The page: what its buttons do, and which view the session's state calls for. */
import { createAuth } from './auth.js'
import { apiUrl } from './config.js'
import { connectForm } from './forms.js'
import { isShown, part, say, show } from './page.js'
import { endTrouble, inTrouble, untilDecided } from './trouble.js'

/** How often somebody signed in or out, here or in another tab. */
let changes = 0

const auth = createAuth({
  apiUrl,
  onChange: (change, source) => {
    if (change === 'refreshed') {
      fillTime('.refreshed', clock, new Date().toISOString())
      return
    }
    const elsewhere = source === 'another tab'
    changes++
    endTrouble()
    if (change === 'signed-in') {
      say('')
      // Whoever signs out later has an account by now.
      history.replaceState(null, '', location.pathname)
      choose()
      // In this tab the form goes on by itself.
      if (elsewhere) void load()
      return
    }
    const wasSignedIn = isShown('signed-in')
    if (wasSignedIn) {
      say(elsewhere ? 'You were signed out in another tab.' : 'Your session has ended.')
    }
    show('signed-out', wasSignedIn ? { focus: `#${chosenForm()}-title` } : {})
  },
})

// ---- Signed in

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' })
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })

/** @param {string} selector @param {Intl.DateTimeFormat} format @param {string | null} time */
const fillTime = (selector, format, time) => {
  const element = part(document, selector)
  element.textContent = time === null ? 'never' : format.format(new Date(time))
  if (time !== null) element.setAttribute('datetime', time)
}

/** Shows who is signed in. @param {{ focus?: string }} [options] */
const load = (options) => {
  const meanwhile = isShown('signed-in')
    ? 'You are still signed in.'
    : 'If you were signed in, you still are.'
  return untilDecided(meanwhile, async () => {
    const before = changes
    const { data } = await auth.request('/api/auth/session')
    // Somebody signed in or out while this was on its way: it is about the one before.
    if (changes !== before) return
    const { user, session } = data
    part(document, '#greeting').textContent = user.name
    part(document, '#signed-in .email').textContent = user.email
    part(document, '#signed-in .initial').textContent = [...user.name][0].toUpperCase()
    part(document, '#signed-in .role').textContent = user.role
    fillTime('.member-since', day, user.createdAt)
    fillTime('.last-sign-in', moment, user.lastLoginAt)
    fillTime('.session-expires', moment, session.expiresAt)
    part(document, '#unverified').hidden = user.emailVerified
    show('signed-in', options)
  })
}

part(document, '#reload').addEventListener('click', async () => {
  say('')
  await load()
  if (isShown('signed-in') && !inTrouble()) say('This is up to date.')
})

part(document, '#sign-out').addEventListener('click', () => {
  say('')
  void untilDecided('You may still be signed in.', async () => {
    await auth.signOut()
    say('You are signed out.')
  })
})

part(document, '#resend').addEventListener('click', () => {
  void untilDecided('You are still signed in.', async () => {
    const { message } = await auth.request('/api/auth/email/resend', { method: 'POST' })
    say(`${message}.`)
  })
})

connectForm('#delete-form', async ({ password = '' }) => {
  await auth.deleteAccount(password)
  say('Your account is gone.')
})

// ---- Signed out

const forms = ['sign-in', 'sign-up', 'forgot']

/** The form that the address asks for; links and the back button work as anywhere. */
const chosenForm = () => forms.find((name) => location.hash === `#${name}`) ?? 'sign-in'

const choose = () => {
  for (const name of forms) {
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
  else say(message)
})

connectForm('#forgot-form', async ({ email = '' }) => {
  const { message } = await auth.request('/api/auth/password/forgot', {
    method: 'POST',
    body: { email },
  })
  say(`${message}.`)
})

// A page that the back button brings back shows what was so when it was left.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) void load()
})
void load()
