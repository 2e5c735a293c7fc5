-- Takes one generation of a session's refresh tokens for its successor.
-- KEYS[1] the account   KEYS[2] its sessions
-- ARGV[1] sid   ARGV[2] generation   ARGV[3] ip   ARGV[4] user agent
-- ARGV[5] idle ms   ARGV[6] grace ms   ARGV[7] '1': a reused session ends
-- ARGV[8] channel   ARGV[9] user id
-- returns { 'rotated' | 'repeated', session, account fields, now }
--   | { 'reused' | 'stale' | 'missing' | 'account_gone' }
if redis.call('HGET', KEYS[1], 'active') ~= '1' then return { 'account_gone' } end

local stored = redis.call('HGET', KEYS[2], ARGV[1])
if not stored then return { 'missing' } end
local session = cjson.decode(stored)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if session.expires <= now then
  redis.call('HDEL', KEYS[2], ARGV[1])
  return { 'missing' }
end

local presented = tonumber(ARGV[2])
if presented >= session.generation then
  session.generation = presented + 1
  session.rotated = now
  session.expires = math.min(now + ARGV[5], session.ends)
  session.ip = ARGV[3]
  session.agent = ARGV[4]
  stored = cjson.encode(session)
  redis.call('HSET', KEYS[2], ARGV[1], stored)
  if redis.call('PTTL', KEYS[2]) < session.expires - now then
    redis.call('PEXPIREAT', KEYS[2], string.format('%.0f', session.expires))
  end
  return { 'rotated', stored, redis.call('HGETALL', KEYS[1]), now }
end

if presented == session.generation - 1 and presented > 0 and now - session.rotated <= tonumber(ARGV[6]) then
  return { 'repeated', stored, redis.call('HGETALL', KEYS[1]), now }
end

if ARGV[7] ~= '1' then return { 'stale' } end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('PUBLISH', ARGV[8], ARGV[9] .. ' ' .. ARGV[1])
return { 'reused' }
