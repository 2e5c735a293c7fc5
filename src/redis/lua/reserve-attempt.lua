-- Asks to make an attempt that may count.
-- KEYS[1] the attempts: { count, resetAt, held }, held being reservation to the time when it lapses
-- ARGV[1] reservation   ARGV[2] maximum   ARGV[3] how long a reservation lasts   ARGV[4] as many as may be
--   under way at once
-- returns { 'go' } | { 'wait' } | { 'exceeded', ms to the window's end }
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local max = tonumber(ARGV[2])
local attempts = cjson.decode(redis.call('GET', KEYS[1]) or '{"count":0,"resetAt":0,"held":{}}')
if attempts.resetAt <= now then
  attempts.count = 0
  attempts.resetAt = 0
end
if attempts.count >= max then return { 'exceeded', attempts.resetAt - now } end

local held = {}
local under_way = 0
for id, lapses in pairs(attempts.held) do
  if lapses > now then
    held[id] = lapses
    under_way = under_way + 1
  end
end
if under_way >= math.min(max - attempts.count, tonumber(ARGV[4])) then return { 'wait' } end

held[ARGV[1]] = now + ARGV[3]
attempts.held = held
local life = math.max(attempts.resetAt - now, tonumber(ARGV[3]))
redis.call('SET', KEYS[1], cjson.encode(attempts), 'PX', string.format('%.0f', life))
return { 'go' }
