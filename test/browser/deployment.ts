import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Test } from 'tap'
// Named so that the compiler looks at all of the page's code.
import type {} from '../../examples/spa/app.js'
import { pages } from '../../examples/spa/pages.js'
import { type ListeningServer, startServer } from '../support/process.js'

/** A web server on a free port; it ends with the test. */
export const listen = async (
  t: Pick<Test, 'teardown'>,
  host: string,
  answer: RequestListener,
): Promise<string> => {
  const server = createServer(answer)
  server.listen(0, host)
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://${host}:${(server.address() as AddressInfo).port}`
}

/** The example page and Gatehouse, on origins of their own, as a browser sees them. */
export interface Deployment {
  pageUrl: string
  apiUrl: string
  server: ListeningServer
}

/** Hands each request to the next of the servers, whatever the browser does with its connections. */
const inTurn = (servers: ListeningServer[]): RequestListener => {
  let turn = 0
  return (incoming, outgoing) => {
    turn += 1
    const { port } = new URL(servers[turn % servers.length]?.url ?? '')
    const { method = 'GET', url = '/', headers } = incoming
    const forward = { host: '127.0.0.1', port, method, path: url, headers }
    const sent = request(forward, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(outgoing)
    })
    sent.on('error', () => outgoing.destroy())
    incoming.pipe(sent)
  }
}

/** Starts both, Gatehouse as often as told, behind one address. They end with the test. */
export const deploy = async (
  t: Pick<Test, 'teardown'>,
  env: Record<string, string> = {},
  instances = 1,
): Promise<Deployment> => {
  // Each has to know the other's address.
  let answer: RequestListener = (_, response) => response.end()
  const pageUrl = await listen(t, 'localhost', (request, response) => answer(request, response))
  const variables = {
    HOST: '127.0.0.1',
    CLIENT_URLS: pageUrl,
    MAIL_LINK_URL: pageUrl,
    JWT_SECRET: randomBytes(32).toString('base64'),
    JWT_REFRESH_SECRET: randomBytes(32).toString('base64'),
    // The tests of a file come from one address.
    AUTH_RATE_LIMIT_MAX: '1000',
    ...env,
  }
  const server = await startServer(t, { env: variables })
  const servers = [server]
  while (servers.length < instances) servers.push(await startServer(t, { env: variables }))
  const front = instances === 1 ? server.url : await listen(t, 'localhost', inTurn(servers))
  const apiUrl = `http://localhost:${new URL(front).port}`
  answer = pages(apiUrl)
  return { pageUrl, apiUrl, server }
}

export interface Person {
  name: string
  email: string
  password: string
}

/** Somebody whom no other test knows. */
export const somebody = (): Person => ({
  name: 'Ada Lovelace',
  email: `countess.${randomUUID()}@example.com`,
  password: 'Sonnet & 7 gears',
})

/** A tab with the example page: what tests look at and do. */
export interface Tab {
  page: Page
  /** What went wrong in it: scripts that threw, things that its policy refused. */
  faults: string[]
  open: (hash?: string) => Promise<void>
  signUp: (person: Person) => Promise<void>
  signIn: (person: Pick<Person, 'email' | 'password'>) => Promise<void>
  signOut: () => Promise<void>
  /** Wait until it shows so. */
  showsProfile: (person: Person) => Promise<boolean>
  showsSignIn: () => Promise<boolean>
  showsTrouble: (text: string | RegExp) => Promise<boolean>
  shows: (text: string | RegExp) => Promise<boolean>
  /** Whether a form to sign in or up is on the screen now. */
  asksToSignIn: () => Promise<boolean>
}

/** Opens a tab, not yet on the page. */
export const newTab = async (context: BrowserContext, { pageUrl }: Deployment): Promise<Tab> => {
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text())
  })

  const form = (name: string) => page.getByRole('form', { name })
  const seen = async (locator: ReturnType<Page['locator']>): Promise<boolean> => {
    await locator.waitFor()
    return true
  }

  return {
    page,
    faults,
    open: async (hash = '') => {
      await page.goto(`${pageUrl}/${hash}`)
    },
    signUp: async ({ name, email, password }) => {
      await page.getByRole('link', { name: 'Sign up' }).click()
      const signUp = form('Create an account')
      await signUp.getByLabel('Name').fill(name)
      await signUp.getByLabel('Email').fill(email)
      await signUp.getByLabel('Password', { exact: true }).fill(password)
      await signUp.getByRole('button', { name: 'Create account' }).click()
    },
    signIn: async ({ email, password }) => {
      const signIn = form('Welcome back')
      await signIn.getByLabel('Email').fill(email)
      await signIn.getByLabel('Password', { exact: true }).fill(password)
      await signIn.getByRole('button', { name: 'Sign in' }).click()
    },
    signOut: () => page.getByRole('button', { name: 'Sign out' }).click(),
    showsProfile: async ({ name, email }) => {
      await page.getByRole('heading', { name, exact: true }).waitFor()
      return seen(page.getByText(email, { exact: true }))
    },
    showsSignIn: () => seen(form('Welcome back')),
    showsTrouble: (text) => seen(page.locator('#trouble').filter({ hasText: text })),
    shows: (text) => seen(page.getByText(text)),
    asksToSignIn: () => page.locator('#signed-out').isVisible(),
  }
}

/** A browser of one person's own, with tabs that share their cookies. */
export const newPerson = async (
  t: Pick<Test, 'teardown'>,
  browser: Browser,
  deployment: Deployment,
) => {
  const context = await browser.newContext({ locale: 'en-GB' })
  context.setDefaultTimeout(60_000)
  t.teardown(() => context.close())
  return { context, newTab: () => newTab(context, deployment) }
}

/** Notes what a tab asks of the API from now on: `POST /api/auth/refresh 200`, in the order of the answers. */
export const watch = (page: Page, apiUrl: string): (() => string[]) => {
  const lines: string[] = []
  page.on('response', (response) => {
    const { origin, pathname } = new URL(response.url())
    const method = response.request().method()
    if (origin === apiUrl) lines.push(`${method} ${pathname} ${response.status()}`)
  })
  return () => lines
}
