-- Whether an account, or a draft of one, bears an email, or is about to.
-- KEYS[1] the account   ARGV[1] the email
-- returns 'borne' | 'free'
local account = redis.call('HMGET', KEYS[1], 'email', 'moving', 'movingUntil')
if account[1] == ARGV[1] then return 'borne' end
if account[2] ~= ARGV[1] then return 'free' end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return tonumber(account[3]) > now and 'borne' or 'free'
