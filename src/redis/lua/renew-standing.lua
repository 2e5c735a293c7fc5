-- Gives an active admin a new standing, so that it can be put back among them.
-- KEYS[1] the account   ARGV[1] its present standing
-- returns { 'renewed', standing } | { 'changed' }
local account = redis.call('HMGET', KEYS[1], 'role', 'active', 'standing')
if account[1] ~= 'admin' or account[2] ~= '1' or account[3] ~= ARGV[1] then return { 'changed' } end
return { 'renewed', redis.call('HINCRBY', KEYS[1], 'standing', 1) }
