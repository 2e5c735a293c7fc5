import t, { type Test } from 'tap'
import { openEmbedded } from '../../src/embedded/index.js'
import { StoreUnavailable } from '../../src/errors.js'
import { randomId } from '../../src/ids.js'
import { createDelivery, type Delivered, lanesMax } from '../../src/mail/delivery.js'
import type { MailJob } from '../../src/mail/mail-job.js'
import type { SendResult } from '../../src/mail/transport.js'
import { eventually } from '../support/app.js'

const request = {
  kind: 'verify-email' as const,
  email: 'ada@example.com',
  origin: { requestId: 'r', ip: '192.0.2.1', userAgent: '' },
}

type Send = (job: MailJob, signal: AbortSignal) => Promise<SendResult | { outcome: 'void' }>

/** A queue of its own, by a clock that can be set forward, and whoever delivers what is in it. */
const delivering = (t: Test, send: Send) => {
  let ahead = 0
  const stores = openEmbedded(t.testdir(), () => Date.now() + ahead)
  const { mails: queue } = stores
  const told: Delivered[] = []
  const begin = () => {
    const delivery = createDelivery({ queue, send, report: (_job, result) => told.push(result) })
    delivery.start()
    return delivery
  }
  const deliveries = [begin()]
  t.teardown(async () => {
    await Promise.all(deliveries.map((delivery) => delivery.close()))
    await stores.close()
  })
  return {
    queue,
    told,
    delivery: deliveries[0] ?? begin(),
    another: () => deliveries.push(begin()),
    add: async () => {
      const id = randomId()
      await queue.add(id, request, 10_000)
      deliveries[0]?.wake()
      return id
    },
    pass: (ms: number) => {
      ahead += ms
    },
  }
}

t.test('each mail is sent, several at once but not too many', async (t) => {
  let now = 0
  let most = 0
  const sent: string[] = []
  const { add, queue } = delivering(t, async ({ id }) => {
    most = Math.max(most, ++now)
    await new Promise((resolve) => setImmediate(resolve))
    now -= 1
    sent.push(id)
    return { outcome: 'sent' }
  })
  const ids = await Promise.all(Array.from({ length: 40 }, add))
  await eventually(async () => (await queue.length()) === 0)
  t.strictSame(sent.sort(), ids.sort())
  t.ok(most <= lanesMax, `${most}`)
})

t.test('a mail that has become void is dropped in silence', async (t) => {
  const { add, queue, told } = delivering(t, async () => ({ outcome: 'void' }))
  await add()
  await eventually(async () => told.length === 1)
  t.strictSame(told, [{ outcome: 'void' }])
  t.equal(await queue.length(), 0)
})

t.test('a mail is tried again, longer after each failure, and given up after a day', async (t) => {
  const delays: number[] = []
  const { add, queue, told, pass } = delivering(t, async () => ({ outcome: 'failed', reason: 'X' }))
  const { postpone } = queue
  queue.postpone = async (job, delayMs) => {
    delays.push(delayMs)
    await postpone(job, delayMs)
    // The time has come, by the store's clock.
    pass(delayMs)
  }
  await add()
  const hour = 60 * 60_000
  await eventually(async () => delays.length >= 5)
  for (const [i, delay] of delays.slice(0, 5).entries()) {
    t.ok(delay >= 750 * 2 ** i && delay <= 1_250 * 2 ** i, `${i}: ${delay}`)
  }
  t.ok(Math.max(...delays) <= 1.25 * hour)
  const { now } = Date
  Date.now = () => now() + 25 * hour
  t.teardown(() => {
    Date.now = now
  })
  // What becomes of a mail is told after it has left the queue.
  await eventually(async () => told.at(-1)?.outcome === 'given_up')
  t.strictSame(told.at(-1), { outcome: 'given_up', reason: 'X' })
  t.equal(await queue.length(), 0)
})

t.test('what throws on the way is a failure like another', async (t) => {
  const failures = [new StoreUnavailable(), new Error('Odd')]
  const { add, told } = delivering(t, async () => {
    const failure = failures.shift()
    if (failure !== undefined) throw failure
    return { outcome: 'sent' }
  })
  await add()
  await eventually(async () => told.length === 3)
  t.strictSame(told, [
    { outcome: 'retry', reason: 'STORE_UNAVAILABLE' },
    { outcome: 'retry', reason: 'Error: Odd' },
    { outcome: 'sent' },
  ])
})

t.test('a mail whose sender died with it is sent by another one', async (t) => {
  let tries = 0
  const never = new Promise<never>(() => {})
  const { add, another, pass, queue, told } = delivering(t, async (_job, signal) => {
    tries += 1
    if (tries > 1) return { outcome: 'sent' }
    signal.addEventListener('abort', () => {})
    return Promise.race([
      never,
      new Promise<SendResult>((resolve) => {
        signal.addEventListener('abort', () => resolve({ outcome: 'failed', reason: 'abort' }))
      }),
    ])
  })
  await add()
  await eventually(async () => tries === 1)
  another()
  pass(61_000)
  await eventually(async () => told.length > 0)
  t.strictSame(told, [{ outcome: 'sent' }])
  t.equal(await queue.length(), 0)
})

t.test('a mail that ends the process each time is given up', async (t) => {
  const { add, queue, pass, told, delivery } = delivering(t, async () => ({ outcome: 'sent' }))
  await delivery.close()
  await add()
  for (let i = 0; i < 60; i++) {
    await queue.claim(1)
    pass(10)
  }
  const next = createDelivery({
    queue,
    send: async () => ({ outcome: 'sent' }),
    report: (_job, result) => told.push(result),
  })
  next.start()
  await eventually(async () => (await queue.length()) === 0)
  await next.close()
  t.strictSame(told, [{ outcome: 'given_up', reason: 'tries' }])
})
