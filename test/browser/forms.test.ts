import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { startRedis } from '../support/redis.js'
import { startChromium } from './chromium.js'
import { deploy, newPerson, somebody } from './deployment.js'

t.test('the forms', async (t) => {
  const browser = await startChromium(t)
  const deployment = await deploy(t)

  const openTab = async (t: Pick<Test, 'teardown'>) => {
    const { newTab } = await newPerson(t, browser, deployment)
    const tab = await newTab()
    await tab.open()
    await tab.showsSignIn()
    return tab
  }

  /** What a screen reader says of the field that has the focus. */
  const focused = (page: Page) =>
    page.evaluate(() => {
      const { activeElement: element } = document
      const ids = element?.getAttribute('aria-describedby')?.split(' ') ?? []
      return {
        id: element?.id,
        invalid: element?.getAttribute('aria-invalid'),
        description: ids.map((id) => document.getElementById(id)?.textContent?.trim()).join(' '),
      }
    })

  t.test('say what is wrong beside the field, and put the focus there', async (t) => {
    const tab = await openTab(t)
    await tab.signUp({ ...somebody(), password: 'short' })
    t.ok(await tab.shows(/Use at least 8 characters\./))
    t.match(await focused(tab.page), {
      id: 'sign-up-password',
      invalid: 'true',
      description: /Add an upper-case letter/,
    })
    t.equal(await tab.page.locator('#sign-up-form .problem').isVisible(), false)
    await tab.page.keyboard.type('x')
    t.match(await focused(tab.page), { invalid: null }, 'a field being mended is not blamed')
    t.strictSame(tab.faults, [])
  })

  t.test('ask nothing of the server while a field is empty', async (t) => {
    const tab = await openTab(t)
    const asked: string[] = []
    tab.page.on('request', (request) => asked.push(request.url()))
    await tab.signIn({ email: 'ada@example.com', password: '' })
    await tab.page.locator('#sign-in-password[aria-invalid]').waitFor()
    t.match(await focused(tab.page), { id: 'sign-in-password', description: /fill/i })
    t.strictSame(asked, [])
  })

  t.test('say that an address is taken', async (t) => {
    const person = somebody()
    const tab = await openTab(t)
    await tab.signUp(person)
    await tab.showsProfile(person)
    await tab.signOut()
    await tab.showsSignIn()
    await tab.signUp({ ...person, name: 'Another' })
    t.ok(await tab.shows('An account with this email exists already.'))
    t.match(await focused(tab.page), { id: 'sign-up-email', invalid: 'true' })
  })

  t.test('say that the password is wrong, and not whether there is an account', async (t) => {
    const person = somebody()
    const tab = await openTab(t)
    await tab.signUp(person)
    await tab.showsProfile(person)
    await tab.signOut()
    await tab.showsSignIn()
    const alert = tab.page.getByRole('alert').filter({ hasText: /\S/ })
    await tab.signIn({ email: person.email, password: 'Not & 1 of hers' })
    await alert.waitFor()
    const known = await alert.textContent()
    t.match(known, /The email or the password is wrong\./)
    await tab.signIn(somebody())
    await alert.waitFor({ state: 'hidden' })
    await alert.waitFor()
    t.equal(await alert.textContent(), known)
  })

  t.test('say how long somebody who guesses is locked out', async (t) => {
    const person = somebody()
    const tab = await openTab(t)
    for (const attempt of ['first', 'second', 'third']) {
      // What the last attempt was told is taken away as the next is sent.
      await tab.signIn(person)
      t.ok(await tab.shows('The email or the password is wrong.'), attempt)
    }
    await tab.signIn(person)
    t.ok(await tab.shows('Try again in 5 minutes.'))
    t.match(await tab.page.getByRole('alert').textContent(), /\w\. Try again in 5 minutes\./)
  })

  t.test('show how long to wait, until it is over', async (t) => {
    const { newTab } = await newPerson(t, browser, deployment)
    const tab = await newTab()
    await tab.page.clock.install()
    await tab.open()
    await tab.showsSignIn()
    let answer: { status: number; headers?: Record<string, string>; json: object }
    await tab.page.route('**/api/auth/login', async (route) => {
      if (route.request().method() !== 'POST') return route.continue()
      return route.fulfill({
        ...answer,
        headers: {
          ...answer.headers,
          'Access-Control-Allow-Origin': deployment.pageUrl,
          'Access-Control-Allow-Credentials': 'true',
          'Access-Control-Expose-Headers': 'Retry-After',
        },
      })
    })

    const message = 'Too many failed sign-ins'
    answer = { status: 423, json: { code: 'ACCOUNT_LOCKED', message, lockDurationMinutes: 5 } }
    await tab.signIn(somebody())
    t.ok(await tab.shows('Too many failed sign-ins. Try again in 5 minutes.'))

    answer = {
      status: 429,
      headers: { 'Retry-After': '42' },
      json: { code: 'AUTH_RATE_LIMIT_EXCEEDED', message: 'Too many attempts' },
    }
    await tab.signIn(somebody())
    t.ok(await tab.shows('Too many attempts. Try again in 42 seconds.'))
    await tab.page.clock.runFor(12_000)
    t.ok(await tab.shows('Try again in 30 seconds.'))
    await tab.page.clock.runFor(31_000)
    t.ok(await tab.shows('You can try again now.'))
  })

  t.test('can be filled in by a password manager, and show what was typed', async (t) => {
    const tab = await openTab(t)
    const fields = await tab.page.evaluate(() =>
      [...document.querySelectorAll('input')].map(({ name, autocomplete }) => [name, autocomplete]),
    )
    t.strictSame(fields, [
      ['email', 'username'],
      ['password', 'current-password'],
      ['name', 'name'],
      ['email', 'username'],
      ['password', 'new-password'],
      ['email', 'username'],
      ['password', 'current-password'],
    ])
    const toggle = tab.page.getByRole('button', { name: 'Show password' })
    const type = () => tab.page.locator('#sign-in-password').getAttribute('type')
    await toggle.click()
    t.equal(await type(), 'text')
    await toggle.click()
    t.equal(await type(), 'password')
  })
})

t.test('a lock over two instances is shown until it is over', async (t) => {
  const redis = await startRedis(t)
  const env = { REDIS_URL: redis.url, LOCKOUT_TIERS: '2:12s' }
  const deployment = await deploy(t, env, 2)
  const { newTab } = await newPerson(t, await startChromium(t), deployment)
  const tab = await newTab()
  await tab.open()
  await tab.showsSignIn()
  const person = somebody()
  await tab.signUp(person)
  await tab.showsProfile(person)
  await tab.signOut()
  await tab.showsSignIn()

  const wrong = { ...person, password: 'Not & 1 of hers' }
  for (const attempt of ['first', 'second']) {
    await tab.signIn(wrong)
    t.ok(await tab.shows('The email or the password is wrong.'), attempt)
  }
  await tab.signIn(person)
  t.ok(await tab.shows(/Try again in \d+ seconds?\./), 'the right one is not looked at')
  t.ok(await tab.shows('You can try again now.'))
  await tab.signIn(person)
  await tab.showsProfile(person)
  t.strictSame(tab.faults, [])
})
