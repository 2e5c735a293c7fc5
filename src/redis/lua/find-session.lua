-- Reads a live session and its active account in one step.
-- KEYS[1] the account   KEYS[2] its sessions   ARGV[1] sid
-- returns { session, account fields } | nil
if redis.call('HGET', KEYS[1], 'active') ~= '1' then return nil end
local session = redis.call('HGET', KEYS[2], ARGV[1])
if not session then return nil end
local time = redis.call('TIME')
if cjson.decode(session).expires <= time[1] * 1000 + math.floor(time[2] / 1000) then return nil end
return { session, redis.call('HGETALL', KEYS[1]) }
