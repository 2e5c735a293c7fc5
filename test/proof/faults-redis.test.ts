import t from 'tap'
import { build } from '../support/app.js'
import { startRedis } from '../support/redis.js'
import { areReady, createCrowd, until } from './crowd.js'
import { deafness } from './hearing.js'

/*
 * Redis misbehaves under load, with two instances on it. Whatever it does:
 * - nobody who is signed in loses the session by it, or sees anything but a 503;
 * - a session that somebody ends meanwhile is refused from the answer on where it was ended, and elsewhere
 *   at the latest when the instance has to know that it hears nothing any more.
 */

t.test('while people are at work,', async (t) => {
  const redis = await startRedis(t, { durable: true })
  const raw = await redis.connect()
  const variables = { REDIS_URL: redis.url, REDIS_KEY_PREFIX: 'proof:' }
  const doors = [(await build(t, variables)).app, (await build(t, variables)).app]
  const crowd = createCrowd(doors)
  await areReady(doors)

  const deaf = deafness(doors)

  t.test('its scripts are forgotten again and again', async (t) => {
    const before = crowd.refusals
    await crowd.endure(t, ['logout', 'logoutAll', 'change'], async () => {
      for (let i = 0; i < 10; i++) {
        await raw.script('FLUSH')
        await crowd.progress(1)
      }
    })
    t.equal(crowd.refusals, before, 'which nobody notices')
  })

  t.test('the subscriptions are killed', async (t) => {
    await crowd.endure(t, ['logout', 'change'], async () => {
      for (let i = 0; i < 3; i++) {
        const deafened = deaf()
        await raw.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
        await deafened
        await areReady(doors)
      }
    })
  })

  t.test('all connections are killed', async (t) => {
    await crowd.endure(t, ['logout', 'logoutAll'], async () => {
      for (let i = 0; i < 3; i++) {
        const before = crowd.refusals
        // Until somebody's request was under way.
        await until(async () => {
          await raw.call('CLIENT', 'KILL', 'TYPE', 'normal')
          await raw.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
          return crowd.refusals > before
        })
        await areReady(doors)
      }
    })
  })

  t.test('it pauses its clients', async (t) => {
    await crowd.endure(t, ['logout', 'logoutAll'], async () => {
      const suffering = crowd.suffer()
      await raw.call('CLIENT', 'PAUSE', 1_500)
      await suffering
    })
  })

  t.test('it hangs', async (t) => {
    await crowd.endure(t, ['logout', 'change'], async () => {
      const deafened = deaf()
      await redis.kill('SIGSTOP')
      await Promise.all([crowd.suffer(), deafened])
      await redis.kill('SIGCONT')
    })
  })

  t.test('it is killed and started again', async (t) => {
    await crowd.endure(t, ['logout', 'logoutAll'], async () => {
      const deafened = deaf()
      await redis.kill('SIGKILL')
      await Promise.all([crowd.suffer(), deafened])
      await redis.start()
    })
  })
})
