-- Notes that an account is about to bear another email: until then it counts as bearing both.
-- KEYS[1] the account   KEYS[2] its one-time tokens, as in keep-token.lua
-- ARGV[1] hash of the token   ARGV[2] how long that may take, in ms
-- returns { 'begun', email, email to be } | { 'invalid' }
local text = redis.call('HGET', KEYS[2], 'change_email')
if not text then return { 'invalid' } end
local token = cjson.decode(text)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if token.hash ~= ARGV[1] or token.expires <= now then return { 'invalid' } end
local account = redis.call('HMGET', KEYS[1], 'email', 'active')
if account[1] ~= token.email or account[2] ~= '1' then return { 'invalid' } end
local ends = string.format('%.0f', now + ARGV[2])
redis.call('HSET', KEYS[1], 'moving', token.newEmail, 'movingUntil', ends)
return { 'begun', token.email, token.newEmail }
