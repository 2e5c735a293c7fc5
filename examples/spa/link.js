/**
 * The page behind the links in mails. It sends the token on a click and not by itself: programs that look
 * for dangerous links open them before people do.
 */
import { createAuth } from './auth.js'
import { apiUrl } from './config.js'
import { connectForm } from './forms.js'
import { part } from './page.js'

const auth = createAuth({ apiUrl })

const token = new URLSearchParams(location.search).get('token') ?? ''
// An address gets into the history, and onto screens that others see.
history.replaceState(null, '', location.pathname)

/** What each link is for: its form, and the route that takes its token. */
const purposes = new Map([
  ['/verify-email', { form: '#verify-form', route: '/api/auth/email/verify' }],
  ['/confirm-email', { form: '#confirm-form', route: '/api/auth/email/confirm' }],
  ['/reset-password', { form: '#reset-form', route: '/api/auth/password/reset' }],
])

const purpose = purposes.get(location.pathname)
if (purpose !== undefined) {
  const form = part(document, purpose.form)
  form.hidden = false
  connectForm(purpose.form, async (fields) => {
    const body = { token, ...fields }
    const { message } = await auth.request(purpose.route, { method: 'POST', body })
    form.hidden = true
    const title = part(document, '#done h1')
    title.textContent = message
    part(document, '#done').hidden = false
    title.focus()
  })
}
