-- Reads the account that a live one-time token is for.
-- KEYS[1] the account   KEYS[2] its one-time tokens, as in keep-token.lua   ARGV[1] purpose   ARGV[2] hash
-- returns account fields | nil
local text = redis.call('HGET', KEYS[2], ARGV[1])
if not text then return nil end
local token = cjson.decode(text)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if token.hash ~= ARGV[2] or token.expires <= now then return nil end
if redis.call('HGET', KEYS[1], 'email') ~= token.email then return nil end
return redis.call('HGETALL', KEYS[1])
