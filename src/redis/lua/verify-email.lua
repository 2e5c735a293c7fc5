-- Uses a one-time token up, marks the account's email verified and tells every instance, in one step.
-- KEYS[1] the account   KEYS[2] its one-time tokens, as in keep-token.lua
-- ARGV[1] hash   ARGV[2] channel   ARGV[3] user id
-- returns 'verified' | 'invalid'
local text = redis.call('HGET', KEYS[2], 'verify_email')
if not text then return 'invalid' end
local token = cjson.decode(text)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if token.hash ~= ARGV[1] or token.expires <= now then return 'invalid' end
if redis.call('HGET', KEYS[1], 'email') ~= token.email then return 'invalid' end

redis.call('HDEL', KEYS[2], 'verify_email')
redis.call('HSET', KEYS[1], 'verified', 1)
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 'verified'
