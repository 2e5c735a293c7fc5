-- Changes a password, ends all sessions of the account, makes its one-time tokens void and tells every
-- instance, in one step.
-- KEYS[1] the account   KEYS[2] its sessions   KEYS[3] its one-time tokens, as in keep-token.lua
-- ARGV[1] the password's present version   ARGV[2], ARGV[3] the new hash's halves
-- ARGV[4] channel   ARGV[5] user id   ARGV[6] for how long older tokens stay void, in ms
-- returns 'changed' | 'account_changed'
if redis.call('HGET', KEYS[1], 'active') ~= '1'
  or redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then
  return 'account_changed'
end
redis.call('HSET', KEYS[1], 'salt', ARGV[2], 'digest', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('DEL', KEYS[2])
redis.call('DEL', KEYS[3])
local time = redis.call('TIME')
redis.call('HSET', KEYS[3], 'dropped', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
redis.call('PEXPIRE', KEYS[3], ARGV[6])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 'changed'
