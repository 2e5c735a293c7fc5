-- Settles an attempt. The window begins with the first that counts; one that counts does so even if its
-- reservation has lapsed.
-- KEYS[1] the attempts, as in reserve-attempt.lua
-- ARGV[1] reservation   ARGV[2] '1': it counts   ARGV[3] window in ms
-- returns 'settled'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local attempts = cjson.decode(redis.call('GET', KEYS[1]) or '{"count":0,"resetAt":0,"held":{}}')
if attempts.resetAt <= now then
  attempts.count = 0
  attempts.resetAt = 0
end
attempts.held[ARGV[1]] = nil
if ARGV[2] == '1' then
  if attempts.count == 0 then attempts.resetAt = now + ARGV[3] end
  attempts.count = attempts.count + 1
end

local ends = attempts.resetAt
for _, lapses in pairs(attempts.held) do ends = math.max(ends, lapses) end
if ends <= now then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], cjson.encode(attempts), 'PX', string.format('%.0f', ends - now))
end
return 'settled'
