-- Settles a password check; the rules are those of src/abuse/lockout-rules.ts.
-- KEYS[1] what is remembered of the email, as in reserve-check.lua
-- ARGV[1] source   ARGV[2] reservation   ARGV[3] 'failed' | 'succeeded' | 'void'   ARGV[4] memory in ms
-- ARGV[5] hours of which failures count   ARGV[6...] the tiers, rising: failures and ms in turn
-- returns for how many ms the source is locked now, 0 if it is not
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local hour_ms = 3600000
local source = 's:' .. ARGV[1]
local buckets = tonumber(ARGV[5])

local held = cjson.decode(redis.call('HGET', KEYS[1], 'held') or '{}')
if held[ARGV[2]] then
  held[ARGV[2]] = nil
  if next(held) == nil then
    redis.call('HDEL', KEYS[1], 'held')
  else
    redis.call('HSET', KEYS[1], 'held', cjson.encode(held))
  end
end
if ARGV[3] == 'succeeded' then
  redis.call('HDEL', KEYS[1], source)
  return 0
end

local record = { failures = 0, lockedUntil = 0, forgetAt = 0 }
local stored = redis.call('HGET', KEYS[1], source)
if stored then
  local known = cjson.decode(stored)
  if known.forgetAt > now then record = known end
end
if ARGV[3] == 'void' then return math.max(0, record.lockedUntil - now) end

record.failures = record.failures + 1
local lock = 0
for i = 6, #ARGV, 2 do
  local failures = tonumber(ARGV[i])
  local is_last = i + 2 > #ARGV
  if record.failures == failures or (is_last and record.failures > failures) then
    lock = tonumber(ARGV[i + 1])
  end
end
record.lockedUntil = math.max(record.lockedUntil, now + lock)
record.forgetAt = record.lockedUntil + ARGV[4]
redis.call('HSET', KEYS[1], source, cjson.encode(record))

local hour = math.floor(now / hour_ms)
redis.call('HINCRBY', KEYS[1], 'h:' .. hour, 1)
for i = buckets, buckets * 2 do redis.call('HDEL', KEYS[1], 'h:' .. (hour - i)) end
-- An attack of weeks must not pile up its sources.
if redis.call('HLEN', KEYS[1]) > 512 then
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 2) == 's:' and cjson.decode(all[i + 1]).forgetAt <= now then
      redis.call('HDEL', KEYS[1], all[i])
    end
  end
end
local life = math.max(buckets * hour_ms, record.forgetAt - now)
if redis.call('PTTL', KEYS[1]) < life then
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', life))
end
return record.lockedUntil - now
