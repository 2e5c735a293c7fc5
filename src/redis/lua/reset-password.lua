-- Uses a one-time token up, sets a password, ends all sessions, makes all other tokens void and tells every
-- instance, in one step. The token proved the mailbox, so the email is verified.
-- KEYS[1] the account   KEYS[2] its sessions   KEYS[3] its one-time tokens, as in keep-token.lua
-- ARGV[1] hash of the token   ARGV[2], ARGV[3] the password hash's halves
-- ARGV[4] channel   ARGV[5] user id   ARGV[6] for how long older tokens stay void, in ms
-- returns 'reset' | 'invalid'
local text = redis.call('HGET', KEYS[3], 'reset_password')
if not text then return 'invalid' end
local token = cjson.decode(text)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if token.hash ~= ARGV[1] or token.expires <= now then return 'invalid' end
if redis.call('HGET', KEYS[1], 'email') ~= token.email then return 'invalid' end

redis.call('HSET', KEYS[1], 'salt', ARGV[2], 'digest', ARGV[3], 'verified', 1)
redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('DEL', KEYS[2])
redis.call('DEL', KEYS[3])
redis.call('HSET', KEYS[3], 'dropped', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[3], ARGV[6])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 'reset'
