-- Reads the live sessions of an account.
-- KEYS[1] the account's sessions
-- returns a flat list of sid and session
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local all = redis.call('HGETALL', KEYS[1])
local live = {}
for i = 1, #all, 2 do
  if cjson.decode(all[i + 1]).expires > now then
    live[#live + 1] = all[i]
    live[#live + 1] = all[i + 1]
  end
end
return live
