import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { StoreUnavailable } from '../../src/errors.js'
import type { EventStore } from '../../src/events/event-store.js'
import { createRecorder } from '../../src/events/recorder.js'
import {
  type EventType,
  eventTypes,
  type SecurityEvent,
  vocabulary,
} from '../../src/events/security-event.js'
import { build, eventually, password, person } from '../support/app.js'
import { startServer } from '../support/process.js'
import { startRedis } from '../support/redis.js'

/** Of OWASP's Logging Vocabulary Cheat Sheet, what concerns accounts, sessions and abuse. */
const owaspWords = new Set([
  'authn_login_success',
  'authn_login_successafterfail',
  'authn_login_fail',
  'authn_login_fail_max',
  'authn_login_lock',
  'authn_password_change',
  'authn_password_change_fail',
  'authn_impossible_travel',
  'authn_token_created',
  'authn_token_revoked',
  'authn_token_reuse',
  'authn_token_delete',
  'authz_fail',
  'authz_change',
  'authz_admin',
  'excess_rate_limit_exceeded',
  'input_validation_fail',
  'malicious_excess_404',
  'malicious_extraneous',
  'malicious_attack_tool',
  'malicious_cors',
  'malicious_direct_reference',
  'session_created',
  'session_renewed',
  'session_expired',
  'session_use_after_expire',
  'user_created',
  'user_updated',
  'user_archived',
  'user_deleted',
])

const origin = { requestId: 'r-1', ip: '192.0.2.1', userAgent: 'Firefox' }
const event = (time: number): SecurityEvent => ({ type: 'logout', time, ...origin })

/** The events that the store has got, the newest first. */
const stored = async (app: FastifyInstance) => (await app.stores.events.list({ limit: 100 })).events

t.test('the catalogue', async (t) => {
  t.strictSame([...eventTypes].sort(), [
    'access.denied',
    'account.activated',
    'account.deactivated',
    'account.unlocked',
    'anomaly.blocked',
    'anomaly.flagged',
    'csrf.rejected',
    'email.verified',
    'login.failed',
    'login.locked',
    'login.succeeded',
    'logout',
    'password.changed',
    'password.reset',
    'password.reset_requested',
    'rate_limit.exceeded',
    'role.changed',
    'session.revoked',
    'token.refreshed',
    'token.rejected',
    'token.reuse_detected',
    'user.deleted',
    'user.registered',
  ])
  t.strictSame(
    Object.values(vocabulary).filter((word) => word !== undefined && !owaspWords.has(word)),
    [],
    'and no word is of our own making',
  )
})

t.test('an event', async (t) => {
  t.test('of any type is a line at any level, and in the store', async (t) => {
    const { app, log } = await build(t, { LOG_LEVEL: 'silent' })
    for (const type of eventTypes) {
      app.events.emit(type, origin, { userId: 'ada', sessionId: 's', reason: 'test' })
    }
    t.equal(log.length, eventTypes.length)
    for (const [i, type] of eventTypes.entries()) {
      const { time, pid, hostname, ...line } = log[i] ?? {}
      t.match({ time, pid, hostname }, { time: Number, pid: Number, hostname: String })
      t.strictSame(line, {
        level: 30,
        type,
        event: type,
        ...(vocabulary[type] !== undefined && { owasp: vocabulary[type] }),
        ...origin,
        userId: 'ada',
        sessionId: 's',
        reason: 'test',
        msg: 'security event',
      })
      t.equal(app.events.counts.get(type), 1)
    }
    await eventually(async () => (await stored(app)).length === eventTypes.length)
    const events = await stored(app)
    t.strictSame(
      events.map(({ type }) => type),
      [...eventTypes].reverse(),
    )
    t.match(events[0], { ...origin, userId: 'ada', sessionId: 's', reason: 'test', time: Number })
  })

  t.test('holds nothing of what a client sends that is not fit for a terminal', async (t) => {
    const { app, client, log } = await build(t)
    const attack = '\u001b[31m\u009b2J\u007f\u0085"}\n{"event":"login.succeeded"}\u2028'
    await client({ origin: 'null', 'user-agent': attack }).post('/api/auth/logout')
    const { userAgent } = log[0] ?? {}
    t.equal(
      userAgent,
      '\\u001b[31m\\u009b2J\\u007f\\u0085"}\\u000a{"event":"login.succeeded"}\\u2028',
    )
    await eventually(async () => (await stored(app)).length > 0)
    const [first] = await stored(app)
    t.equal(first?.userAgent, userAgent)
    t.notMatch(JSON.stringify(log), /[\p{Cc}\p{Zl}\p{Zp}]/u)
  })

  t.test('holds no secret, whoever emits it', async (t) => {
    const { app, client, signedUp, log } = await build(t, { LOG_LEVEL: 'trace' })
    const canary = 'Kanarienvogel-31'
    const ada = await signedUp('ada')
    const tokens = Object.values(ada.cookies())
    await client().post('/api/auth/login', { email: `${canary}@example.com`, password: canary })
    await client().post('/api/auth/login', { email: person('ada').email, password: canary })
    await ada.post('/api/auth/password/change', {
      currentPassword: canary,
      newPassword: `Zeisig-${canary}`,
    })
    await ada.post('/api/auth/refresh')
    await client().post('/api/auth/refresh', { refreshToken: canary })
    await client().get(`/${canary}?token=${canary}`, { cookie: `device=${canary}` })
    await eventually(async () => (await stored(app)).length >= 6)
    const text = JSON.stringify([log, await stored(app)])
    for (const hidden of [canary, canary.toLowerCase(), 'ada@', password, '$argon2', ...tokens]) {
      t.notOk(text.includes(hidden), hidden)
    }
  })

  t.test('tells of wrong passwords wherever one is asked for', async (t) => {
    const { signedUp, log } = await build(t)
    const ada = await signedUp('ada')
    const wrong = 'Wrong-Onion-31'
    await ada.post('/api/auth/password/change', {
      currentPassword: wrong,
      newPassword: 'Gentle-Giant-73',
    })
    await ada.post('/api/auth/email/change', { newEmail: 'b@example.com', password: wrong })
    await ada.delete('/api/profile', { password: wrong })
    const failed = log.filter(({ type }) => type === 'login.failed')
    t.match(
      failed,
      ['password_change', 'email_change', 'account_deletion'].map((reason) => ({
        reason,
        userId: ada.userId,
      })),
    )
    t.equal(failed.length, 3)
  })

  t.test('is in the store when the app has closed', async (t) => {
    const redis = await startRedis(t)
    const shared = { REDIS_URL: redis.url, REDIS_KEY_PREFIX: 'closing:' }
    const { app } = await build(t, shared)
    for (let i = 0; i < 1_200; i += 1) app.events.emit('logout', { ...origin, requestId: `r-${i}` })
    await app.close()
    const reader = await build(t, shared)
    t.equal((await stored(reader.app))[0]?.requestId, 'r-1199')
    t.equal(await redis.command('XLEN', 'closing:events'), 1_200)
  })
})

t.test('a store that is away', async (t) => {
  /** A store that fails while it is told to, and otherwise keeps. */
  const stub = () => {
    const state = { away: true, calls: 0, kept: [] as SecurityEvent[], slow: 0 }
    const store: EventStore = {
      append: async (events) => {
        state.calls += 1
        await setTimeout(state.slow)
        if (state.away) throw new StoreUnavailable()
        state.kept.push(...events)
      },
      list: async () => ({ events: [] }),
    }
    return { state, recorder: createRecorder(store) }
  }

  t.test('gets every event in its order once it is back, with no further event', async (t) => {
    const { state, recorder } = stub()
    for (let i = 0; i < 1_300; i += 1) recorder.record(event(i))
    await setTimeout(50)
    t.ok(state.calls > 0 && state.calls < 10, 'it is not asked for each')
    t.equal(recorder.stats().waiting, 1_300)
    state.away = false
    await eventually(async () => state.kept.length === 1_300)
    t.strictSame(
      state.kept.map(({ time }) => time),
      Array.from({ length: 1_300 }, (_, i) => i),
    )
    t.strictSame(recorder.stats(), { waiting: 0, dropped: 0 })
    recorder.record(event(1_300))
    await eventually(async () => state.kept.length === 1_301)
    await recorder.close()
  })

  t.test('for long loses the oldest, and the memory stays bounded', async (t) => {
    const { state, recorder } = stub()
    state.slow = 20
    for (let round = 0; round < 5; round += 1) {
      // Some come while it is being asked.
      for (let i = 0; i < 5_000; i += 1) recorder.record(event(round * 5_000 + i))
      await setTimeout(5)
      t.ok(recorder.stats().waiting <= 10_000)
    }
    await eventually(async () => recorder.stats().waiting + recorder.stats().dropped === 25_000)
    t.strictSame(recorder.stats(), { waiting: 10_000, dropped: 15_000 })
    state.away = false
    await recorder.close()
    t.equal(state.kept.length, 10_000)
    t.match([state.kept[0], state.kept.at(-1)], [{ time: 15_000 }, { time: 24_999 }])
  })

  t.test('at the end is tried once more, and keeps nobody', async (t) => {
    const { state, recorder } = stub()
    recorder.record(event(1))
    await recorder.close()
    t.ok(state.calls >= 1)
    t.equal(recorder.stats().waiting, 1)
  })

  t.test('is written to when it is back, by the app too', async (t) => {
    const redis = await startRedis(t)
    const { app, client, log } = await build(t, { REDIS_URL: redis.url })
    await redis.kill('SIGKILL')
    for (let i = 0; i < 5; i += 1) {
      await client({ origin: 'null' }).post('/api/auth/logout', undefined, {
        'x-request-id': `away-${i}`,
      })
    }
    t.equal(log.filter(({ event }) => event === 'csrf.rejected').length, 5, 'the log has them')
    await redis.start()
    const types = async () => (await stored(app)).map(({ requestId }) => requestId)
    await eventually(async () => (await types().catch(() => [])).length === 5)
    t.strictSame(await types(), ['away-4', 'away-3', 'away-2', 'away-1', 'away-0'])
  })
})

/** What a server of the test profile can't start without. */
const needed = {
  CLIENT_URLS: 'http://localhost:3000',
  JWT_SECRET: 'kq8Zt2vYx1Lr0pWm5Nc7Bh4Jd9Fg3Sa6',
  JWT_REFRESH_SECRET: 'Qm1Wn2Eb3Rv4Tc5Yx6Uz7Il8Ok9Pj0Ah',
}

t.test('the files of the log', async (t) => {
  const folder = t.testdir()
  const [all, security] = [`${folder}/logs/all.log`, `${folder}/logs/security.log`]
  const server = await startServer(t, {
    env: { ...needed, LOG_FILE: all, SECURITY_LOG_FILE: security },
  })
  const body = JSON.stringify(person('ada'))
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${server.url}/api/auth/register`, { method: 'POST', headers, body })
  t.equal(answer.status, 201)
  const lines = (path: string): Record<string, unknown>[] => {
    try {
      const text = readFileSync(path, 'utf8').trim()
      return text.split('\n').map((line) => JSON.parse(line))
    } catch {
      return []
    }
  }
  const types = (path: string): EventType[] =>
    lines(path).flatMap(({ event }) => (event === undefined ? [] : [event as EventType]))
  const wanted: EventType[] = ['user.registered', 'login.succeeded']
  await eventually(async () => types(all).length === 2 && types(security).length === 2)
  t.strictSame([types(all), types(security)], [wanted, wanted])
  t.equal(lines(security).length, 2, 'and nothing else is in the one of their own')
  await eventually(async () => lines(all).some(({ msg }) => msg === 'request'))
  server.kill('SIGTERM')
  t.match(await server.exited, { code: 0 })
})

t.test('a file of the log that can not be written is told of, and the server serves', async (t) => {
  const folder = t.testdir({ file: '' })
  const env = { ...needed, LOG_FILE: `${folder}/file/server.log` }
  const server = await startServer(t, { env })
  await eventually(async () => /^LOG_FILE can't be written \(ENOTDIR\)/m.test(server.stderr))
  t.equal((await fetch(`${server.url}/health/ready`)).status, 200)
})
