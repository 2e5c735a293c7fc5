-- Reads a live session and its active account in one step.
-- KEYS[1] the account   KEYS[2] its sessions, as in start-session.lua   ARGV[1] sid
-- returns { record, device, account } | nil
local account = redis.call('HMGET', KEYS[1], 'active', 'version', 'lastLogin',
  'email', 'name', 'role', 'verified', 'salt', 'digest', 'created')
if account[1] ~= '1' then return nil end

local record = redis.call('HGET', KEYS[2], ARGV[1])
if not record then return nil end
local created, rotated, idle, number, pieces = string.match(record, '^(%S+) (%S+) %S+ (%S+) %S+ (%S+) (%S+)')
local time = redis.call('TIME')
if created + rotated + idle <= time[1] * 1000 + math.floor(time[2] / 1000) then return nil end
local name, device = number, ''
for _ = 1, tonumber(pieces) do
  name = name .. '.'
  device = device .. redis.call('HGET', KEYS[2], name)
end
return { record, device, account }
