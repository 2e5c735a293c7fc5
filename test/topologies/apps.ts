import type { Test } from 'tap'
import { build, clientOrigin, eventually, secrets } from '../support/app.js'
import { type ListeningServer, startServer } from '../support/process.js'

/** Signs somebody up, in and out on two apps that have nothing in common but the Redis at this URL. */
export const acrossApps = async (t: Test, url: string): Promise<void> => {
  const variables = { REDIS_URL: url, REDIS_KEY_PREFIX: 'gh:apps:' }
  const [here, there] = [await build(t, variables), await build(t, variables)]
  await eventually(async () =>
    [here, there].every(({ app }) => app.stores.invalidations.isProved()),
  )
  const phone = await here.signedUp('ada')
  const laptop = await there.signedIn('ada')

  /** The same browser before the other app. */
  const elsewhere = () => {
    const cookies = Object.entries({ ...phone.cookies('/'), ...phone.cookies() })
    return there.client({ cookie: cookies.map((pair) => pair.join('=')).join('; ') })
  }
  t.equal((await elsewhere().get('/api/profile')).statusCode, 200)
  t.equal((await elsewhere().get('/api/profile')).statusCode, 200, 'now from the cache')
  t.equal((await phone.post('/api/auth/refresh')).statusCode, 200)
  t.equal((await elsewhere().post('/api/auth/refresh')).statusCode, 200)
  const { sessions } = (await phone.get('/api/auth/sessions')).json().data
  t.equal(sessions.length, 2)

  t.equal((await laptop.delete(`/api/auth/sessions/${phone.sessionId}`)).statusCode, 200)
  t.match((await elsewhere().get('/api/profile')).json(), { code: 'INVALID_TOKEN' })
  await eventually(async () => (await phone.get('/api/profile')).statusCode === 401)
  t.match((await phone.post('/api/auth/refresh')).json(), { code: 'INVALID_REFRESH_TOKEN' })
  t.equal((await laptop.get('/api/profile')).statusCode, 200)
}

/** The server in a process of its own, on the Redis at this URL; ready when this resolves. */
export const startApp = async (
  t: Test,
  url: string,
  env: Record<string, string> = {},
): Promise<ListeningServer> => {
  const server = await startServer(t, {
    env: { ...secrets, CLIENT_URLS: clientOrigin, REDIS_URL: url, HOST: '127.0.0.1', ...env },
  })
  await isReady(server)
  return server
}

/** Resolves when it says that requests may be sent to it. */
export const isReady = ({ url }: ListeningServer): Promise<void> =>
  eventually(async () => (await fetch(`${url}/health/ready`)).ok)

/** Asserts that it is ready, and has told everything to its log and nothing to the console. */
export const isCalm = async (t: Test, server: ListeningServer): Promise<void> => {
  await isReady(server)
  t.equal(server.stderr, '')
  t.equal(server.log.length, server.stdout.length)
}
