-- Changes a password, ends all sessions of the account and tells every instance, in one step.
-- KEYS[1] the account   KEYS[2] its sessions
-- ARGV[1] the password's present version   ARGV[2], ARGV[3] the new hash's halves
-- ARGV[4] channel   ARGV[5] user id
-- returns 'changed' | 'account_changed'
if redis.call('HGET', KEYS[1], 'active') ~= '1'
  or redis.call('HGET', KEYS[1], 'passwordVersion') ~= ARGV[1] then
  return 'account_changed'
end
redis.call('HSET', KEYS[1], 'salt', ARGV[2], 'digest', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'passwordVersion', 1)
redis.call('DEL', KEYS[2])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 'changed'
