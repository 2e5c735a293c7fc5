-- Keeps a one-time token in place of the one before of its purpose.
-- KEYS[1] the account   KEYS[2] its one-time tokens, a hash: purpose to { hash, email, newEmail, asked,
--   expires }, and 'dropped' to the time when all were made void
-- ARGV[1] purpose   ARGV[2] hash   ARGV[3] the account's email   ARGV[4] its email to be, or ''
-- ARGV[5] when it was asked for   ARGV[6] its life in ms
-- returns 'kept' | 'outdated'
local account = redis.call('HMGET', KEYS[1], 'email', 'draft')
if account[1] ~= ARGV[3] or account[2] then return 'outdated' end
local asked = tonumber(ARGV[5])
local dropped = redis.call('HGET', KEYS[2], 'dropped')
if dropped and tonumber(dropped) > asked then return 'outdated' end
local before = redis.call('HGET', KEYS[2], ARGV[1])
if before and cjson.decode(before).asked > asked then return 'outdated' end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expires = now + ARGV[6]
local token = cjson.encode({ hash = ARGV[2], email = ARGV[3], newEmail = ARGV[4], asked = asked, expires = expires })
redis.call('HSET', KEYS[2], ARGV[1], token)
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[6]) then
  redis.call('PEXPIREAT', KEYS[2], string.format('%.0f', expires))
end
return 'kept'
