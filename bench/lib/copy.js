import { placeOf } from '../../dist/src/accounts/account-list.js'
import { createKeys } from '../../dist/src/redis/keys.js'
import { emailOf, numbered } from './seed.js'

/** As many are written by one script: Redis does nothing else meanwhile. */
const batch = 1_000

/**
 * Accounts as the store writes them: all the fields of a model in their order, email and place.
 * KEYS[1] the model   KEYS[2] the list   ARGV[1] the list's time of the model
 * ARGV[2...] of each: user id, email, key of the email
 */
const accounts = `
local fields, email = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do if fields[i] == 'email' then email = i + 1 end end
local before = string.match(KEYS[1], '^.-{')
for i = 2, #ARGV, 3 do
  fields[email] = ARGV[i + 1]
  redis.call('HSET', before .. ARGV[i] .. '}', unpack(fields))
  redis.call('SET', ARGV[i + 2], ARGV[i])
  redis.call('ZADD', KEYS[2], 0, ARGV[1] .. ARGV[i])
end
return 'written'`

/**
 * The session of each, as the store writes it.
 * KEYS[1] the model's sessions   ARGV[1] the id of its only one   ARGV[2...] of each: user id, sid
 */
const sessions = `
local fields, sid = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do if fields[i] == ARGV[1] then sid = i end end
local ends = redis.call('PEXPIRETIME', KEYS[1])
local before = string.match(KEYS[1], '^.-{')
for i = 2, #ARGV, 2 do
  local key = before .. ARGV[i] .. '}:s'
  fields[sid] = ARGV[i + 1]
  redis.call('HSET', key, unpack(fields))
  redis.call('PEXPIREAT', key, ends)
end
return 'written'`

/**
 * Fills a store faster than its own operations do, with people like this one, who has signed in once and
 * is left alone: the same keys and fields in the same order, so that a million takes as many bytes.
 */
export const createCopies = async ({ stores }, redis, { email, sid }) => {
  const model = await stores.accounts.findByEmail(email)
  const keys = createKeys('gh:')
  const person = (number) => ({
    email: emailOf(number),
    userId: numbered(model.userId, number),
    sid: numbered(sid, number),
  })
  const inBatches = async (from, to, write) => {
    for (let start = from; start < to; start += batch) {
      const length = Math.min(batch, to - start)
      await write(Array.from({ length }, (_, at) => person(start + at)))
    }
  }
  const time = placeOf(model).slice(0, -model.userId.length)

  return {
    /** Who is the copy of this number. */
    person,
    accounts: (from, to) =>
      inBatches(from, to, (people) => {
        const args = people.flatMap(({ userId, email }) => [userId, email, keys.email(email)])
        return redis.eval(accounts, 2, keys.account(model.userId), keys.users, time, ...args)
      }),
    sessions: (from, to) =>
      inBatches(from, to, (people) => {
        const args = people.flatMap(({ userId, sid }) => [userId, sid])
        return redis.eval(sessions, 1, keys.sessions(model.userId), sid, ...args)
      }),
  }
}
