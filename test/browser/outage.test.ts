import t, { type Test } from 'tap'
import { startRedis } from '../support/redis.js'
import { startChromium } from './chromium.js'
import { deploy, newPerson, somebody } from './deployment.js'

t.test('an outage signs nobody out', async (t) => {
  const browser = await startChromium(t)
  const redis = await startRedis(t, { durable: true })
  const deployment = await deploy(t, { REDIS_URL: redis.url })

  const signedIn = async (t: Pick<Test, 'teardown'>) => {
    const { context, newTab } = await newPerson(t, browser, deployment)
    const tab = await newTab()
    const person = somebody()
    await tab.open()
    await tab.signUp(person)
    await tab.showsProfile(person)
    return { context, tab, person }
  }

  for (const without of ['access_token', undefined]) {
    const name = without ? 'a refresh' : 'a request'
    t.test(`${name} while the store is away is tried again until it is back`, async (t) => {
      const { context, tab, person } = await signedIn(t)
      await redis.stop()
      if (without) await context.clearCookies({ name: without })
      const cookies = await context.cookies()
      await tab.page.reload()
      t.ok(await tab.showsTrouble(/If you were signed in, you still are\. Trying again in \d+ sec/))
      t.equal(await tab.asksToSignIn(), false)
      t.strictSame(await context.cookies(), cookies, 'the cookies are left alone')
      await redis.start()
      t.ok(await tab.showsProfile(person), 'without signing in again')
      t.strictSame(tab.faults, [])
    })
  }

  t.test('a sign-out while the store is away is not claimed to have worked', async (t) => {
    const { tab, person } = await signedIn(t)
    await redis.stop()
    await tab.signOut()
    t.ok(await tab.showsTrouble('You may still be signed in.'))
    t.equal(await tab.asksToSignIn(), false)
    t.ok(await tab.showsProfile(person))
    await redis.start()
    t.ok(await tab.showsSignIn(), 'it goes through when the store is back')
  })

  t.test('nor does a network that is down', async (t) => {
    const { context, tab, person } = await signedIn(t)
    await context.setOffline(true)
    await tab.page.getByRole('button', { name: 'Load again' }).click()
    t.ok(await tab.showsTrouble('The server can’t be reached. You are still signed in.'))
    t.ok(await tab.showsProfile(person))
    await context.setOffline(false)
    await tab.page.locator('#trouble').waitFor({ state: 'hidden' })
    t.ok(await tab.showsProfile(person))
  })

  const answers = [
    {
      what: 'a limit',
      answer: {
        status: 429,
        headers: { 'Retry-After': '600' },
        json: { code: 'RATE_LIMIT_EXCEEDED', message: 'Too many requests.' },
      },
      says: 'Too many requests. If you were signed in, you still are. Trying again in 10 minutes.',
    },
    {
      what: 'an overload',
      answer: {
        status: 503,
        headers: { 'Retry-After': '45' },
        json: { code: 'UNDER_PRESSURE', message: 'The server is under pressure.' },
      },
      says: 'The server is under pressure. If you were signed in, you still are. Trying again in 45 seconds.',
    },
    {
      what: 'a proxy’s own page',
      answer: {
        status: 502,
        headers: { 'Retry-After': '45' },
        body: '<h1>Bad gateway</h1>',
      },
      says: 'The server can’t be reached. If you were signed in, you still are. Trying again in 45 seconds.',
    },
  ]
  for (const { what, answer, says } of answers) {
    t.test(`nor does ${what}`, async (t) => {
      const { context, tab, person } = await signedIn(t)
      await context.clearCookies({ name: 'access_token' })
      await tab.page.route('**/api/auth/refresh', (route) =>
        route.fulfill({
          ...answer,
          headers: {
            ...answer.headers,
            'Access-Control-Allow-Origin': deployment.pageUrl,
            'Access-Control-Allow-Credentials': 'true',
            'Access-Control-Expose-Headers': 'Retry-After',
          },
        }),
      )
      await tab.page.reload()
      t.ok(await tab.showsTrouble(says))
      t.equal(await tab.asksToSignIn(), false)
      await tab.page.unroute('**/api/auth/refresh')
      await tab.page.getByRole('button', { name: 'Try now' }).click()
      t.ok(await tab.showsProfile(person))
    })
  }
})
