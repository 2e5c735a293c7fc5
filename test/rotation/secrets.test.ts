import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { secretKey } from '../../src/tokens/keys.js'
import { secrets } from '../support/app.js'
import { deploy } from './deployment.js'
import { createPeople } from './people.js'

/*
 * docs/keys.md, 'Changing a key with no refused request', with both secrets at once: three rolling restarts
 * under load.
 */

const { JWT_SECRET: old, JWT_REFRESH_SECRET: oldRefresh } = secrets
const next = 'Zx8Cv7Bn6Ma5Sd4Fg3Hj2Kl1Qw0Er9Ty'
const nextRefresh = 'Po1Iu2Yt3Re4Wq5Lk6Jh7Gf8Ds9Am0Nb'
const kid = (secret: string) => secretKey('HS256', secret).kid

t.test('secrets are changed under load, and no request is refused', async (t) => {
  const before = { JWT_SECRET: old, JWT_REFRESH_SECRET: oldRefresh }
  const { send, restart } = await deploy(t, before)
  const people = await createPeople(t, send)
  await people.rounds()

  // 1. Accept the new ones.
  await restart({ ...before, JWT_SECRET_PREVIOUS: next, JWT_REFRESH_SECRET_PREVIOUS: nextRefresh })
  await people.rounds()
  t.strictSame(people.kids(), { access: [kid(old)], refresh: [kid(oldRefresh)] })

  // 2. Sign with the new ones.
  const after = { JWT_SECRET: next, JWT_REFRESH_SECRET: nextRefresh }
  await restart({ ...after, JWT_SECRET_PREVIOUS: old, JWT_REFRESH_SECRET_PREVIOUS: oldRefresh })
  await people.rounds()
  t.strictSame(people.kids(), { access: [kid(next)], refresh: [kid(nextRefresh)] })

  // 3. Drop the old ones, when the last token of theirs has expired: see `lives`.
  await wait(12_000)
  await restart(after)
  await people.rounds()
  await people.leave()

  t.comment(JSON.stringify(people.counts))
  t.strictSame(people.refused, [])
  const { signedIn, refreshed, asked } = people.counts
  t.ok(Math.min(signedIn, refreshed, asked) > 10)
})
