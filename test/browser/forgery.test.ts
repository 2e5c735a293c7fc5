import type { ServerResponse } from 'node:http'
import type { Request } from 'playwright-core'
import t from 'tap'
import { startChromium } from './chromium.js'
import { deploy, listen, newPerson, somebody } from './deployment.js'

/** A foreign page that posts a form at once, as a link in a mail may lead to. */
const formPage = (action: string, fields: string, enctype: string) => `<!doctype html>
  <form method="post" action="${action}" enctype="${enctype}">${fields}</form>
  <script>document.forms[0].submit()</script>`

t.test('requests that a foreign page makes a browser send', async (t) => {
  const browser = await startChromium(t)
  const deployment = await deploy(t)
  const { apiUrl, server } = deployment

  let foreignPage = ''
  const serve = (_: unknown, response: ServerResponse) => {
    response.setHeader('Content-Type', 'text/html')
    response.end(foreignPage)
  }
  const origins = [
    { of: 'another site', url: await listen(t, '127.0.0.1', serve), site: 'cross-site' },
    // To SameSite this is no stranger, so the cookies travel: the server alone can refuse.
    {
      of: 'another port of this host',
      url: await listen(t, 'localhost', serve),
      site: 'same-site',
    },
  ]
  const json = (value: object) => JSON.stringify(value).replaceAll('"', '&quot;')

  for (const { of, url, site } of origins) {
    t.test(`${of}: changes nothing`, async (t) => {
      const { context, newTab } = await newPerson(t, browser, deployment)
      const person = somebody()
      const tab = await newTab()
      await tab.open()
      await tab.signUp(person)
      await tab.showsProfile(person)
      const cookies = await context.cookies(`${apiUrl}/api/auth`)
      const attacker = await context.newPage()

      /** What the browser sent, and what the server said. */
      const outcome = async (request: Request) => {
        const headers = await request.allHeaders()
        const response = await request.response()
        return {
          site: headers['sec-fetch-site'],
          cookies: headers.cookie !== undefined,
          status: response?.status(),
        }
      }
      const refused = { site, cookies: site === 'same-site', status: 403 }

      const stranger = { ...somebody(), name: 'Mallory' }
      // Without quotes of its own, a plain-text form can send any JSON.
      const smuggled = `<input name="${json(stranger).slice(0, -6)}" value="&quot;}">`
      const forms = [
        { path: '/logout', fields: '', enctype: 'application/x-www-form-urlencoded' },
        { path: '/logout', fields: '', enctype: 'text/plain' },
        { path: '/logout', fields: '', enctype: 'multipart/form-data' },
        { path: '/refresh', fields: '', enctype: 'text/plain' },
        { path: '/register', fields: smuggled, enctype: 'text/plain' },
        { path: '/login', fields: smuggled, enctype: 'text/plain' },
      ]
      for (const { path, fields, enctype } of forms) {
        foreignPage = formPage(`${apiUrl}/api/auth${path}`, fields, enctype)
        const posted = attacker.waitForRequest((request) => request.method() === 'POST')
        await attacker.goto(url)
        t.strictSame(await outcome(await posted), refused, `${enctype} to ${path}`)
      }

      foreignPage = '<!doctype html><title>Harmless</title>'
      await attacker.goto(url)
      const known = new Set(server.log.map(({ requestId }) => requestId))
      for (const path of ['/logout', '/register']) {
        const answer = await attacker.evaluate(
          ([target, body]) =>
            fetch(target, {
              method: 'POST',
              mode: 'no-cors',
              credentials: 'include',
              headers: { 'Content-Type': 'text/plain' },
              body,
            }).then(
              ({ type }) => type,
              () => 'blocked',
            ),
          [`${apiUrl}/api/auth${path}`, JSON.stringify(stranger)] as const,
        )
        t.match(answer, /^(opaque|blocked)$/, 'its answer can’t be read')
        // The browser doesn't tell what became of such a request; the server does.
        const refusal = await server.logged(
          ({ event, requestId }) => event === 'csrf.rejected' && !known.has(requestId),
        )
        known.add(refusal.requestId)
        t.ok(refusal, `no-cors fetch to ${path}`)
      }
      const readable = await attacker.evaluate(
        (target) =>
          fetch(target, { credentials: 'include' }).then(
            () => true,
            () => false,
          ),
        `${apiUrl}/api/profile`,
      )
      t.equal(readable, false, 'it can’t read the profile')

      t.strictSame(await context.cookies(`${apiUrl}/api/auth`), cookies, 'the cookies are the same')
      await tab.page.reload()
      t.ok(await tab.showsProfile(person), 'the session is alive')
      await tab.signOut()
      await tab.showsSignIn()
      await tab.signIn(stranger)
      t.ok(await tab.shows('The email or the password is wrong.'), 'no account was made')
    })
  }
})
