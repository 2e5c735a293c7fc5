import t, { type Test } from 'tap'
import { startChromium } from './chromium.js'
import { deploy, newPerson, somebody, type Tab } from './deployment.js'

t.test('tabs of one browser', async (t) => {
  const browser = await startChromium(t)
  const deployment = await deploy(t)
  const refreshUrl = `${deployment.apiUrl}/api/auth/refresh`

  /** Two tabs of somebody who is signed in. */
  const twoTabs = async (t: Pick<Test, 'teardown'>) => {
    const { context, newTab } = await newPerson(t, browser, deployment)
    const person = somebody()
    const tabs: [Tab, Tab] = [await newTab(), await newTab()]
    await tabs[0].open()
    await tabs[0].signUp(person)
    await tabs[0].showsProfile(person)
    await tabs[1].open()
    await tabs[1].showsProfile(person)
    return { context, person, tabs }
  }

  t.test('that refresh with one token at the same moment both stay signed in', async (t) => {
    const { context, person, tabs } = await twoTabs(t)
    // Past the example's own care: straight at the server, several times.
    const refresh = (tab: Tab) =>
      tab.page.evaluate(async (url) => {
        const answer = await fetch(url, { method: 'POST', credentials: 'include' })
        return answer.status
      }, refreshUrl)
    for (const round of [1, 2, 3, 4, 5]) {
      t.strictSame(await Promise.all(tabs.map(refresh)), [200, 200], `round ${round}`)
    }
    for (const tab of tabs) {
      // With what is in the cookies now, an access token can still be had.
      await context.clearCookies({ name: 'access_token' })
      await tab.page.reload()
      t.ok(await tab.showsProfile(person))
    }
  })

  t.test('that find the access token gone take turns', async (t) => {
    const { context, person, tabs } = await twoTabs(t)
    let underWay = 0
    let most = 0
    await context.route(refreshUrl, async (route) => {
      most = Math.max(most, ++underWay)
      const response = await route.fetch()
      underWay--
      await route.fulfill({ response })
    })
    await context.clearCookies({ name: 'access_token' })
    await Promise.all(tabs.map((tab) => tab.page.reload()))
    t.ok(await tabs[0].showsProfile(person))
    t.ok(await tabs[1].showsProfile(person))
    t.equal(most, 1, 'never two refreshes at once')
  })

  t.test('hear of each other’s sign-out and sign-in', async (t) => {
    const { person, tabs } = await twoTabs(t)
    const [first, second] = tabs
    await first.signOut()
    t.ok(await first.showsSignIn())
    t.ok(await first.shows('You are signed out.'))
    t.ok(await second.showsSignIn())
    t.ok(await second.shows('You were signed out in another tab.'))
    await second.signIn(person)
    t.ok(await second.showsProfile(person))
    t.ok(await first.showsProfile(person))
    t.strictSame([...first.faults, ...second.faults], [])
  })
  t.test('sign in only when a refresh that another began is answered', async (t) => {
    const { context, person, tabs } = await twoTabs(t)
    const [first, second] = tabs
    const cookies = await context.cookies(refreshUrl)
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    const logoutUrl = `${deployment.apiUrl}/api/auth/logout`
    await fetch(logoutUrl, { method: 'POST', headers: { cookie } })

    const events: string[] = []
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    await first.page.route(refreshUrl, async (route) => {
      await held
      const response = await route.fetch()
      events.push(`refresh refused: ${response.status()}`)
      await route.fulfill({ response })
    })
    second.page.on('request', (request) => {
      if (request.method() === 'POST') events.push(new URL(request.url()).pathname)
    })
    const refreshing = first.page.waitForRequest(refreshUrl)
    await first.page.getByRole('button', { name: 'Load again' }).click()
    await refreshing
    const signingIn = second.page.evaluate(
      async ([apiUrl, person]) => {
        const source = '/auth.js'
        const { createAuth } = await import(source)
        const signedIn = createAuth({ apiUrl }).signIn(person)
        document.title = 'Signing in'
        await signedIn
      },
      [deployment.apiUrl, { email: person.email, password: person.password }] as const,
    )
    await second.page.waitForFunction(() => document.title === 'Signing in')
    release()
    await signingIn
    t.strictSame(events, ['refresh refused: 403', '/api/auth/login'])
    await second.page.reload()
    t.ok(await second.showsProfile(person), 'the refusal did not take the new cookies away')
    t.ok(await first.showsProfile(person))
  })
})
