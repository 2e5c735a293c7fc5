-- Swaps a password hash for one of the same password, unless the password has changed meanwhile.
-- KEYS[1] the account   ARGV[1], ARGV[2] the old hash's halves   ARGV[3], ARGV[4] the new one's
-- returns 'renewed' | 'changed'
if redis.call('HGET', KEYS[1], 'salt') ~= ARGV[1] or redis.call('HGET', KEYS[1], 'digest') ~= ARGV[2] then
  return 'changed'
end
redis.call('HSET', KEYS[1], 'salt', ARGV[3], 'digest', ARGV[4])
return 'renewed'
