-- Reads the live sessions of an account.
-- KEYS[1] the account's sessions, as in start-session.lua
-- returns a list of { sid, record, device }
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local all = redis.call('HGETALL', KEYS[1])
local values = {}
for i = 1, #all, 2 do values[all[i]] = all[i + 1] end
local live = {}
for i = 1, #all, 2 do
  if not string.find(all[i], '.', 1, true) then
    local created, rotated, idle, number, pieces =
      string.match(all[i + 1], '^(%S+) (%S+) %S+ (%S+) %S+ (%S+) (%S+)')
    if created + rotated + idle > now then
      local name, device = number, ''
      for _ = 1, tonumber(pieces) do
        name = name .. '.'
        device = device .. values[name]
      end
      live[#live + 1] = { all[i], all[i + 1], device }
    end
  end
end
return live
