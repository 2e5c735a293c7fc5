-- Starts a session and notes the sign-in; past the cap, the oldest sessions end. Tells every instance.
-- KEYS[1] the account
-- KEYS[2] its sessions, a hash: sid to record, and the session's number with '.', '..', '...' to the pieces of
--   its device, of 64 bytes each. A record is a line of numbers: when it was created; after how many ms it was
--   rotated last; generation; ms that it lives from there on; ms that it lives at most, from its creation on; its
--   number; how many pieces there are. What a later release adds stands behind these.
-- ARGV[1] sid   ARGV[2] password version   ARGV[3] device
-- ARGV[4] idle ms   ARGV[5] absolute ms   ARGV[6] cap   ARGV[7] channel   ARGV[8] user id
-- returns { record, device, account, how many ended } | 'account_changed'
local account = redis.call('HMGET', KEYS[1], 'active', 'version', 'lastLogin',
  'email', 'name', 'role', 'verified', 'salt', 'digest', 'created')
if account[1] ~= '1' or account[2] ~= ARGV[2] then return 'account_changed' end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local life = tonumber(ARGV[5])
local idle = math.min(tonumber(ARGV[4]), life)

local function remove(session)
  local fields = { session.sid }
  for i = 1, session.pieces do fields[i + 1] = session.number .. string.rep('.', i) end
  redis.call('HDEL', KEYS[2], unpack(fields))
end

-- The oldest come first. Those already past their end do not count, nor does this one if it is started again.
local live = {}
local latest = now + idle
local number = 1
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  if not string.find(all[i], '.', 1, true) then
    local created, rotated, rest, its, pieces =
      string.match(all[i + 1], '^(%S+) (%S+) %S+ (%S+) %S+ (%S+) (%S+)')
    local other = { sid = all[i], created = tonumber(created), number = its, pieces = tonumber(pieces) }
    number = math.max(number, its + 1)
    local expires = created + rotated + rest
    if expires <= now or other.sid == ARGV[1] then
      remove(other)
    else
      live[#live + 1] = other
      latest = math.max(latest, expires)
    end
  end
end
table.sort(live, function (a, b)
  return a.created < b.created or (a.created == b.created and a.sid < b.sid)
end)
local ended = math.max(0, #live - tonumber(ARGV[6]) + 1)
for i = 1, ended do remove(live[i]) end

local pieces = math.ceil(#ARGV[3] / 64)
local record = string.format('%.0f 0 1 %.0f %.0f %.0f %.0f', now, idle, life, number, pieces)
local fields = { ARGV[1], record }
for i = 1, pieces do
  fields[2 * i + 1] = number .. string.rep('.', i)
  fields[2 * i + 2] = string.sub(ARGV[3], i * 64 - 63, i * 64)
end
redis.call('HSET', KEYS[2], unpack(fields))
redis.call('PEXPIREAT', KEYS[2], string.format('%.0f', latest))
account[3] = string.format('%.0f', now)
redis.call('HSET', KEYS[1], 'lastLogin', account[3])
redis.call('PUBLISH', ARGV[7], ended == 0 and ARGV[8] .. ' *' or ARGV[8])
return { record, ARGV[3], account, ended }
