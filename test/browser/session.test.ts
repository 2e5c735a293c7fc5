import { createHmac, randomBytes } from 'node:crypto'
import t from 'tap'
import { startChromium } from './chromium.js'
import { deploy, newPerson, somebody, watch } from './deployment.js'

const secret = randomBytes(32).toString('base64')

/** The same token, an hour older than it may get. */
const expired = (token: string): string => {
  const [header = '', payload = ''] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const age = claims.exp - claims.iat + 3_600
  const older = { ...claims, iat: claims.iat - age, nbf: claims.nbf - age, exp: claims.exp - age }
  const signed = `${header}.${Buffer.from(JSON.stringify(older)).toString('base64url')}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

const sessionPath = '/api/auth/session'
const refreshPath = '/api/auth/refresh'

t.test('a session in a browser', async (t) => {
  const browser = await startChromium(t)
  const deployment = await deploy(t, { JWT_SECRET: secret })
  const { apiUrl } = deployment

  t.test('signing up signs in, and hands no token to any script', async (t) => {
    const { context, newTab } = await newPerson(t, browser, deployment)
    const tab = await newTab()
    const answers: Promise<string>[] = []
    tab.page.on('response', (response) => {
      if (response.url().startsWith(apiUrl)) answers.push(response.text().catch(String))
    })
    const person = somebody()
    await tab.open()
    t.ok(await tab.showsSignIn())
    await tab.signUp(person)
    t.ok(await tab.showsProfile(person))

    const cookies = await context.cookies(`${apiUrl}/api/auth`)
    for (const { name, httpOnly, sameSite } of cookies) {
      t.strictSame({ httpOnly, sameSite }, { httpOnly: true, sameSite: 'Strict' }, name)
    }
    const paths = Object.fromEntries(cookies.map(({ name, path }) => [name, path]))
    t.match(paths, { access_token: '/', refresh_token: '/api/auth' }, 'the tokens are in cookies')
    const seen = await tab.page.evaluate(() => ({
      cookie: document.cookie,
      stored: localStorage.length + sessionStorage.length,
      page: document.documentElement.outerHTML,
      typed: [...document.querySelectorAll('input')].map(({ value }) => value).join(''),
    }))
    t.match(seen, { cookie: '', stored: 0, typed: '' }, 'nothing is kept, not even what was typed')
    const answered = (await Promise.all(answers)).join()
    t.match(answered, person.email, 'the answers were read')
    t.notMatch(answered + seen.page, /eyJ/, 'no answer has a token in it')

    await tab.page.reload()
    t.ok(await tab.showsProfile(person), 'after a reload still signed in')
    t.strictSame(tab.faults, [])
  })

  t.test('an access cookie that is gone is replaced without anybody noticing', async (t) => {
    const { context, newTab } = await newPerson(t, browser, deployment)
    const tab = await newTab()
    const person = somebody()
    await tab.open()
    await tab.signUp(person)
    await tab.showsProfile(person)
    await context.clearCookies({ name: 'access_token' })
    const asked = watch(tab.page, apiUrl)
    await tab.page.reload()
    t.ok(await tab.showsProfile(person))
    t.strictSame(asked(), [
      `GET ${sessionPath} 401`,
      `POST ${refreshPath} 200`,
      `GET ${sessionPath} 200`,
    ])
  })

  t.test('requests that meet an expired token together refresh once', async (t) => {
    const { context, newTab } = await newPerson(t, browser, deployment)
    const tab = await newTab()
    const person = somebody()
    await tab.open()
    await tab.signUp(person)
    await tab.showsProfile(person)
    await context.clearCookies({ name: 'access_token' })
    const asked = watch(tab.page, apiUrl)
    const emails = await tab.page.evaluate(async (api) => {
      const source = '/auth.js'
      const { createAuth } = await import(source)
      const auth = createAuth({ apiUrl: api })
      const profiles = Array.from({ length: 5 }, () => auth.request('/api/profile'))
      return (await Promise.all(profiles)).map(({ data }) => data.user.email)
    }, apiUrl)
    t.strictSame(emails, Array(5).fill(person.email))
    t.equal(asked().filter((line) => line === `POST ${refreshPath} 200`).length, 1)
  })

  t.test('the server’s advice to refresh early is taken, but not all the time', async (t) => {
    const { newTab } = await newPerson(t, browser, deployment)
    const tab = await newTab()
    const person = somebody()
    await tab.open()
    await tab.signUp(person)
    await tab.showsProfile(person)
    await tab.page.route(`**${sessionPath}`, async (route) => {
      const response = await route.fetch()
      const headers = { ...response.headers(), 'x-token-refresh-required': 'true' }
      await route.fulfill({ response, headers })
    })
    const asked = watch(tab.page, apiUrl)
    const renewed = tab.page.waitForResponse(`**${refreshPath}`)
    await tab.page.reload()
    t.equal((await renewed).status(), 200)
    await tab.page.locator('.refreshed[datetime]').waitFor()
    await tab.page.getByRole('button', { name: 'Load again' }).click()
    t.ok(await tab.shows('This is up to date.'))
    t.strictSame(asked(), [
      `GET ${sessionPath} 200`,
      `POST ${refreshPath} 200`,
      `GET ${sessionPath} 200`,
    ])
  })

  t.test('a session that was ended elsewhere leads to the sign-in form', async (t) => {
    const { context, newTab } = await newPerson(t, browser, deployment)
    const tab = await newTab()
    const person = somebody()
    await tab.open()
    await tab.signUp(person)
    await tab.showsProfile(person)
    const cookies = await context.cookies(`${apiUrl}/api/auth`)
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    await fetch(`${apiUrl}/api/auth/logout`, { method: 'POST', headers: { cookie } })
    await tab.page.getByRole('button', { name: 'Load again' }).click()
    t.ok(await tab.showsSignIn())
    t.ok(await tab.shows('Your session has ended.'))
    const left = await context.cookies(`${apiUrl}/api/auth`)
    t.notOk(
      left.some(({ name }) => name.endsWith('_token')),
      'the dead cookies are gone',
    )
    await tab.signIn(person)
    t.ok(await tab.showsProfile(person))
  })

  t.test('an expired token is replaced although its cookie is still there', async (t) => {
    const { context, newTab } = await newPerson(t, browser, deployment)
    const tab = await newTab()
    const person = somebody()
    await tab.open()
    await tab.signUp(person)
    await tab.showsProfile(person)
    const [cookie] = (await context.cookies()).filter(({ name }) => name === 'access_token')
    if (!cookie) throw new Error('There is no access cookie')
    // As in a browser whose clock is slow: it keeps the cookie for longer than the token is good.
    await context.addCookies([{ ...cookie, value: expired(cookie.value) }])
    const answer = tab.page.waitForResponse(`**${sessionPath}`)
    const asked = watch(tab.page, apiUrl)
    await tab.page.reload()
    t.match(await (await answer).json(), { code: 'TOKEN_EXPIRED', requiresRefresh: true })
    t.ok(await tab.showsProfile(person))
    t.strictSame(asked(), [
      `GET ${sessionPath} 401`,
      `POST ${refreshPath} 200`,
      `GET ${sessionPath} 200`,
    ])
  })
})
