import { startLoad } from './load.js'
import { startGatehouse, startRedis, startTarget, stop } from './processes.js'
import { cookies, requestOf } from './requests.js'
import { openSystem, seedUsers } from './seed.js'

/** What is open is closed in the end, the last first, also when something failed. */
export const closing = async (work) => {
  const opened = []
  try {
    return await work((close) => opened.push(close))
  } finally {
    for (const close of opened.reverse()) await close()
  }
}

/** Redis, the load process, and some people who are signed in; all on `core`, where that is given. */
export const openStage = async (closeLater, { users: count = 50, env = {}, core } = {}) => {
  const redis = await startRedis({ core })
  closeLater(() => stop(redis.child))
  const system = await openSystem(redis.url, env)
  closeLater(() => system.close())
  const users = await seedUsers(system, count)
  const load = startLoad({ core })
  closeLater(() => load.close())
  const gatehouse = async (settings = {}) => {
    const given = { core, ...settings, env: { ...env, ...settings.env } }
    const server = await startGatehouse(redis, given)
    closeLater(() => stop(server.child))
    return server
  }
  const target = async (name, settings = {}) => {
    const server = await startTarget(name, { core, ...settings })
    closeLater(() => stop(server.child))
    return server
  }
  return { redis, system, users, load, gatehouse, target }
}

/** One and the same request over and over. */
export const same = (name, server, path = '/session') => ({
  name,
  server,
  kind: 'turns',
  requests: [requestOf('GET', path, { headers: server.cookie ? { Cookie: server.cookie } : {} })],
})

/** The protected GET of each of these people in turn. */
export const askedBy = (name, server, users, path = '/api/auth/session') => ({
  name,
  server,
  kind: 'turns',
  requests: users.map(({ access }) =>
    requestOf('GET', path, { headers: { Cookie: `${cookies.access}=${access}` } }),
  ),
})

/** An ordinary request to Gatehouse of one whose tokens these are. */
export const signedIn = (method, path, { access, token }, body) => {
  const cookie = [
    ...(access === undefined ? [] : [`${cookies.access}=${access}`]),
    ...(token === undefined ? [] : [`${cookies.refresh}=${token}`]),
  ].join('; ')
  return requestOf(method, path, { headers: cookie === '' ? {} : { Cookie: cookie }, body })
}
