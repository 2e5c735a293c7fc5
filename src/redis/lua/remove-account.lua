-- Removes an account with all that belongs to it and tells every instance, in one step.
-- KEYS[1] the account   KEYS[2] its sessions   KEYS[3] its one-time tokens   ARGV[1] channel   ARGV[2] user id
-- ARGV[3] the standing at which it was taken out of the active admins, or ''
-- returns { 'removed', fields } | { 'missing' }
--   | { 'guarded', standing }: it is an active admin, and was not taken out before
local before = redis.call('HGETALL', KEYS[1])
local account = {}
for i = 1, #before, 2 do account[before[i]] = before[i + 1] end
if not account.email or account.draft then return { 'missing' } end
if account.role == 'admin' and account.active == '1' and account.standing ~= ARGV[3] then
  return { 'guarded', account.standing }
end
redis.call('DEL', KEYS[1])
redis.call('DEL', KEYS[2])
redis.call('DEL', KEYS[3])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return { 'removed', before }
