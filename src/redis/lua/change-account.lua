-- Changes fields of an account, which loses its sessions if it is inactive then. Tells every instance, in one
-- step.
-- KEYS[1] the account   KEYS[2] its sessions   ARGV[1] channel   ARGV[2] user id
-- ARGV[3] the standing at which it was taken out of the active admins, or ''   ARGV[4...] fields and values
-- returns { 'changed' | 'unchanged', fields before, fields after } | { 'missing' }
--   | { 'guarded', standing }: an active admin would cease to be one, and was not taken out before
local before = redis.call('HGETALL', KEYS[1])
local account = {}
for i = 1, #before, 2 do account[before[i]] = before[i + 1] end
if not account.email or account.draft then return { 'missing' } end

local was_admin = account.role == 'admin' and account.active == '1'
local is_new = false
for i = 4, #ARGV, 2 do
  is_new = is_new or account[ARGV[i]] ~= ARGV[i + 1]
  account[ARGV[i]] = ARGV[i + 1]
end
if not is_new then return { 'unchanged', before, before } end

local is_admin = account.role == 'admin' and account.active == '1'
if was_admin and not is_admin and account.standing ~= ARGV[3] then return { 'guarded', account.standing } end
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
if was_admin ~= is_admin then redis.call('HINCRBY', KEYS[1], 'standing', 1) end
if account.active ~= '1' then redis.call('DEL', KEYS[2]) end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return { 'changed', before, redis.call('HGETALL', KEYS[1]) }
