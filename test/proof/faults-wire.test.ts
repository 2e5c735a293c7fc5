import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { createKeys } from '../../src/redis/keys.js'
import { silenceMax } from '../../src/sessions/invalidation.js'
import { refused } from '../support/answers.js'
import { type Built, build, password, person } from '../support/app.js'
import { readJws } from '../support/jws.js'
import { startRedis } from '../support/redis.js'
import { startProxy } from '../support/tcp-proxy.js'
import { areReady, createCrowd, until } from './crowd.js'
import { deafness, hearing } from './hearing.js'
import { createGate, interfering, tamperWith } from './interference.js'

/*
 * The network between an instance and Redis fails in every way in which it may, while another instance on
 * the same Redis has a good one. An answer that is lost on its way costs nobody the session, and an instance
 * that hears nothing of revocations believes nothing that it knew.
 */

const prefix = 'proof:'
const keys = createKeys(prefix)
const redis = await startRedis(t)
const raw = await redis.connect()
// The far instance has a user of its own, so that its subscription alone can be refused.
await raw.call('ACL', 'SETUSER', 'far', 'on', '>secret', '~*', '&*', '+@all')
const proxy = await startProxy(t, redis.port)
const farUrl = `redis://far:secret@127.0.0.1:${proxy.port}`
const near = await build(t, { REDIS_URL: redis.url, REDIS_KEY_PREFIX: prefix })
const far = await build(t, { REDIS_URL: farUrl, REDIS_KEY_PREFIX: prefix })
tamperWith(far.app)
const doors = [near.app, far.app]
await areReady(doors)
const settle = hearing(doors, raw, keys.invalidate)
const deaf = deafness([far.app])

type Answer = LightMyRequestResponse
const cookie = (answer: Answer, name: string) =>
  answer.cookies.find((one) => one.name === `${name}_token`)?.value ?? ''

const post = ({ app }: Built, url: string, headers: Record<string, string>, payload?: object) =>
  app.inject({ method: 'POST', url: `/api/auth/${url}`, headers, ...(payload && { payload }) })
const refresh = (where: Built, token: string) =>
  post(where, 'refresh', { cookie: `refresh_token=${token}` })
const ask = ({ app }: Built, token: string) =>
  app.inject({ url: '/api/auth/session', headers: { authorization: `Bearer ${token}` } })

let people = 0
/** Somebody who has signed up at the near instance, of whom both have heard. */
const arrive = async () => {
  const details = person(`person${++people}`)
  const answer = await post(near, 'register', {}, details)
  const access = cookie(answer, 'access')
  await settle()
  const { sub } = readJws(access).claims
  return { ...details, userId: String(sub), access, refresh: cookie(answer, 'refresh') }
}
type Person = Awaited<ReturnType<typeof arrive>>

const newPassword = `${password}-new`
const change = (where: Built, { access }: Person) => {
  const payload = { currentPassword: password, newPassword }
  return post(where, 'password/change', { authorization: `Bearer ${access}` }, payload)
}
const logIn = (where: Built, { email }: Person, password: string) =>
  post(where, 'login', {}, { email, password })

/** Every way in which a session ends, at the near instance. */
const revocations: Record<string, (person: Person) => Promise<unknown>> = {
  logout: ({ refresh }) => post(near, 'logout', { cookie: `refresh_token=${refresh}` }),
  'logout-all': ({ access }) => post(near, 'logout-all', { authorization: `Bearer ${access}` }),
  'the end of that session': (person) => {
    const headers = { authorization: `Bearer ${person.access}` }
    const { sid } = readJws(person.access).claims
    return near.app.inject({ method: 'DELETE', url: `/api/auth/sessions/${sid}`, headers })
  },
  'a password change': (person) => change(near, person),
  'the reuse of a refresh token': async (person) => {
    const second = cookie(await refresh(near, person.refresh), 'refresh')
    await refresh(near, second)
    const { statusCode } = await refresh(near, person.refresh)
    if (statusCode !== 403) throw new Error(`A reused token was answered ${statusCode}`)
  },
}

/** Resolves when an instance answers for this token out of its cache. */
const knows = async (t: Test, where: Built, access: string): Promise<void> => {
  const hits = () => where.app.sessions.cache.stats().hits
  await until(async () => {
    const before = hits()
    t.equal((await ask(where, access)).statusCode, 200)
    return hits() > before
  })
}

const digestOf = (script: string): string => {
  const source = readFileSync(new URL(`../../src/redis/lua/${script}.lua`, import.meta.url))
  return createHash('sha1').update(source).digest('hex')
}

t.test('an answer that is lost between Redis and an instance', async (t) => {
  // Redis knows every script from here on, so that the answer which is lost is that of the script.
  const known = await arrive()
  await change(near, known)
  await refresh(near, cookie(await logIn(near, known, newPassword), 'refresh'))
  await revocations.logout?.(await arrive())

  /** The script runs, and the far instance does not hear what came of it. */
  const losing = async (
    t: Test,
    script: string,
    work: () => Promise<Answer>,
    atOnce = async () => {},
  ): Promise<void> => {
    const dropped = proxy.dropReplies(1, digestOf(script))
    const answer = await work()
    await atOnce()
    refused(t, answer, 503, 'STORE_UNAVAILABLE')
    t.notOk('set-cookie' in answer.headers, 'no cookie is touched')
    await dropped
    await areReady(doors)
  }

  t.test('to a refresh: all retries, wherever, get the one successor there is', async (t) => {
    const ada = await arrive()
    for (let i = 0; i < 3; i++) {
      await losing(t, 'rotate-session', () => refresh(far, ada.refresh))
    }
    const retries = await Promise.all([near, far, near, far].map((at) => refresh(at, ada.refresh)))
    const [second = '', ...others] = new Set(retries.map((answer) => cookie(answer, 'refresh')))
    t.strictSame(others, [])
    t.match(readJws(second).claims.jti, /\.2$/)
    await losing(t, 'rotate-session', () => refresh(far, second))
    t.match(readJws(cookie(await refresh(near, second), 'refresh')).claims.jti, /\.3$/)
  })

  t.test('to a logout: the session is gone, and the retry says so', async (t) => {
    const ada = await arrive()
    await knows(t, far, ada.access)
    const logOut = () => post(far, 'logout', { cookie: `refresh_token=${ada.refresh}` })
    // No message tells the instance what came of it, either.
    proxy.pause('subscribe')
    await losing(t, 'end-session', logOut, async () => {
      t.not((await ask(far, ada.access)).statusCode, 200, 'for all it knows, the session is gone')
    })
    for (const at of [near, far]) refused(t, await ask(at, ada.access), 401, 'INVALID_TOKEN')
    t.equal((await logOut()).statusCode, 200)
    refused(t, await refresh(near, ada.refresh), 403, 'INVALID_REFRESH_TOKEN')
  })

  for (const script of ['change-password', 'start-session']) {
    t.test(
      `to a password change (${script}): the new one is good, the old worthless`,
      async (t) => {
        const ada = await arrive()
        await losing(t, script, () => change(far, ada))
        refused(t, await logIn(far, ada, password), 401, 'INVALID_CREDENTIALS')
        const again = cookie(await logIn(far, ada, newPassword), 'refresh')
        refused(t, await refresh(near, ada.refresh), 403, 'INVALID_REFRESH_TOKEN')
        t.equal((await refresh(far, again)).statusCode, 200, 'the old one has done the new no harm')
      },
    )
  }
})

t.test('an instance that hears nothing:', async (t) => {
  /** Everybody, known at both instances. */
  const arriveAll = async () => {
    const all = await Promise.all(Object.values(revocations).map(arrive))
    for (const { access } of all) for (const at of [near, far]) await ask(at, access)
    return all
  }
  const revokeAll = (all: Person[]) =>
    Promise.all(
      Object.values(revocations).map(async (revoke, index) => {
        const person = all[index]
        if (person !== undefined) await revoke(person)
        return performance.now()
      }),
    )
  const cached = () => far.app.sessions.cache.stats()

  t.test('its subscription dies, and nobody tells it', async (t) => {
    t.ok(silenceMax < 3_000, 'what is promised')
    const all = await arriveAll()
    const alive = await arrive()
    await knows(t, far, alive.access)
    const deafened = deaf()
    proxy.pause('subscribe')
    const ends = await revokeAll(all)
    for (const [index, { access }] of all.entries()) {
      refused(t, await ask(near, access), 401, 'INVALID_TOKEN')
      await until(async () => {
        const late = performance.now() - (ends[index] ?? 0)
        const { statusCode } = await ask(far, access)
        if (statusCode === 200 && late >= silenceMax) t.fail(`accepted ${late} ms after its end`)
        return statusCode === 401
      })
    }
    await deafened
    await areReady(doors)
    await knows(t, far, alive.access)
  })

  t.test('it does not even run for a while, and is asked before it can notice', async (t) => {
    const ada = await arrive()
    await knows(t, far, ada.access)
    const deafened = deaf()
    proxy.pause('subscribe')
    await revocations.logout?.(ada)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, silenceMax)
    t.not((await ask(far, ada.access)).statusCode, 200)
    await deafened
    await areReady(doors)
  })

  t.test('its subscription ends, and no other is to be had', async (t) => {
    const all = await arriveAll()
    const alive = await arrive()
    await knows(t, far, alive.access)
    const deafened = deaf()
    await raw.call('ACL', 'SETUSER', 'far', '-subscribe')
    await raw.call('CLIENT', 'KILL', 'USER', 'far', 'TYPE', 'pubsub')
    await deafened
    const { hits } = cached()
    await revokeAll(all)
    for (const { access } of all) refused(t, await ask(far, access), 401, 'INVALID_TOKEN')
    for (let i = 0; i < 3; i++) t.equal((await ask(far, alive.access)).statusCode, 200)
    t.match(cached(), { hits, size: 0, open: false }, 'all of it was read from the store')
    refused(t, await far.app.inject('/health/ready'), 503, 'STORE_UNAVAILABLE')

    await raw.call('ACL', 'SETUSER', 'far', '+subscribe')
    await areReady(doors)
    for (const { access } of all) refused(t, await ask(far, access), 401, 'INVALID_TOKEN')
    await knows(t, far, alive.access)
  })

  t.test('all its connections die, and nobody tells it', async (t) => {
    const all = await arriveAll()
    const alive = await arrive()
    await knows(t, far, alive.access)
    const deafened = deaf()
    proxy.pause()
    await revokeAll(all)
    await deafened
    for (const { access } of [...all, alive]) {
      const answer = await ask(far, access)
      refused(t, answer, 503, 'STORE_UNAVAILABLE')
      t.notOk('set-cookie' in answer.headers)
    }
    proxy.resume()
    await areReady(doors)
    for (const { access } of all) refused(t, await ask(far, access), 401, 'INVALID_TOKEN')
    await knows(t, far, alive.access)
    t.equal((await refresh(far, alive.refresh)).statusCode, 200)
  })
})

t.test('what an instance has loaded', async (t) => {
  const stats = () => far.app.sessions.cache.stats()

  /** All this happens while the far instance has loaded a session, and does not get on with it. */
  const meanwhile = async (person: Person, event: () => Promise<unknown>): Promise<Answer> => {
    const gate = createGate()
    const asked = interfering({ gate }, () => ask(far, person.access))
    await gate.reached
    await event()
    gate.open()
    return asked
  }

  t.test('it keeps, if nothing was said about it', async (t) => {
    const ada = await arrive()
    const bob = await arrive()
    await meanwhile(ada, async () => {
      await revocations['logout-all']?.(bob)
      await settle()
    })
    const { hits } = stats()
    t.equal((await ask(far, ada.access)).statusCode, 200)
    t.equal(stats().hits, hits + 1)
  })

  for (const [what, revoke] of Object.entries(revocations)) {
    t.test(`it does not keep after ${what}`, async (t) => {
      const ada = await arrive()
      const answer = await meanwhile(ada, async () => {
        await revoke(ada)
        await settle()
      })
      t.equal(answer.statusCode, 200, 'it was loaded before')
      refused(t, await ask(far, ada.access), 401, 'INVALID_TOKEN')
    })
  }

  t.test('it does not keep if it was deaf when it loaded it', async (t) => {
    const ada = await arrive()
    const deafened = deaf()
    await raw.call('ACL', 'SETUSER', 'far', '-subscribe')
    await raw.call('CLIENT', 'KILL', 'USER', 'far', 'TYPE', 'pubsub')
    await deafened
    await meanwhile(ada, async () => {
      await revocations.logout?.(ada)
      await raw.call('ACL', 'SETUSER', 'far', '+subscribe')
      await areReady(doors)
    })
    refused(t, await ask(far, ada.access), 401, 'INVALID_TOKEN')
  })

  t.test('it does not keep if it was deaf in between', async (t) => {
    const ada = await arrive()
    await meanwhile(ada, async () => {
      const deafened = deaf()
      proxy.cut('subscribe')
      await deafened
      await revocations.logout?.(ada)
      await areReady(doors)
    })
    refused(t, await ask(far, ada.access), 401, 'INVALID_TOKEN')
  })
})

t.test('whom an instance knows costs Redis nothing', async (t) => {
  const { access } = await arrive()
  await knows(t, near, access)
  await raw.config('RESETSTAT')
  const { hits, misses } = near.app.sessions.cache.stats()
  const headers = { authorization: `Bearer ${access}` }
  const rounds = 1_000
  for (let i = 0; i < rounds; i++) {
    for (const url of ['/api/auth/session', '/api/profile']) {
      const { statusCode } = await near.app.inject({ url, headers })
      if (statusCode !== 200) t.fail(`${url} answered ${statusCode}`)
    }
    // As between requests of the real world, the instance hears what there is to hear.
    await setImmediate()
  }
  const after = near.app.sessions.cache.stats()
  const read = after.misses - misses
  t.ok(after.hits - hits > rounds, 'nearly all of them are answered from memory')
  const stats = await raw.info('commandstats')
  const calls = (name: string) =>
    Number(RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
  t.ok(calls('hgetall') <= read, 'and none of these reads an account')
  t.ok(calls('evalsha') - read < rounds / 10, 'nor does anything else in the store')
})

t.test('while people are at work,', async (t) => {
  const crowd = createCrowd(doors)

  t.test('connections break and answers are lost', async (t) => {
    await crowd.endure(t, ['logout', 'logoutAll', 'change'], async () => {
      for (let i = 0; i < 5; i++) {
        await proxy.dropReplies(1, 'evalsha')
        await areReady(doors)
        proxy.cut()
        await crowd.progress(1)
      }
    })
  })

  t.test('a subscription dies, and nobody tells the instance', async (t) => {
    await crowd.endure(t, ['logout', 'logoutAll', 'change'], async () => {
      const deafened = deaf()
      proxy.pause('subscribe')
      await deafened
    })
  })

  t.test('all connections of an instance die, and nobody tells it', async (t) => {
    await crowd.endure(t, ['logout', 'change'], async () => {
      const deafened = deaf()
      const suffering = crowd.suffer()
      proxy.pause()
      await Promise.all([deafened, suffering])
      proxy.resume()
    })
  })
})
